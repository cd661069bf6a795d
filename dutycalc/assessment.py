"""The answer: what is due on every line, under which law, who collects it, and the working."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from dateutil.relativedelta import relativedelta

from dutycalc.errors import CurrencyError, DutycalcError, FactsError, MissingFactError, NotModelledError
from dutycalc.goods import Consignment
from dutycalc.law import ALWAYS, Citation, Provision
from dutycalc.loader import Tariffs, Territory
from dutycalc.money import EXACT, MINOR_UNITS, Money, Rounding, plain, quantum
from dutycalc.profile import path_of
from dutycalc.stages.charges import Traced, Way
from dutycalc.stages.collection import EXEMPT, Outcome
from dutycalc.stages.tracing import LineProgram, WholeProgram
from dutycalc.steps import Program, Unknown
from dutycalc.steps import Step as Operation
from dutycalc.tables import Returns
from dutycalc.words import Decision, Model, Moment, Role

FORMAT: Final = "dutycalc.assessment/1"
"""The name of the JSON form, which changes with any change that a reader would notice."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the working: an operation, what it rests on, its value, and its law or its fact.

    `id` is "C.n" for the consignment and "Lm.n" for line m; `inputs` are ids. `value` is money, a plain
    number, a percentage, or yes/no, as text; None where it is unknown.
    """

    id: str
    label: str
    op: str
    inputs: tuple[str, ...]
    value: str | None
    unit: str
    fact: str | None = None
    law: Provision[Any] | None = None
    detail: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the step as plain JSON values; what is empty is left out."""
        found: dict[str, Any] = {"id": self.id, "label": self.label, "op": self.op, "inputs": list(self.inputs)}
        found["value"] = self.value
        found["unit"] = self.unit
        if self.fact is not None:
            found["fact"] = self.fact
        if self.detail is not None:
            found["detail"] = self.detail
        if self.law is not None:
            found["law"] = law_dict(self.law)
        return found


