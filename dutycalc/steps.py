"""Symbolic steps: the closed list of operations in which all law is written, and programs made of them.

A step knows its inputs and its law, and no value. A `Program` is steps in order; running it gives each
step a value, and the working of an assessment is the steps beside their values. There are two kinds of
program: one for each line of a consignment and one for the consignment as a whole. They take turns, in
phases: the lines run their phase, the whole gathers from them and runs the same phase, the lines read
what the whole found and run the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Literal

from dutycalc.law import Provision
from dutycalc.money import LOOSE, MODES, QUOTIENTS, Rounding, round_to, split
from dutycalc.values import Frozen, Thing

Op = Literal[
    "given", "law", "because", "missing",
    "add", "subtract", "times", "divide", "least", "greatest", "floor", "round",
    "at_most", "below", "all", "any", "not", "decide",
    "total", "count_distinct", "any_line", "split", "fit", "part", "whole",
]  # fmt: skip
"""The closed list of operations.

given          a stated fact, found at its path
law            a value of a provision
because        a test on categories, settled while tracing: says why, computes nothing
missing        a value that law or facts do not give; whatever rests on it is not calculable
add … floor    arithmetic; `floor` drops the fraction; `divide` is cut at 34 digits
round          rounding to a unit, in a mode, by a provision
at_most, below `a <= b`, `a < b`
all, any, not  of tests
decide         the second input where the first holds, else the third
total          of a named value over the lines that have it
count_distinct how many different keys the lines have
any_line       whether a named test holds on any line
split          an amount shared over the lines by a named weight, within groups where a key is named
fit            how many whole items of each line fit within a limit, the dearest first
part           a line's part of a split or fit
whole          a named value of the consignment, read on a line
"""

STATED: Final = frozenset({"law", "because", "missing"})
"""Operations whose value stands in the step itself."""

CROSSING: Final = frozenset({"total", "count_distinct", "any_line", "split", "fit"})
"""Operations of the consignment that gather from its lines."""


class Unknown(Frozen):
    """What is not known and why: the value of a `missing` step and of all that rests on it.

    `kind` is the refusal it becomes (`rate`, `fact`, `law`, `exchange_rate`); `subject` the fact or law.
    """

    kind: Literal["rate", "fact", "law", "exchange_rate"]
    subject: str
    reason: str


Value = Decimal | bool | int | Unknown | tuple[Any, ...]

NOT_A_NUMBER: Final = Decimal("NaN")


class Step(Thing):
    """One symbolic operation.

    `constant` is the fact's path, the law's value, the rounding, or the name that crosses between lines
    and consignment. `unit` is a currency, a unit of quantity, "%" for a rate, "" for a test or a count.
    """

    label: str
    op: Op
    inputs: tuple[Step, ...] = ()
    constant: Any = None
    law: Provision[Any] | None = None
    unit: str = ""
    phase: int = 0

    def __init__(
        self,
        label: str,
        op: Op,
        inputs: tuple[Step, ...] = (),
        constant: Any = None,
        law: Provision[Any] | None = None,
        unit: str = "",
        phase: int = 0,
    ) -> None:
        """Hold the fields; written out because programs are made of thousands of steps."""
        put = object.__setattr__
        put(self, "label", label)
        put(self, "op", op)
        put(self, "inputs", inputs)
        put(self, "constant", constant)
        put(self, "law", law)
        put(self, "unit", unit)
        put(self, "phase", phase)


def _phase(inputs: Iterable[Step]) -> int:
    return max((step.phase for step in inputs), default=0)


def given(label: str, fact: str, unit: str = "") -> Step:
    """Name a stated fact, such as `unit_price`."""
    return Step(label, "given", constant=fact, unit=unit)


def law_leaf(label: str, provision: Provision[Any], value: Decimal, unit: str = "") -> Step:
    """Name a number of the law."""
    return Step(label, "law", constant=value, law=provision, unit=unit)


def because(label: str, holds: bool, provision: Provision[Any] | None = None) -> Step:
    """Record a test on categories that was settled while tracing."""
    return Step(label, "because", constant=holds, law=provision)


def missing(label: str, unknown: Unknown, provision: Provision[Any] | None = None, unit: str = "") -> Step:
    """Mark a value that neither law nor facts give."""
    return Step(label, "missing", constant=unknown, law=provision, unit=unit)


def add(label: str, *parts: Step, law: Provision[Any] | None = None) -> Step:
    """Add the parts."""
    return Step(label, "add", parts, law=law, unit=parts[0].unit, phase=_phase(parts))


def subtract(label: str, amount: Step, *less: Step, law: Provision[Any] | None = None) -> Step:
    """Take the other amounts from the first."""
    return Step(label, "subtract", (amount, *less), law=law, unit=amount.unit, phase=_phase((amount, *less)))


def times(label: str, amount: Step, *factors: Step, unit: str | None = None) -> Step:
    """Multiply; the product has the first factor's unit unless another is named."""
    parts = (amount, *factors)
    return Step(label, "times", parts, unit=amount.unit if unit is None else unit, phase=_phase(parts))


