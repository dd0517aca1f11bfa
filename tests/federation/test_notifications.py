"""Builds of remotes: one connection upstream, a remote that is read again, and pages that are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hanse import Federation, Limits, UsageError
from hanse.federation import News, Subscription
from hanse.federation.notifications import endpoint_of
from hanse.formats.remote_entry import decode_remote_entry
from hanse.resolve import Remote
from tests.federation.towns import Towns, entry, serve_towns, until
from tests.net.upstream import Asked, Handler, alternate, hang, head, raw, reply, serve
from tests.net.upstream import reset as drop

pytestmark = pytest.mark.anyio

BUILDS = "/@angular-architects/native-federation:build-notifications"
SWIFT = Limits(
    fetch_deadline=0.5, connect_deadline=0.5, refresh_deadline=2.0, event_retry=0.02, event_retry_most=0.1
)
STREAM = head(200, {"content-type": "text/event-stream"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class DevServer:
    """The build notifications of one remote's dev server: tells every open stream what it is told to tell."""

    queues: set[asyncio.Queue[bytes]] = field(default_factory=set)
    opened: int = 0

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        self.opened += 1
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.queues.add(queue)
        writer.write(STREAM)
        gone = asyncio.create_task(asked.pause(None))
        try:
            while not gone.done():
                coming = asyncio.create_task(queue.get())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    if not (part := coming.result()):
                        break
                    writer.write(part)
                    await writer.drain()
                coming.cancel()
        finally:
            gone.cancel()
            self.queues.discard(queue)
        return False

    def say(self, part: bytes) -> None:
        for queue in self.queues:
            queue.put_nowait(part)

    def tell(self, kind: str, **more: object) -> None:
        self.say(f"data: {json.dumps({'type': kind, **more})}\n\n".encode())

    def built(self) -> None:
        self.tell("federation-rebuild-complete", timestamp=1)

    def hang_up(self) -> None:
        self.say(b"")


@asynccontextmanager
async def developing(
    notify: Handler, /, **more: object
) -> AsyncIterator[tuple[Towns, Federation, Subscription]]:
    """Serve home, and shop with a dev server; start their federation in development, and listen."""
    shop = entry("shop", buildNotificationsEndpoint=BUILDS)
    async with serve_towns(home=entry("home"), shop=shop) as towns:
        towns.upstream.routes[f"/shop{BUILDS}"] = notify
        async with towns.federation(**{"limits": SWIFT, "development": True, **more}) as federation:
            subscription = federation.subscribe()
            yield towns, federation, subscription
            subscription.close()


def rebuilt(card: str) -> bytes:
    return entry("shop", card=card, buildNotificationsEndpoint=BUILDS)


async def hear(subscription: Subscription) -> News:
    async with asyncio.timeout(5):
        return await anext(subscription)


async def hear_nothing(subscription: Subscription, seconds: float = 0.3) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            raise AssertionError(await anext(subscription))


async def test_a_build_is_read_and_everybody_is_told() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, subscription):
        await until(lambda: bool(server.queues))
        other = federation.subscribe()
        before = federation.snapshot
        towns.put("shop", rebuilt("Rebuilt.js"))
        server.built()
        heard = await hear(subscription)
        assert heard == News("reload", "shop", snapshot=federation.snapshot.digest)
        assert heard.snapshot != before.digest
        assert federation.snapshot.import_map.imports["shop/./Card"].endswith("/shop/Rebuilt.js")
        assert await hear(other) == heard
        await hear_nothing(subscription)


async def test_a_build_with_the_same_entry_reloads_pages_too() -> None:
    """Dev servers do not put digests into the names of files: all may have changed but the entry."""
    server = DevServer()
    async with developing(server) as (_, federation, subscription):
        await until(lambda: bool(server.queues))
        server.built()
        assert await hear(subscription) == News("reload", "shop", snapshot=federation.snapshot.digest)


async def test_however_many_listen_there_is_one_connection() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, _subscription):
        await until(lambda: bool(server.queues))
        tabs = [federation.subscribe() for _ in range(100)]
        server.built()
        news = await asyncio.gather(*[hear(tab) for tab in tabs])
        assert {one.kind for one in news} == {"reload"}
        assert server.opened == 1
        assert towns.upstream.paths().count(f"/shop{BUILDS}") == 1
        for tab in tabs:
            tab.close()


async def test_nothing_is_watched_unless_it_is_switched_on() -> None:
    server = DevServer()
    async with developing(server) as (towns, _, _subscription):
        async with towns.federation(limits=SWIFT) as production:
            assert not production.development
            with pytest.raises(UsageError, match="no builds are watched"):
                production.subscribe()
            await production.refresh()
        await until(lambda: bool(server.queues))
        assert server.opened == 1


