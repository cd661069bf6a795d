"""What the law has due on a consignment, in short, and what of it was booked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from dutycalc.assessment import Assessment
from dutycalc.auditing.entries import Booking
from dutycalc.decided import Decided
from dutycalc.money import EXACT
from dutycalc.stages.collection import Outcome
from dutycalc.values import Frozen


class Due(Frozen):
    """A charge that the law has on an item ("" for the whole): how much, who collects, under which number."""

    item: str
    name: str
    kind: str
    amount: Decimal
    collector: str | None
    number: str | None


class Owed(Frozen):
    """What the law has due on a consignment, in one currency, and the month of its sale."""

    currency: str
    period: str
    items: tuple[str, ...]
    dues: tuple[Due, ...]


class Compared(Frozen):
    """A charge of the law beside what was booked of it; several charges where a booking is of several."""

    item: str
    charge: str
    dues: tuple[Due, ...]
    bookings: tuple[Booking, ...]

    @property
    def owed(self) -> Decimal:
        """Return what the law has due."""
        return total(one.amount for one in self.dues)

    @property
    def charged(self) -> Decimal:
        """Return what was booked."""
        return total(one.amount.amount for one in self.bookings)

    def collection_faults(self) -> Iterator[str]:
        """Yield what is wrong about who collected, and under which number, where bookings and law name it."""
        due = [one for one in self.dues if one.amount]
        collectors = {one.collector for one in due if one.collector is not None}
        numbers = {one.number for one in due if one.number is not None}
        for one in self.bookings:
            if not one.amount.amount or not due:
                continue
            if one.collector is not None and collectors and one.collector not in collectors:
                law = " or ".join(sorted(map(str, collectors)))
                yield f"collected by the {one.collector}; the law has the {law} collect it"
            elif one.number is not None and numbers and one.number not in numbers:
                law = " or ".join(sorted(map(str, numbers)))
                yield f"collected under {one.number}; the number is {law}"


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    found = Decimal(0)
    for one in amounts:
        found = EXACT.add(found, one)
    return found


def owed_on(assessment: Assessment) -> Owed:
    """Return what an assessment has due."""
    found: list[Due] = []
    items = assessment.consignment.items
    for place, item in enumerate(items):
        found += [due_of(assessment, item.id, one) for one in assessment.decisions_on(place)]
    found += [due_of(assessment, "", one) for one in assessment.decisions_on(None)]
    period = assessment.consignment.sold_on.isoformat()[:7]
    return Owed(assessment.currency, period, tuple(item.id for item in items), tuple(found))


def due_of(assessment: Assessment, item: str, one: Decided) -> Due:
    """Return a decided charge in short."""
    amount, outcome = one.amount, one.outcome
    assert amount is not None, "an assessment that is not partial knows every amount"
    kind = one.traced.provision.value.kind
    return Due(item, one.traced.name, kind, amount, outcome.collector, _number(assessment, outcome))


def _number(assessment: Assessment, outcome: Outcome) -> str | None:
    """Return the number under which the law has a charge collected, or None where it names none."""
    party = getattr(assessment.consignment, outcome.holder, None) if outcome.holder else None
    if party is None or outcome.registration is None:
        return None
    found: str | None = party.registrations.get(outcome.registration)
    return found


def compare(owed: Owed, bookings: Sequence[Booking]) -> list[Compared]:
    """Return every charge of the law beside its bookings, and every booking of a charge that is not due.

    A booking bears on the charges of its item, or of the whole consignment, that have its name; else on
    those of its kind that nothing is booked for by name.
    """
    booked: dict[tuple[str, str], list[Booking]] = {}
    for one in bookings:
        booked.setdefault((one.item, one.charge), []).append(one)
    dues: dict[tuple[str, str], list[Due]] = {key: [] for key in booked}
    for due in owed.dues:
        own = (due.item, due.name)
        keys = (own, ("", due.name), (due.item, due.kind), ("", due.kind))
        dues.setdefault(next((key for key in keys if key in booked), own), []).append(due)
    return [
        Compared(item, charge, tuple(found), tuple(booked.get((item, charge), ())))
        for (item, charge), found in dues.items()
    ]
