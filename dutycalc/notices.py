"""Notices: what whoever reads an assessment should know of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dutycalc.answer import Notice
from dutycalc.law import Provision
from dutycalc.stages.tracing import LineProgram

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment


def notices_of(one: Assessment) -> Iterator[Notice]:
    """Yield the notices of an assessment, first what concerns all, then line by line."""
    checked = one.territory.checked_on
    for day in sorted({one.consignment.sold_on, one.consignment.import_day}):
        if day > checked:
            yield Notice(
                "tables_older_than_day",
                f"the tables of {one.territory.code} were last checked on {checked}; the law of {day} may differ",
            )
    doubtful: dict[str, Provision[Any]] = {}
    for decided in one.decisions():
        for record in decided.way.provisions:
            if record.confidence != "confirmed":
                doubtful.setdefault(record.record, record)
        law = decided.outcome.provision
        if law is not None and law.confidence != "confirmed":
            doubtful.setdefault(law.record, law)
    for record in doubtful.values():
        note = f": {record.note}" if record.note else ""
        yield Notice(f"record_{record.confidence}", f"{record.record} is {record.confidence}{note}", "", record.record)
    for place, (item, line) in enumerate(zip(one.consignment.items, one.lines, strict=True)):
        yield from _of_line(one, place, item.id, line)


def _of_line(one: Assessment, place: int, item: str, line: LineProgram) -> Iterator[Notice]:
    values = one.line_values[place]
    for told in line.told:
        if told.test is None or values[line.program.place(told.test)] is True:
            yield Notice(told.code, told.text, item, told.provision.record)
    for step in line.trace.reasons:
        if step.constant is False and step.law is not None:
            yield Notice("outside", step.label, item, step.law.record)
    decided = one.decisions_on(place)
    tariff = line.trace.tariff
    if tariff is not None and any(
        each.traced.provision.value.rate == "schedule" and each.way.rate not in ("", "unknown")
        and each.outcome.model != "exempt" for each in decided
    ):  # fmt: skip
        for text in tariff.notices:
            yield Notice("tariff", text, item)
    for each in decided:
        risk = each.outcome.risk
        if risk is not None:
            title = each.traced.provision.value.title or each.traced.name.replace("_", " ")
            yield Notice(risk, f"{title} may be taken twice: {risk.replace('_', ' ')}", item)
