"""The assessment: what is due on a consignment, under which law, who collects it, and the working."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from dateutil.relativedelta import relativedelta

from dutycalc.answer import AssessedItem, Charge, Collection, Missing, Notice, Step
from dutycalc.goods import Consignment
from dutycalc.law import Citation, Provision
from dutycalc.loader import Tariffs, Territory
from dutycalc.money import EXACT, Money, quantum
from dutycalc.notices import notices_of
from dutycalc.stages.charges import Traced, Way
from dutycalc.stages.collection import EXEMPT, Outcome
from dutycalc.stages.tracing import LineProgram, WholeProgram
from dutycalc.steps import Program, Unknown
from dutycalc.tables import Returns
from dutycalc.words import Decision
from dutycalc.writing import step_of, write


@dataclass(frozen=True, slots=True)
class Decided:
    """A charge whose tests are decided: the outcome and the way it came about, its amount or None."""

    traced: Traced
    outcome: Outcome
    way: Way
    amount: Decimal | None


class Assessment:
    """What is due on a consignment, line by line, with its working.

    The amounts are computed when it is made; the objects that show them are built when first read.
    `items`, `charges`, `totals`, `decision`, `notices`, `missing`, `tables` and `working` are the answer.
    """

    def __init__(
        self,
        consignment: Consignment,
        tariffs: Tariffs,
        territory: Territory,
        whole: WholeProgram,
        lines: Sequence[LineProgram],
        values: list[Any],
        line_values: list[list[Any]],
    ) -> None:
        self.consignment = consignment
        self.tariffs = tariffs
        self.territory = territory
        self.whole = whole
        self.lines = lines
        self.values = values
        self.line_values = line_values

    @property
    def currency(self) -> str:
        """Return the currency of the charges."""
        return self.whole.trace.currency

    def lacks_something(self) -> bool:
        """Tell whether a charge on the consignment as a whole is unknown."""
        return any(unknown(self.values[place]) for place in self.whole.amounts)

    @cached_property
    def items(self) -> tuple[AssessedItem, ...]:
        """Return the lines, in the order stated."""
        return tuple(self._item(place) for place in range(len(self.lines)))

    @cached_property
    def charges(self) -> tuple[Charge, ...]:
        """Return the charges on the consignment as a whole."""
        return tuple(self._charge(one, self.whole.program, self.values, "C") for one in self.decisions_on(None))

    def all_charges(self) -> Iterator[tuple[str, Charge]]:
        """Yield every charge with the id of its line, or with nothing for the consignment's own."""
        for item in self.items:
            for charge in item.charges:
                yield item.id, charge
        for charge in self.charges:
            yield "", charge

    @cached_property
    def _decided(self) -> list[list[Decided]]:
        found = [
            [decide(one, line.program, values) for one in line.charges]
            for line, values in zip(self.lines, self.line_values, strict=True)
        ]
        found.append([decide(one, self.whole.program, self.values) for one in self.whole.charges])
        return found

    def decisions_on(self, place: int | None) -> list[Decided]:
        """Return the decided charges of a line, or those of the consignment as a whole."""
        return self._decided[-1 if place is None else place]

    def decisions(self) -> Iterator[Decided]:
        """Yield every decided charge."""
        for each in self._decided:
            yield from each

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """Return what could not be calculated, each once for each line."""
        found: dict[Missing, None] = {}
        for item, line, values in zip(self.consignment.items, self.lines, self.line_values, strict=True):
            for place in (*line.amounts, *(place for _, place in line.values)):
                for one in _reasons(line.program, values, place):
                    found[Missing(item.id, one.kind, one.subject, one.reason)] = None
        for place in self.whole.amounts:
            for one in _reasons(self.whole.program, self.values, place):
                found[Missing("", one.kind, one.subject, one.reason)] = None
        return tuple(found)

    @cached_property
    def decision(self) -> Decision:
        """Return `prohibited` where goods may not be imported, `partial` where something is missing."""
        if any(one.code == "prohibited" for one in self.notices):
            return "prohibited"
        return "partial" if self.missing else "assessed"

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Return the sums: of all, by kind, by collector, by moment; what is not calculable is left out."""
        nothing = Decimal(0) * self.whole.trace.unit
        whole = nothing
        kinds: dict[str, Decimal] = {}
        collectors: dict[str, Decimal] = {}
        moments: dict[str, Decimal] = {"checkout": nothing, "delivery": nothing}
        for one in self.decisions():
            amount = one.amount
            if amount is None:
                continue
            whole = EXACT.add(whole, amount)
            kind = one.traced.provision.value.kind
            kinds[kind] = EXACT.add(kinds.get(kind, nothing), amount)
            collector, moment = one.outcome.collector, one.outcome.moment
            if collector is not None:
                collectors[collector] = EXACT.add(collectors.get(collector, nothing), amount)
            if moment is not None:
                moments[moment] = EXACT.add(moments[moment], amount)

        def money(sums: dict[str, Decimal]) -> dict[str, Money]:
            return {name: Money(one, self.currency) for name, one in sums.items()}

        return {
            "all": Money(whole, self.currency),
            "by_kind": money(kinds),
            "by_collector": money(collectors),
            "by_moment": money(moments),
        }

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Return the digest of the tables, and the oldest day on which a table read was checked."""
        return {
            "digest": self.tariffs.digest,
            "territory": self.territory.code,
            "checked_on": self.territory.checked_on.isoformat(),
        }

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """Return the facts that a reader should know: doubtful records, excluded goods, numbers missing."""
        return tuple(dict.fromkeys(notices_of(self)))

    @cached_property
    def working(self) -> tuple[Step, ...]:
        """Return every step, of the consignment and of each line, inputs before what rests on them."""
        found: list[Step] = []
        phases = max(self.whole.program.phases, *(line.program.phases for line in self.lines))
        for phase in range(phases):
            for place, line in enumerate(self.lines):
                for n in line.program.phase(phase):
                    found.append(step_of(self, line.program, n, place, self.line_values[place][n]))
            for n in self.whole.program.phase(phase):
                found.append(step_of(self, self.whole.program, n, None, self.values[n]))
        return tuple(found)

    def _item(self, place: int) -> AssessedItem:
        line, values = self.lines[place], self.line_values[place]
        item = self.consignment.items[place]
        found = {name: self.money(values[at]) for name, at in line.values}
        charges = [self._charge(one, line.program, values, f"L{place + 1}") for one in self.decisions_on(place)]
        return AssessedItem(item.id, item.commodity, found.get("customs_value"), found, tuple(charges))

    def money(self, value: Any) -> Money | None:
        """Return an amount with its minor units shown, or None for what is unknown."""
        return None if unknown(value) else Money(in_minor_units(value, self.currency), self.currency)

    def _charge(self, one: Decided, program: Program, values: list[Any], prefix: str) -> Charge:
        base = one.way.base
        return Charge(
            base=None if base is None else self.money(values[program.place(base)]),
            amount=None if one.amount is None else Money(one.amount, self.currency),
            step=f"{prefix}.{program.place(one.traced.amount) + 1}",
            collection=self._collection(one.outcome),
            **stated_of(one.traced, one.outcome, one.way),
        )

    def _collection(self, outcome: Outcome) -> Collection:
        return Collection(
            declare=self.number_of(outcome), due=self.due_of(outcome), **collected_of(outcome)
        )

    def number_of(self, outcome: Outcome) -> str | None:
        """Return the number to send with the parcel's data, where a scheme wants one."""
        if not (outcome.declare and outcome.registration and outcome.holder):
            return None
        party = getattr(self.consignment, outcome.holder, None)
        return party.registrations.get(outcome.registration) if party is not None else None

    def due_of(self, outcome: Outcome) -> date | None:
        """Return the day by which the collector must remit, where a scheme has returns."""
        if outcome.returns is None:
            return None
        day = self.consignment.sold_on if outcome.at == "sale" else self.consignment.import_day
        return due_day(outcome.returns, day)

    def to_json(self) -> str:
        """Return the assessment as JSON text; amounts are exact strings."""
        return write(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the assessment as plain JSON values; amounts are exact strings."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found


def decide(one: Traced, program: Program, values: list[Any]) -> Decided:
    """Return a charge with the outcome and the way that the tests have decided."""
    amount = values[program.place(one.amount)]
    outcome, way = _taken(one, program, values)
    if unknown(amount):
        return Decided(one, outcome, way, None)
    if outcome.at == "border" and (way.exempt or not amount):
        outcome = EXEMPT
    unit = one.amount.unit
    return Decided(one, outcome, way, in_minor_units(amount, unit))


def _taken(one: Traced, program: Program, values: list[Any]) -> tuple[Outcome, Way]:
    outcome = one.border
    for test, found, way in one.taken:
        if test is None or values[program.place(test)] is True:
            if found.at == "sale" or found is EXEMPT:
                return found, way
            outcome = found
            break
    for way in one.ways:
        if way.test is None or values[program.place(way.test)] is True:
            return outcome, way
    return outcome, Way(None, None, "unknown", (one.provision,))


def stated_of(one: Traced, outcome: Outcome, way: Way) -> dict[str, Any]:
    """Return what of a charge depends on no amount, as fields of Charge."""
    shape = one.provision.value
    records = tuple(
        {(each.record, each.valid_from): each for each in (*way.provisions, outcome.provision) if each}.values()
    )
    return {
        "name": one.name,
        "kind": shape.kind,
        "title": shape.title or one.name.replace("_", " "),
        "type_code": shape.type_code,
        "rate": way.rate,
        "citations": _cites(records),
        "records": records,
    }


def collected_of(outcome: Outcome) -> dict[str, Any]:
    """Return what of a collection depends on no number and no day, as fields of Collection."""
    return {
        "model": outcome.model,
        "at": None if outcome.model == "exempt" else outcome.at,
        "liable": outcome.liable,
        "collector": outcome.collector,
        "payer": outcome.payer,
        "moment": outcome.moment,
        "scheme": outcome.scheme,
        "print": outcome.print,
        "double_collection_risk": outcome.risk,
    }


def unknown(value: Any) -> bool:
    """Tell whether a value is not known."""
    return isinstance(value, Unknown) or value != value


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with its currency's minor units shown, and no needless zeros beyond them."""
    unit = quantum(currency)
    shown = amount.quantize(unit) if amount == amount.quantize(unit) else amount.normalize(EXACT)
    return shown


def _reasons(program: Program, values: list[Any], place: int) -> list[Unknown]:
    """Return what a step's value lacks: every unknown among what it really rests on."""
    found: dict[Unknown, None] = {}
    waiting, seen = [place], set()
    while waiting:
        at = waiting.pop()
        if at in seen or not unknown(values[at]):
            continue
        seen.add(at)
        inputs = program.inputs[at]
        if program.steps[at].op == "decide" and not unknown(values[inputs[0]]):
            waiting.append(inputs[1] if values[inputs[0]] else inputs[2])
        elif any(unknown(values[k]) for k in inputs):
            waiting.extend(inputs)
        elif isinstance(values[at], Unknown):
            found[values[at]] = None
    return list(found)


def _cites(provisions: Sequence[Provision[Any]]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(cite for one in provisions for cite in one.citations))


def due_day(returns: Returns, day: date) -> date:
    """Return the day by which a sum taken on `day` must be remitted, from a scheme's return period."""
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[returns.every]
    ends = returns.ends or [month for month in range(1, 13) if month % months == 0]
    last = day.replace(day=1)
    while last.month not in ends:
        last += relativedelta(months=1)
    due = last + relativedelta(months=returns.months_after)
    days = calendar.monthrange(due.year, due.month)[1]
    return due.replace(day=days if returns.day == "last" else min(returns.day, days))
