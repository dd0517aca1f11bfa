"""An explanation on the terminal: a heading, a table of versions, a tree of remotes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from hanse.cli.output import visible
from hanse.resolve.container_uses import ContainerUse, UseAction
from hanse.resolve.explain import Consumer, Explanation
from hanse.resolve.plan import Notice

__all__ = ["container_tree", "join_names", "render", "say_cost"]

VERDICTS: Final = {"share": "published", "skip": "served", "scope": "keeps its own"}
CONTAINER_VERDICTS: Final[dict[UseAction, str]] = {
    "elected": "served",
    "own": "keeps its own",
    "container": "borrows",
    "missing": "gets none",
}
CONTAINER_STYLES: Final[dict[UseAction, str]] = {
    "elected": "",
    "own": "yellow",
    "container": "yellow",
    "missing": "red",
}
STYLES: Final = {"share": "green", "skip": "", "scope": "yellow"}


def render(found: Explanation, screen: Console) -> None:
    """Write one explanation."""
    screen.print(heading(found))
    if found.why is not None:
        screen.print(Text(f"  {visible(found.why.text)}"))
    if len(found.family) > 1:
        screen.print(Text(f"  decided together: {visible(', '.join(found.family))}"))
    if found.versions:
        screen.print()
        screen.print(version_table(found))
        screen.print()
        screen.print(consumer_tree(found))
    for copy in found.private:
        screen.print(Text(f"{visible(copy.remote)} has {visible(copy.version)} and does not share it"))
    screen.print(Text(f"\ncost: {say_cost(found.downloads, found.bytes)} beyond one build"))


def heading(found: Explanation) -> Text:
    """Name the package and the build that won."""
    scope = f" in the share scope {found.scope}" if found.scope else ""
    line = Text(visible(found.package), style="bold").append(visible(scope), style="not bold")
    if found.version is None:
        return line.append(": no build is published", style="not bold")
    return line.append(": ", style="not bold").append(
        visible(f"{found.version} from '{found.provider}'"), style="green"
    )


def version_table(found: Explanation) -> Table:
    """Show who offers and who accepts each version."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for title in ("version", "offered by", "accepted by", "rejected by", "would keep their own"):
        table.add_column(title, overflow="fold")
    for one in found.versions:
        table.add_row(
            Text(visible(one.version), style="green" if one.published else ""),
            join_names(one.offered_by),
            join_names(one.accepted_by),
            join_names(one.rejected_by),
            join_names(one.insisting),
        )
    return table


def consumer_tree(found: Explanation) -> Tree:
    """Show what becomes of each remote's copy, and why."""
    tree = Tree(Text("remotes"), guide_style="dim")
    for one in found.consumers:
        branch = tree.add(consumer_line(one))
        branch.add(Text(visible(one.reason.text), style="dim"))
        if one.missing:
            branch.add(Text(visible(f"finds nothing for {', '.join(one.missing)}"), style="red"))
    return tree


def consumer_line(one: Consumer) -> Text:
    """Say in a line what a remote brought and demands, and what it gets."""
    line = Text(visible(one.remote), style="bold")
    demand = f" has {one.version}, accepts {one.required}{' (strict)' if one.strict else ''}: "
    line.append(visible(demand), style="not bold")
    line.append(VERDICTS.get(one.action, one.action), style=STYLES.get(one.action, "") or "not bold")
    if one.action == "skip":
        got = " + ".join(one.gets) or "nothing"
        line.append(visible(f", gets {got} from '{one.served_by}'"), style="not bold")
    if one.downloads:
        line.append(f", {say_cost(one.downloads, one.bytes)}", style="yellow")
    if not one.accepts:
        line.append(", outside its range", style="red")
    return line


def container_tree(uses: Iterable[ContainerUse], notices: Iterable[Notice] = ()) -> Tree:
    """Show what each Module Federation container gets of a package, and why; and what is odd about it."""
    said = [*notices]
    tree = Tree(Text("containers"), guide_style="dim")
    for use in uses:
        line = Text(visible(use.container), style="bold")
        brings = f"has {use.version}" if use.version is not None else "brings none"
        demand = f" {brings}, accepts {use.required or 'any'}{' (strict)' if use.strict else ''}: "
        line.append(visible(demand), style="not bold")
        line.append(CONTAINER_VERDICTS[use.action], style=CONTAINER_STYLES[use.action] or "not bold")
        if use.action in ("elected", "container"):
            line.append(visible(f", gets {use.served_version} from '{use.served_by}'"), style="not bold")
        branch = tree.add(line)
        branch.add(Text(visible(use.reason.text), style="dim"))
        for one in said:
            if one.remote == use.container:
                branch.add(Text(visible(f"{one.code}: {one.text}"), style="yellow"))
    return tree


def join_names(names: Iterable[str]) -> Text:
    """Join names for a cell; a dash where there are none."""
    return Text(visible(", ".join(names)) or "-")


def say_cost(downloads: int, size: int | None) -> str:
    """Say what something costs, in files and, where they are known, bytes."""
    files = f"{downloads} file{'' if downloads == 1 else 's'}"
    return f"{files} ({size} bytes)" if downloads and size is not None else files
