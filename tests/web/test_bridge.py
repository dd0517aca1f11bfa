"""A federation's app from outside of its event loop: answers, streams, faults, forks."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse import Federation, Limits
from hanse.errors import UsageError
from hanse.federation.background import background_loop, run_in
from hanse.web import create_app
from hanse.web.bridge import Bridge
from hanse.web.questions import Answer, Question
from hanse.web.streams import AsyncStream, Stream
from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.net.upstream import reply
from tests.web.ticker import Ticker

SHORT = Limits(answer_deadline=0.3, stream_silence=0.3)


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home")) as towns:
        yield towns


@pytest.fixture
def federation(towns: Towns) -> Iterator[Federation]:
    federation = towns.federation()
    yield federation
    federation.sync.close()


def plain(app: ASGIApp) -> Callable[[Federation], ASGIApp]:
    """Give a bridge this app instead of Hanse's."""
    return lambda _: app


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def header(answer: Answer, name: str) -> str:
    return dict(answer.headers)[name]


def stream_of(answer: Answer) -> Stream:
    assert answer.stream is not None
    return Stream(answer.stream)


def test_it_asks_the_app_of_a_federation(federation: Federation) -> None:
    bridge = Bridge(federation)
    answer = bridge.ask(Question(path="/importmap.json", root_path="/_hanse"))
    assert answer.status == 200
    assert "home/Card" in json.loads(answer.body)["imports"]
    assert header(answer, "content-type") == "application/importmap+json"
    tag = header(answer, "etag").encode()
    again = bridge.ask(Question(path="/importmap.json", headers=((b"if-none-match", tag),)))
    assert (again.status, again.body) == (304, b"")
    assert bridge.ask(Question(path="/nowhere")).status == 404
    assert bridge.ask(Question(path="/explain/react")).status == 200
    assert bridge.ask(Question(path="/static/hanse.css")).status == 200
    assert b"home" in bridge.ask(Question(path="/", root_path="/below/_hanse")).body


def test_a_head_request_has_no_body_and_the_same_headers(federation: Federation) -> None:
    bridge = Bridge(federation)
    whole = bridge.ask(Question(path="/importmap.json"))
    answer = bridge.ask(Question(method="HEAD", path="/importmap.json"))
    assert (answer.status, answer.body, answer.stream) == (200, b"", None)
    assert header(answer, "content-length") == str(len(whole.body))


