"""The house rules, held on the source itself: one-way imports, no floats, no clock, no network, no state."""

from __future__ import annotations

import ast
import copy
import importlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from small_tables import LAW, assessed, item, write

import dutycalc
from dutycalc import load_tariffs
from dutycalc.money import MINOR_UNITS

PACKAGE = Path(dutycalc.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("values", "words"),
    ("errors",),
    ("money", "law", "shapes", "shipped", "nomenclature"),
    ("steps", "units"),
    ("expression_working", "expression_tree", "expression_measures", "expressions"),
    ("goods", "tables", "profile", "wording"),
    ("measures", "lookups", "claims", "origin_groups", "schedule_files", "schedules", "schedule_diff"),
    ("cross_checks",),
    ("loader",),
    ("stages",),
    (
        "answer",
        "borders",
        "decided",
        "offered",
        "number_checks",
        "savings",
        "unanswered",
        "refunds",
        "notices",
        "writing",
        "assessment",
    ),
    ("engine",),
    ("render", "importers"),
    ("__init__",),
    ("commands",),
    ("cli", "__main__"),
)
"""From the ground up; a package stands for all its modules. A module imports from its layer and below.

A module that is not named is a face: it stands beside `render`, and nothing below may rest on it.
"""

PUBLIC = [
    "Assessment", "Charge", "Citation", "Collection", "Consignment", "DutycalcError", "GoodsItem", "Money",
    "Party", "Step", "Tariffs", "assess", "explain", "load_tariffs",
]  # fmt: skip

NETWORK = {"socket", "ssl", "urllib", "http", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "asyncio"}
ENVIRONMENT = {
    "locale",
    "random",
    "secrets",
    "uuid",
    "time",
    "getpass",
    "platform",
    "subprocess",
    "threading",
}
AT_HOME = {"testing.programs": {"subprocess", "threading"}}
"""What one module alone may use, for it is what that module is about: a program that is asked over pipes."""

CLOCK = {"today", "now", "utcnow", "fromtimestamp", "time", "monotonic"}


def sources() -> dict[str, ast.Module]:
    """Return every module of the package by its name below it, such as `stages.duty`."""
    return {
        ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            file.read_text(encoding="utf-8"), str(file)
        )
        for file in sorted(PACKAGE.rglob("*.py"))
    }


