"""No document makes this machine talk to an address that is not for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence

import httpcore2
import httpx2
import pytest

from hanse.errors import BlockedError, NetworkError
from hanse.limits import LIMITS
from hanse.net import Access, Client
from hanse.net.transport import GuardedTransport
from tests.net.upstream import alternate, redirect, reply, serve

pytestmark = pytest.mark.anyio

CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
OK = [b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n", b"\r\n", b"{}"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Sockets(httpcore2.AsyncNetworkBackend):
    """Writes down which addresses are dialled, and answers for them."""

    def __init__(self, down: Iterable[str] = (), answer: Sequence[bytes] = OK) -> None:
        self.dialled: list[tuple[str, int]] = []
        self.down = frozenset(down)
        self.answers = httpcore2.AsyncMockBackend(list(answer))

    async def connect_tcp(
        self, host: str, port: int, *_: object, **__: object
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host in self.down:
            raise httpcore2.ConnectError("down")
        return await self.answers.connect_tcp(host, port)


class Names:
    """A name server whose answers are given, one after the other; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def make_client(access: Access, names: Names, sockets: Sockets) -> Client:
    transport = GuardedTransport(names, limits=LIMITS, sockets=sockets, ssl_context=CERTIFICATES)
    return Client(access, transport=transport)


async def blocked(url: str, *records: str, local: bool = False) -> BlockedError:
    """Fetch, and expect a refusal before anything is dialled."""
    sockets, names = Sockets(), Names(records or ["93.184.216.34"])
    async with make_client(Access.for_urls([url], local=local), names, sockets) as client:
        with pytest.raises(BlockedError) as caught:
            await client.fetch(url, cap=1000)
    assert sockets.dialled == []
    assert caught.value.subject
    assert caught.value.hint
    return caught.value