async def test_the_file_switches_it_on(tmp_path: Path) -> None:

    file = tmp_path / "hanse.toml"
    file.write_text('[federation]\ndevelopment = true\nrefresh = 0\n[federation.remotes]\na = "./a.json"\n')
    assert Federation.from_toml(file).development
    assert not Federation.from_toml(file, development=False).development
    file.write_text('[federation.remotes]\na = "./a.json"\n')
    assert not Federation.from_toml(file).development
    assert not Federation({}).development


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("federation-rebuild-error", {"error": "no such module"}, "it could not be built: no such module"),
        ("federation-rebuild-error", {}, "it could not be built"),
        ("federation-rebuild-cancelled", {}, "its build was cancelled"),
        ("federation-rebuild-error", {"error": "x" * 9000}, f"it could not be built: {'x' * 2000}"),
    ],
)
async def test_a_build_that_fails_is_told_with_its_reason(
    kind: str, more: dict[str, object], reason: str
) -> None:
    server = DevServer()
    async with developing(server) as (_, federation, subscription):
        await until(lambda: bool(server.queues))
        server.tell(kind, **more)
        assert await hear(subscription) == News("failing", "shop", reason=reason)
        # Who comes now is told as well, until it is built.
        late = federation.subscribe()
        assert (await hear(late)).reason == reason
        server.built()
        assert (await hear(late)).kind == "reload"
        await hear_nothing(federation.subscribe(), 0.1)


async def test_a_build_that_cannot_be_read_is_no_reload() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, subscription):
        await until(lambda: bool(server.queues))
        towns.put("shop", b"<!doctype html>")
        server.built()
        heard = await hear(subscription)
        assert (heard.kind, heard.remote) == ("failing", "shop")
        assert towns.url("shop") in heard.reason
        assert federation.snapshot.import_map.imports["shop/./Card"].endswith("/shop/Card.js")
        await hear_nothing(subscription)
        towns.put("shop", rebuilt("Mended.js"))
        server.built()
        assert (await hear(subscription)).kind in {"healed", "reload"}


async def test_health_is_told_of_every_remote() -> None:
    async with developing(hang) as (towns, federation, subscription):
        towns.put("home", reply(status=503))
        await federation.refresh()
        heard = await hear(subscription)
        assert (heard.kind, heard.remote) == ("failing", "home")
        assert "503" in heard.reason
        await federation.refresh()
        await hear_nothing(subscription, 0.1)
        towns.put("home", entry("home"))
        await federation.refresh()
        assert await hear(subscription) == News("healed", "home")


async def test_a_remote_without_notifications_reloads_when_its_entry_is_another() -> None:
    async with developing(hang) as (towns, federation, subscription):
        towns.put("home", entry("home", card="Redeployed.js"))
        await federation.refresh()
        assert await hear(subscription) == News("reload", "home", snapshot=federation.snapshot.digest)
        await federation.refresh()
        await hear_nothing(subscription, 0.1)


GARBAGE = {
    "no JSON": b"data: rebuilt!\n\n",
    "no object": b"data: [1]\n\n",
    "no type": b'data: {"kind": "federation-rebuild-complete"}\n\n',
    "another type": b'data: {"type": "connected"}\n\n',
    "a type of a type": b'data: {"type": {"type": "federation-rebuild-complete"}}\n\n',
    "deep JSON": b"data: " + b"[" * 5000 + b"\n\n",
    "no UTF-8": b"data: \xff\xfe\n\n",
    "surrogates": b'data: {"type": "\\ud800"}\n\n',
    "comments": b": federation-rebuild-complete\n\n",
    "nothing": b"data:\n\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_is_ignored_and_what_comes_after_it_is_not(kind: str) -> None:
    server = DevServer()
    async with developing(server) as (_, _federation, subscription):
        await until(lambda: bool(server.queues))
        server.say(GARBAGE[kind])
        await hear_nothing(subscription, 0.1)
        server.built()
        assert (await hear(subscription)).kind == "reload"
        assert server.opened == 1


async def test_what_was_missed_while_the_stream_was_down_is_found() -> None:
    server = DevServer()
    async with developing(server) as (towns, _, subscription):
        await until(lambda: bool(server.queues))
        towns.put("shop", rebuilt("Meanwhile.js"))
        server.hang_up()
        heard = await hear(subscription)
        assert (heard.kind, heard.remote) == ("reload", "shop")
        await until(lambda: server.opened == 2)


async def test_a_stream_that_comes_back_with_nothing_new_reloads_nothing() -> None:
    server = DevServer()
    async with developing(server) as (_, _federation, subscription):
        await until(lambda: bool(server.queues))
        server.hang_up()
        await until(lambda: server.opened == 2)
        await hear_nothing(subscription)


@pytest.mark.parametrize(
    "nuisance",
    [
        hang,
        drop(),
        reply(status=404),
        reply(b"<p>", headers={"content-type": "text/html"}),
        raw(STREAM, b"x"),
    ],
    ids=["hangs", "drops", "has no such path", "is a page", "ends"],
)
async def test_an_upstream_that_misbehaves_costs_nobody_anything(nuisance: Handler) -> None:
    async with developing(alternate(nuisance, nuisance, DevServer())) as (towns, federation, subscription):
        await asyncio.sleep(0.3)
        assert (await federation.refresh()).healthy
        assert federation.breakers()[towns.upstream.origin].failures == 0
        await hear_nothing(subscription, 0.1)


async def test_builds_that_end_while_one_is_read_are_read_once_more() -> None:
    server = DevServer()
    async with developing(server) as (towns, _, subscription):
        await until(lambda: bool(server.queues))
        asked = towns.asked("shop")
        towns.put("shop", reply(rebuilt("Slow.js"), delay=0.3))
        server.built()
        await until(lambda: towns.asked("shop") == asked + 1)
        for _ in range(10):
            server.built()
        await asyncio.sleep(0.1)
        towns.put("shop", rebuilt("Last.js"))
        assert (await hear(subscription)).kind == "reload"
        assert (await hear(subscription)).kind == "reload"
        await hear_nothing(subscription, 0.2)
        assert towns.asked("shop") == asked + 2


async def test_a_build_is_never_answered_with_a_round_that_began_before_it() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, subscription):
        await until(lambda: bool(server.queues))
        asked = towns.asked("shop")
        towns.put("shop", reply(rebuilt("Before.js"), delay=0.3))
        round_before = asyncio.create_task(federation.refresh())
        await until(lambda: towns.asked("shop") == asked + 1)
        towns.put("shop", rebuilt("After.js"))
        server.built()
        heard = await hear(subscription)
        while federation.snapshot.digest != heard.snapshot or "After" not in str(
            federation.snapshot.import_map
        ):
            heard = await hear(subscription)
        await round_before