SOURCES = sources()
MODULES = sorted(SOURCES)


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from at_run_time(node)


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of every module that is imported when the code runs, also within functions."""
    for node in at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{one.name}" for one in node.names]
            inner = [name for name in names if name.removeprefix("dutycalc.") in SOURCES]
            yield from inner or [str(node.module)]


def own_imports(module: str) -> set[str]:
    names = {name for name in imported(SOURCES[module]) if name.partition(".")[0] == "dutycalc"}
    return {name.removeprefix("dutycalc").lstrip(".") or "__init__" for name in names}


def layer(module: str) -> int:
    top = module.partition(".")[0]
    for n, names in enumerate(LAYERS):
        if top in names:
            return n
    return layer("render")


# Imports


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_layer_and_below(module: str) -> None:
    above = {name for name in own_imports(module) if layer(name) > layer(module)}
    assert above == set()


def test_no_module_imports_itself_through_others() -> None:
    graph = {module: own_imports(module) & set(MODULES) - {module} for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " imports ".join((*path, module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_every_name_in_a_layer_is_a_module_and_stands_there_once() -> None:
    named = [name for names in LAYERS for name in names]
    assert len(named) == len(set(named))
    assert set(named) <= {module.partition(".")[0] for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_reaches_for_the_network_the_clock_or_the_environment(module: str) -> None:
    roots = {name.partition(".")[0] for name in imported(SOURCES[module])}
    assert roots & NETWORK == set()
    assert roots & ENVIRONMENT == AT_HOME.get(module, set())
    names = {node.attr for node in ast.walk(SOURCES[module]) if isinstance(node, ast.Attribute)}
    if layer(module) < layer("commands"):
        assert names & {"environ", "getenv", "argv", "getcwd", "setrecursionlimit"} == set()


@pytest.mark.parametrize(
    ("library", "homes"),
    [("babel", {"render"}), ("rich", {"commands", "cli", "render"}), ("numpy", set()), ("pyarrow", set())],
)
def test_a_library_is_imported_only_where_it_is_at_home(library: str, homes: set[str]) -> None:
    users = {
        module
        for module in MODULES
        if library in {name.partition(".")[0] for name in imported(SOURCES[module])}
    }
    assert {module.partition(".")[0] for module in users} <= homes


def test_importing_the_package_loads_neither_babel_nor_the_front_of_pydantic() -> None:
    code = "import sys, dutycalc; print(*sorted({'babel', 'rich', 'pydantic', 'numpy'} & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert found.stdout.split() == []


# What the source never says


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the last name of everything that is called, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node.lineno
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_no_module_holds_a_float_or_makes_one(module: str) -> None:
    tree = SOURCES[module]
    floats = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex))
    ]
    assert floats == []
    plain = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("float", "round")
    ]
    assert plain == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_asks_what_day_it_is(module: str) -> None:
    assert [(name, line) for name, line in calls(SOURCES[module]) if name in CLOCK] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_changes_the_decimal_context_of_its_caller(module: str) -> None:
    names = {node.id for node in ast.walk(SOURCES[module]) if isinstance(node, ast.Name)}
    assert names & {"setcontext", "getcontext", "DefaultContext", "BasicContext", "ExtendedContext"} == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_writes_a_global(module: str) -> None:
    assert [node.lineno for node in ast.walk(SOURCES[module]) if isinstance(node, ast.Global)] == []


# Law is data

LAW_MODULES = [module for module in MODULES if module.startswith("stages") or module == "engine"]
STRUCTURAL = {-1, 0, 1, 2, 12, 100}
"""Places and lengths, the whole of a rate, the months of a year, and per cent."""


def _is_size_of_cache(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id.endswith("_KEPT")
    )


@pytest.mark.parametrize("module", LAW_MODULES)
def test_no_number_of_law_stands_in_the_stages(module: str) -> None:
    nodes = [node for part in SOURCES[module].body if not _is_size_of_cache(part) for node in ast.walk(part)]
    numbers = {node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int}
    assert numbers - STRUCTURAL == set()
    written = [
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Decimal"
        and node.args and isinstance(node.args[0], ast.Constant)
    ]  # fmt: skip
    assert [value for value in written if value not in (0, 1)] == []


@pytest.mark.parametrize("module", LAW_MODULES)
def test_no_country_scheme_or_currency_is_named_in_the_stages(module: str) -> None:
    bundled = load_tariffs()
    named = {*bundled.codes, *MINOR_UNITS, *bundled.registrations}
    constants = {
        node.value: node.lineno
        for node in ast.walk(SOURCES[module])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(constants) & named == set()


# The face


def test_the_public_names_are_these_and_no_others() -> None:
    assert sorted(dutycalc.__all__) == PUBLIC
    assert all(hasattr(dutycalc, name) for name in PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is(name: str) -> None:
    doc = getattr(dutycalc, name).__doc__
    assert doc
    assert doc.strip().splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_begins_with_one_line_that_says_what_it_holds(module: str) -> None:
    doc = ast.get_docstring(SOURCES[module])
    assert doc
    assert doc.splitlines()[0].endswith(".")


# No state


def state() -> dict[str, Any]:
    """Return a copy of what the modules of the package hold, functions and classes by identity."""
    found: dict[str, Any] = {}
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "dutycalc" and isinstance(module, ModuleType):
            found |= {
                f"{name}.{key}": value for key, value in vars(module).items() if not key.startswith("__")
            }
    return {
        key: copy.copy(value) if isinstance(value, (dict, list, set)) else value
        for key, value in found.items()
    }


def unlike(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    found = set(before) ^ set(after)
    for key in set(before) & set(after):
        one, other = before[key], after[key]
        same = one == other if isinstance(one, (dict, list, set)) else one is other
        if not same:
            found.add(key)
    return found


def test_an_assessment_leaves_no_trace_in_any_module(tmp_path: Path) -> None:
    for module in MODULES:
        if module not in ("__main__", "") and layer(module) < layer("commands"):
            importlib.import_module(f"dutycalc.{module}" if module != "__init__" else "dutycalc")
    tariffs = write(tmp_path, *LAW)
    before = state()
    assert any(isinstance(value, FunctionType) for value in before.values())
    assessed(tariffs, item(), item(id="2", unit_price="9.99 EUR"), transport="3.33 EUR").to_json()
    assert unlike(before, state()) == set()


def test_assessing_with_one_set_of_tables_has_no_effect_on_another(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", *LAW), write(tmp_path / "other", *LAW)
    first = assessed(one).to_json()
    assessed(other, item(unit_price="1.00 EUR", stated_duty="99%"))
    assert assessed(one).to_json() == first == assessed(other).to_json()
