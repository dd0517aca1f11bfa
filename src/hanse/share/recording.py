"""Noting down what happens in a model: which hooks fire, on which instance, about what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hanse.share.choosing import Found
from hanse.share.entries import Entry, Factory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hanse.share.entries import Packages
    from hanse.share.hooks import HookArgs
    from hanse.share.registering import Token
    from hanse.share.remotes import Container, InitOptions
    from hanse.share.runtime import Runtime

__all__ = ["Event", "Recorder", "label_of"]

Event = dict[str, object]


def label_of(entry: Entry) -> str | None:
    """Return whose copy of what an entry hands over, as `shop:react@19.1.0`, if that is known."""
    if entry.get is not None and entry.get.label is not None:
        return entry.get.label
    return entry.lib.label if isinstance(entry.lib, Factory) else None


@dataclass(frozen=True, slots=True)
class Recorder:
    """A runtime plugin that notes events.

    Attributes:
        at: The application it is a plugin of.
        runtime: Where that lives.
        events: Where the events go.
        replacements: Versions to take whatever was chosen, by package.
        name: The plugin's name.
    """

    at: str
    runtime: Runtime
    events: list[Event]
    replacements: Mapping[str, str]
    name: str = "recorder"

    def _note(self, ev: str, **about: object) -> None:
        self.events.append({"at": self.at, "ev": ev, **about})

    def before_register_share(self, args: HookArgs) -> None:
        """Note what is to be registered."""
        self._note("beforeRegisterShare", pkg=args["pkg_name"], version=args["shared"].version)

    def after_register_share(self, args: HookArgs) -> None:
        """Note what was registered, and who was there before."""
        self._note(
            "afterRegisterShare",
            pkg=args["pkg_name"],
            scope=args["scope"],
            version=args["shared"].version,
            prev=_owner(args["previous_shared"]),
            now=_owner(args["registered_shared"]),
            trigger=args["trigger"],
        )

    def before_init_container(self, args: HookArgs) -> None:
        """Note which container is about to be initialised."""
        options: InitOptions = args["remote_entry_init_options"]
        tokens = [token.from_ for token in args["init_scope"]]
        self._note(
            "beforeInitContainer",
            remote=args["remote_info"].name,
            keys=options.share_scope_keys,
            tokens=tokens,
        )

    def init_container(self, args: HookArgs) -> None:
        """Note which container was initialised."""
        self._note("initContainer", remote=args["remote_info"].name)

    def init_container_share_scope_map(self, args: HookArgs) -> None:
        """Note which scope was taken over from the host."""
        self._note("initContainerShareScopeMap", scope=args["scope_name"])

    def before_load_share(self, args: HookArgs) -> None:
        """Note which package is to be loaded."""
        self._note("beforeLoadShare", pkg=args["pkg_name"])

    def resolve_share(self, args: HookArgs) -> HookArgs:
        """Note the candidate, and put a replacement in its place."""
        package = args["pkg_name"]
        self._note("resolveShare", pkg=package, scope=args["scope"], version=args["version"])
        instead = args["versions"].get(self.replacements.get(package))
        if instead is not None:
            args["resolver"] = lambda: Found(instead)
        return args

    def after_load_share(self, args: HookArgs) -> None:
        """Note which copy was taken."""
        selected: Entry = args["selected_shared"]
        said = {"from": selected.from_, "version": selected.version, "get": label_of(selected)}
        about = {name: value for name, value in said.items() if value is not None or name == "get"}
        self._note("afterLoadShare", pkg=args["pkg_name"], lifecycle=args["lifecycle"], selected=about)

    def error_load_share(self, args: HookArgs) -> None:
        """Note what went wrong."""
        error = args["error"]
        text = None if error is None else getattr(error, "message", str(error))
        self._note(
            "errorLoadShare",
            pkg=args["pkg_name"],
            lifecycle=args["lifecycle"],
            recovered=bool(args["recovered"]),
            error=text,
        )

    def load_entry(self, args: HookArgs) -> Container:
        """Give the container of a remote, which notes when it is initialised."""
        name = args["remote_info"].name
        container = self.runtime.find_container(name)
        init = container.init
        if init is None:
            return container

        def noted(packages: Packages, tokens: list[Token], options: InitOptions) -> object:
            self.events.append(
                {
                    "at": name,
                    "ev": "container.init",
                    "tokens": [token.from_ for token in tokens],
                    "keys": options.share_scope_keys,
                }
            )
            return init(packages, tokens, options)

        return replace(container, init=noted)


def _owner(entry: Entry | None) -> str | None:
    return None if entry is None else entry.from_
