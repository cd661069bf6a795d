"""Notices of what a small difference would change: limits just passed, schemes that do not cover a line."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dutycalc.answer import Notice
from dutycalc.decided import in_minor_units, unknown
from dutycalc.law import Provision
from dutycalc.money import LOOSE, MINOR_UNITS, Money, plain, quantum, round_to
from dutycalc.stages.collection import party_of
from dutycalc.stages.context import Trace, label_of, mismatch, names_goods
from dutycalc.stages.relief import POINTS, SCOPED
from dutycalc.stages.tracing import LineProgram
from dutycalc.steps import Program, Step
from dutycalc.tables import Scheme, Scoped

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment

NEAR: Final = Decimal("0.1")
"""The share of a limit by which a value may pass it and still be just above it; no law says so."""

_LIMITED: Final = frozenset({"limit", "waiver"})


class Compared(NamedTuple):
    """A test on a limit in a program: where it, its value and its bound stand, and what to say of it.

    `bound_says` is the bound as the law has it; `here` tells that it stands otherwise in this program,
    converted or multiplied. `adds_up` tells that the law counts earlier consignments into the value.
    """

    place: int
    value: int
    bound: int
    strict: bool
    label: str
    unit: str
    bound_says: str
    here: bool
    turning: str
    provision: Provision[Any]
    adds_up: bool


class Uncovered(NamedTuple):
    """A scheme that does not take a line, or only where its test holds: what to say then."""

    test: int | None
    notice: Notice


def savings_of(one: Assessment, *, near: Decimal = NEAR) -> Iterator[Notice]:
    """Yield what a reader may want to know before the sale; each is a fact, with its record.

    Limits that a value has passed by no more than `near` of themselves, what the law adds up, goods that a
    scheme leaves out, schemes for which a party is registered and that do not take the line.
    """
    for test in tests_of(one.whole.kept, one.whole.program, one.whole.trace):
        yield from _just_above(test, one.values, "", near)
        if test.adds_up:
            yield _added_up(test, one)
    for item, line, values in zip(one.consignment.items, one.lines, one.line_values, strict=True):
        for test in tests_of(line.kept, line.program, line.trace):
            yield from _just_above(test, values, item.id, near)
        for uncovered in _uncovered(line):
            if uncovered.test is None or values[uncovered.test] is False:
                yield uncovered.notice._replace(item=item.id)


def tests_of(kept: dict[Any, Any], program: Program, trace: Trace) -> tuple[Compared, ...]:
    """Return the tests on limits in a program; found once for each."""
    found: tuple[Compared, ...] | None = kept.get("savings_tests")
    if found is None:
        found = kept["savings_tests"] = tuple(_compared(program, trace))
    return found


def _compared(program: Program, trace: Trace) -> Iterator[Compared]:
    earlier = program.resting_on(
        lambda step: (
            step.op == "given"
            and str(step.constant).startswith("history[")
            and str(step.constant).endswith(", value]")
        )
    )
    counted: set[str] = set()
    for n, step in enumerate(program.steps):
        if step.op not in ("at_most", "below"):
            continue
        value, bound = program.inputs[n]
        leaf = _leaf_of(program.steps[bound])
        family = leaf.law.record.partition("/")[2].partition(".")[0] if leaf.law is not None else ""
        if leaf.law is None or family not in _LIMITED:
            continue
        record = leaf.law.record
        history = leaf.law.value.history if family == "limit" else None
        past = trace.profile.history.get((history, leaf.law.value.history_of)) if history else None
        stated = past is not None and past.currency is not None
        adds_up = history is not None and (value in earlier if stated else record not in counted)
        if adds_up:
            counted.add(record)
        measured, bounding = program.steps[value], program.steps[bound]
        each = " for each item" if family == "limit" and leaf.law.value.per == "item" else ""
        yield Compared(
            n, value, bound, step.op == "below", measured.label, measured.unit,
            f"{plain(leaf.constant)} {leaf.unit}{each}", bounding.op != "law",
            _turning(leaf.law, trace) if family == "limit" else "", leaf.law, adds_up,
        )  # fmt: skip


def _leaf_of(bound: Step) -> Step:
    """Return the number of law behind a bound, also where it is converted or multiplied."""
    while bound.op != "law" and bound.inputs:
        bound = bound.inputs[0]
    return bound


def _turning(provision: Provision[Any], trace: Trace) -> str:
    """Return the records that turn on a limit."""
    name = provision.record.rpartition(".")[2]
    found: dict[str, None] = {}
    for point in POINTS:
        for family in SCOPED:
            for label, one in trace.laws[point].all(family).items():
                record: Scoped = one.value
                if name in (record.within, record.above):
                    found[f"{family} {label.replace('_', ' ')}"] = None
    return ", ".join(found)


def _amount(number: Decimal, unit: str) -> str:
    if unit in MINOR_UNITS:
        return str(Money(in_minor_units(round_to(number, quantum(unit), "up"), unit), unit))
    return f"{plain(number)} {unit}".rstrip()


def _just_above(test: Compared, values: list[Any], item: str, near: Decimal) -> Iterator[Notice]:
    value, bound = values[test.value], values[test.bound]
    if unknown(value) or unknown(bound) or (value < bound if test.strict else value <= bound):
        return
    over = LOOSE.subtract(value, bound)
    if over > LOOSE.multiply(near, bound):
        return
    by = f"{_amount(over, test.unit)} above" if over else "exactly at"
    less = "" if over else ", which it must be below"
    turning = f"; what turns on it: {test.turning}" if test.turning else ""
    text = (
        f"{test.label} is {by} the limit of {_bound(test, bound)} ({label_of(test.provision)}){less}{turning}"
    )
    yield Notice("just_above_limit", text, item, test.provision.record)


def _bound(test: Compared, bound: Decimal) -> str:
    return f"{test.bound_says}, here {_amount(bound, test.unit)}" if test.here else test.bound_says


def _added_up(test: Compared, one: Assessment) -> Notice:
    """Return what the law adds up, with the total; or that nothing earlier is stated."""
    record = test.provision.record
    period = test.provision.value.history
    of = test.provision.value.history_of
    past = [
        each for each in one.consignment.history
        if each.per == period and each.of == of and each.value is not None
    ]  # fmt: skip
    rule = f"the law adds up what one consignee receives in a {period} ({label_of(test.provision)})"
    if not past:
        text = f"{rule}: no earlier consignment of the same {period} is stated, this one counts alone"
        return Notice("adds_up_none_stated", text, "", record)
    value, bound = one.values[test.value], one.values[test.bound]
    if unknown(value) or unknown(bound):
        return Notice("adds_up", f"{rule}: the sum cannot be calculated", "", record)
    earlier = f"{past[0].count or 'those'} earlier of {past[0].value}"
    limit = f"the limit is {_bound(test, bound)}"
    text = f"{rule}: with {earlier} the sum is {_amount(value, test.unit)}, {limit}"
    return Notice("adds_up", text, "", record)


def _uncovered(line: LineProgram) -> tuple[Uncovered, ...]:
    """Return the schemes that may leave the line out; found once for each program."""
    found: tuple[Uncovered, ...] | None = line.kept.get("savings_schemes")
    if found is None:
        found = line.kept["savings_schemes"] = tuple(_left_out(line))
    return found


def _left_out(line: LineProgram) -> Iterator[Uncovered]:
    trace = line.trace
    for point in POINTS:
        for name, provision in trace.laws[point].all("scheme").items():
            scheme: Scheme = provision.value
            if scheme.tax_point != point or scheme.registration is None:
                continue
            role, problem = party_of(trace, scheme, point)
            holds = role is not None and problem is None
            if role is None and problem is None and scheme.first_present:
                yield from _of_another(name, provision, trace)
            out = [mismatch(one, trace, trace.item) for one in scheme.when]
            goods = _goods_left_out(provision, trace, point)
            if out and all(out):
                if holds and not goods:
                    yield _told(
                        provision, f"{_holder(role, scheme)}, but {name} does not take this line: {out[0]}"
                    )
            elif goods and not holds:
                yield Uncovered(
                    None,
                    Notice(
                        "goods_outside_scheme",
                        f"{name} is not for these goods ({goods})",
                        "",
                        provision.record,
                    ),
                )
            elif holds and name in trace.taken and (test := trace.taken[name]) is not None:
                place = line.program.places.get(id(test))
                if place is not None:
                    said = f"{_holder(role, scheme)}, but {name} does not take this line: {_limits(scheme)}"
                    yield _told(provision, said, place)


def _of_another(name: str, provision: Provision[Scheme], trace: Trace) -> Iterator[Uncovered]:
    """Yield that a party is registered whose number does not serve, as another is the supplier."""
    scheme = provision.value
    parties = trace.profile.parties
    present = [one for one in scheme.liable if one in parties]
    holder = next((one for one in present if scheme.registration in parties[one].registrations), None)
    if holder is not None and holder != present[0]:
        text = f"{_holder(holder, scheme)}, but {name} does not take this line: it is for the {present[0]}"
        yield _told(provision, text)


def _told(provision: Provision[Scheme], text: str, test: int | None = None) -> Uncovered:
    return Uncovered(test, Notice("scheme_does_not_cover", text, "", provision.record))


def _holder(role: str | None, scheme: Scheme) -> str:
    return f"the {role} is registered for {scheme.registration}"


def _limits(scheme: Scheme) -> str:
    sides = [("outside", scheme.within), ("not above", scheme.above)]
    said = [f"{side} the limit {name.replace('_', ' ')}" for side, name in sides if name is not None]
    return ", or ".join(said) or "another line or scheme takes it out"


def _goods_left_out(provision: Provision[Scheme], trace: Any, point: Any) -> str:
    """Return the entry of a list by which the goods are outside a scheme, or nothing."""
    scheme = provision.value
    lists = [scheme.not_for]
    for name in (scheme.within, scheme.above):
        if name is not None:
            lists.append(trace.laws[point].on("limit", name).value.not_for)
    if scheme.only_for is not None and not names_goods(scheme.only_for, trace.item):
        return "other goods"
    return next((entry for goods in lists if (entry := names_goods(goods, trace.item))), "")
