"""One JavaScript global: its instances, the scripts it knows, its queue, its console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, get_args

from hanse.errors import ShareError, UsageError
from hanse.share.containers import make_container
from hanse.share.instance import Instance
from hanse.share.microtasks import Microtasks, Promise
from hanse.share.options import shown
from hanse.share.registering import Layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hanse.share.entries import ShareScopeMap
    from hanse.share.hooks import HookArgs
    from hanse.share.options import App
    from hanse.share.remotes import Container, Loading

__all__ = ["Line", "Runtime"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the console."""

    level: str
    text: str


class Runtime:
    """A page, or a server's process: applications that share what they have.

    Args:
        layers: `separate` keeps the copies of different layers apart; `compatible` ignores layers, as Module
            Federation's runtime does.
        documents: The manifests that can be had, by URL, as tables; a plugin's hook `fetch` comes first.

    Attributes:
        instances: The instances there are, in the order they were started.
        log: The console's lines.
        lost: Errors of promises that nobody waited for (unhandled rejections).
        queue: The queue all of it runs on.
        share_maps: The share scope maps, by the name of who was first to have one.
        loading: Container scripts that were asked for.
        manifests: Manifests that were asked for, by URL.
        snapshots: What is known of hosts and of remotes with a manifest.

    Raises:
        UsageError: `layers` is neither of the two.
    """

    def __init__(
        self, *, layers: Layers = "separate", documents: Mapping[str, HookArgs] | None = None
    ) -> None:
        if layers not in get_args(Layers):
            raise UsageError(
                "there is no such way to treat layers",
                subject=f"layers {shown(layers)}",
                hint=f"say {' or '.join(get_args(Layers))}",
            )
        self.layers: Layers = layers
        self.documents = documents or {}
        self.queue = Microtasks()
        self.instances: list[Instance] = []
        self.log: list[Line] = []
        self.lost: list[Exception] = []
        self.share_maps: dict[str, ShareScopeMap] = {}
        self.loading: dict[str, Loading] = {}
        self.manifests: dict[str, Promise[object]] = {}
        self.snapshots: dict[str, object] = {}
        self._apps: dict[str, App] = {}
        self._containers: dict[str, Container] = {}
        self._started: dict[str, Instance] = {}

    def start(self, app: App) -> Instance:
        """Start an application; other applications may have it as a remote, too."""
        self._apps[app.name] = app
        instance = self._started[app.name] = Instance(app, self)
        self.instances.append(instance)
        return instance

    def offer(self, app: App) -> None:
        """Make a remote known; it is started when a host first initialises it."""
        self._apps[app.name] = app

    def find(self, name: str) -> Instance | None:
        """Return an instance by its application's name, if it was started."""
        return self._started.get(name)

    @property
    def started(self) -> dict[str, Instance]:
        """All instances by name, in the order they were started; those that were removed, too."""
        return dict(self._started)

    def find_container(self, name: str) -> Container:
        """Return the container that a remote's script gives.

        Raises:
            ShareError: There is no such remote, or it has no script.
        """
        app = self._apps.get(name)
        if app is None or app.broken == "entry":
            raise ShareError(f"entry missing: {name}", subject=name)
        if name not in self._containers:
            self._containers[name] = make_container(app, self)
        return self._containers[name]

    def run(self, promise: Promise[T]) -> T:
        """Run everything that waits, and return what the promise was settled with.

        Raises:
            ShareError: As the runtime's promise rejects.
            UsageError: It is never settled.
            Exception: What a provider or a plugin raised.
        """
        promise.handled = True
        self.settle()
        return promise.result()

    def settle(self) -> None:
        """Run everything that waits.

        Raises:
            UsageError: It does not come to an end.
        """
        self.lost += self.queue.run()

    def log_line(self, level: str, text: str) -> None:
        """Write a line to the console."""
        self.log.append(Line(level, text))

    def warn(self, what: object) -> None:
        """Write a warning to the console, as the runtime does."""
        text = what.message if isinstance(what, ShareError) else str(what)
        if isinstance(what, Exception) and not text.startswith("[ Federation Runtime ]"):
            text = f"[ Federation Runtime ]: {text}"
        self.log_line("warn", f"[ Federation Runtime ] {text}")
