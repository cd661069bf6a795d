"""The steps that were really taken to an amount, as trees: at a `decide` only the test and its branch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dutycalc.answer import Charge, Step, law_dict, reference
from dutycalc.assessment import Assessment
from dutycalc.errors import FactsError
from dutycalc.law import Provision
from dutycalc.words import near

FORMAT: Final = "dutycalc.explanation/1"
"""The name of the JSON form, which changes with any change that a reader would notice."""

WHOLE: Final = "C"
"""What the ids of the consignment's own steps begin with."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step and the steps it rests on.

    A step is shown in full once: `shown` says that its own working stands `above`, or under the
    `consignment`, and `inside` is then empty; `inputs` are the steps it rests on all the same.
    """

    step: Step
    inputs: tuple[Step, ...] = ()
    inside: tuple[Node, ...] = ()
    shown: Literal["here", "above", "consignment"] = "here"


@dataclass(frozen=True, slots=True)
class ExplainedCharge:
    """A charge and the tree of its amount; `item` is empty for a charge on the whole."""

    item: str
    charge: Charge
    working: Node


@dataclass(frozen=True, slots=True)
class Explanation:
    """The trees of the charges, of the consignment's steps that they read, and what else was settled."""

    charges: tuple[ExplainedCharge, ...]
    consignment: tuple[Node, ...]
    settled: dict[str, tuple[Step, ...]]


def outline(assessment: Assessment, *, item: str | None = None, charge: str | None = None) -> Explanation:
    """Return the trees of the charges of an item, of a name, or of all; FactsError where there is none."""
    chosen = _chosen(assessment, item, charge)
    walk = _Walk(assessment.working)
    charges = [
        ExplainedCharge(line, one, walk.node(one.step, inside_line=bool(line))) for line, one in chosen
    ]
    consignment = []
    while walk.waiting:
        consignment.append(walk.node(walk.waiting.pop(0), inside_line=False))
    settled = _settled(assessment, walk, {line for line, _ in chosen}) if charge is None else {}
    return Explanation(tuple(charges), tuple(consignment), settled)


def tree(working: Sequence[Step]) -> Node:
    """Return the tree of the last step of a working."""
    return _Walk(working).node(working[-1].id, inside_line=False)


def _chosen(assessment: Assessment, item: str | None, charge: str | None) -> list[tuple[str, Charge]]:
    found = list(assessment.all_charges())
    lines = [one.id for one in assessment.items]
    if item is not None and item not in lines:
        raise FactsError(f"no item {item!r}{near(item, lines)}", fact="item")
    if charge is not None:
        names = {one.name for _, one in found}
        if charge not in names:
            raise FactsError(
                f"no charge {charge!r}: {', '.join(sorted(names)) or 'none is due'}", fact="charge"
            )
    return [(line, one) for line, one in found if item in (None, line) and charge in (None, one.name)]


def _settled(assessment: Assessment, walk: _Walk, lines: set[str]) -> dict[str, tuple[Step, ...]]:
    """Return the tests on categories that no tree shows, by item."""
    ids = {f"L{n}": item.id for n, item in enumerate(assessment.items, start=1)}
    found: dict[str, list[Step]] = {}
    for step in assessment.working:
        line = ids.get(step.id.partition(".")[0], "")
        if step.op == "because" and step.id not in walk.shown and line in lines:
            found.setdefault(line, []).append(step)
    return {line: tuple(steps) for line, steps in found.items()}


class _Walk:
    """Walks the working as the graph it is: every step in full once."""

    def __init__(self, working: Iterable[Step]) -> None:
        self.steps = {one.id: one for one in working}
        self.shown: set[str] = set()
        self.waiting: list[str] = []

    def node(self, name: str, *, inside_line: bool) -> Node:
        """Return the tree of a step; inside a line, the consignment's steps wait for a tree of their own."""
        step = self.steps[name]
        names = taken(step, self.steps)
        inputs = tuple(self.steps[one] for one in names)
        if not names:
            self.shown.add(name)
            return Node(step)
        if inside_line and name.startswith(f"{WHOLE}."):
            if name not in self.shown and name not in self.waiting:
                self.waiting.append(name)
            return Node(step, inputs, shown="consignment")
        if name in self.shown:
            return Node(step, inputs, shown="above")
        self.shown.add(name)
        if name in self.waiting:
            self.waiting.remove(name)
        return Node(step, inputs, tuple(self.node(one, inside_line=inside_line) for one in names))


def taken(step: Step, steps: dict[str, Step]) -> tuple[str, ...]:
    """Return the inputs on which a step's value really rests.

    That is the test and the branch taken of a `decide`, and of tests that must all hold (or of which any
    is enough) the first that settled it.
    """
    if step.op == "decide":
        test, yes, no = step.inputs
        match steps[test].value:
            case "yes":
                return (test, yes)
            case "no":
                return (test, no)
            case _:
                return (test,)
    settles = {"all": "no", "any": "yes"}.get(step.op)
    if settles is not None and step.value == settles:
        return tuple(one for one in step.inputs if steps[one].value == settles)[:1]
    return step.inputs


Record = Provision[Any]


class Laws:
    """The records of law that a page names, each with its number, in the order of their first mention."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._numbers: dict[str, int] = {}

    def number(self, one: Record) -> int:
        """Return the number of a record."""
        name = reference(one)
        if name not in self._numbers:
            self.records.append(one)
            self._numbers[name] = len(self.records)
        return self._numbers[name]

    def numbers(self, records: Iterable[Record]) -> tuple[int, ...]:
        """Return the numbers of several records."""
        return tuple(dict.fromkeys(self.number(one) for one in records))


def explain_json(assessment: Assessment, *, item: str | None, charge: str | None) -> str:
    """Return the working as JSON: amounts are exact strings, law stands once and is named by its record."""
    found = outline(assessment, item=item, charge=charge)
    law: dict[str, Any] = {}
    whole = {
        "format": FORMAT,
        "destination": assessment.consignment.destination,
        "charges": [
            {
                "item": one.item,
                **one.charge.to_dict(),
                "records": [_named(each, law) for each in one.charge.records],
                "working": _node_dict(one.working, law),
            }
            for one in found.charges
        ],
        "consignment": [_node_dict(one, law) for one in found.consignment],
        "settled": {
            line: [_node_dict(Node(step), law) for step in steps] for line, steps in found.settled.items()
        },
        "missing": [one.to_dict() for one in assessment.missing],
        "tables": assessment.tables,
        "law": law,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _node_dict(node: Node, law: dict[str, Any]) -> dict[str, Any]:
    """Return a step and what is inside it; of a step worked elsewhere only its id, its label and where."""
    if node.shown != "here":
        return {"id": node.step.id, "label": node.step.label, "shown": node.shown}
    found = node.step.to_dict()
    found["inputs"] = [one.id for one in node.inputs]
    if node.step.law is not None:
        _named(node.step.law, law)
    if node.inside:
        found["inside"] = [_node_dict(one, law) for one in node.inside]
    return found


def _named(one: Record, law: dict[str, Any]) -> str:
    name = reference(one)
    law.setdefault(name, law_dict(one))
    return name