def divide(label: str, amount: Step, by: Step, unit: str | None = None) -> Step:
    """Divide, to 34 significant digits."""
    parts = (amount, by)
    return Step(label, "divide", parts, unit=amount.unit if unit is None else unit, phase=_phase(parts))


def least(label: str, *parts: Step, law: Provision[Any] | None = None) -> Step:
    """Take the smallest."""
    if len(parts) == 1:
        return parts[0]
    return Step(label, "least", parts, law=law, unit=parts[0].unit, phase=_phase(parts))


def greatest(label: str, *parts: Step, law: Provision[Any] | None = None) -> Step:
    """Take the largest."""
    if len(parts) == 1:
        return parts[0]
    return Step(label, "greatest", parts, law=law, unit=parts[0].unit, phase=_phase(parts))


def floor(label: str, amount: Step, unit: str = "") -> Step:
    """Drop the fraction: whole items, whole kilograms."""
    return Step(label, "floor", (amount,), unit=unit or amount.unit, phase=amount.phase)


def rounded(label: str, amount: Step, rounding: Rounding, law: Provision[Any] | None) -> Step:
    """Round to a unit in a mode, as a provision says."""
    return Step(label, "round", (amount,), rounding, law, amount.unit, amount.phase)


def at_most(label: str, value: Step, limit: Step) -> Step:
    """Test `value <= limit`."""
    return Step(label, "at_most", (value, limit), law=limit.law, phase=_phase((value, limit)))


def below(label: str, value: Step, limit: Step) -> Step:
    """Test `value < limit`."""
    return Step(label, "below", (value, limit), law=limit.law, phase=_phase((value, limit)))


def all_of(label: str, *tests: Step, law: Provision[Any] | None = None) -> Step:
    """Test that every test holds."""
    return tests[0] if len(tests) == 1 else Step(label, "all", tests, law=law, phase=_phase(tests))


def any_of(label: str, *tests: Step, law: Provision[Any] | None = None) -> Step:
    """Test that some test holds."""
    return tests[0] if len(tests) == 1 else Step(label, "any", tests, law=law, phase=_phase(tests))


def negate(label: str, test: Step, law: Provision[Any] | None = None) -> Step:
    """Test that the test does not hold."""
    return Step(label, "not", (test,), law=law, phase=test.phase)


def decide(label: str, test: Step, yes: Step, no: Step, law: Provision[Any] | None = None) -> Step:
    """Take `yes` where the test holds, else `no`."""
    return Step(label, "decide", (test, yes, no), law=law, unit=yes.unit, phase=_phase((test, yes, no)))


def total(label: str, name: str, phase: int, unit: str = "") -> Step:
    """Add a named value of the lines, which they have by `phase`."""
    return Step(label, "total", constant=name, unit=unit, phase=phase)


def count_distinct(label: str, name: str, phase: int) -> Step:
    """Count the different keys that the lines have under a name; a line without one does not count."""
    return Step(label, "count_distinct", constant=name, phase=phase)


def any_line(label: str, name: str, phase: int) -> Step:
    """Test whether a named test holds on any line."""
    return Step(label, "any_line", constant=name, phase=phase)


