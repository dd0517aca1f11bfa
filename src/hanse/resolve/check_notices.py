"""What a check finds in the notices of two plans, of native remotes or of containers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from hanse.resolve.finding import Finding, Severity
from hanse.resolve.plan import Notice

__all__ = ["notice_findings"]

# The manifest's name may differ from the entry's on purpose: a pull request's build under another name.
HARMLESS: Final = frozenset({"foreign-name"})


def notice_findings(
    before: Iterable[Notice], after: Iterable[Notice], *, compared: Collection[str]
) -> Iterable[Finding]:
    """Report what a plan newly says of remotes, or no longer has to say.

    Args:
        before: The notices of the plan that is served.
        after: Those of the plan that would be.
        compared: Codes of what is found by comparing the plans themselves.
    """
    old, new = notices_of(before, compared), notices_of(after, compared)
    for key in sorted(new.keys() - old.keys()):
        notice = new[key]
        harmless = notice.level == "info" or notice.code in HARMLESS
        yield notice_finding(notice, "info" if harmless else "worse")
    for key in sorted(old.keys() - new.keys()):
        yield notice_finding(old[key], "better")


def notices_of(notices: Iterable[Notice], compared: Collection[str]) -> dict[tuple[str, str, str], Notice]:
    """Return the notices that are not found by comparing, by what they are about."""
    return {(one.code, one.remote, one.package): one for one in notices if one.code not in compared}


def notice_finding(notice: Notice, severity: Severity) -> Finding:
    """Turn a notice into a finding."""
    over = severity == "better"
    return Finding(
        kind="notice",
        severity=severity,
        remote=notice.remote,
        package=notice.package,
        before=notice.text if over else "",
        after="" if over else notice.text,
        sentence=f"'{notice.remote}' {'no longer ' if over else ''}({notice.code}): {notice.text}",
    )