async def test_streams_follow_the_manifest() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, _):
        await until(lambda: bool(server.queues))
        towns.list("home")
        await federation.refresh()
        await until(lambda: not server.queues)
        towns.list("home", "shop")
        await federation.refresh()
        await until(lambda: bool(server.queues))
        assert server.opened == 2


async def test_remotes_of_one_dev_server_share_a_connection() -> None:
    server = DevServer()
    async with serve_towns() as towns:
        towns.upstream.routes["/builds"] = server
        shared = {"buildNotificationsEndpoint": towns.upstream.url("/builds")}
        for name in ("a", "b"):
            towns.put(name, entry(name, **shared))
        towns.list("a", "b")
        async with towns.federation(limits=SWIFT, development=True) as federation:
            subscription = federation.subscribe()
            await until(lambda: bool(server.queues))
            server.built()
            assert {(await hear(subscription)).remote for _ in range(2)} == {"a", "b"}
            assert server.opened == 1


async def test_no_more_streams_than_the_limit_are_opened() -> None:
    server = DevServer()
    names = [f"r{number}" for number in range(6)]
    async with serve_towns() as towns:
        for name in names:
            towns.put(name, entry(name, buildNotificationsEndpoint="builds"))
            towns.upstream.routes[f"/{name}/builds"] = server
        towns.list(*names)
        limits = Limits(event_streams=4, fetch_deadline=0.5)
        async with towns.federation(limits=limits, development=True):
            await until(lambda: server.opened == 4)
            await asyncio.sleep(0.1)
            assert server.opened == 4


async def test_closing_the_federation_hangs_up_and_ends_every_subscription() -> None:
    server = DevServer()
    async with developing(server) as (towns, federation, subscription):
        await until(lambda: bool(server.queues))
        waiting = asyncio.create_task(hear(subscription))
        await asyncio.sleep(0)
        await federation.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting
        await until(lambda: not server.queues)
        await until(lambda: towns.upstream.open_now == 0)
        with pytest.raises(UsageError):
            federation.subscribe()
        await federation.start()
        federation.subscribe().close()


async def test_who_falls_behind_is_dropped_and_the_others_are_not() -> None:
    server = DevServer()
    limits = Limits(event_backlog=4, fetch_deadline=0.5, events_per_second=1000)
    async with developing(server, limits=limits) as (_, federation, slow):
        await until(lambda: bool(server.queues))
        quick = federation.subscribe()
        for number in range(6):
            server.tell("federation-rebuild-error", error=str(number))
            assert (await hear(quick)).reason.endswith(str(number))
        with pytest.raises(StopAsyncIteration):
            await hear(slow)
        server.built()
        assert (await hear(quick)).kind == "reload"


