"""What every engine keeps to: it opens a realm for a generation, and a realm renders, streams and calls.

A generation is immutable: its modules and the table of what their imports mean. Whatever asks for a module
that the table does not name gets an error with both names. Engines decide nothing about versions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias
from urllib.parse import quote

__all__ = [
    "JSON",
    "ContainerSource",
    "Engine",
    "EngineLimits",
    "Exposed",
    "Generation",
    "Realm",
    "RenderCall",
    "RenderStream",
    "Rendered",
    "SharedCopy",
    "Shell",
    "Source",
    "Target",
    "module_name",
]

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What crosses the border between Python and an engine."""


def module_name(remote: str, file: str) -> str:
    """Return the name of a remote's file in a generation: `shop/product.js`, `team%2Fmfe1/pages/index.js`.

    A remote's own slashes are written as `%2F`, so that the files of `team` never get those of `team/mfe1`.
    """
    return f"{quote(remote, safe='@')}/{file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One module of a generation.

    Attributes:
        text: The module.
        remote: Whose it is: named in what it logs and in its errors; it decides which scope its imports have.
        format: `esm`, `cjs` (a function body with `module`, `exports` and `require`) or `json`.
    """

    text: str
    remote: str
    format: Literal["esm", "cjs", "json"] = "esm"


@dataclass(frozen=True, slots=True)
class Exposed:
    """What a Module Federation container gives for a key: a remote's name, and `./Card`."""

    container: str
    key: str


