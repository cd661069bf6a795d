"""The assessment: what is due on a consignment, under which law, who collects it, and the working."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from dutycalc.answer import AssessedItem, Charge, Collection, Missing, Notice, Step, TariffOption
from dutycalc.decided import Decided, collected_of, decide, due_day, in_minor_units, stated_of, unknown
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs, Territory
from dutycalc.money import EXACT, Money
from dutycalc.notices import notices_of
from dutycalc.offered import options_of
from dutycalc.stages.collection import Outcome
from dutycalc.stages.tracing import LineProgram, WholeProgram
from dutycalc.steps import Program, Unknown
from dutycalc.words import Decision
from dutycalc.writing import step_of, write


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
        careful: bool,
    ) -> None:
        self.consignment = consignment
        self.tariffs = tariffs
        self.territory = territory
        self.whole = whole
        self.lines = lines
        self.values = values
        self.line_values = line_values
        self.careful = careful

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
        return tuple(
            self._charge(one, self.whole.program, self.values, "C") for one in self.decisions_on(None)
        )

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
        if not self.careful and not self.lacks_something():
            return ()
        found: dict[Missing, None] = {}
        elsewhere: list[Unknown] = []
        for item, line, values in zip(self.consignment.items, self.lines, self.line_values, strict=True):
            for place in (*line.amounts, *(place for _, place in line.values)):
                for one, own in _reasons(line.program, values, place):
                    if own:
                        found[Missing(item.id, one.kind, one.subject, one.reason)] = None
                    else:
                        elsewhere.append(one)
        for place in self.whole.amounts:
            elsewhere += [one for one, _ in _reasons(self.whole.program, self.values, place)]
        told = {one.reason for one in found}
        for one in elsewhere:
            if one.reason not in told:
                found[Missing("", one.kind, one.subject, one.reason)] = None
        return tuple(found)

    @cached_property
    def decision(self) -> Decision:
        """Return `prohibited` where goods may not be imported, `partial` where something is missing."""
        if any(one.code == "prohibited" for one in self.notices):
            return "prohibited"
        return "partial" if self.missing else "assessed"

    @cached_property
    def sums(self) -> tuple[Decimal, dict[str, Decimal], dict[str, Decimal], dict[str, Decimal]]:
        """Return the sums of all, by kind, by collector and by moment, in the currency of the charges."""
        add = EXACT.add
        whole = nothing = Decimal(0) * self.whole.trace.unit
        kinds: dict[str, Decimal] = {}
        collectors: dict[str, Decimal] = {}
        moments: dict[str, Decimal] = {"checkout": nothing, "delivery": nothing}
        for one in self.decisions():
            amount = one.amount
            if amount is None:
                continue
            outcome = one.outcome
            kind = one.traced.provision.value.kind
            kinds[kind] = add(kinds.get(kind, nothing), amount)
            if not amount:
                continue
            whole = add(whole, amount)
            if outcome.collector is not None:
                collectors[outcome.collector] = add(collectors.get(outcome.collector, nothing), amount)
            if outcome.moment is not None:
                moments[outcome.moment] = add(moments[outcome.moment], amount)
        return whole, kinds, collectors, moments

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Return the sums: of all, by kind, by collector, by moment; what is not calculable is left out."""
        whole, *groups = self.sums

        def money(sums: dict[str, Decimal]) -> dict[str, Money]:
            return {name: Money(one, self.currency) for name, one in sums.items()}

        names = ("by_kind", "by_collector", "by_moment")
        return {"all": Money(whole, self.currency)} | {
            name: money(group) for name, group in zip(names, groups, strict=True)
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
        return tuple(notices_of(self))

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
        charges = [
            self._charge(one, line.program, values, f"L{place + 1}") for one in self.decisions_on(place)
        ]
        return AssessedItem(
            item.id, item.commodity, found.get("customs_value"), found, tuple(charges), self.options_on(place)
        )

    def options_on(self, place: int) -> tuple[TariffOption, ...]:
        """Return what the tariff offers on a line, in rank, and which of it is taken."""
        return options_of(self.lines[place], self.line_values[place])

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
        return Collection(declare=self.number_of(outcome), due=self.due_of(outcome), **collected_of(outcome))

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


def _reasons(program: Program, values: list[Any], place: int) -> list[tuple[Unknown, bool]]:
    """Return every unknown that a step's value really rests on, and whether it arose in this program."""
    found: dict[tuple[Unknown, bool], None] = {}
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
            found[values[at], program.steps[at].op == "missing"] = None
    return list(found)