async def test_no_more_listen_than_may() -> None:
    async with developing(hang, limits=Limits(event_subscribers=3, fetch_deadline=0.5)) as (
        _,
        federation,
        one,
    ):
        two, three = federation.subscribe(), federation.subscribe()
        with pytest.raises(UsageError, match="3 pages listen already"):
            federation.subscribe()
        two.close()
        federation.subscribe().close()
        three.close()
        one.close()


async def test_listeners_may_be_on_other_loops() -> None:
    server = DevServer()
    async with developing(server) as (_, federation, _subscription):
        await until(lambda: bool(server.queues))
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def listen() -> News:
            subscription = federation.subscribe()
            loop.call_soon_threadsafe(ready.set)
            return await hear(subscription)

        elsewhere = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(listen())))
        await ready.wait()
        server.built()
        assert (await elsewhere).kind == "reload"


@pytest.mark.parametrize(
    ("url", "endpoint", "found"),
    [
        ("https://x.example/shop/remoteEntry.json", BUILDS, f"https://x.example/shop{BUILDS}"),
        ("http://localhost:4201/remoteEntry.json", BUILDS, f"http://localhost:4201{BUILDS}"),
        ("https://x.example/remoteEntry.json", "builds?a=1", "https://x.example/builds?a=1"),
        ("https://x.example/a/e.json", "https://y.example/builds", "https://y.example/builds"),
        ("./shop/remoteEntry.json", BUILDS, None),
        ("https://x.example/remoteEntry.json", "", None),
        ("https://x.example/remoteEntry.json", None, None),
    ],
)
def test_the_endpoint_lies_in_the_folder_of_the_entry(
    url: str, endpoint: str | None, found: str | None
) -> None:
    more = {} if endpoint is None else {"buildNotificationsEndpoint": endpoint}
    decoded = decode_remote_entry(entry("shop", **more), subject="shop")
    assert endpoint_of(Remote("shop", url, decoded)) == found


async def test_builds_of_an_override_are_told_to_pages_that_have_it_and_to_no_others() -> None:
    server = DevServer()
    async with developing(hang) as (_, federation, somebody), serve({"/builds": server}) as mine:
        url = mine.url("/entry.json")
        mine.routes["/entry.json"] = reply(entry("home", buildNotificationsEndpoint="builds"))
        wanted = {"home": url}
        before = await federation.override(wanted)
        await until(lambda: bool(server.queues))
        developer = federation.subscribe(wanted)
        other = federation.subscribe({"home": mine.url("/other.json")})
        mine.routes["/entry.json"] = reply(entry("home", card="New.js", buildNotificationsEndpoint="builds"))
        server.built()
        assert await hear(developer) == News("reload", "home", override=("home", url))
        # The page that is loaded now has the new build, however young the last look at it is.
        assert (await federation.override(wanted)).digest != before.digest
        server.tell("federation-rebuild-error", error="no")
        assert (await hear(developer)).reason == "it could not be built: no"
        assert (await hear(federation.subscribe(wanted))).kind == "failing"
        for stranger in (somebody, other, federation.subscribe()):
            await hear_nothing(stranger, 0.1)


async def test_only_the_overrides_used_last_are_watched() -> None:
    servers = [DevServer() for _ in range(4)]
    limits = Limits(overrides_kept=2, fetch_deadline=0.5)
    async with (
        developing(hang, limits=limits) as (_, federation, _s),
        serve({f"/{n}/builds": server for n, server in enumerate(servers)}) as mine,
    ):
        mine.routes["*"] = reply(entry("home", buildNotificationsEndpoint="builds"))
        for number, server in enumerate(servers):
            await federation.override({"home": mine.url(f"/{number}/entry.json")})
            await until(lambda server=server: bool(server.queues))  # type: ignore[misc]
        await until(lambda: [bool(server.queues) for server in servers] == [False, False, True, True])


async def test_an_override_may_not_send_its_stream_to_another_origin() -> None:
    async with developing(hang) as (_, federation, _s), serve({}) as mine, serve({"*": hang}) as elsewhere:
        builds = elsewhere.url("/builds")
        mine.routes["*"] = reply(entry("home", buildNotificationsEndpoint=builds))
        await federation.override({"home": mine.url("/entry.json")})
        await asyncio.sleep(0.1)
        assert elsewhere.asked == []


async def test_files_that_a_build_wrote_under_their_old_names_are_read_again() -> None:
    server = DevServer()
    async with developing(server, modules="read") as (towns, federation, subscription):
        await federation.modules_read()
        towns.upstream.routes["/shop/Card.js"] = reply(b'import "./chunk.js";')
        towns.upstream.routes["/shop/chunk.js"] = reply(b"export {};")
        await until(lambda: bool(server.queues))
        assert towns.upstream.url("/shop/chunk.js") not in federation.snapshot.graph
        server.built()
        while (await hear(subscription)).kind != "reload":
            pass
        assert towns.upstream.url("/shop/chunk.js") in federation.snapshot.graph
