"""The house rules of src/: sizes, names, annotations, docstrings, and who may do what."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable
from functools import cache

from tests.house.source import SRC, Function, Module, all_functions, modules

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 80
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?)(_|$)|^_?(common|misc)$")
# Where a public signature may say Any, and why nothing narrower is true. A name covers what is below it.
ANY_ALLOWED = {
    "resolve.plan.Plan.storage": "the orchestrator's storage is a document of free JSON",
    "resolve.storage": "reads and writes that document",
    "resolve.replay": "a recorded case is free JSON, and so is its outcome",
    "share.cases": "reads such cases of sharing",
    "share.explaining": "explains them",
    "share.replay": "replays them",
}


def modules_where(broken: Callable[[Module], object]) -> list[str]:
    """Name the modules of which something is true, and say what; an empty answer is none."""
    found = ((module.path, broken(module)) for module in modules())
    return [f"{path}: {what}" for path, what in found if what]


def documented(functions: tuple[Function, ...]) -> list[Function]:
    """Leave out what inherits or needs no docstring: magic methods, overloads, setters."""
    exempt = {"overload", "override", "setter", "deleter"}
    return [
        item
        for item in functions
        if item.public and not item.node.name.startswith("__") and not item.decorators & exempt
    ]


def exported(module: Module) -> list[str] | None:
    """Return the literal `__all__`, or nothing where there is none."""
    for node in module.tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    return None


def rank(name: str) -> tuple[int, str]:
    """Sort constants before classes before the rest, as the linter does."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def strings(module: Module) -> list[ast.Constant]:
    """Return the module's string constants that are not docstrings or bare strings."""
    bare = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
    ]


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 5
    assert len(all_functions()) > 20


def test_a_file_is_at_most_500_lines() -> None:
    assert modules_where(lambda module: module.text.count("\n") > MAX_FILE_LINES) == []


def test_a_function_is_at_most_80_lines() -> None:
    assert [f"{item.name}: {item.lines}" for item in all_functions() if item.lines > MAX_FUNCTION_LINES] == []


def test_half_of_all_functions_are_under_ten_lines() -> None:
    assert statistics.median(item.lines for item in all_functions()) < 10


def test_a_module_says_what_it_is() -> None:
    assert modules_where(lambda module: not ast.get_docstring(module.tree)) == []


def test_a_module_postpones_its_annotations() -> None:
    assert modules_where(lambda module: "from __future__ import annotations\n" not in module.text) == []


def test_a_module_lists_what_it_gives_in_order() -> None:
    def disorder(module: Module) -> object:
        names = exported(module)
        return "no __all__" if names is None else names != sorted(set(names), key=rank)

    assert modules_where(disorder) == []


def test_every_argument_and_result_is_annotated() -> None:
    bare = [
        item.name
        for item in all_functions()
        if item.node.returns is None or any(argument.annotation is None for argument in item.arguments)
    ]
    assert bare == []


def test_every_public_function_has_a_docstring() -> None:
    assert [item.name for item in documented(all_functions()) if not ast.get_docstring(item.node)] == []


def test_every_public_class_has_a_docstring() -> None:
    bare = [
        f"{module.dotted}.{node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_no_name_says_nothing() -> None:
    files = [
        module.path for module in modules() if any(VAGUE.search(part) for part in module.dotted.split("."))
    ]
    assert files == []
    assert [item.name for item in all_functions() if VAGUE.search(item.node.name)] == []


def test_no_public_signature_says_any() -> None:
    said = {
        item.name
        for item in all_functions()
        if item.public
        and re.search(
            r"\bAny\b", " ".join(ast.unparse(part) for part in [item.node.args, item.node.returns] if part)
        )
    }
    used = {allowed for allowed in ANY_ALLOWED for name in said if f"{name}.".startswith(f"{allowed}.")}
    assert [
        name for name in sorted(said) if not any(f"{name}.".startswith(f"{allowed}.") for allowed in used)
    ] == []
    assert ANY_ALLOWED.keys() - used == set(), "no longer needed"


def test_only_html_writes_script_elements() -> None:
    def lines(module: Module) -> object:
        return [node.lineno for node in strings(module) if "<script" in str(node.value).lower()]

    assert [line.split(":")[0] for line in modules_where(lines)] == ["hanse/html.py"]


def test_templates_escape_what_they_are_given() -> None:
    templates = [file for file in SRC.rglob("*") if file.suffix in {".html", ".jinja", ".j2"}]
    unsafe = re.compile(r"\|\s*(safe|tojson)\b|autoescape\s+false")
    assert [str(file.relative_to(SRC)) for file in templates if unsafe.search(file.read_text())] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(rf"\b({'|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' * 3, 'NotImplemented' + 'Error'))})\b")
    assert modules_where(lambda module: later.findall(module.text)) == []


def test_no_function_is_empty() -> None:
    exempt = {"overload", "abstractmethod"}
    empty = [
        item.name
        for item in all_functions()
        if not item.decorators & exempt
        and item.name.rpartition(".")[0] not in protocols()
        and not says_why_nothing(item)
        and all(is_nothing(node) for node in item.node.body)
    ]
    assert empty == []


def is_nothing(node: ast.stmt) -> bool:
    """Tell a docstring, `...` or `pass` from a statement that does something."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def says_why_nothing(function: Function) -> bool:
    """Tell whether the body is a docstring alone: nothing is to be done, and it says so."""
    return len(function.node.body) == 1 and ast.get_docstring(function.node) is not None


@cache
def protocols() -> frozenset[str]:
    """Return the names of the protocols, whose methods have no body."""
    return frozenset(
        f"{module.dotted}.{node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    )


def test_values_that_leave_the_package_do_not_change() -> None:
    surface = {
        name for module in modules() if module.path == "hanse/__init__.py" for name in exported(module) or []
    }
    thawed = [
        f"{module.dotted}.{node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and (node.name in surface or module.dotted.startswith("formats."))
        and is_value(node)
        and "frozen=True" not in declaration(node)
    ]
    assert thawed == []


def is_value(node: ast.ClassDef) -> bool:
    """Tell whether the class is a dataclass or a msgspec struct."""
    return bool(re.search(r"\bdataclass\b|\bStruct\b", declaration(node)))


def declaration(node: ast.ClassDef) -> str:
    """Return the class's decorators, bases and keywords as text."""
    return " ".join(
        ast.unparse(item)
        for item in [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]
    ) + " ".join(f" {word.arg}={ast.unparse(word.value)}" for word in node.keywords)