@dataclass(frozen=True, slots=True)
class Collection:
    """Who is made to pay a charge: the model, the parties, the moment, the number, the day.

    `declare` is the number to send with the parcel data, `print` whether it may stand on the parcel,
    `due` the day by which the collector must remit, `double_collection_risk` why the charge may be
    taken twice.
    """

    model: Model
    at: str | None
    liable: Role | None
    collector: Role | None
    payer: Role | None
    moment: Moment | None
    scheme: str | None
    declare: str | None
    print: bool
    due: date | None
    double_collection_risk: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "model": self.model, "at": self.at, "liable": self.liable, "collector": self.collector,
            "payer": self.payer, "moment": self.moment, "scheme": self.scheme, "declare": self.declare,
            "print": self.print, "due": self.due.isoformat() if self.due else None,
            "double_collection_risk": self.double_collection_risk,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge on a line or a consignment; `amount` is None where it is not calculable."""

    name: str
    kind: str
    title: str
    type_code: str
    base: Money | None
    rate: str
    amount: Money | None
    step: str
    citations: tuple[Citation, ...]
    collection: Collection
    records: tuple[Provision[Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the charge as plain JSON values."""
        return {
            "name": self.name, "kind": self.kind, "title": self.title, "type_code": self.type_code,
            "base": str(self.base) if self.base is not None else None, "rate": self.rate,
            "amount": str(self.amount) if self.amount is not None else None, "step": self.step,
            "citations": [citation_dict(one) for one in self.citations],
            "collection": self.collection.to_dict(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssessedItem:
    """One line: its customs value and other values that law names, and its charges."""

    id: str
    commodity: str
    customs_value: Money | None
    values: dict[str, Money | None]
    charges: tuple[Charge, ...]

    def charge(self, name: str) -> Charge:
        """Return the charge of this name; KeyError where the line has none."""
        for one in self.charges:
            if one.name == name:
                return one
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain JSON values."""
        return {
            "id": self.id,
            "commodity": self.commodity,
            "customs_value": str(self.customs_value) if self.customs_value is not None else None,
            "values": {name: str(one) if one is not None else None for name, one in self.values.items()},
            "charges": [one.to_dict() for one in self.charges],
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be calculated, and what would make it so."""

    item: str
    kind: str
    subject: str
    reason: str

    def refusal(self) -> DutycalcError:
        """Return the refusal that this becomes where no partial answer is asked for."""
        where = f"item {self.item}: {self.reason}" if self.item else self.reason
        if self.kind == "fact":
            return MissingFactError(where, fact=self.subject, item=self.item)
        if self.kind == "exchange_rate":
            return CurrencyError(where, currencies=self.subject.split("/"))
        return NotModelledError(where, subject=self.subject, item=self.item)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"item": self.item, "kind": self.kind, "subject": self.subject, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact that whoever reads the assessment should know."""

    code: str
    text: str
    item: str = ""
    record: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"code": self.code, "text": self.text, "item": self.item, "record": self.record}


def citation_dict(one: Citation) -> dict[str, Any]:
    """Return a citation as plain JSON values."""
    return {"source": one.source, "title": one.title, "url": one.url, "published": one.published.isoformat()}


def law_dict(one: Provision[Any]) -> dict[str, Any]:
    """Return a record of law as plain JSON values: its name, its days, where it is written."""
    found = {
        "record": one.record,
        "valid_from": one.valid_from.isoformat(),
        "valid_until": None if one.valid_until == ALWAYS else one.valid_until.isoformat(),
        "known_from": one.known_from.isoformat(),
        "confidence": one.confidence,
        "cite": [citation_dict(cite) for cite in one.citations],
    }
    if one.variant:
        found["variant"] = one.variant
    if one.note:
        found["note"] = one.note
    return found


class Assessment:
    """What is due on a consignment, line by line, with its working.

    The amounts are computed when it is made; the objects that show them are built when first read.
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
        self._tariffs = tariffs
        self._territory = territory
        self._whole = whole
        self._lines = lines
        self._values = values
        self._line_values = line_values

    @property
    def currency(self) -> str:
        """Return the currency of the charges."""
        return self._whole.trace.currency

    def lacks_something(self) -> bool:
        """Tell whether a charge on the whole is unknown."""
        program = self._whole.program
        return any(_unknown(self._values[program.place(one.amount)]) for one in self._whole.charges)

    @cached_property
    def items(self) -> tuple[AssessedItem, ...]:
        """Return the lines, in the order stated."""
        return tuple(self._item(place) for place in range(len(self._lines)))

    @cached_property
    def charges(self) -> tuple[Charge, ...]:
        """Return the charges on the consignment as a whole."""
        program = self._whole.program
        found = []
        for one in self._whole.charges:
            found.append(self._charge(one, program, self._values, "C"))
        return tuple(one for one in found if one is not None)

    def all_charges(self) -> Iterator[tuple[str, Charge]]:
        """Yield every charge with the id of its line, or with nothing for the consignment's own."""
        for item in self.items:
            for charge in item.charges:
                yield item.id, charge
        for charge in self.charges:
            yield "", charge

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """Return what could not be calculated, each once for each line."""
        found: dict[Missing, None] = {}
        for item, line, values in zip(self.consignment.items, self._lines, self._line_values, strict=True):
            for place in (*line.amounts, *(place for _, place in line.values)):
                for unknown in _reasons(line.program, values, place):
                    found[Missing(item.id, unknown.kind, unknown.subject, unknown.reason)] = None
        for one in self._whole.charges:
            for unknown in _reasons(self._whole.program, self._values, self._whole.program.place(one.amount)):
                found[Missing("", unknown.kind, unknown.subject, unknown.reason)] = None
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
        unit = self._whole.trace.unit
        nothing = Money(unit * 0, self.currency)
        whole = nothing
        kinds: dict[str, Money] = {}
        collectors: dict[str, Money] = {}
        moments: dict[str, Money] = {"checkout": nothing, "delivery": nothing}
        for _, charge in self.all_charges():
            if charge.amount is None:
                continue
            whole = whole + charge.amount
            kinds[charge.kind] = kinds.get(charge.kind, nothing) + charge.amount
            taken = charge.collection
            if taken.collector is not None:
                collectors[taken.collector] = collectors.get(taken.collector, nothing) + charge.amount
            if taken.moment is not None:
                moments[taken.moment] = moments[taken.moment] + charge.amount
        return {"all": whole, "by_kind": kinds, "by_collector": collectors, "by_moment": moments}

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Return the digest of the tables, and the oldest day on which a table read was checked."""
        return {
            "digest": self._tariffs.digest,
            "territory": self._territory.code,
            "checked_on": self._territory.checked_on.isoformat(),
        }

    @cached_property
    def working(self) -> tuple[Step, ...]:
        """Return every step, of the consignment and of each line, inputs before what rests on them."""
        return tuple(self._steps())

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """Return the facts that a reader should know: doubtful records, excluded goods, numbers missing."""
        found: dict[Notice, None] = {}
        for notice in self._notices():
            found[notice] = None
        return tuple(found)

    def _steps(self) -> Iterator[Step]:
        whole = self._whole.program
        phases = max(whole.phases, *(line.program.phases for line in self._lines))
        for phase in range(phases):
            for place, line in enumerate(self._lines):
                for n, step in enumerate(line.program.steps):
                    if step.phase == phase:
                        yield self._step(line.program, self._line_values[place], n, place)
            for n, step in enumerate(whole.steps):
                if step.phase == phase:
                    yield self._step(whole, self._values, n, None)

    def _step(self, program: Program, values: list[Any], n: int, line: int | None) -> Step:
        one = program.steps[n]
        prefix = "C" if line is None else f"L{line + 1}"
        inputs = [f"{prefix}.{k + 1}" for k in program.inputs[n]]
        inputs += self._crossing_inputs(one)
        return Step(
            id=f"{prefix}.{n + 1}",
            label=one.label,
            op=one.op,
            inputs=tuple(inputs),
            value=show(values[n], one, None if line is None else line),
            unit=one.unit,
            fact=path_of(one.constant, self.consignment, line) if one.op == "given" else None,
            law=one.law,
            detail=str(one.constant) if isinstance(one.constant, Rounding) else None,
        )

    def _crossing_inputs(self, one: Operation) -> list[str]:
        """Return the ids of the steps on the other side that a crossing step reads."""
        if one.op in ("part", "whole"):
            return [f"C.{self._whole.program.names[one.constant] + 1}"]
        constant = one.constant
        match one.op:
            case "total" | "count_distinct" | "any_line":
                names = [constant]
            case "split":
                names = [constant.weight, *([constant.group] if constant.group else [])]
            case "fit":
                names = [constant.value, constant.quantity]
            case _:
                return []
        return [
            f"L{place + 1}.{line.program.names[name] + 1}"
            for name in names
            for place, line in enumerate(self._lines)
            if name in line.program.names
        ]

    def _item(self, place: int) -> AssessedItem:
        line, values = self._lines[place], self._line_values[place]
        item = self.consignment.items[place]
        found = {name: self._money(values[at]) for name, at in line.values}
        prefix = f"L{place + 1}"
        charges = [self._charge(one, line.program, values, prefix) for one in line.charges]
        return AssessedItem(
            id=item.id,
            commodity=item.commodity,
            customs_value=found.get("customs_value"),
            values=found,
            charges=tuple(one for one in charges if one is not None),
        )

    def _money(self, value: Any) -> Money | None:
        return None if _unknown(value) else Money(in_minor_units(value, self.currency), self.currency)

    def _charge(self, one: Traced, program: Program, values: list[Any], prefix: str) -> Charge | None:
        amount = values[program.place(one.amount)]
        unknown = _unknown(amount)
        outcome, way = self._taken(one, program, values)
        if not unknown and outcome is not EXEMPT:
            exempt = way.exempt or (amount == 0 and outcome.at == "border")
            if exempt and outcome.at == "border":
                outcome = EXEMPT
        shape = one.provision.value
        base = None if way.base is None else self._money(values[program.place(way.base)])
        records = _unique([*way.provisions, *([outcome.provision] if outcome.provision else [])])
        return Charge(
            name=one.name,
            kind=shape.kind,
            title=shape.title or one.name.replace("_", " "),
            type_code=shape.type_code,
            base=base,
            rate=way.rate,
            amount=None if unknown else Money(in_minor_units(amount, self.currency), self.currency),
            step=f"{prefix}.{program.place(one.amount) + 1}",
            citations=_cites(records),
            collection=self._collection(outcome),
            records=tuple(records),
        )

    def _taken(self, one: Traced, program: Program, values: list[Any]) -> tuple[Outcome, Way]:
        """Return the outcome and the way that the tests have decided."""
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

    def _collection(self, outcome: Outcome) -> Collection:
        number = None
        if outcome.declare and outcome.registration and outcome.holder:
            party = getattr(self.consignment, outcome.holder, None)
            number = party.registrations.get(outcome.registration) if party is not None else None
        day = self.consignment.sold_on if outcome.at == "sale" else self.consignment.import_day
        return Collection(
            model=outcome.model,
            at=None if outcome.model == "exempt" else outcome.at,
            liable=outcome.liable,
            collector=outcome.collector,
            payer=outcome.payer,
            moment=outcome.moment,  # type: ignore[arg-type]
            scheme=outcome.scheme,
            declare=number,
            print=outcome.print and number is not None,
            due=due_day(outcome.returns, day) if outcome.returns else None,
            double_collection_risk=outcome.risk,
        )

    def _notices(self) -> Iterator[Notice]:
        yield from _notices_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the assessment as plain JSON values; amounts are exact strings."""
        totals = self.totals
        return {
            "format": FORMAT,
            "destination": self.consignment.destination,
            "currency": self.currency,
            "decision": self.decision,
            "items": [one.to_dict() for one in self.items],
            "charges": [one.to_dict() for one in self.charges],
            "totals": {
                "all": str(totals["all"]),
                **{
                    name: {key: str(value) for key, value in totals[name].items()}
                    for name in ("by_kind", "by_collector", "by_moment")
                },
            },
            "notices": [one.to_dict() for one in self.notices],
            "missing": [one.to_dict() for one in self.missing],
            "tables": self.tables,
            "working": [one.to_dict() for one in self.working],
        }

    def to_json(self) -> str:
        """Return the assessment as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))


def _unknown(value: Any) -> bool:
    return isinstance(value, Unknown) or value != value


def _reasons(program: Program, values: list[Any], place: int) -> list[Unknown]:
    """Return what a step's value lacks: every unknown among what it really rests on."""
    if not _unknown(values[place]):
        return []
    found: dict[Unknown, None] = {}
    waiting, seen = [place], set()
    while waiting:
        at = waiting.pop()
        if at in seen or not _unknown(values[at]):
            continue
        seen.add(at)
        step = program.steps[at]
        inputs = program.inputs[at]
        if step.op == "decide" and not _unknown(values[inputs[0]]):
            waiting.append(inputs[1] if values[inputs[0]] else inputs[2])
        elif any(_unknown(values[k]) for k in inputs):
            waiting.extend(inputs)
        elif isinstance(values[at], Unknown):
            found[values[at]] = None
    return list(found)


def _unique(provisions: Sequence[Provision[Any]]) -> list[Provision[Any]]:
    return list({(one.record, one.valid_from): one for one in provisions}.values())


def _cites(provisions: Sequence[Provision[Any]]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(cite for one in provisions for cite in one.citations))


def show(value: Any, step: Operation, line: int | None) -> str | None:
    """Return a step's value as text: money, a percentage, a plain number, yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Unknown, str)):
        return value if isinstance(value, str) else None
    if isinstance(value, tuple):
        return " | ".join(show(one, step, line) or "" for one in value)
    if value != value:
        return None
    number = Decimal(value)
    if step.unit == "%":
        text = plain(number * 100)
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"
    return plain(in_minor_units(number, step.unit)) if step.unit in MINOR_UNITS else plain(number)


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with its currency's minor units shown, and no needless zeros beyond them."""
    unit = quantum(currency)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < unit.as_tuple().exponent:  # type: ignore[operator]
        amount = amount.normalize(EXACT)
        exponent = amount.as_tuple().exponent
        if isinstance(exponent, int) and exponent < unit.as_tuple().exponent:  # type: ignore[operator]
            return amount
    return amount.quantize(unit, context=EXACT)


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


def _notices_of(one: Assessment) -> Iterator[Notice]:
    """Yield what a reader should know of an assessment, first what concerns all, then line by line."""
    checked = one._territory.checked_on
    for day in sorted({one.consignment.sold_on, one.consignment.import_day}):
        if day > checked:
            yield Notice(
                "tables_older_than_day",
                f"the tables of {one._territory.code} were last checked on {checked}; the law of {day} may differ",
            )
    read: dict[str, Provision[Any]] = {}
    for _, charge in one.all_charges():
        for record in charge.records:
            read.setdefault(record.record, record)
    for record in read.values():
        if record.confidence != "confirmed":
            note = f": {record.note}" if record.note else ""
            yield Notice(f"record_{record.confidence}", f"{record.record} is {record.confidence}{note}", record=record.record)
    for item, line, values in zip(one.items, one._lines, one._line_values, strict=True):
        for told in line.told:
            if told.test is None or values[line.program.place(told.test)] is True:
                yield Notice(told.code, told.text, item.id, told.provision.record)
        yield from _notices_of_line(one, item, line)


def _notices_of_line(one: Assessment, item: AssessedItem, line: LineProgram) -> Iterator[Notice]:
    for step in line.trace.reasons:
        if step.constant is False and step.law is not None:
            yield Notice("outside", step.label, item.id, step.law.record)
    tariff = line.trace.tariff
    if tariff is not None and any(charge.name == "customs_duty" and charge.collection.model != "exempt" for charge in item.charges):
        for text in tariff.notices:
            yield Notice("tariff", text, item.id)
    for charge in item.charges:
        risk = charge.collection.double_collection_risk
        if risk is not None:
            yield Notice(risk, f"{charge.title} may be taken twice: {risk.replace('_', ' ')}", item.id)


__all__ = [
    "AssessedItem", "Assessment", "Charge", "Collection", "FactsError", "Missing", "Notice", "Step",
    "due_day",
]  # fmt: skip
