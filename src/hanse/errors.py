"""Every error Hanse raises, in one tree.

```
HanseError
├── FormatError          a document is not what it should be (JSON, types, names, versions)
├── UsageError           the caller asked for something that does not fit together
├── OverrideError        what a developer put in a remote's place cannot be used
├── ResolveError         a strict rule forbids the federation's only resolution
├── ShareError           Module Federation's runtime would have failed here
├── NotFoundError        no such remote, module or package in this snapshot
│   ├── GoneError        a snapshot that is not kept any more
│   └── SpecifierError   a module specifier leads nowhere under an import map
├── FetchError           a document could not be had
│   ├── BlockedError     the guard refused the address, origin, scheme, port or redirect
│   ├── DeadlineError    the total deadline passed
│   ├── TooLargeError    more decoded bytes than the cap, or a decompression bomb
│   ├── StatusError      the origin answered with something other than 2xx
│   ├── NetworkError     the connection failed, or broke while it was being read
│   └── BreakerError     the origin's breaker is open; nothing was sent
├── EngineError          server JavaScript gave no answer: it threw, or was ended
├── BuildError           an app's sources cannot be bundled
├── RefusedError         a publisher of server modules turned a request away
└── IntegrityError       bytes that do not have the digest they should have
    └── StreamError      a stream of server modules that must not be used
```

Every error has a stable `code`, the `subject` it is about (a remote, URL or file), and a
`hint` saying what to do; `str()` gives all of it in one or two lines. A document's fault also has
`path`, `found` and `expected`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "BlockedError",
    "BreakerError",
    "BuildError",
    "DeadlineError",
    "EngineError",
    "FetchError",
    "FormatError",
    "GoneError",
    "HanseError",
    "IntegrityError",
    "Mistake",
    "NetworkError",
    "NotFoundError",
    "OverrideError",
    "RefusedError",
    "ResolveError",
    "ShareError",
    "SpecifierError",
    "StatusError",
    "StreamError",
    "TooLargeError",
    "UsageError",
]


class HanseError(Exception):
    """Base of every error of this package.

    Args:
        message: What happened, one sentence, without the subject.
        subject: What it happened to: a remote's name, a URL, a file; empty when there is none.
        hint: What the reader can do about it; empty when there is nothing to say.
    """

    code: ClassVar[str] = "HANSE-ERROR"

    def __init__(self, message: str, *, subject: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.subject}: {self.message}" if self.subject else self.message
        return f"{head}\n  hint: {self.hint}" if self.hint else head


class FormatError(HanseError):
    """A document is not what it should be.

    Args:
        message: What is wrong, one sentence.
        subject: The document: a URL, a file name, or a word such as `manifest`.
        path: Where in the document, as `$.shared[3].version`; `$` is the whole.
        found: What stands there, shortened.
        expected: What should stand there.
        hint: What the reader can do about it.
    """

    code = "HANSE-FORMAT"

    def __init__(
        self,
        message: str,
        *,
        subject: str = "",
        path: str = "$",
        found: str = "",
        expected: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.path = path
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        text = f"{self.subject or 'document'}: at {self.path}: {self.message}"
        if self.expected:
            text += f" (found {self.found or 'nothing'}, expected {self.expected})"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class UsageError(HanseError):
    """The caller asked for something that does not fit together."""

    code = "HANSE-USAGE"


class ResolveError(HanseError):
    """A strict rule forbids the only resolution there is; `subject` names the remote or package."""

    code = "HANSE-RESOLVE"


class ShareError(HanseError):
    """Module Federation's runtime would have failed here, with this message.

    Args:
        message: The runtime's own message, with its prefix.
        kind: The class of the JavaScript error: `Error` or `TypeError`.
        runtime_code: The runtime's code, as `RUNTIME-006`; empty where it gives none.
        subject: The package or remote.
        hint: What to do.
    """

    code = "HANSE-SHARE"

    def __init__(
        self, message: str, *, kind: str = "Error", runtime_code: str = "", subject: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.kind = kind
        self.runtime_code = runtime_code


class OverrideError(HanseError):
    """What a developer put in a remote's place cannot be used; `subject` is the remote's name."""

    code = "HANSE-OVERRIDE"


class NotFoundError(HanseError):
    """The snapshot has no such remote, module or package."""

    code = "HANSE-NOT-FOUND"


class GoneError(NotFoundError):
    """A snapshot is not kept any more; `subject` is its digest. In HTTP this is a 410: reload the page."""

    code = "HANSE-GONE"


class SpecifierError(NotFoundError):
    """A module specifier leads nowhere; `subject` is the specifier, as the browser normalised it.

    Args:
        message: What happened.
        reason: `bare` (no rule for it), `blocked` (its rule has no address), `backtracking` (it climbs out
            of its prefix) or `unparseable` (no URL below its prefix's address).
        subject: The specifier.
        hint: What to do.
    """

    code = "HANSE-SPECIFIER"

    def __init__(self, message: str, *, reason: str, subject: str = "", hint: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.reason = reason


class FetchError(HanseError):
    """A document could not be had; `subject` is its URL."""

    code = "HANSE-FETCH"


class BlockedError(FetchError):
    """The guard refused; the message names the rule and, where there is one, the address."""

    code = "HANSE-FETCH-BLOCKED"


class DeadlineError(FetchError):
    """The total deadline (connect, TLS, headers and body together) passed."""

    code = "HANSE-FETCH-DEADLINE"


class TooLargeError(FetchError):
    """The decoded body is larger than its cap, or inflates like a bomb."""

    code = "HANSE-FETCH-TOO-LARGE"


class NetworkError(FetchError):
    """The name could not be resolved, or the connection failed or broke."""

    code = "HANSE-FETCH-NETWORK"


class BreakerError(FetchError):
    """The origin's breaker is open: nothing was sent."""

    code = "HANSE-FETCH-BREAKER"


class StatusError(FetchError):
    """The origin answered with a status other than 2xx.

    Args:
        message: What happened.
        status: The HTTP status code.
        subject: The URL.
        hint: What to do.
    """

    code = "HANSE-FETCH-STATUS"

    def __init__(self, message: str, *, status: int, subject: str = "", hint: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.status = status


class EngineError(HanseError):
    """Server JavaScript gave no answer; `subject` is the remote or the module.

    Args:
        message: What happened, with the JavaScript error's own message where it threw.
        reason: `threw`, `import` (it imports what its generation's table does not name), `syntax` (this is
            no module), `missing` (no such module or export), `timeout`, `memory`, `input` or `output` (too
            large), `busy` (no room in the queue), `ended` (its process or machine ended under it), `start`
            (the engine could not be started).
        subject: The remote or the module.
        hint: What to do.
        stack: The JavaScript stack, with the names of the generation's modules, lines and columns.
        blameless: Whether it says nothing about the module: it had not begun, or another one was in its way.
    """

    code = "HANSE-ENGINE"

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        subject: str = "",
        hint: str = "",
        stack: str = "",
        blameless: bool = False,
    ) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.reason = reason
        self.stack = stack
        self.blameless = blameless


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a source: a sentence, the place, and the line that is there; no place is line 0."""

    text: str
    file: str = ""
    line: int = 0
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column + 1}: " if self.line else ""
        mark = f"\n    {self.source}\n    {' ' * self.column}^" if self.source else ""
        return f"{place}{self.text}{mark}"


class BuildError(HanseError):
    """An app's sources cannot be bundled.

    Args:
        message: What could not be done.
        subject: The app.
        hint: What to do.
        mistakes: What is wrong, with its place in the sources.
    """

    code = "HANSE-BUILD"

    def __init__(
        self, message: str, *, subject: str = "", hint: str = "", mistakes: Sequence[Mistake] = ()
    ) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *(f"  {mistake}" for mistake in self.mistakes)))


class RefusedError(HanseError):
    """A publisher turned a request away; `subject` is the remote. Only its log has this, not the answer.

    Args:
        message: What happened.
        reason: `proof` (there is none, or not one of ours), `key` (made with an unknown key), `signature` (it
            is not that of this request, or cannot be read), `digest` (another body than was signed), `stale`
            (made too long ago, or in the future), `replay` (used before), `address` (not on the list), `rate`
            (too many requests), `path` (nothing is published there), `request` (it asks for what is not
            published, or cannot be read), `size`, `time` (its body was not here in time).
        subject: The remote.
        hint: What to do.
    """

    code = "HANSE-REFUSED"

    def __init__(self, message: str, *, reason: str, subject: str = "", hint: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.reason = reason


class IntegrityError(HanseError):
    """The bytes do not have the digest they should have; `subject` is their URL or file."""

    code = "HANSE-INTEGRITY"


class StreamError(IntegrityError):
    """A stream of server modules must not be used; `subject` is the remote.

    Args:
        message: What happened.
        reason: `key` (sealed with an unknown key), `seal` (changed, or sealed for somebody else), `publisher`
            (signed with a key that is not trusted for this remote), `signature` (not what was signed),
            `remote` (another remote's), `nonce` (the answer to another request), `serial` (older than what
            is in use, or another build under its serial), `expired`, `build` (not the build, or not the
            modules, of the remote's server entry).
        subject: The remote.
        hint: What to do.
    """

    code = "HANSE-STREAM"

    def __init__(self, message: str, *, reason: str, subject: str = "", hint: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.reason = reason