def test_everything_of_a_request_arrives_and_everything_of_an_answer_returns(federation: Federation) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        seen = {
            "method": request.method,
            "path": scope["path"],
            "root": scope["root_path"],
            "query": dict(request.query_params),
            "cookie": request.cookies,
            "type": request.headers["content-type"],
            "x": request.headers["x-more"],
            "url": str(request.url).partition("?")[0],
            "client": request.client.host if request.client else None,
            "body": (await request.body()).decode(),
        }
        response = JSONResponse(seen, status_code=201, headers={"connection": "close"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        await response(scope, receive, send)

    environ = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=1&b=%C3%A4",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_COOKIE": "session=x",
        "HTTP_HOST": "shop.example",
        "HTTP_X_MORE": "y",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.input": object(),
    }
    question = Question.from_environ(
        environ, path="/expl\u00e4in/@x/y", root_path="/below", scheme="https", body=b"text"
    )
    answer = Bridge(federation, make_app=plain(echo)).ask(question)
    assert answer.status == 201
    assert json.loads(answer.body) == {
        "method": "POST",
        "path": "/below/expl\u00e4in/@x/y",
        "root": "/below",
        "query": {"a": "1", "b": "\u00e4"},
        "cookie": {"session": "x"},
        "type": "text/plain",
        "x": "y",
        "url": "https://shop.example/below/expl\u00e4in/@x/y",
        "client": "192.0.2.1",
        "body": "text",
    }
    assert [text[:3] for name, text in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert "connection" not in dict(answer.headers)


def test_a_delta_is_worked_out_and_a_body_that_is_too_large_is_refused(
    federation: Federation, towns: Towns
) -> None:
    bridge = Bridge(federation)
    digest = federation.sync.snapshot.digest
    towns.put("new", entry("new"))
    wish = json.dumps({"url": towns.url("new"), "name": "new", "snapshot": digest}).encode()
    answer = bridge.ask(Question(method="POST", path="/delta", body=wish))
    assert "new/Card" in json.loads(answer.body)["import_map"]["imports"]
    cap = bridge.limits.request_bytes
    assert bridge.ask(Question(method="POST", path="/delta", body=b" " * (cap + 1))).status == 413


def test_an_app_that_fails_answers_500_and_says_nothing_of_it(
    federation: Federation, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the secret")

    answer = Bridge(federation, make_app=plain(failing)).ask(Question())
    assert answer.status == 500
    assert header(answer, "content-type") == "application/problem+json"
    assert json.loads(answer.body)["code"] == "HTTP-500"
    assert b"secret" not in answer.body
    assert "the app failed at GET /" in caplog.text


def test_an_app_that_ends_in_the_middle_of_its_answer_is_no_success(federation: Federation) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    assert Bridge(federation, make_app=plain(failing)).ask(Question()).status == 500


def test_an_app_that_is_too_slow_is_told_so_and_answered_for(federation: Federation) -> None:
    ended = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    federation.sync.start()
    answer = Bridge(federation, make_app=plain(slow), limits=SHORT).ask(Question())
    assert answer.status == 504
    assert ended.wait(5)


def test_an_app_that_does_not_listen_is_cancelled(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hanse.web.conversation.PARTING", 0.05)
    ended = threading.Event()

    async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    federation.sync.start()
    assert Bridge(federation, make_app=plain(deaf), limits=SHORT).ask(Question()).status == 504
    assert ended.wait(5)


def test_a_stream_arrives_bit_by_bit_and_the_app_is_told_when_the_client_has_gone(
    federation: Federation,
) -> None:
    ticker = Ticker()
    answer = Bridge(federation, make_app=plain(ticker)).ask(Question())
    assert header(answer, "content-type").startswith("text/event-stream")
    stream = stream_of(answer)
    assert next(stream) == b"event: tick\ndata: 1\n\n"
    assert next(stream) == b"event: tick\ndata: 2\n\n"
    assert not ticker.ended.is_set()
    stream.close()
    assert ticker.ended.wait(5)
    stream.close()


def test_a_stream_that_nobody_began_to_read_ends_as_well(federation: Federation) -> None:
    ticker = Ticker()
    answer = Bridge(federation, make_app=plain(ticker)).ask(Question())
    stream_of(answer).close()
    assert ticker.ended.wait(5)


def test_an_app_does_not_run_ahead_of_its_reader(federation: Federation) -> None:
    ticker = Ticker(pause=0)
    stream = stream_of(Bridge(federation, make_app=plain(ticker)).ask(Question()))
    time.sleep(0.3)
    assert ticker.sent < 20
    assert [next(stream) for _ in range(100)][-1] == b"event: tick\ndata: 100\n\n"
    stream.close()


def test_streams_are_counted_and_the_place_of_one_that_ended_is_free_again(federation: Federation) -> None:
    ticker = Ticker()
    bridge = Bridge(federation, make_app=plain(ticker), streams=2)
    streams = [stream_of(bridge.ask(Question())) for _ in range(2)]
    refused = bridge.ask(Question())
    assert refused.status == 503
    assert header(refused, "retry-after") == "1"
    streams[0].close()
    wait_for(lambda: bridge.ask(Question(method="HEAD")).status == 200)
    again = bridge.ask(Question())
    assert again.status == 200
    stream_of(again).close()
    streams[1].close()


def test_a_stream_ends_with_its_app(federation: Federation) -> None:
    async def three() -> AsyncIterator[bytes]:
        for part in (b"", b"a", b"b"):
            yield part

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(three())(scope, receive, send)

    bridge = Bridge(federation, make_app=plain(app), streams=1)
    for _ in range(3):
        assert b"".join(stream_of(bridge.ask(Question()))) == b"ab"


def test_a_stream_that_breaks_does_not_look_complete(federation: Federation) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise RuntimeError("broken")

    stream = stream_of(Bridge(federation, make_app=plain(failing)).ask(Question()))
    assert next(stream) == b"a"
    with pytest.raises(RuntimeError, match="broken"):
        next(stream)


def test_a_stream_that_is_silent_for_too_long_ends(federation: Federation) -> None:
    ticker = Ticker(pause=60)
    federation.sync.start()
    stream = stream_of(Bridge(federation, make_app=plain(ticker), limits=SHORT).ask(Question()))
    assert next(stream).endswith(b"1\n\n")
    assert [*stream] == []
    assert ticker.ended.wait(5)


def test_other_event_loops_ask_as_well(federation: Federation) -> None:
    ticker = Ticker()

    async def listen() -> list[bytes]:
        answer = await Bridge(federation, make_app=plain(ticker)).ask_async(Question())
        assert answer.stream is not None
        stream = AsyncStream(answer.stream)
        heard = [await anext(stream) for _ in range(3)]
        stream.close()
        return heard

    assert len(asyncio.run(listen())) == 3
    assert ticker.ended.wait(5)


def test_a_task_that_is_cancelled_takes_its_conversation_with_it(federation: Federation) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        begun.set()
        message: Message = await receive()
        assert message["type"] == "http.disconnect"
        ended.set()

    async def give_up() -> None:
        task = asyncio.create_task(Bridge(federation, make_app=plain(slow)).ask_async(Question()))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert ended.wait(5)


def test_the_loop_of_the_app_itself_must_not_block(federation: Federation) -> None:
    bridge = Bridge(federation)

    async def block() -> Answer:
        return bridge.ask(Question())

    with pytest.raises(UsageError):
        run_in(background_loop(), block())


def test_a_federation_on_the_loop_of_a_server_is_asked_there(towns: Towns) -> None:
    async def serve() -> Answer:
        async with towns.federation() as federation:
            return await Bridge(federation).ask_async(Question(path="/readyz"))

    assert asyncio.run(serve()).status == 200


def test_each_event_loop_has_an_app_of_its_own(towns: Towns) -> None:
    made: list[Federation] = []

    def make(federation: Federation) -> ASGIApp:
        made.append(federation)
        return create_app(federation)

    federation = towns.federation()
    bridge = Bridge(federation, make_app=make)

    async def serve() -> int:
        async with federation:
            return (await bridge.ask_async(Question(path="/packages.json"))).status

    # Locks inside the app belong to the loop that they were first used on.
    assert [asyncio.run(serve()) for _ in range(2)] == [200, 200]
    assert len(made) == 2
    federation.sync.start()
    assert [bridge.ask(Question(path="/packages.json")).status for _ in range(3)] == [200] * 3
    assert len(made) == 3
    federation.sync.close()


def test_many_threads_ask_at_once(federation: Federation) -> None:
    bridge = Bridge(federation)
    with ThreadPoolExecutor(16) as pool:
        answers = [*pool.map(lambda _: bridge.ask(Question(path="/packages.json")), range(64))]
    assert {answer.status for answer in answers} == {200}


def test_where_there_is_nothing_to_serve_it_says_so_and_does_not_ask_again_at_once() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        good = towns.upstream.routes["/manifest.json"]
        towns.put("manifest", reply(status=500))
        bridge = Bridge(towns.federation())
        assert bridge.ask(Question(path="/healthz")).status == 200
        for _ in range(5):
            assert bridge.ask(Question(path="/importmap.json")).status == 503
        assert towns.upstream.paths().count("/manifest.json") == 1
        towns.upstream.routes["/manifest.json"] = good


def test_it_serves_again_once_the_manifest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hanse.web.starting.RETRY", 0.05)
    with towns_in_a_thread(home=entry("home")) as towns:
        good = towns.upstream.routes["/manifest.json"]
        towns.put("manifest", reply(status=500))
        federation = towns.federation()
        bridge = Bridge(federation)
        assert bridge.ask(Question(path="/readyz")).status == 503
        towns.upstream.routes["/manifest.json"] = good
        wait_for(lambda: bridge.ask(Question(path="/readyz")).status == 200)
        federation.sync.close()


def test_a_closed_federation_stays_closed(federation: Federation) -> None:
    bridge = Bridge(federation)
    assert bridge.ask(Question(path="/readyz")).status == 200
    federation.sync.close()
    assert bridge.ask(Question(path="/readyz")).status == 200
    assert federation.keeper is None


def test_it_works_in_a_forked_process(federation: Federation) -> None:
    bridge = Bridge(federation)
    assert bridge.ask(Question(path="/packages.json")).status == 200
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 0
        try:
            status = bridge.ask(Question(path="/packages.json")).status
            # The parent's keeper is not here: the child has to have one of its own.
            wait_for(lambda: federation.keeper is not None)
        except BaseException:
            status = 0
            raise
        finally:
            os.write(writer, status.to_bytes(2))
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert int.from_bytes(pipe.read()) == 200
    os.waitpid(child, 0)
    assert bridge.ask(Question(path="/packages.json")).status == 200


def test_a_small_answer_is_no_stream(federation: Federation) -> None:
    answer = Bridge(federation, make_app=plain(PlainTextResponse("x"))).ask(Question())
    assert (answer.body, answer.stream) == (b"x", None)
    empty = Bridge(federation, make_app=plain(Response(status_code=204))).ask(Question())
    assert (empty.status, empty.body) == (204, b"")
