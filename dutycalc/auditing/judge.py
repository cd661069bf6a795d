"""The judge: one consignment of a ledger against the law of its days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic_core import to_json

from dutycalc.assessment import Assessment
from dutycalc.auditing.dues import Owed, compare, owed_on
from dutycalc.auditing.entries import Booking, Entry, Unreadable
from dutycalc.auditing.explaining import Explaining
from dutycalc.auditing.findings import Difference, Finding
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, Refusals
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs, Territory
from dutycalc.money import EXACT, Money
from dutycalc.stages.duty import Classification
from dutycalc.values import Frozen
from dutycalc.words import KINDS, near

ANSWERS_KEPT: Final = 8_192
"""Equal consignments are assessed once, as long as no more than so many different ones have come between."""


class _Answer(Frozen):
    """What the law has due on a consignment, or why it cannot be read, or why it is refused."""

    owed: Owed | None
    faults: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    period: str = ""
    destination: str = ""


class Judge:
    """Holds consignments of a ledger against tables of law, in one reading of it."""

    def __init__(
        self,
        tariffs: Tariffs,
        *,
        known_on: date | None = None,
        variants: Iterable[str] = (),
        classification: Classification = "strict",
    ) -> None:
        self.tariffs = tariffs
        self.known_on = known_on
        self.variants = frozenset(variants)
        self.classification = classification
        self._answers: dict[bytes, _Answer] = {}
        self._words: dict[str, frozenset[str]] = {}

    def assess(self, cart: Consignment, variants: frozenset[str] = frozenset()) -> Assessment:
        """Return the assessment of a consignment; `variants` are readings besides those chosen."""
        return assess(
            cart, self.tariffs, known_on=self.known_on, variants=self.variants | variants,
            classification=self.classification,
        )  # fmt: skip

    def judge(self, entry: Entry) -> tuple[int, Sequence[Finding] | Unreadable]:
        """Return how many lines of goods an entry has, and its findings; or why it cannot be read."""
        answer = self._answer(entry.facts)
        faults = answer.faults or tuple(self._booking_faults(entry.bookings, answer))
        if faults:
            return 0, Unreadable(entry.first, entry.last, entry.id, faults, entry.read)
        if answer.owed is None:
            return len(answer.items), [_refused(entry, answer)]
        foreign = [one for one in entry.bookings if one.amount.currency != answer.owed.currency]
        if foreign:
            return len(answer.items), [_in_other_money(entry, answer.owed, foreign)]
        compared = compare(answer.owed, entry.bookings)
        if all(one.charged == one.owed and not any(one.collection_faults()) for one in compared):
            return len(answer.items), []
        found = self.assess(Consignment.model_validate(entry.facts))
        return len(answer.items), list(
            Explaining(self.assess, entry, found, answer.owed, compared).findings()
        )

    def _answer(self, facts: Mapping[str, Any]) -> _Answer:
        key = to_json(facts)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._assessed(facts)
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def _assessed(self, facts: Mapping[str, Any]) -> _Answer:
        try:
            cart = Consignment.model_validate(facts)
        except DutycalcError as fault:
            return _Answer(None, faults=tuple(str(one) for one in _each(fault)))
        items = tuple(item.id for item in cart.items)
        owed: Owed | None = None
        refusals: tuple[str, ...] = ()
        try:
            owed = owed_on(self.assess(cart))
        except DutycalcError as fault:
            refusals = tuple(f"{type(one).__name__}: {one}" for one in _each(fault))
        return _Answer(owed, (), refusals, items, cart.sold_on.isoformat()[:7], cart.destination)

    def _booking_faults(self, bookings: Sequence[Booking], answer: _Answer) -> Iterator[str]:
        """Yield what is wrong with bookings: an item that is not there, a charge that no law knows."""
        for one in bookings:
            if one.item and one.item not in answer.items:
                yield f"item: {one.item!r} is no item of the consignment{near(one.item, answer.items)}"
            words = self._charges(answer.destination)
            if words and one.charge not in words:
                yield f"charge: {answer.destination} has no charge {one.charge!r}{near(one.charge, words)}"

    def _charges(self, code: str) -> frozenset[str]:
        """Return the names of all charges that a territory ever had, and all kinds; nothing if refused."""
        found = self._words.get(code)
        if found is None:
            try:
                names = set(_charge_names(self.tariffs.territory(code)))
            except DutycalcError:
                names = set()
            found = self._words[code] = frozenset({*names, *KINDS, "stated_fee"} if names else ())
        return found


def _charge_names(territory: Territory) -> Iterator[str]:
    yield from territory.own.get("charge", {})
    for parent in territory.parents:
        yield from _charge_names(parent)


def _each(fault: DutycalcError) -> Iterator[DutycalcError]:
    if isinstance(fault, Refusals):
        for one in fault.exceptions:
            if isinstance(one, DutycalcError):
                yield from _each(one)
    else:
        yield fault


def _booked_in_all(bookings: Iterable[Booking]) -> tuple[Difference, ...]:
    """Return what was charged by charge and currency, where what is owed is not known."""
    found: dict[tuple[str, str], Decimal] = {}
    for one in bookings:
        key = (one.charge, one.amount.currency)
        found[key] = EXACT.add(found.get(key, Decimal(0)), one.amount.amount)
    return tuple(
        Difference(charge, Money(sum_, currency), None) for (charge, currency), sum_ in found.items()
    )


def _refused(entry: Entry, answer: _Answer) -> Finding:
    text = "; ".join(answer.refusals)
    return Finding(
        entry.first, entry.last, entry.id, "", answer.period, "unknown", text, _booked_in_all(entry.bookings)
    )


def _in_other_money(entry: Entry, owed: Owed, foreign: Sequence[Booking]) -> Finding:
    money = ", ".join(sorted({one.amount.currency for one in foreign}))
    text = f"booked in {money}, while the law charges in {owed.currency}: the two cannot be compared"
    return Finding(
        entry.first, entry.last, entry.id, "", owed.period, "unknown", text, _booked_in_all(entry.bookings)
    )