class Sharing(Frozen):
    """How an amount is shared over lines: by which weight, in which unit, within which groups."""

    weight: str
    unit: Decimal
    group: str = ""


class Fitting(Frozen):
    """Which named values of the lines are fitted within a limit: their value and their quantity."""

    value: str
    quantity: str


def fit(label: str, limit: Step, fitting: Fitting, phase: int) -> Step:
    """Find how many whole items of each line fit together within a limit."""
    return Step(label, "fit", (limit,), fitting, limit.law, "item", max(phase, limit.phase))


def part(label: str, name: str, phase: int, unit: str = "") -> Step:
    """Read a line's part of a split that the consignment made in `phase`."""
    return Step(label, "part", constant=name, unit=unit, phase=phase + 1)


def whole(label: str, name: str, phase: int, unit: str = "") -> Step:
    """Read a value of the consignment that it found in `phase`."""
    return Step(label, "whole", constant=name, unit=unit, phase=phase + 1)


Segment = Callable[..., tuple[Any, ...]]


class Program:
    """Steps in order, for one line or for the consignment as a whole.

    `exports` names the steps that the other side reads; `places` is where each named step stands.
    """

    __slots__ = (
        "_ranges",
        "_traced",
        "constants",
        "exported_in",
        "exports",
        "facts",
        "inputs",
        "names",
        "phases",
        "places",
        "segments",
        "steps",
    )

    def __init__(self, outputs: Iterable[Step], exports: dict[str, Step] | None = None) -> None:
        self.exports = dict(exports or {})
        self._traced = _in_order((*outputs, *self.exports.values()))
        ordered, self.places = _merged(self._traced)
        self.steps: tuple[Step, ...] = tuple(ordered)
        self.facts: tuple[str, ...] = tuple(
            dict.fromkeys(step.constant for step in ordered if step.op == "given")
        )
        self.phases = max((step.phase for step in ordered), default=0) + 1
        firsts = [sum(step.phase < phase for step in ordered) for phase in range(self.phases + 1)]
        self._ranges = tuple(range(first, after) for first, after in pairwise(firsts))
        self.constants = tuple(_number(step) for step in ordered)
        self.inputs = tuple(tuple(self.places[id(one)] for one in step.inputs) for step in ordered)
        self.names = {name: self.places[id(step)] for name, step in self.exports.items()}
        self.exported_in: tuple[tuple[tuple[str, int], ...], ...] = tuple(
            tuple((name, place) for name, place in self.names.items() if ordered[place].phase == phase)
            for phase in range(self.phases)
        )
        facts = {name: n for n, name in enumerate(self.facts)}
        shape = tuple(
            (
                step.op,
                self.inputs[n],
                facts[step.constant] if step.op == "given" else _structure(step),
                step.phase,
            )
            for n, step in enumerate(ordered)
        )
        self.segments = _compiled(shape, self.phases)

    def phase(self, phase: int) -> range:
        """Return where the steps of a phase stand."""
        return self._ranges[phase] if phase < self.phases else range(0)

    def resting_on(self, roots: Callable[[Step], bool]) -> frozenset[int]:
        """Return where the steps stand that are among the roots, or rest on one."""
        found: set[int] = set()
        for n, step in enumerate(self.steps):
            if roots(step) or any(k in found for k in self.inputs[n]):
                found.add(n)
        return frozenset(found)

    def place(self, step: Step) -> int:
        """Return where the step stands among the values."""
        return self.places[id(step)]


def _in_order(outputs: Iterable[Step]) -> list[Step]:
    """Return every step once, by phase, inputs before what rests on them."""
    found: list[Step] = []
    seen: set[int] = set()
    for output in outputs:
        waiting: list[tuple[Step, bool]] = [(output, False)]
        while waiting:
            step, ready = waiting.pop()
            if ready:
                found.append(step)
            elif id(step) not in seen:
                seen.add(id(step))
                waiting.append((step, True))
                waiting.extend((one, False) for one in reversed(step.inputs))
    return sorted(found, key=lambda step: step.phase)


