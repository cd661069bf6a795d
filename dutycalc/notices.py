"""Notices: what whoever reads an assessment should know of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from dutycalc.answer import Notice
from dutycalc.decided import Decided
from dutycalc.stages.tracing import LineProgram

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment


_NO_PRICE: Final = (
    "nothing is paid for the goods, and they are assessed at nothing; customs may value goods supplied free "
    "of charge in another way: state a value as the price where one is known"
)


def notices_of(one: Assessment) -> Iterator[Notice]:
    """Yield the notices of an assessment, first what concerns all, then line by line."""
    checked = one.territory.checked_on
    for day in sorted({one.consignment.sold_on, one.consignment.import_day}):
        if day > checked:
            checked_then = f"the tables of {one.territory.code} were last checked on {checked}"
            yield Notice("tables_older_than_day", f"{checked_then}; the law of {day} may differ")
    doubtful: dict[str, Notice] = {}
    for place in (*range(len(one.lines)), None):
        kept = (one.whole if place is None else one.lines[place]).kept
        for decided in one.decisions_on(place):
            key = ("doubtful", id(decided.outcome), id(decided.way))
            found = kept.get(key)
            if found is None:
                found = kept[key] = _doubtful(decided)
            for notice in found:
                doubtful.setdefault(notice.record, notice)
    yield from doubtful.values()
    for place, (item, line) in enumerate(zip(one.consignment.items, one.lines, strict=True)):
        values = one.line_values[place]
        for told in line.told:
            if told.test is None or values[line.program.place(told.test)] is True:
                yield Notice(told.code, told.text, item.id, told.provision.record)
        told_of = ("notices", item.id)
        if told_of not in line.kept:
            line.kept[told_of] = tuple(_of_line(item.id, line))
        yield from line.kept[told_of]
        yield from _of_charges(item.id, line, one.decisions_on(place))
        if values[line.price] == 0:
            yield Notice("no_price", _NO_PRICE, item.id)
    if one.whole.trace.laws["sale"].all("refund") or one.whole.trace.laws["import"].all("refund"):
        from dutycalc.refunds import refunds_of  # noqa: PLC0415 # only where law has refunds

        for refund in refunds_of(one):
            yield Notice("refund", refund.text, refund.item, refund.provision.record)
    from dutycalc.savings import savings_of  # noqa: PLC0415 # only whoever reads the notices pays for it

    yield from savings_of(one)
    if one.whole.trace.border.all("layer"):
        from dutycalc.unanswered import unanswered_of  # noqa: PLC0415 # only where there are layers

        yield from unanswered_of(one)


def _doubtful(decided: Decided) -> tuple[Notice, ...]:
    """Return a notice for each record behind a charge that no authority's own text confirms."""
    law = decided.outcome.provision
    found = []
    for record in (*decided.way.provisions, *([law] if law is not None else [])):
        if record.confidence != "confirmed":
            note = f": {record.note}" if record.note else ""
            text = f"{record.record} is {record.confidence}{note}"
            found.append(Notice(f"record_{record.confidence}", text, "", record.record))
    return tuple(found)


def _of_line(item: str, line: LineProgram) -> Iterator[Notice]:
    """Yield what the categories of a line settle."""
    for step in line.trace.reasons:
        if step.constant is False and step.law is not None:
            yield Notice("outside", step.label, item, step.law.record)


def _of_charges(item: str, line: LineProgram, decided: Sequence[Decided]) -> Iterator[Notice]:
    """Yield what the outcome of each charge makes worth knowing."""
    tariff = line.trace.tariff
    by_tariff = False
    for traced, outcome, way, _ in decided:
        if outcome.risk is not None:
            title = traced.provision.value.title or traced.name.replace("_", " ")
            yield Notice(outcome.risk, f"{title} may be taken twice: {outcome.risk.replace('_', ' ')}", item)
        if tariff is not None and outcome.model != "exempt":
            by_tariff = by_tariff or any(tariff.gives(one) for one in way.provisions)
    if tariff is not None and by_tariff:
        if tariff.classified:
            yield Notice("classification", tariff.classified, item)
        for text in tariff.notices:
            yield Notice("tariff", text, item)
