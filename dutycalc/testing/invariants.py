"""What holds of every assessment, whatever the goods and the law: sentences, and tests that decide them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from dutycalc.answer import Charge, Step
from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, Refusals
from dutycalc.goods import Consignment
from dutycalc.law import Provision
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.money import Money, quantum
from dutycalc.replay import Discrepancy, replay
from dutycalc.tables import Charge as ChargeRule
from dutycalc.values import Frozen

_RECORD: Final = re.compile(r"([a-z0-9-]+)/([a-z_]+)(?:\.([A-Za-z0-9_-]+))?")
_OWN_REFUSALS: Final = "Any failure is a refusal of the library's own, and says what is missing."
_LEAVES: Final = frozenset({"given", "law", "because", "missing"})


class Violation(Frozen):
    """An invariant that an assessment breaks: its number and sentence, and what was found."""

    number: int
    sentence: str
    text: str

    def __str__(self) -> str:
        return f"({self.number}) {self.sentence} {self.text}"


class Untested(Exception):  # no error: the sentence says nothing of this consignment
    """Raised by a test that has nothing to decide on a consignment."""


class Examined(Frozen):
    """What an examination finds: refusals by name, the invariants that held, and those that are broken.

    `refusals` are the names of what a strict assessment is refused for, each once; `held` are the numbers
    of the invariants that were tested and hold. Where no assessment could be made at all, none is tested.
    """

    refusals: tuple[str, ...]
    held: tuple[int, ...]
    violations: tuple[Violation, ...]


class Invariant(Frozen):
    """A sentence that an auditor can sign, and the test that decides it; Untested where it has no say."""

    number: int
    sentence: str
    test: Callable[[Case], Iterator[str]]


class Case:
    """One consignment with its assessment, and the assessments of what it is compared with."""

    def __init__(self, consignment: Consignment, tariffs: Tariffs) -> None:
        self.consignment = consignment
        self.tariffs = tariffs
        self.result = assess(consignment, tariffs, partial=True)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """Return the steps of the working by their ids."""
        return {one.id: one for one in self.result.working}

    @cached_property
    def stated(self) -> str:
        """Return the statement as JSON text."""
        return self.consignment.model_dump_json()

    @cached_property
    def answer(self) -> str:
        """Return the assessment as JSON text."""
        return self.result.to_json()

    @cached_property
    def discrepancies(self) -> list[Discrepancy]:
        """Return what the replay finds wrong."""
        return replay(self.answer, json.loads(self.stated))

    @cached_property
    def outcomes(self) -> set[Outcome]:
        """Return what each charge came to, and who collects it."""
        return _outcomes(self.result)

    @cached_property
    def layers(self) -> tuple[Territory, ...]:
        """Return the territory and the unions and countries whose records lie under its own."""
        found = self.tariffs.territory(self.consignment.destination)
        return (found, *found.parents, *(one for parent in found.parents for one in parent.parents))

    @property
    def days(self) -> tuple[date, date]:
        """Return the two days whose law it is under."""
        return self.consignment.sold_on, self.consignment.import_day

    def changed(self, **fields: Any) -> Assessment | None:
        """Return the assessment with some facts changed; None where that is refused."""
        stated = {name: getattr(self.consignment, name) for name in self.consignment.model_fields_set}
        try:
            return assess(Consignment(**(stated | fields)), self.tariffs, partial=True)
        except DutycalcError:
            return None


def check(consignment: Consignment, tariffs: Tariffs) -> list[Violation]:
    """Return every invariant that the assessment of a consignment breaks.

    A refusal breaks none, as long as it is one of the library's own.
    """
    return list(examine(consignment, tariffs).violations)


def examine(consignment: Consignment, tariffs: Tariffs) -> Examined:
    """Return what is refused, which invariants hold and which are broken, with what was found."""
    try:
        case = Case(consignment, tariffs)
        missing = [one.refusal() for one in case.result.missing]
    except DutycalcError as refusal:
        return Examined(_names([refusal]), (), ())
    except Exception as fault:  # any other failure is what is looked for
        return Examined((), (), (Violation(12, _OWN_REFUSALS, repr(fault)),))
    held: list[int] = []
    broken: list[Violation] = []
    for one in INVARIANTS:
        try:
            found = [Violation(one.number, one.sentence, text) for text in one.test(case)]
        except Untested:
            continue
        except Exception as fault:  # a comparison may fail as the assessment may
            found = [Violation(12, _OWN_REFUSALS, f"while testing ({one.number}): {fault!r}")]
        broken += found
        held += [] if found else [one.number]
    return Examined(_names(missing), tuple(held), tuple(broken))


def _names(refusals: Iterable[DutycalcError]) -> tuple[str, ...]:
    found: set[str] = set()
    for one in refusals:
        if isinstance(one, Refusals):
            found.update(_names(each for each in one.exceptions if isinstance(each, DutycalcError)))
        else:
            found.add(type(one).__name__)
    return tuple(sorted(found))


def _derived(case: Case) -> Iterator[str]:
    for one in case.discrepancies:
        step = case.steps.get(one.place)
        if step is not None and step.op not in _LEAVES:
            yield str(one)


def _leaves(case: Case) -> Iterator[str]:
    for one in case.discrepancies:
        step = case.steps.get(one.place)
        if step is not None and step.op in _LEAVES:
            yield str(one)


def _provisions(result: Assessment) -> Iterator[Provision[Any]]:
    found: dict[int, Provision[Any]] = {id(one.law): one.law for one in result.working if one.law is not None}
    for _, charge in result.all_charges():
        found.update((id(one), one) for one in charge.records)
    yield from found.values()


def _law(case: Case) -> Iterator[str]:
    yield from (str(one) for one in case.discrepancies if "@" in one.place)
    for one in _provisions(case.result):
        if not one.citations:
            yield f"{one.record} is not cited"
        if not any(one.valid_from <= day <= one.valid_until for day in case.days):
            yield f"{one.record} is law from {one.valid_from} to {one.valid_until} only"
        elif not any(_is_latest(one, day, case.tariffs) for day in case.days):
            yield f"{one.record}: the record of {one.valid_from} was read, though a later one was in force"
    then = case.consignment.import_day
    for one in _read_as_known(case, then):
        if one.known_from > then and not one.record.partition("/")[2].startswith("measures"):
            yield f"{one.record} was read as known on {then}; it could be known from {one.known_from}"


def _read_as_known(case: Case, then: date) -> Iterator[Provision[Any]]:
    """Yield the provisions that an assessment as known on a day reads; none where it is refused."""
    territory = case.tariffs.territory(case.consignment.destination)
    if all(_same(territory.law(day), territory.law(day, known_on=then)) for day in case.days):
        yield from _provisions(case.result)  # the same law gives the same programs
        return
    try:
        earlier = assess(case.consignment, case.tariffs, known_on=then, partial=True)
    except DutycalcError:
        return
    for program in (earlier.whole.program, *(line.program for line in earlier.lines)):
        yield from (one.law for one in program.steps if one.law is not None)
    for decided in earlier.decisions():
        yield from decided.way.provisions
        if decided.outcome.provision is not None:
            yield decided.outcome.provision


def _same(one: Law, other: Law) -> bool:
    """Tell whether two views of the law hold the same records."""
    return [*map(id, _records(one))] == [*map(id, _records(other))]


def _records(law: Law) -> Iterator[Provision[Any]]:
    for named in law.families.values():
        yield from named.values()


def _is_latest(read: Provision[Any], day: date, tariffs: Tariffs) -> bool:
    """Tell whether no later record of the same series had started by the day."""
    found = _RECORD.fullmatch(read.record)
    if found is None or found[1].upper() not in tariffs.codes:
        return True
    series = tariffs.territory(found[1].upper()).own.get(found[2], {}).get(found[3] or "", ())
    return not any(read.valid_from < one.valid_from <= day and not one.variant for one in series)


def _sums(case: Case) -> Iterator[str]:
    for one in case.discrepancies:
        if one.place not in case.steps and "@" not in one.place:
            yield str(one)
    for step in case.result.working:
        if step.op == "split" and step.value and step.detail and ", within " not in step.detail:
            whole = case.steps[step.inputs[0]].value
            parts = sum((Decimal(one) for one in step.value.split(" | ")), Decimal(0))
            if whole is not None and len(step.inputs) > 1 and parts != Decimal(whole):
                yield f"{step.id} {step.label}: the parts add up to {parts}, {whole} was shared"


def _collected(case: Case) -> Iterator[str]:
    totals = case.result.totals
    for item, charge in case.result.all_charges():
        if charge.amount is None:
            continue
        if charge.amount.amount < 0:
            yield f"item {item}: {charge.name} is {charge.amount}"
        taken = charge.collection
        if charge.amount.amount and (taken.collector is None or taken.payer is None or taken.moment is None):
            yield f"item {item}: nobody collects {charge.name}, {charge.amount}"
    for group in ("by_kind", "by_collector", "by_moment"):
        whole = sum((one.amount for one in totals[group].values()), Decimal(0))
        if whole != totals["all"].amount:
            yield f"{group} comes to {whole}, assessed is {totals['all']}"


Outcome = tuple[str, str, str | None, str, str | None]


def _outcome(item: str, charge: Charge) -> Outcome:
    amount = None if charge.amount is None else str(charge.amount.amount.normalize())
    return item, charge.name, amount, charge.rate, charge.collection.collector


def _outcomes(result: Assessment) -> set[Outcome]:
    return {_outcome(item, charge) for item, charge in result.all_charges()}


def _differences(case: Case, other: Assessment | None) -> Iterator[str]:
    if other is None:
        yield "the changed one is refused"
        return
    for each in sorted(case.outcomes ^ _outcomes(other), key=str):
        yield f"only one of the two has {each}"


def _order(case: Case) -> Iterator[str]:
    if len(case.consignment.items) == 1:
        raise Untested
    yield from _differences(case, case.changed(items=tuple(reversed(case.consignment.items))))


def _limits(result: Assessment) -> Counter[tuple[str, bool | None]]:
    """Count the limits of the consignment and which way each was decided; None where it is unknown."""
    return Counter(
        (step.law.record, value if isinstance(value, bool) else None)
        for step, value in zip(result.whole.program.steps, result.values, strict=True)
        if step.op in ("at_most", "below") and step.law is not None and "/limit." in step.law.record
    )


def _splitting(case: Case) -> Iterator[str]:
    item = case.consignment.items[0]
    stated = any(one.amount is not None and one.amount.amount for one in item.stated_charges)
    if item.quantity % 2 or item.measures or item.discount or stated or _rounds_values(case):
        raise Untested
    fields = {name: getattr(item, name) for name in item.model_fields_set}
    halved = {
        name: fields[name] / 2
        for name in ("quantity", "net_mass_kg", "gross_mass_kg")
        if fields.get(name) is not None
    }
    parts = [type(item)(**(fields | halved | {"id": f"{item.id}{mark}"})) for mark in ("", "'")]
    other = case.changed(items=(*parts, *case.consignment.items[1:]))
    if other is None:
        yield "the split one is refused"
    elif _limits(case.result) != _limits(other):
        yield f"{_limits(case.result)} became {_limits(other)}"


def _rounds_values(case: Case) -> bool:
    """Tell whether a limit is measured on what is rounded per line, which splitting a line does change."""
    territory = case.tariffs.territory(case.consignment.destination)
    for day in case.days:
        law = territory.law(day)
        values = law.all("value")
        masses = {"net_mass_kg", "gross_mass_kg"}
        if any(one.value.rounding is not None for one in values.values()):
            return True
        if any(set(one.value.measure) - values.keys() - masses for one in law.all("limit").values()):
            return True
    return False


def _no_change(case: Case) -> Iterator[str]:
    one, later = case.consignment, timedelta(days=1)
    territory = case.tariffs.territory(one.destination)
    if any(territory.epoch(day) != territory.epoch(day + later) for day in case.days):
        raise Untested
    if territory.schedule() is not None and any(item.stated_duty is None for item in one.items):
        raise Untested
    moved: dict[str, Any] = {"sold_on": one.sold_on + later}
    if one.imported_on is not None:
        moved["imported_on"] = one.imported_on + later
    yield from _differences(case, case.changed(**moved))


def _dearer(case: Case) -> Iterator[str]:
    item = case.consignment.items[0]
    unit = quantum(item.unit_price.currency)
    fields = {name: getattr(item, name) for name in item.model_fields_set}
    dearer = fields | {"unit_price": Money(item.unit_price.amount + unit, item.unit_price.currency)}
    one = case.changed(items=(item,)) if len(case.consignment.items) > 1 else case.result
    other = case.changed(items=(type(item)(**dearer),))
    if one is None or other is None or _tests(one) != _tests(other):
        raise Untested
    before = {(at, charge.name): charge for at, charge in one.all_charges()}
    for at, charge in other.all_charges():
        was = before.get((at, charge.name))
        if was is None or was.amount is None or charge.amount is None or " - " in charge.rate:
            continue
        if charge.amount < was.amount:
            yield f"{charge.name} fell from {was.amount} to {charge.amount} at {dearer['unit_price']}"


def _tests(result: Assessment) -> list[tuple[str, bool]]:
    """Return every test and which way it was decided: what makes two assessments of one regime."""
    parts = [(result.whole.program, result.values)]
    parts += [(line.program, each) for line, each in zip(result.lines, result.line_values, strict=True)]
    return [
        (step.label, value)
        for program, values in parts
        for step, value in zip(program.steps, values, strict=True)
        if isinstance(value, bool)
    ]


def _rounding(case: Case) -> Iterator[str]:
    for step in case.result.working:
        if step.op != "round" or step.value is None or step.detail is None:
            continue
        mode, _, text = step.detail.rpartition(" to ")
        unit, value = Decimal(text), Decimal(step.value)
        before = Decimal(case.steps[step.inputs[0]].value or 0)
        apart = value - before
        within = {
            "up": abs(value) >= abs(before) and abs(apart) < unit,
            "down": abs(value) <= abs(before) and abs(apart) < unit,
        }.get(mode, abs(apart) * 2 <= unit)
        if value % unit or not within:
            yield f"{step.id} {step.label}: {before} became {value}, {step.detail}"


def _bases(case: Case) -> Iterator[str]:
    for step in case.result.working:
        law = step.law
        if step.op != "add" or law is None or not isinstance(law.value, ChargeRule):
            continue
        named = law.value.base
        values = [
            name for name in named if any(name in territory.own.get("value", ()) for territory in case.layers)
        ]
        after_relief = len(named) - len(values) + 1
        if step.label.startswith("base of ") and len(step.inputs) not in (len(named), after_relief):
            yield f"{step.id} {step.label}: {len(step.inputs)} parts, {law.record} names {', '.join(named)}"


def _json(case: Case) -> Iterator[str]:
    again = Consignment.model_validate_json(case.stated)
    if again != case.consignment:
        yield "the statement is not the same when read again"
    elif assess(again, case.tariffs, partial=True).to_json() != case.answer:
        yield "the assessment of the statement, when read again, is not the same"


def _own_refusals(case: Case) -> Iterator[str]:
    try:
        assess(case.consignment, case.tariffs)
    except DutycalcError as refusal:
        if not case.result.missing:
            yield f"refused without anything missing: {refusal}"
        return
    if case.result.missing:
        yield "something is missing, and the assessment was not refused"


INVARIANTS: Final = (
    Invariant(1, "Every derived value can be recomputed from the values it names.", _derived),
    Invariant(2, "Every leaf is a stated fact found at its path, or a number of a provision.", _leaves),
    Invariant(3, "Every provision read is cited and was the one in force, and known, on the day.", _law),
    Invariant(4, "Lines add up to totals, and shares to what was shared.", _sums),
    Invariant(
        5, "No charge is negative, and what is assessed is collected once, by one collector.", _collected
    ),
    Invariant(6, "The order of the lines changes nothing.", _order),
    Invariant(
        7, "Splitting a line into two of the same code changes no limit of the consignment.", _splitting
    ),
    Invariant(8, "Between two days with no change in the tables, nothing changes.", _no_change),
    Invariant(9, "Within one regime a higher price never lowers a charge.", _dearer),
    Invariant(10, "Every rounded sum is a multiple of its unit, and as near as its rule allows.", _rounding),
    Invariant(11, "JSON out and in loses nothing.", _json),
    Invariant(12, _OWN_REFUSALS, _own_refusals),
    Invariant(13, "The base of a charge has every part that its law names.", _bases),
)
"""Every invariant, by its number."""
