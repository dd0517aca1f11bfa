"""The view that answers for Hanse's app."""

from __future__ import annotations

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from hanse.web.django.site import integration
from hanse.web.integration import read_body
from hanse.web.questions import Answer, Question
from hanse.web.streams import AsyncStream, Stream

__all__ = ["serve"]


# What is asked here changes nothing, and cookies do not count.
@csrf_exempt
async def serve(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Answer with what Hanse's app answers; without an event loop, Django runs this in one for the moment."""
    bridge = integration().bridge
    below = f"/{path}"
    answer = await bridge.ask_async(
        Question.from_environ(
            request.META,
            path=below,
            root_path=request.path.removesuffix(below),
            scheme=request.scheme or "http",
            body=read_body(request, request.method or "GET", bridge.limits),
        )
    )
    return respond(answer, awaits=isinstance(request, ASGIRequest))


def respond(answer: Answer, *, awaits: bool) -> HttpResponseBase:
    """Return an answer as Django has it; `awaits` says how the parts of a stream are taken."""
    response: HttpResponseBase
    if answer.stream is None:
        response = HttpResponse(answer.body, status=answer.status)
    else:
        parts = AsyncStream(answer.stream) if awaits else Stream(answer.stream)
        response = StreamingHttpResponse(parts, status=answer.status)
    # Django has a type of its own for everything; the app says what it is.
    del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = f"{response[name]}, {value}" if name in response else value
    return response
