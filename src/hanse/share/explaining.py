"""Why each consumer got the copy it got, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hanse.errors import HanseError
from hanse.share.entries import list_keys
from hanse.share.options import UNDEFINED
from hanse.share.replay import Model
from hanse.share.satisfy import satisfy

if TYPE_CHECKING:
    from hanse.share.choosing import Found
    from hanse.share.entries import Entry, Versions
    from hanse.share.hooks import HookArgs
    from hanse.share.registering import Layers

__all__ = ["Candidate", "Choice", "Explanation", "Step", "explain_case"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version in a scope: who provides it, and whether it is loaded (`yes`, `no`, `loading`)."""

    version: str
    provider: str
    loaded: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One look into a share scope.

    Attributes:
        consumer: Who looks for the package.
        package: The package.
        scope: The scope that was looked into, the first of the consumer's that has the package.
        wants: The consumer's range, and `singleton` and `strict` where it says so.
        strategy: How the candidate was chosen.
        versions: All versions in the scope, in the order in which they are gone through.
        candidate: The version that stands after going through all; empty where there is none.
        taken: The version that was taken; empty where none was.
        provider: Who provides it.
        reasons: Why, one sentence each.
    """

    consumer: str
    package: str
    scope: str
    wants: tuple[str, ...]
    strategy: str
    versions: tuple[Candidate, ...]
    candidate: str
    taken: str
    provider: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, and what came of it.

    Attributes:
        title: What was done.
        result: What came of it.
        choices: The looks into share scopes it took.
        notes: What there is to say beside the choices.
        warnings: What the runtime warned of.
    """

    title: str
    result: str
    choices: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A case, explained."""

    id: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Witness:
    """A runtime plugin that notes every choice; it has to be the last of its instance."""

    consumer: str
    choices: list[Choice]
    replaced: Mapping[str, str] = field(default_factory=dict)
    name: str = "witness"

    def resolve_share(self, args: HookArgs) -> HookArgs:
        """Note what there is to choose from, and what is chosen."""
        resolve: Callable[[], Found | None] = args["resolver"]
        versions = _list_versions(args["versions"])

        def noted() -> Found | None:
            try:
                found = resolve()
            except HanseError as error:
                self._note(args, versions, None, (error.message,))
                raise
            entry = None if found is None else found.entry
            self._note(args, versions, entry, self._reasons(args, versions, entry))
            return found

        args["resolver"] = noted
        return args

    def _note(
        self, args: HookArgs, versions: tuple[Candidate, ...], entry: Entry | None, reasons: tuple[str, ...]
    ) -> None:
        wanted: Entry = args["share_info"]
        self.choices.append(
            Choice(
                consumer=self.consumer,
                package=args["pkg_name"],
                scope=args["scope"],
                wants=_list_wants(wanted),
                strategy=wanted.strategy or "version-first",
                versions=versions,
                candidate=args["version"] or "",
                taken="" if entry is None else entry.key,
                provider="" if entry is None else entry.from_ or "",
                reasons=(_tell_candidate(wanted, versions, args["version"]), *reasons),
            )
        )

    def _reasons(
        self, args: HookArgs, versions: tuple[Candidate, ...], entry: Entry | None
    ) -> tuple[str, ...]:
        if args["pkg_name"] in self.replaced and entry is not None:
            instead = self.replaced[args["pkg_name"]]
            if any(one.version == instead for one in versions):
                return (f"a plugin puts {instead} in its place",)
        return _judge(args["share_info"], args["version"], entry)


def _list_versions(versions: Versions) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(key, versions[key].from_ or "nobody", _tell_loaded(versions[key]))
        for key in list_keys(versions)
    )


def _tell_loaded(entry: Entry) -> str:
    if entry.is_loaded:
        return "yes"
    return "loading" if entry.loading is not None else "no"


def _list_wants(wanted: Entry) -> tuple[str, ...]:
    config = wanted.config
    if config is None:
        return ("nothing",)
    required = "any version" if config.required_version in (False, "*") else str(config.required_version)
    if config.required_version is UNDEFINED or not isinstance(config.required_version, str | bool):
        required = "undefined"
    flags = {"singleton": config.singleton, "strict": config.strict_version, "eager": config.eager}
    layer = (f"layer {config.layer}",) if isinstance(config.layer, str) else ()
    return (required, *(name for name, value in flags.items() if value), *layer)


def _tell_candidate(wanted: Entry, versions: tuple[Candidate, ...], candidate: str) -> str:
    """Say why a version stands after all were gone through."""
    if not candidate:
        return "the scope names the package and has no version of it"
    if len(versions) == 1:
        return f"{candidate} is the only version there is"
    loaded = next(one.loaded for one in versions if one.version == candidate)
    if loaded != "no" and wanted.strategy == "loaded-first":
        return f"{candidate} is the candidate: what is loaded comes first, and then the highest"
    if loaded == "yes":
        return f"{candidate} is the candidate: it is loaded, and nothing that comes after it takes its place"
    return f"{candidate} is the candidate: no version that is loaded keeps its place, and it is the highest"


def _judge(wanted: Entry, candidate: str, entry: Entry | None) -> tuple[str, ...]:
    config = wanted.config
    required = None if config is None else config.required_version
    if config is not None and config.singleton:
        if isinstance(required, str) and not satisfy(candidate, required):
            return (f"a singleton takes the candidate, though it does not satisfy {required}: a warning",)
        return ("a singleton takes the candidate",)
    if required in (False, "*"):
        return ("any version will do",)
    if entry is None:
        return (f"no version satisfies {required}: the consumer takes its own copy",)
    if entry.key == candidate:
        return (f"it satisfies {required}",)
    return (
        f"it does not satisfy {required}",
        f"{entry.key} is the first that does, in the order in which they are gone through",
    )


def explain_case(case: Mapping[str, Any], *, layers: Layers = "compatible") -> Explanation:
    """Replay a case and explain every choice in it.

    Args:
        case: A recorded case, as `hanse replay --kind sharing` reads it.
        layers: Whether copies of different layers are kept apart.

    Raises:
        FormatError: It is not a case.
    """
    choices: list[Choice] = []
    model = Model(case, witness=lambda app, replaced: Witness(app, choices, replaced), layers=layers)
    steps: list[Step] = []
    for op in case.get("ops") or ():
        lines = len(model.runtime.log)
        outcome = model.perform(op)
        warnings = tuple(line.text for line in model.runtime.log[lines:])
        notes = tuple(_list_notes(outcome, choices))
        steps.append(Step(_title(op), _tell_result(outcome), tuple(choices), notes, warnings))
        choices.clear()
    return Explanation(str(case.get("id")), tuple(steps))


def _list_notes(outcome: Mapping[str, Any], choices: list[Choice]) -> Iterator[str]:
    """Say what no choice tells: that there was nothing to choose from, or that it cannot be had at once."""
    for one in outcome.get("results", [outcome]):
        package, consumer = one.get("pkg"), one.get("in")
        seen = any((choice.consumer, choice.package) == (consumer, package) for choice in choices)
        if package is not None and not seen and (one.get("result") is False or "error" in one):
            yield f"no scope that {consumer} looks into has {package}, or it did not come to looking"
        if one.get("code") in ("RUNTIME-005", "RUNTIME-006"):
            yield f"{consumer} needs {package} at once, and every copy it may have is only to be had later"


def _title(op: Mapping[str, Any]) -> str:
    what = op.get("pkg") or op.get("id") or ""
    if op["op"] == "parallel":
        return "at once: " + "; ".join(_title(one) for one in op["ops"])
    return f"{op.get('in', '')}: {op['op']} {what}".strip()


def _tell_result(outcome: Mapping[str, Any]) -> str:
    if "results" in outcome:
        return "; ".join(_tell_result(one) for one in outcome["results"])
    if "error" in outcome:
        return f"{outcome['errorType']}: {outcome['error']}"
    match outcome.get("result"):
        case {"provider": provider, "pkg": package, "version": version}:
            return f"{package} {version} of {provider}"
        case {"remote": remote, "mod": module}:
            return f"{module} of {remote}"
        case False:
            return "its own copy: nothing shared will do"
        case other:
            return str(other)
