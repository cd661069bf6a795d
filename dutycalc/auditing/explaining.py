"""Explaining: for each difference between what was booked and what is owed, the cause and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from dutycalc.answer import reference
from dutycalc.assessment import Assessment
from dutycalc.auditing.dues import Compared, Owed, compare, total
from dutycalc.auditing.entries import Entry
from dutycalc.auditing.findings import Cause, Difference, Finding
from dutycalc.auditing.hypotheses import (
    Assess,
    Exact,
    Hypothesis,
    exact_of,
    hypotheses,
    rounded_otherwise,
)
from dutycalc.decided import in_minor_units
from dutycalc.law import Provision
from dutycalc.money import EXACT, LOOSE, QUOTIENTS, Money, quantum

TELLING: Final = 20
"""A percentage of a base is no evidence unless a percentage point makes at least so many minor units."""

HALVES: Final = 2
"""Rates that nobody stated are tried in halves of a percentage point."""


class Explaining:
    """The differences of one consignment, and what explains them."""

    def __init__(
        self, assess: Assess, entry: Entry, found: Assessment, owed: Owed, compared: Sequence[Compared]
    ) -> None:
        self.assess = assess
        self.entry = entry
        self.found = found
        self.owed = owed
        self.compared = compared

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, item by item."""
        for item in dict.fromkeys(one.item for one in self.compared):
            wrong = [
                one
                for one in self.compared
                if one.item == item and (one.charged != one.owed or any(one.collection_faults()))
            ]
            if wrong:
                yield from self._explained(item, wrong)

    def _explained(self, item: str, wrong: list[Compared]) -> Iterator[Finding]:
        """Yield one finding where one cause explains all of an item, else one for each cause and charge."""
        off = [one for one in wrong if one.charged != one.owed]
        if not off:
            yield self._finding(
                item, wrong, "wrong collector", _together(self._collectors(one) for one in wrong)
            )
            return
        for sure in (self._rounding, _nothing_booked, _booked_twice):
            texts = [sure(one) for one in off]
            if all(texts):
                cause = _CAUSE_OF[sure.__name__]
                text = self._with_collectors(cause, _together(map(str, texts)), wrong)
                yield self._finding(item, wrong, cause, text)
                return
        apart: dict[str, Hypothesis] = {}
        if any(one.bookings for one in off):
            joint = self._joint(item, off, apart)
            if joint is not None:
                yield self._finding(item, wrong, joint.cause, joint.text)
                return
        causes: dict[tuple[Cause, str], list[Compared]] = {}
        for one in wrong:
            causes.setdefault(self._alone(one, apart), []).append(one)
        for (cause, text), charges in causes.items():
            yield self._finding(item, charges, cause, self._with_collectors(cause, text, charges))

    def _joint(self, item: str, off: list[Compared], apart: dict[str, Hypothesis]) -> Hypothesis | None:
        """Return the first misreading that gives all that was booked on an item; note those for one charge.

        One that also has the collectors as booked goes before one of the same cause that has not.
        """
        second: Hypothesis | None = None
        for one in hypotheses(self.found, item, self.assess, self._rates(item)):
            if second is not None and one.cause != second.cause:
                break
            if one.owed.currency != self.owed.currency:
                continue
            other = {
                each.charge: each for each in compare(one.owed, self.entry.bookings) if each.item == item
            }
            if all(each.charged == each.owed for each in other.values()):
                if not any(fault for each in other.values() for fault in each.collection_faults()):
                    return one
                if second is None:
                    text = self._with_collectors(one.cause, one.text, tuple(other.values()))
                    second = one.replaced(text=text)
            for each in off:
                alike = other.get(each.charge)
                if alike is not None and alike.charged == alike.owed and each.bookings and not one.guessed:
                    apart.setdefault(each.charge, one)
        return second

    def _alone(self, one: Compared, apart: dict[str, Hypothesis]) -> tuple[Cause, str]:
        """Return what explains one charge by itself."""
        if one.charged == one.owed:
            return "wrong collector", self._collectors(one)
        if text := self._rounding(one):
            return "rounding", text
        if text := _nothing_booked(one):
            return "not collected", text
        if text := _booked_twice(one):
            return "collected twice", text
        if one.charge in apart:
            return apart[one.charge].cause, apart[one.charge].text
        if not one.charged and one.owed > 0:
            return "not collected", "booked at nothing"
        if one.owed > 0 and one.charged == EXACT.multiply(one.owed, Decimal(2)):
            return "collected twice", "exactly double what is owed"
        if text := self._other_ratio(one):
            return "wrong rate", text
        return "unknown", "not due by law" if not one.owed else "no rule of the tables gives this amount"

    def _collectors(self, one: Compared) -> str:
        return "; ".join(dict.fromkeys(one.collection_faults()))

    def _with_collectors(self, cause: Cause, text: str, charges: Sequence[Compared]) -> str:
        """Return an explanation with what is wrong about the collectors besides."""
        faults = [fault for one in charges for fault in one.collection_faults()]
        told = cause in ("wrong collector", "collected twice") or not faults
        return text if told else f"{text}; {_together(faults)}"

    def _exact(self, one: Compared) -> list[Exact]:
        found = [exact_of(self.found, due.item, due.name) for due in one.dues if due.amount]
        return [each for each in found if each is not None] if all(found) else []

    def _rounding(self, one: Compared) -> str | None:
        """Return how a charge was rounded otherwise, or None."""
        exact = self._exact(one)
        if not exact or one.charged <= 0:
            return None
        return rounded_otherwise(exact, one.charged, self.owed.currency)

    def _base(self, one: Compared) -> Decimal | None:
        """Return the sum on which a charge is reckoned, or None where it has none or a small one."""
        bases: list[Decimal] = []
        places = {item.id: n for n, item in enumerate(self.found.consignment.items)}
        for due in one.dues:
            place = places.get(due.item)
            if place is None:
                return None
            charge = next((each for each in self.found.items[place].charges if each.name == due.name), None)
            base = (
                charge.base if charge is not None and charge.base else self.found.items[place].customs_value
            )
            if base is None:
                return None
            bases.append(base.amount)
        whole = total(bases)
        point = QUOTIENTS.divide(whole, Decimal(100))
        return whole if point >= TELLING * quantum(self.owed.currency) else None

    def _ratio(self, one: Compared) -> Decimal | None:
        """Return the whole or half percentage of the base that was charged, or None."""
        base = self._base(one)
        if base is None or one.charged <= 0 or any(due.kind == "fee" for due in one.dues):
            return None
        halves = LOOSE.divide(one.charged * 100 * HALVES, base)
        whole = halves.quantize(Decimal(1), context=LOOSE)
        rate = QUOTIENTS.divide(whole, Decimal(HALVES))
        exact = QUOTIENTS.multiply(base, QUOTIENTS.divide(rate, Decimal(100)))
        off = LOOSE.subtract(exact, one.charged).copy_abs()
        return rate.normalize(LOOSE) if whole and off < quantum(self.owed.currency) else None

    def _other_ratio(self, one: Compared) -> str | None:
        rate = self._ratio(one)
        law = {decided.name: decided.rate for decided in self._charges_of(one)}
        said = f", where the law has {' and '.join(dict.fromkeys(law.values()))}" if any(law.values()) else ""
        return f"{rate:f}% of the base{said}" if rate is not None else None

    def _rates(self, item: str) -> list[Decimal]:
        """Return the rate of duty that the booking of a customs duty suggests."""
        found = []
        for one in self.compared:
            if (
                one.item == item
                and one.charged != one.owed
                and any(d.kind == "customs_duty" for d in one.dues)
            ):
                rate = self._ratio(one)
                found += [] if rate is None else [rate]
        return found

    def _charges_of(self, one: Compared) -> list[Any]:
        names = {(due.item, due.name) for due in one.dues}
        return [charge for item, charge in self.found.all_charges() if (item, charge.name) in names]

    def _finding(self, item: str, charges: Sequence[Compared], cause: Cause, text: str) -> Finding:
        currency = self.owed.currency
        records: dict[str, Provision[Any]] = {}
        for one in charges:
            for charge in self._charges_of(one):
                records |= {reference(record): record for record in charge.records}
        sources = dict.fromkeys(cite.title for record in records.values() for cite in record.citations)
        entry = self.entry
        differences = (
            Difference(one.charge, _money(one.charged, currency), _money(one.owed, currency))
            for one in charges
        )
        return Finding(
            entry.first, entry.last, entry.id, item, self.owed.period, cause, text, tuple(differences),
            tuple(records), tuple(sources),
        )  # fmt: skip


def _money(amount: Decimal, currency: str) -> Money:
    return Money(in_minor_units(amount, currency), currency)


def _nothing_booked(one: Compared) -> str | None:
    return "nothing is booked" if not one.bookings and one.owed > 0 else None


def _booked_twice(one: Compared) -> str | None:
    """Return who booked a charge more than once, if one booking is all that is owed, or several took it."""
    amounts = [booking.amount.amount for booking in one.bookings if booking.amount.amount > 0]
    if len(amounts) < 2 or one.charged <= one.owed or one.owed <= 0:
        return None
    by = dict.fromkeys(booking.collector for booking in one.bookings if booking.collector)
    if one.owed not in amounts and len(by) < 2:
        return None
    return f"booked {len(amounts)} times{', by the ' + ' and the '.join(by) if by else ''}"


_CAUSE_OF: Final[dict[str, Cause]] = {
    "_rounding": "rounding", "_nothing_booked": "not collected", "_booked_twice": "collected twice",
}  # fmt: skip


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