Target: TypeAlias = str | Exposed
"""What a bare specifier means: the name of one of the modules, or what a container exposes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSource:
    """A Module Federation container of a generation.

    Attributes:
        script: The name of its script among the modules.
        global_name: What it is called in `module.exports`, or on the global object.
        base: The folder its chunks are asked from, as a prefix of module names: `ferry/`.
        share_scope: The share scope it is initialised with.
        bundled: Whether a bundler wrote its script, and chunks are asked from `base`. Otherwise the script is
            a module like any other, of any format, that exports the container or a promise of it: a delegate.
            Of it a call may ask for any key, as `shop/./Card`, whether or not the table names that.

    What a remote's bundle consumes in its turn it looks for on the global object, by `global_name`: there is
    something with `get` and `init` for each container, unless there is something of that name anyway.
    """

    script: str
    global_name: str
    base: str
    share_scope: str = "default"
    bundled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCopy:
    """A copy of a package that containers find in their share scope.

    Attributes:
        package: The request: `react`, `react/jsx-runtime`.
        version: Its version.
        module: The name of the module that has it.
        provider: The remote it comes from.
        share_scope: The share scope it stands in.
        singleton: Whether there may be one version of it alone.
        layer: The layer it is for, None for all.
    """

    package: str
    version: str
    module: str
    provider: str
    share_scope: str = "default"
    singleton: bool = True
    layer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One immutable set of server modules and its import table.

    Attributes:
        id: The digest of all of it; a word that may stand in a URL's path.
        modules: Sources by their names; a relative import is resolved against the name of who imports.
        imports: What bare specifiers mean to everybody: `react`, `shop/ProductCard`, `shop/./ProductCard`.
        scopes: What they mean to the modules of one remote, by its name; asked before `imports`.
        containers: Module Federation's containers, by remote.
        shared: What is put into the containers' share scopes.
        warm: Specifiers and module names that are evaluated when a realm is opened, before the first call.
        lasting: Those names of `warm` that most deploys leave alone: a process that waits for the next
            generation may evaluate them, and what they import, before it comes. One that exports `warm()` is
            called then.
    """

    id: str
    modules: Mapping[str, Source]
    imports: Mapping[str, Target] = field(default_factory=dict)
    scopes: Mapping[str, Mapping[str, Target]] = field(default_factory=dict)
    containers: Mapping[str, ContainerSource] = field(default_factory=dict)
    shared: tuple[SharedCopy, ...] = ()
    warm: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """What one realm may use; times in seconds, sizes in bytes.

    Attributes:
        open: Until a realm is ready: its modules loaded, `warm` evaluated.
        call: A call in all, waiting for its turn included; a call may ask for less.
        memory: The heap of one process or machine.
        input: The properties and the context of a call, as JSON.
        output: The HTML or the value of a call.
        log: What one call may write to the console; the rest is dropped, and said so.
        queue: Calls that wait for their turn; whoever comes then is turned away.
        at_once: Calls under way in one process.
    """

    open: float = 10.0
    call: float = 2.0
    memory: int = 192 << 20
    input: int = 1 << 20
    output: int = 8 << 20
    log: int = 64 << 10
    queue: int = 64
    at_once: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderCall:
    """One rendering.

    A module's own `render(props, context)` renders it where it has one; else the adapter's
    `render(component, props, context)` or `stream(component, props, context)` does. Both may give a string,
    a stream (`ReadableStream` or async iterable of strings or UTF-8 bytes), an object
    `{html | stream, head, status}`, or a promise of one of these.

    Attributes:
        module: What is rendered, a specifier as the host would write it: `shop/./ProductCard`.
        props: Its properties.
        export: The name of the component among the module's exports.
        adapter: The framework adapter: the name of a module or a specifier; None where the module must have
            its own `render`.
        context: What the rendering should know besides: `identifierPrefix`, `nonce`, `traceparent`.
        deadline: Seconds for this call, at most the realm's own.
    """

    module: str
    props: Mapping[str, JSON] = field(default_factory=dict)
    export: str = "default"
    adapter: str | None = None
    context: Mapping[str, JSON] = field(default_factory=dict)
    deadline: float | None = None

    def within(self, seconds: float) -> RenderCall:
        """Return the same call with another deadline."""
        return RenderCall(
            module=self.module,
            props=self.props,
            export=self.export,
            adapter=self.adapter,
            context=self.context,
            deadline=seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a rendering gave.

    Attributes:
        html: The HTML of the fragment.
        head: HTML for the head of the page, where the module gave some.
        status: The HTTP status it asked for, 200 if it did not.
        modules: The names of the modules that this very call used, in the order they were first asked for:
            what it imports statically, and what it loaded while rendering.
        seconds: Time spent rendering, inside the engine.
    """

    html: str
    head: str = ""
    status: int = 200
    modules: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What is known before the first byte of a stream leaves."""

    status: int = 200
    head: str = ""
    modules: tuple[str, ...] = ()


class RenderStream(Protocol):
    """A rendering whose HTML comes in pieces; iterate over it after `shell()`, and close it in the end."""

    async def shell(self) -> Shell:
        """Wait until the first piece is there.

        Raises:
            EngineError: The rendering failed before that; nothing has been given out.
        """
        ...

    def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over the pieces of HTML.

        Raises:
            EngineError: It failed on the way.
        """
        ...

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far; when the stream has ended, all of this call."""
        ...

    async def aclose(self) -> None:
        """End it; where it is still under way it is cancelled."""
        ...


class Realm(Protocol):
    """A JavaScript runtime that has one generation."""

    async def render(self, call: RenderCall) -> Rendered:
        """Render to the end.

        Raises:
            EngineError: It threw, took too long, was too large, or its engine ended.
        """
        ...

    async def stream(self, call: RenderCall) -> RenderStream:
        """Begin to render in pieces.

        Raises:
            EngineError: There is no room for it.
        """
        ...

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        """Call an exported function, and return what it gives or promises.

        Raises:
            EngineError: As for `render`.
        """
        ...

    async def close(self) -> None:
        """End it, and whatever is under way in it."""
        ...


class Engine(Protocol):
    """A kind of JavaScript runtime."""

    async def open(self, generation: Generation, limits: EngineLimits) -> Realm:
        """Open a realm: load the modules, evaluate what `warm` names.

        Raises:
            EngineError: A module of `warm` threw, imports what the table does not name, or was too slow.
        """
        ...

    async def close(self) -> None:
        """End everything this engine has started."""
        ...