def _merged(steps: Iterable[Step]) -> tuple[list[Step], dict[int, int]]:
    """Return the steps without those that do again what another does, and where each step now stands.

    What law states keeps its own words; an operation of one law is the same under any label.
    """
    kept: list[Step] = []
    places: dict[int, int] = {}
    known: dict[Any, int] = {}
    for step in steps:
        inputs = tuple(places[id(one)] for one in step.inputs)
        label = step.label if step.op in STATED else ""
        law = None if step.law is None else (step.law.record, step.law.valid_from)
        key = (step.op, inputs, str(step.constant), label, law, step.unit, step.phase)
        place = known.get(key)
        if place is None:
            place = known[key] = len(kept)
            kept.append(step)
        places[id(step)] = place
    return kept, places


def maybe_unknown(step: Step) -> bool:
    """Tell whether a number may be unknown in the fast reading; a test never is."""
    return step.op == "missing" or (step.op in ("total", "whole") and bool(step.unit))


def _number(step: Step) -> Any:
    """Return what stands in the compiled program for a stated value."""
    return NOT_A_NUMBER if step.op == "missing" else step.constant


def _structure(step: Step) -> Any:
    """Return the part of a step's constant that decides the shape of the code."""
    if step.op == "round":
        unit = step.constant.unit
        simple = unit.as_tuple().digits == (1,) and unit <= 1
        return (step.constant.mode, simple)
    return step.constant if step.op in ("part", "whole") else None


Shape = tuple[tuple[Op, tuple[int, ...], Any, int], ...]


@lru_cache(maxsize=4096)
def _compiled(shape: Shape, phases: int) -> tuple[Segment | None, ...]:
    """Return one straight-line function for each phase; None where a phase has nothing to run.

    A function takes the values so far `v`, the constants `c`, the facts `f`, the crossing `x` between
    lines and whole, and the line's place `i`; it returns the values of its phase. It is built from the
    closed list of operations alone.
    """
    return tuple(_segment(shape, phase) for phase in range(phases))


def _segment(shape: Shape, phase: int) -> Segment | None:
    here = [n for n, (*_, when) in enumerate(shape) if when == phase]
    if not here:
        return None
    inside = set(here)

    def value(n: int) -> str:
        if shape[n][0] in STATED:
            return f"c[{n}]"
        return f"v{n}" if n in inside else f"v[{n}]"

    lines = ["def segment(v, c, f, x, i):"]
    for n in here:
        op, inputs, structure, _ = shape[n]
        if op not in STATED:
            lines.append(f" v{n} = {_code(op, n, [value(k) for k in inputs], structure)}")
    lines.append(" return (" + "".join(f"{value(n)}, " for n in here) + ")")
    names: dict[str, Any] = {
        "round_to": round_to, "loose": LOOSE, "quotient": QUOTIENTS.divide, "one": Decimal(1),
        "truncate": MODES["down"],
    }  # fmt: skip
    names |= {f"mode_{mode}": constant for mode, constant in MODES.items()}
    exec("\n".join(lines), names)
    return names["segment"]  # type: ignore[no-any-return]


def _code(op: Op, n: int, a: Sequence[str], structure: Any) -> str:
    """Return the Python of one operation; `a` are its inputs."""
    match op:
        case "given":
            return f"f[{structure}]"
        case "add":
            return " + ".join(a)
        case "subtract":
            return " - ".join(a)
        case "times":
            return " * ".join(a)
        case "divide":
            return f"quotient({a[0]}, {a[1]})"
        case "least":
            return f"min({', '.join(a)})"
        case "greatest":
            return f"max({', '.join(a)})"
        case "floor":
            return f"{a[0]}.quantize(one, truncate, loose)"
        case "round":
            mode, simple = structure
            if simple:
                return f"{a[0]}.quantize(c[{n}].unit, mode_{mode}, loose)"
            return f"round_to({a[0]}, c[{n}].unit, '{mode}')"
        case "at_most":
            return f"{a[0]} <= {a[1]}"
        case "below":
            return f"{a[0]} < {a[1]}"
        case "all":
            return " and ".join(a)
        case "any":
            return " or ".join(a)
        case "not":
            return f"not {a[0]}"
        case "decide":
            return f"{a[1]} if {a[0]} else {a[2]}"
        case "part":
            return f"x.found[{structure!r}][i]"
        case "whole":
            return f"x.found[{structure!r}]"
        case "split" | "fit":
            return f"x.{op}(c[{n}], {a[0]})"
        case _:
            return f"x.{op}(c[{n}])"


