"""What becomes of every copy once a version has been elected: share, skip onto it, or scope.

Each copy is asked itself: where only some copies of a version reject the winner, the version is split.
"""

from __future__ import annotations

from hanse.errors import ResolveError
from hanse.resolve.acceptance import Acceptance
from hanse.resolve.policy import Policy
from hanse.resolve.record import Copy, External, Log, Row, union

__all__ = ["apply_winner"]


def apply_winner(
    package: str, external: External, winner: Row, acceptance: Acceptance, policy: Policy, log: Log | None
) -> None:
    """Write every row's verdict and clear the dirty mark.

    Raises:
        ResolveError: `strict_external_compatibility` and a strict copy rejects the winner, or
            `strict_entry_point_coverage` and a copy needs an entrypoint the winner lacks.
    """
    if len(external.rows) > 1:
        ranges = {copy.required for row in external.rows for copy in row.copies}
        pleased = {required: acceptance.accepts(required, winner.tag) for required in ranges}
        judged: list[Row] = []
        for row in external.rows:
            judged.append(row)
            split = judge(package, row, winner, pleased, policy, log)
            if split is not None:
                judged.append(split)
        external.rows = merge_equal(judged)
    winner.action = "share"
    if policy.strict.strict_entry_point_coverage or policy.profile.scope_uncovered_entrypoints:
        cover(package, external, policy, log)
    external.dirty = False


def judge(
    package: str, row: Row, winner: Row, pleased: dict[str, bool], policy: Policy, log: Log | None
) -> Row | None:
    """Decide one row; return the row of its objectors where it has to be split."""
    rejecting = [copy for copy in row.copies if not pleased[copy.required]]
    if not rejecting:
        row.action = "skip"
        return None
    objecting = [copy for copy in rejecting if copy.strict]
    if objecting and policy.strict.strict_external_compatibility:
        refuse(package, row, winner, objecting[0], log)
    if row is winner:
        return None
    if not objecting:
        row.action = "skip"
        return None
    if len(objecting) == len(row.copies):
        row.action = "scope"
        return None
    row.copies = [copy for copy in row.copies if pleased[copy.required] or not copy.strict]
    row.action = "skip"
    return Row(tag=row.tag, action="scope", host=False, copies=objecting)


def refuse(package: str, row: Row, winner: Row, objector: Copy, log: Log | None) -> None:
    """Fail because a strict copy rejects the winner."""
    if log is not None:
        log(
            "error",
            3,
            f"[{objector.name}][{package}@{row.tag}] Is not compatible with requiredRange "
            f"'{objector.required}' of shared {package}@{winner.tag}.",
        )
    raise ResolveError(
        f"External {package}@{row.tag} could not be shared.",
        subject=objector.name,
        hint=f"'{objector.name}' requires {objector.required} and the shared version is {winner.tag}",
    )


def merge_equal(rows: list[Row]) -> list[Row]:
    """Keep one row for each version and action; a warm record can hold a second one."""
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        known = first.setdefault((row.tag, row.action), row)
        if known is not row:
            known.copies.extend(row.copies)
    return list(first.values())


def cover(package: str, external: External, policy: Policy, log: Log | None) -> None:
    """Refuse or scope the copies that need an entrypoint the shared version lacks."""
    shared = next((row for row in external.rows if row.action == "share"), None)
    if shared is None:
        return
    surface = union(shared).keys()
    torn = [
        (row, copy, missing)
        for row in external.rows
        if row.action != "scope" and row is not shared
        for copy in row.copies
        if not copy.served_by and (missing := [s for s in copy.entries if s not in surface])
    ]
    if not torn:
        return
    if policy.strict.strict_entry_point_coverage:
        row, copy, missing = torn[0]
        text = (
            f"[{package}@{row.tag}][{copy.name}] Entrypoints not covered by the shared version: "
            f"{', '.join(missing)}."
        )
        if log is not None:
            log("error", 3, text)
        raise ResolveError(
            f"External {package} could not be shared without tearing entrypoints.",
            subject=copy.name,
            hint=text,
        )
    scope_torn(package, external, torn, log)


def scope_torn(
    package: str, external: External, torn: list[tuple[Row, Copy, list[str]]], log: Log | None
) -> None:
    """Move torn copies into a scoped row of their version."""
    demoted: dict[str, list[Copy]] = {}
    for row, copy, missing in torn:
        demoted.setdefault(row.tag, []).append(copy)
        if log is not None:
            log(
                "debug",
                3,
                f"[{package}@{row.tag}][{copy.name}] Scoped: entrypoints not covered by the shared "
                f"version: {', '.join(missing)}.",
            )
    gone = {id(copy) for _, copy, _ in torn}
    for row in external.rows:
        if any(id(copy) in gone for copy in row.copies):
            row.copies = [copy for copy in row.copies if id(copy) not in gone]
    external.rows = [row for row in external.rows if row.copies]
    for tag, copies in demoted.items():
        scoped = next((r for r in external.rows if r.tag == tag and r.action == "scope"), None)
        if scoped is not None:
            scoped.copies.extend(copies)
        else:
            external.rows.append(Row(tag=tag, action="scope", host=False, copies=copies))
