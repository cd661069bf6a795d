"""Changes the code in one place at a time and shows which changes no test notices.

Run as `python tests/mutation.py --log FILE [--sample N] [--seed S] MODULE …`, with modules such as `money`
or `stages.relief`. A mutant lives in the memory of a forked process alone: no file is changed. Each meets
the tests of its module first, then the golden cases, then the other tests, until one fails. The log has a
line of JSON for each mutant and is read when the run is taken up again; with `--again` the survivors in it
are tried once more. docs/testing.md has what it found.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import importlib.machinery
import json
import os
import random
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 150
"""A mutant that takes longer than all tests together do is killed by the clock."""

MEMORY = 4 << 30

EXPRESSIONS = ["expressions", "expression_amounts", "expression_properties"]
ENGINE = ["engine", "currencies", "reliefs"]

OWN = {
    "money": ["money"],
    "law": ["law"],
    "steps": ["steps"],
    "expressions": EXPRESSIONS,
    "expression_tree": EXPRESSIONS,
    "expression_working": EXPRESSIONS,
    "engine": ["mutants_engine", *ENGINE],
    "stages.collection": ["collection", "liability"],
    "stages.valuation": ["valuation"],
    "stages.relief": [*ENGINE, "collection"],
    "stages.duty": [*ENGINE, "classification"],
}
"""The tests that speak of a module; a module not named here is spoken of by those of the engine."""

OTHERS = [
    *ENGINE, "valuation", "collection", "classification", "liability", "savings", "steps", *EXPRESSIONS,
    "replay", "invariants",
]  # fmt: skip
"""Left out are tests of long texts and long tables: what they alone would kill counts as a survivor."""

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt,
}  # fmt: skip
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SWAPPED = {
    one: other
    for pair in (
        ("min", "max"), ("any", "all"), ("least", "greatest"), ("at_most", "below"), ("all_of", "any_of"),
        ("add", "subtract"), ("times", "divide"),
    )
    for one, other in (pair, pair[::-1])
}  # fmt: skip
"""Functions of Python and operations of the law that are easily taken for each other."""


class Mutant(NamedTuple):
    """One change: the function it is in, its line, the code before and after, and the changed module."""

    where: str
    line: int
    what: str
    before: str
    after: str
    tree: ast.Module


# Making mutants


def alternatives(node: ast.AST, parent: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Yield what may stand in place of a node, with its kind; None where the node is dropped."""
    if isinstance(node, ast.Compare):
        for n, one in enumerate(node.ops):
            for kind, table in (("comparison", COMPARED), ("opposite", OPPOSITE)):
                if type(one) in table:
                    changed = copy.deepcopy(node)
                    changed.ops[n] = table[type(one)]()
                    yield kind, changed
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", ast.BoolOp(other, node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        if not any(_is_text(one) for one in (node.left, node.right)):
            yield "arithmetic", ast.BinOp(node.left, CALCULATED[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        yield "constant", ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
        yield "swap", ast.Call(ast.Name(SWAPPED[node.func.id], ast.Load()), node.args, node.keywords)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return", ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.Continue, ast.Break)):
        yield "loop", ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
    elif _is_droppable(node):
        yield "dropped", None
    if (isinstance(parent, (ast.If, ast.While, ast.IfExp)) and node is parent.test) or (
        isinstance(parent, ast.comprehension) and node in parent.ifs
    ):
        plain = isinstance(node, (ast.Compare, ast.UnaryOp))
        if not plain:
            yield "condition", ast.UnaryOp(ast.Not(), node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_droppable(node: ast.AST) -> bool:
    """Tell whether a statement may be dropped without leaving a name unknown or saying nothing."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return all(isinstance(one, (ast.Attribute, ast.Subscript)) for one in node.targets)
    return isinstance(node, (ast.AugAssign, ast.Raise))


UNREAD = {"annotation", "returns", "type_params", "decorator_list", "msg"}
"""Parts of a node that nothing computes with, or that are not the function's own."""


def places(tree: ast.Module) -> Iterator[tuple[str, ast.AST, str, int | None]]:
    """Yield every place of the code: its function, the parent, the field, and the place in a list."""

    def walk(parent: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, str, int | None]]:
        if isinstance(parent, (ast.FunctionDef, ast.ClassDef)):
            where = f"{where}.{parent.name}".lstrip(".")
        for field, value in ast.iter_fields(parent):
            if field in UNREAD:
                continue
            for n, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(one, ast.AST) and not isinstance(one, (ast.Import, ast.ImportFrom)):
                    yield where, parent, field, n
                    if not isinstance(one, (ast.Raise, ast.Assert)):
                        yield from walk(one, where)

    yield from walk(tree, "")


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, in the order of the code."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for where, parent, field, n in list(places(tree)):
        held = getattr(parent, field)
        node = held if n is None else held[n]
        if isinstance(node, ast.Assert) or (isinstance(node, ast.FunctionDef) and node.name == "__repr__"):
            continue
        for what, other in list(alternatives(node, parent)):
            new = ast.Pass() if other is None else ast.copy_location(other, node)
            before, after = ast.unparse(node), ast.unparse(new)
            if n is None:
                setattr(parent, field, new)
            else:
                held[n] = new
            changed = ast.fix_missing_locations(copy.deepcopy(tree))
            if n is None:
                setattr(parent, field, node)
            else:
                held[n] = node
            line = getattr(node, "lineno", 0)
            text = f"{lines[line - 1].strip()}: " if line else ""
            yield Mutant(where, line, what, f"{text}{before}", after, changed)


# Running tests on one


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from a changed tree instead of its file."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self.tree = tree

    def get_code(self, fullname: str) -> Any:
        return compile(self.tree, self.path, "exec")


class _Finder:
    """Finds the changed module before anything else does."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self.name = f"dutycalc.{module}"
        self.path = str(ROOT / "dutycalc" / f"{module.replace('.', '/')}.py")
        self.tree = tree

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name != self.name:
            return None
        loader = _Changed(name, self.path, self.tree)
        return importlib.machinery.ModuleSpec(name, loader, origin=self.path)


class _Order:
    """Runs first what has killed before, what draws examples last; remembers what failed."""

    def __init__(self, killers: Counter[str]) -> None:
        self.killers = killers
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        def key(item: Any) -> tuple[int, bool]:
            drawn = hasattr(getattr(item, "obj", None), "hypothesis")
            return (-self.killers[item.nodeid], drawn)

        items.sort(key=key)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid} cannot be collected"


def _pytest(names: Iterable[str], killers: Counter[str]) -> str:
    order = _Order(killers)
    files = [str(ROOT / "tests" / f"test_{one}.py") for one in names]
    flags = [
        "-q",
        "-k",
        "not seeded_bug",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:benchmark",
        "--rootdir",
        str(ROOT),
    ]
    flags += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*flags, *files], plugins=[order])
    return order.failed or ("" if code == 0 else f"pytest ended with {code}")


def _golden(killers: Counter[str]) -> str:
    """Return the first golden case that comes out otherwise; those that have killed before come first."""
    import test_golden

    import dutycalc  # the changed package, in the fork alone

    cases = list(test_golden.CASES)
    random.Random(1).shuffle(cases)
    cases.sort(key=lambda case: -killers[f"golden {case['id']}"])
    tariffs = dutycalc.load_tariffs()
    for case in cases:
        try:
            test_golden.test_case(case, tariffs)
        except (Exception, pytest.fail.Exception):
            return f"golden {case['id']}"
    return ""


def first_failure(module: str, tree: ast.Module | None, killers: Counter[str]) -> str:
    """Return the first test that fails with a module changed; nothing where all pass."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "dutycalc"]:
        del sys.modules[name]
    if tree is not None:
        sys.meta_path.insert(0, _Finder(module, tree))
    own = OWN.get(module, ENGINE)
    symbolic = module.startswith("stages") or module == "engine"
    others = [one for one in OTHERS if one not in own]
    if symbolic:
        others = [one for one in others if one not in ("steps", *EXPRESSIONS)]
    stages: list[Callable[[], str]] = [
        lambda: _pytest(own, killers),
        lambda: _golden(killers),
        lambda: _pytest(others, killers),
    ]
    if symbolic:
        stages[:2] = stages[1::-1]
    for stage in stages:
        failed = stage()
        if failed:
            return failed
    return ""


def tried(module: str, tree: ast.Module | None, killers: Counter[str]) -> str:
    """Return what kills a mutant, found in a process of its own; nothing where it survives."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        found = "failed to end"
        try:
            os.close(reads)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            null = os.open(os.devnull, os.O_RDWR)
            for one in (0, 1, 2):
                os.dup2(null, one)
            found = first_failure(module, tree, killers)
        except BaseException as fault:  # whatever a mutant does is a death of its own
            found = f"{type(fault).__name__}: {fault}"[:200]
        finally:
            os.write(writes, found.encode()[:4000] or b"-")
            os._exit(0)
    os.close(writes)
    ready, _, _ = select.select([reads], [], [], SECONDS)
    text = os.read(reads, 4096).decode(errors="replace") if ready else "the clock"
    os.close(reads)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "" if text == "-" else text or "the process died"


# The run


def main(arguments: list[str] | None = None) -> int:
    """Try the mutants of the modules; print those that survive and the share killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--sample", type=int, help="mutants to take of each module (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="try the survivors of the log again")
    parser.add_argument("--list", action="store_true", help="count the mutants and try none")
    asked = parser.parse_args(arguments)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    hypothesis.settings.register_profile(
        "mutation", max_examples=30, derandomize=True, database=None, deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    hypothesis.settings.load_profile("mutation")
    known = _read(asked.log)
    if not asked.list and (failed := tried(asked.modules[0], None, Counter())):
        raise SystemExit(f"a test fails without any change: {failed}")
    for module in asked.modules:
        source = _source(module)
        every = list(_keyed(module, mutants(source)))
        taken = every
        if asked.sample is not None and asked.sample < len(every):
            chosen = set(random.Random(asked.seed).sample(range(len(every)), asked.sample))
            taken = [one for n, one in enumerate(every) if n in chosen]
        if not asked.list:
            _try_all(module, source, taken, known, asked)
        killed = sum(bool(known.get(key)) for key, _ in taken)
        run = sum(key in known for key, _ in taken)
        print(f"| {module} | {len(every)} | {run} | {killed} | {killed / max(run, 1):.1%} |", flush=True)
    return 0


def _source(module: str) -> str:
    return (ROOT / "dutycalc" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


def _keyed(module: str, found: Iterable[Mutant]) -> Iterator[tuple[str, Mutant]]:
    """Yield mutants with names that stand while the code around them changes."""
    seen: Counter[str] = Counter()
    for one in found:
        key = f"{module} | {one.where} | {one.what} | {one.before} -> {one.after}"
        seen[key] += 1
        yield f"{key} | {seen[key]}", one


def _read(log: Path) -> dict[str, str]:
    if not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {one["key"]: one["by"] for one in lines}


def _try_all(
    module: str,
    source: str,
    taken: list[tuple[str, Mutant]],
    known: dict[str, str],
    asked: argparse.Namespace,
) -> None:
    killers = Counter(by for key, by in known.items() if key.startswith(f"{module} |"))
    for key, one in taken:
        if known.get(key) or (key in known and not asked.again):
            continue
        began = time.monotonic()
        by = tried(module, one.tree, killers)
        killers[by] += bool(by)
        known[key] = by
        if _source(module) != source:
            raise SystemExit(f"{module} was edited while its mutants ran")
        seconds = round(time.monotonic() - began, 1)
        with asked.log.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"key": key, "line": one.line, "by": by, "seconds": seconds}) + "\n")
        if not by:
            old, new = one.before.partition(": ")[2] or one.before, one.after
            lines = difflib.ndiff([old], [new]) if len(old) + len(new) > 200 else (f"- {old}", f"+ {new}")
            print(f"dutycalc/{module.replace('.', '/')}.py:{one.line}: {one.where}, {one.what}")
            print("\n".join(f"  {line.rstrip()}" for line in lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