def careful(
    step: Step, values: Sequence[Value], fact: Callable[[str], Value], cross: Callable[..., Value]
) -> Value:
    """Return one step's value from its inputs' values, carrying what is unknown to all that rests on it.

    This is the reading used where something is missing: a `decide` takes no notice of the branch not
    taken, and a test on an unknown value is itself unknown.
    """
    op = step.op
    if op in STATED:
        return step.constant  # type: ignore[no-any-return]
    if op == "given":
        return fact(step.constant)
    if op == "decide":
        test, yes, no = values
        return test if isinstance(test, Unknown) else (yes if test else no)
    if op == "all" and any(one is False for one in values):
        return False
    if op == "any" and any(one is True for one in values):
        return True
    unknown = next((one for one in values if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown
    if op in CROSSING or op in ("part", "whole"):
        return cross(step, *values)
    found: Value = _KNOWN[op](step, *values)
    return found


def _round(step: Step, amount: Decimal) -> Decimal:
    return round_to(amount, step.constant.unit, step.constant.mode)


def _product(_: Step, first: Decimal, *rest: Decimal) -> Decimal:
    for factor in rest:
        first = first * factor
    return first


_KNOWN: Final[dict[str, Callable[..., Any]]] = {
    "add": lambda _, first, *rest: sum(rest, first),
    "subtract": lambda _, first, *rest: first - sum(rest, Decimal(0)),
    "times": _product,
    "divide": lambda _, amount, by: QUOTIENTS.divide(amount, by),
    "least": lambda _, *parts: min(parts),
    "greatest": lambda _, *parts: max(parts),
    "floor": lambda _, amount: amount.quantize(Decimal(1), MODES["down"], LOOSE),
    "round": _round,
    "at_most": lambda _, value, limit: value <= limit,
    "below": lambda _, value, limit: value < limit,
    "all": lambda _, *tests: all(tests),
    "any": lambda _, *tests: any(tests),
    "not": lambda _, test: not test,
}


def shares(
    amount: Decimal,
    weights: Sequence[Decimal | None],
    groups: Sequence[str | None] | None,
    unit: Decimal,
    order: Sequence[object],
) -> tuple[Decimal, ...]:
    """Return each line's part of the amount; with groups, each group shares the whole amount.

    A line whose weight is None takes no part.
    """
    found = [Decimal(0)] * len(weights)
    members: dict[str | None, list[int]] = {}
    for n, weight in enumerate(weights):
        if weight is not None and (groups is None or groups[n] is not None):
            members.setdefault(groups[n] if groups is not None else None, []).append(n)
    for places in members.values():
        parts = split(amount, [weights[n] or Decimal(0) for n in places], unit, [order[n] for n in places])
        for n, one in zip(places, parts, strict=True):
            found[n] = one
    return tuple(found)


def fitted(
    limit: Decimal,
    values: Sequence[Decimal | None],
    quantities: Sequence[Decimal],
    order: Sequence[object],
) -> tuple[Decimal, ...]:
    """Return how many whole items of each line fit within the limit together, the dearest first.

    A line whose value is None takes no part. An item's value is never split.
    """
    found = [Decimal(0)] * len(values)
    prices = {
        n: QUOTIENTS.divide(value, quantities[n]) for n, value in enumerate(values) if value is not None
    }
    left = limit
    for n in sorted(prices, key=lambda n: (-prices[n], order[n])):
        price = prices[n]
        whole = quantities[n].quantize(Decimal(1), MODES["down"], LOOSE)
        count = min(whole, LOOSE.divide_int(left, price)) if price else whole
        found[n] = count
        left -= count * price
    return tuple(found)