# An address, and a word of the rule that refuses it.
REFUSED = [
    ("0.0.0.0", "this network"),
    ("0.1.2.3", "this network"),
    ("10.0.0.1", "RFC 1918"),
    ("10.255.255.255", "RFC 1918"),
    ("100.64.0.1", "RFC 6598"),
    ("100.100.100.200", "Alibaba"),
    ("100.127.255.255", "RFC 6598"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("168.63.129.16", "Azure"),
    ("169.254.0.1", "link-local"),
    ("169.254.169.254", "link-local"),
    ("169.254.170.2", "link-local"),
    ("172.16.0.1", "RFC 1918"),
    ("172.31.255.255", "RFC 1918"),
    ("192.0.0.1", "RFC 6890"),
    ("192.0.0.192", "RFC 6890"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4"),
    ("192.168.0.1", "RFC 1918"),
    ("192.168.255.255", "RFC 1918"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.7", "documentation"),
    ("203.0.113.9", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::2", "compatible"),
    ("::127.0.0.1", "compatible"),
    ("::169.254.169.254", "compatible"),
    ("::ffff:127.0.0.1", "mapped"),
    ("::ffff:10.0.0.1", "mapped"),
    ("::ffff:169.254.169.254", "mapped"),
    ("::ffff:8.8.8.8", "mapped"),
    ("::ffff:0:127.0.0.1", "translated"),
    ("64:ff9b::7f00:1", "NAT64"),
    ("64:ff9b::a9fe:a9fe", "NAT64"),
    ("64:ff9b::808:808", "NAT64"),
    ("64:ff9b:1::1", "NAT64"),
    ("64:ff9b:1:ffff::a00:1", "NAT64"),
    ("100::1", "discarded"),
    ("100:0:0:1::1", "dummy"),
    ("2001::1", "Teredo"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
    ("2001:2::1", "protocol assignments"),
    ("2001:10::1", "protocol assignments"),
    ("2001:20::1", "protocol assignments"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::", "6to4"),
    ("2002:a00:1::1", "6to4"),
    ("3fff::1", "documentation"),
    ("4000::1", "outside global unicast"),
    ("5f00::1", "outside global unicast"),
    ("fc00::1", "unique local"),
    ("fd00:ec2::254", "Amazon"),
    ("fd20:ce::254", "Google"),
    ("fd12:3456:789a::1", "unique local"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "interface"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("not an address", "not an IP address"),
    ("2130706433", "not an IP address"),
    ("", "not an IP address"),
]


@pytest.mark.parametrize(("address", "rule"), REFUSED)
async def test_a_name_that_has_such_an_address_is_refused(address: str, rule: str) -> None:
    error = await blocked("https://shop.example/remoteEntry.json", address)
    assert rule in error.message
    assert address in error.message


@pytest.mark.parametrize(("address", "rule"), [row for row in REFUSED if row[0] and " " not in row[0]])
async def test_one_such_record_among_good_ones_is_enough(address: str, rule: str) -> None:
    for records in (["93.184.216.34", address], [address, "93.184.216.34"]):
        assert rule in (await blocked("https://shop.example/remoteEntry.json", *records)).message


# What stands in the URL itself, and how the browser reads it.
LITERALS = [
    ("https://127.0.0.1/x", "127.0.0.1"),
    ("https://127.1/x", "127.0.0.1"),
    ("https://0x7f000001/x", "127.0.0.1"),
    ("https://2130706433/x", "127.0.0.1"),
    ("https://0177.0.0.1/x", "127.0.0.1"),
    ("https://0x7f.0.0.0x1/x", "127.0.0.1"),
    ("https://①②⑦.0.0.1/x", "127.0.0.1"),
    ("https://127。0。0。1/x", "127.0.0.1"),
    ("https://127.0.0.1./x", "127.0.0.1"),
    ("https://%31%32%37.0.0.1/x", "127.0.0.1"),
    ("https://0/x", "0.0.0.0"),
    ("https://10.1/x", "10.0.0.1"),
    ("https://0xa9fea9fe/x", "169.254.169.254"),
    ("https://2852039166/x", "169.254.169.254"),
    ("https://169.254.43518/x", "169.254.169.254"),
    ("https://[::1]/x", "::1"),
    ("https://[0:0:0:0:0:0:0:1]/x", "::1"),
    ("https://[::ffff:169.254.169.254]/x", "::ffff:a9fe:a9fe"),
    ("https://[::127.0.0.1]/x", "::7f00:1"),
    ("https://[64:ff9b::169.254.169.254]/x", "64:ff9b::a9fe:a9fe"),
    ("https://[2002:7f00:1::]/x", "2002:7f00:1::"),
    ("https://[fe80::1]/x", "fe80::1"),
    ("https://[fd00:ec2::254]/latest/meta-data/", "fd00:ec2::254"),
]


@pytest.mark.parametrize(("url", "address"), LITERALS)
async def test_an_address_in_any_notation_is_refused(url: str, address: str) -> None:
    assert f"the address {address} is refused" in (await blocked(url)).message


BROKEN = [
    ("https://[fe80::1%25eth0]/x", "not an absolute URL"),
    ("https://[fe80::1%eth0]/x", "not an absolute URL"),
    ("https://256.0.0.1/x", "not an absolute URL"),
    ("https://1.2.3.4.5/x", "not an absolute URL"),
    ("https://shop.example:99999/x", "not an absolute URL"),
    ("//shop.example/x", "not an absolute URL"),
    ("/remoteEntry.json", "not an absolute URL"),
    ("", "not an absolute URL"),
    ("https://", "not an absolute URL"),
    ("https://shop.exa mple/x", "not an absolute URL"),
    ("https://xn--\u00ad/x", "not an absolute URL"),
    ("file:///etc/passwd", "scheme file:"),
    ("data:application/json,{}", "scheme data:"),
    ("ftp://shop.example/x", "scheme ftp:"),
    ("gopher://shop.example/x", "scheme gopher:"),
    ("ws://shop.example/x", "scheme ws:"),
    ("blob:https://shop.example/x", "scheme blob:"),
    ("javascript:alert(1)", "scheme javascript:"),
    ("unix:/var/run/docker.sock", "scheme unix:"),
    ("https://user@shop.example/x", "user name or password"),
    ("https://user:secret@shop.example/x", "user name or password"),
    ("https://:secret@shop.example/x", "user name or password"),
    ("https://shop.example@evil.example/x", "user name or password"),
    ("https://shop.example%40evil.example/x", "not an absolute URL"),
    ("https://shop.example:22/x", "port 22"),
    ("https://shop.example:25/x", "port 25"),
    ("https://shop.example:6667/x", "port 6667"),
    ("http://shop.example/x", "scheme http:"),
]


@pytest.mark.parametrize(("url", "rule"), BROKEN)
async def test_a_url_that_is_not_plain_https_is_refused(url: str, rule: str) -> None:
    error = await blocked(url)
    assert rule in error.message
    assert "secret" not in str(error)


STRANGERS = [
    "https://evil.example/x",
    "https://shop.example.evil.example/x",
    "https://shop.example./x",
    "https://shop.example:8443/x",
    "https://sub.shop.example/x",
    "https://shop.example。evil.example/x",
    "https://evil.example/https://shop.example/x",
    "https://evil.example\\@shop.example/x",
    "https://evil.example#@shop.example/x",
    "http://shop.example/x",
]


@pytest.mark.parametrize("url", STRANGERS)
async def test_an_origin_nobody_named_is_refused(url: str) -> None:
    sockets, names = Sockets(), Names(["93.184.216.34"])
    access = Access.for_urls(["https://shop.example/manifest.json"], local=True)
    async with make_client(access, names, sockets) as client:
        with pytest.raises(BlockedError, match="is not allowed"):
            await client.fetch(url, cap=1000)
    assert (names.asked, sockets.dialled) == (0, [])


# Addresses of large content networks and public services, as name servers gave them.
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.9.9.9",
    "13.32.99.10",
    "13.107.246.40",
    "23.185.0.2",
    "23.215.0.136",
    "34.120.54.55",
    "52.84.150.39",
    "76.76.21.21",
    "99.86.4.20",
    "104.16.85.20",
    "142.250.74.46",
    "151.101.1.229",
    "172.64.147.188",
    "172.67.74.152",
    "185.199.108.153",
    "192.229.221.95",
    "198.41.215.162",
    "199.232.53.229",
    "2001:4860:4860::8888",
    "2400:52e0:1a00::1069:1",
    "2600:9000:2250:b600::1",
    "2606:4700::6810:5514",
    "2606:50c0:8000::153",
    "2620:1ec:bdf::40",
    "2a02:26f0:11a::210:2c4a",
    "2a04:4e42::485",
]


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_addresses_are_dialled(address: str) -> None:
    sockets = Sockets()
    url = "https://cdn.example/remoteEntry.json"
    async with make_client(Access.for_urls([url], local=False), Names([address]), sockets) as client:
        assert (await client.fetch(url, cap=10)).body == b"{}"
    assert sockets.dialled == [(address, 443)]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.1.9", "100.64.0.9", "::1", "fd00::1", "64:ff9b::808:808"]
)
async def test_an_origin_the_operator_names_may_be_local(address: str) -> None:
    sockets = Sockets()
    url = "http://shop.internal:8080/remoteEntry.json"
    async with make_client(Access.for_urls([url], local=True), Names([address]), sockets) as client:
        assert (await client.fetch(url, cap=10)).body == b"{}"
    assert sockets.dialled == [(address, 8080)]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "168.63.129.16",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "100.100.100.200",
    ],
)
async def test_even_the_operators_origins_may_not_be_metadata(address: str) -> None:
    await blocked("http://shop.internal:8080/remoteEntry.json", address, local=True)


async def test_a_name_server_that_changes_its_mind_changes_nothing() -> None:
    """Rebinding: the first answer is checked and dialled, the second one is for another connection."""
    sockets = Sockets(answer=[OK[0], b"Connection: close\r\n", *OK[1:]])
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    url = "https://shop.example/remoteEntry.json"
    async with make_client(Access.for_urls([url], local=False), names, sockets) as client:
        assert (await client.fetch(url, cap=10)).body == b"{}"
        assert names.asked == 1
        # The server hangs up after its answer: the next fetch needs a connection, and a check, of its own.
        stale = await client.fetch(url, cap=10)
        assert isinstance(stale.stale_reason, BlockedError)
    assert sockets.dialled == [("93.184.216.34", 443)]


async def test_tls_and_host_header_use_the_name_while_the_address_is_dialled() -> None:
    sent: list[bytes] = []
    names: list[object] = []

    class Stream(httpcore2.AsyncMockStream):
        async def start_tls(self, *_: object, **said: object) -> httpcore2.AsyncNetworkStream:
            names.append(said["server_hostname"])
            return self

        async def write(self, buffer: bytes, *_: object, **__: object) -> None:
            sent.append(buffer)

    class Once(Sockets):
        async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> Stream:
            self.dialled.append((host, port))
            return Stream(list(OK))

    sockets, url = Once(), "https://bücher.example/x"
    async with make_client(Access.for_urls([url], local=False), Names(["1.1.1.1"]), sockets) as client:
        await client.fetch(url, cap=10)
    assert sockets.dialled == [("1.1.1.1", 443)]
    assert names == ["xn--bcher-kva.example"]
    assert b"\r\nhost: xn--bcher-kva.example\r\n" in b"".join(sent).lower()


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    sockets = Sockets(down=["1.1.1.1"])
    url = "https://shop.example/x"
    names = Names(["1.1.1.1", "8.8.8.8"])
    async with make_client(Access.for_urls([url], local=False), names, sockets) as client:
        assert (await client.fetch(url, cap=10)).body == b"{}"
    assert [host for host, _ in sockets.dialled] == ["1.1.1.1", "8.8.8.8"]


@pytest.mark.parametrize("records", [[], None])
async def test_a_name_without_address_is_a_network_error(records: list[str] | None) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        if records is None:
            raise UnicodeError("label too long")
        return records

    url = f"https://{'a' * 70}.example/x"
    async with Client(Access.for_urls([url], local=False), resolver=names) as client:
        with pytest.raises(NetworkError, match="name"):
            await client.fetch(url, cap=10)


async def test_a_connection_the_operator_may_use_is_not_reused_by_others() -> None:
    """The origin was the operator's own, then only a fetched document names it: the check comes again."""
    async with serve({"/x": reply(b"{}"), "/y": reply(b"{}")}) as upstream:

        async def names(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.1"]

        url = f"http://localhost:{upstream.port}/x"
        async with Client(Access.for_urls([url], local=True), resolver=names) as client:
            await client.fetch(url, cap=10)
            client.access = Access(frozenset({f"http://localhost:{upstream.port}"}))
            with pytest.raises(BlockedError, match="scheme http:"):
                await client.fetch(url.replace("/x", "/y"), cap=10)
        assert upstream.paths() == ["/x"]


async def test_pools_do_not_lend_local_connections_to_public_requests() -> None:
    sockets, names = Sockets(), Names(["10.0.0.1"])
    url = "https://shop.example/x"
    async with make_client(Access.for_urls([url], local=True), names, sockets) as client:
        await client.fetch(url, cap=10)
        client.access = Access.for_urls([url], local=False)
        document = await client.fetch(url, cap=10, revalidate=True)
        assert isinstance(document.stale_reason, BlockedError)
    assert len(sockets.dialled) == 1


# Where an origin the operator named, on loopback, may not send us.
LEADS_AWAY = [
    ("http://127.0.0.1:1/x", "port 1 "),
    ("http://169.254.169.254/latest/meta-data/", "not allowed"),
    ("//169.254.169.254/latest/meta-data/", "not allowed"),
    ("https://evil.example/x", "not allowed"),
    ("\\\\evil.example\\x", "not allowed"),
    ("file:///etc/passwd", "scheme file:"),
    ("http://user:pw@127.0.0.1/x", "user name"),
    ("http://[::1]:{port}/x", "not allowed"),
    ("http://localhost:{port}/x", "not allowed"),
    ("http://127.0.0.1:{other}/x", "scheme http:"),
    ("https://internal.example/x", "10.0.0.9"),
    ("https://10.0.0.8/x", "10.0.0.8"),
    ("https://a b/", "not a URL"),
]


@pytest.mark.parametrize(("location", "rule"), LEADS_AWAY)
async def test_a_redirect_opens_nothing(location: str, rule: str) -> None:
    async with serve({}) as upstream, serve({"*": reply(b"secret")}) as other:
        places = {"port": upstream.port, "other": other.port}
        upstream.routes["/start"] = redirect(location.format(**places))
        named = [upstream.url(), other.url(), "https://internal.example/", "https://10.0.0.8/"]
        async with Client(Access.for_urls(named, local=True), resolver=Names(["10.0.0.9"])) as client:
            with pytest.raises(BlockedError) as caught:
                await client.fetch(upstream.url("/start"), cap=1000)
        assert rule in str(caught.value)
        assert "redirects to" in str(caught.value) or "internal.example" in caught.value.subject
        assert other.asked == []


async def test_a_public_origin_cannot_redirect_to_a_local_one() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(302, headers={"location": "http://127.0.0.1:9999/admin"})

    access = Access.for_urls(["https://cdn.example/"], local=False)
    access = access.with_urls(["http://127.0.0.1:9999/"], local=True)
    async with Client(access, transport=httpx2.MockTransport(answer)) as client:
        with pytest.raises(BlockedError, match=r"127\.0\.0\.1:9999"):
            await client.fetch("https://cdn.example/x", cap=10)


async def test_a_local_origin_may_redirect_to_itself() -> None:
    async with serve({"/a": redirect("/b"), "/b": redirect("c?d=1"), "/c?d=1": reply(b"{}")}) as upstream:
        async with Client(Access.for_urls([upstream.url()], local=True)) as client:
            document = await client.fetch(upstream.url("/a#fragment"), cap=10)
        assert (document.url, document.final_url) == (upstream.url("/a"), upstream.url("/c?d=1"))
        assert document.body == b"{}"


async def test_coming_home_through_a_stranger_is_not_coming_from_home() -> None:
    """Local, public, local: the way back is a redirect from a public origin."""
    steps = iter(["https://cdn.example/x", "http://127.0.0.1:9999/admin"])

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(302, headers={"location": next(steps)})

    access = Access.for_urls(["http://127.0.0.1:9999/"], local=True)
    access = access.with_urls(["https://cdn.example/"], local=False)
    async with Client(access, transport=httpx2.MockTransport(answer)) as client:
        with pytest.raises(BlockedError, match="scheme http:"):
            await client.fetch("http://127.0.0.1:9999/start", cap=10)


async def test_redirects_end() -> None:
    async with serve({"/a": redirect("/b"), "/b": redirect("/a")}) as upstream:
        async with Client(Access.for_urls([upstream.url()], local=True)) as client:
            with pytest.raises(BlockedError, match="more than 3 times"):
                await client.fetch(upstream.url("/a"), cap=10)
        assert len(upstream.asked) == 4


async def test_no_proxy_cookie_or_credential_is_taken_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    cookies = {"set-cookie": "session=1; Path=/", "cache-control": "no-store"}
    async with serve({"/x": alternate(reply(b"{}", headers=cookies))}) as upstream:
        async with Client(Access.for_urls([upstream.url()], local=True)) as client:
            await client.fetch(upstream.url("/x"), cap=10)
            await client.fetch(upstream.url("/x"), cap=10)
        assert len(upstream.asked) == 2
        for asked in upstream.asked:
            assert set(asked.headers) == {"host", "accept", "accept-encoding", "user-agent"}
