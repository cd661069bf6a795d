"""Ledgers for Hypothesis: what is owed was charged, or was not in one named way on one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, get_args

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dutycalc.assessment import Assessment
from dutycalc.auditing.dues import Due, Owed, owed_on
from dutycalc.auditing.findings import CAUSES, Cause
from dutycalc.auditing.hypotheses import exact_of, hypotheses
from dutycalc.auditing.judge import Judge
from dutycalc.errors import DutycalcError
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs
from dutycalc.money import MODES, Rounding, plain, quantum
from dutycalc.values import Frozen
from dutycalc.words import Role, near


class PlantedError(Frozen):
    """An error in a ledger: on which line of which consignment, and what the audit must call it."""

    consignment: str
    item: str
    cause: Cause


class DrawnLedger(Frozen):
    """A ledger: its entries as JSON Lines has them, and the errors planted in it."""

    entries: tuple[dict[str, Any], ...]
    planted: tuple[PlantedError, ...]

    def to_jsonl(self) -> bytes:
        """Return the ledger as a file of JSON Lines."""
        return b"".join(json.dumps(one).encode() + b"\n" for one in self.entries)


Charged = list[dict[str, Any]]


def ledgers_of(
    carts: SearchStrategy[Consignment],
    tariffs: Tariffs,
    *,
    max_consignments: int,
    errors: Sequence[Cause] = (),
) -> SearchStrategy[DrawnLedger]:
    """Return ledgers of the consignments, with errors planted as `strategies.ledgers` says."""
    for named in errors:
        if named not in CAUSES:
            raise ValueError(f"errors: {named!r} is no cause{near(named, CAUSES)}")
    if max_consignments < max(1, len(errors)):
        raise ValueError("max_consignments: each error needs a consignment of its own")
    return _drawn(carts, tariffs, max_consignments, tuple(errors))


@st.composite
def _drawn(
    draw: DrawFn, carts: SearchStrategy[Consignment], tariffs: Tariffs, most: int, errors: tuple[Cause, ...]
) -> DrawnLedger:
    judge = Judge(tariffs)
    found: list[dict[str, Any]] = []
    planted: list[PlantedError] = []
    for n in range(draw(st.integers(max(1, len(errors)), most))):
        id = f"L-{n + 1}"
        cause: Cause | None = errors[n] if n < len(errors) else None
        cart, assessment = _answered(draw, judge, carts)
        owed = owed_on(assessment)
        charged = [_booking(due, owed.currency) for due in owed.dues if due.amount]
        if cause is not None:
            ways = [
                (item, way) for item in owed.items for way in _PLANTS[cause](judge, assessment, owed, item)
            ]
            if not ways:
                reject()
            item, own = draw(st.sampled_from(ways))
            charged = [one for one in charged if one["item"] != item] + own
            planted.append(PlantedError(id, item, cause))
        stated = json.loads(cart.model_dump_json(exclude_unset=True))
        found.append({"id": id, "consignment": stated, "charged": charged})
    return DrawnLedger(tuple(found), tuple(planted))


TRIES: Final = 5
"""Carts drawn for one that the tables answer in full."""


def _answered(
    draw: DrawFn, judge: Judge, carts: SearchStrategy[Consignment]
) -> tuple[Consignment, Assessment]:
    for _ in range(TRIES):
        cart = draw(carts)
        try:
            return cart, judge.assess(cart)
        except DutycalcError:
            continue
    reject()


def _booking(due: Due, currency: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "item": due.item, "charge": due.name, "amount": f"{plain(due.amount)} {currency}",
        "collector": due.collector, "number": due.number,
    } | changes  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _lawful(owed: Owed, item: str, but: Due | None = None) -> Charged:
    return [
        _booking(due, owed.currency)
        for due in owed.dues
        if due.item == item and due.amount and due is not but
    ]


def _unit(found: Assessment, due: Due) -> Decimal:
    exact = exact_of(found, due.item, due.name)
    return quantum(found.currency) if exact is None else max(exact.unit, quantum(found.currency))


def _large(found: Assessment, owed: Owed, item: str) -> Iterator[Due]:
    """Yield the charges of a line that are too large for an error in them to be one of rounding."""
    for due in owed.dues:
        if due.item == item and due.amount > 2 * _unit(found, due):
            yield due


def _rounding(_: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
    for due in owed.dues:
        exact = exact_of(found, item, due.name) if due.item == item and due.amount else None
        for mode in MODES if exact is not None else ():
            other = Rounding(exact.unit, mode).apply(exact.amount)  # type: ignore[union-attr]
            if other > 0 and other != due.amount and abs(other - due.amount) <= exact.unit:  # type: ignore[union-attr]
                amount = f"{plain(other)} {owed.currency}"
                yield [*_lawful(owed, item, due), _booking(due, owed.currency, amount=amount)]


def _misread(cause: Cause) -> Callable[[Judge, Assessment, Owed, str], Iterator[Charged]]:
    def plants(judge: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
        own = _amounts(owed, item)
        earlier = [own]
        for one in hypotheses(found, item, judge.assess, ()):
            other = _amounts(one.owed, item)
            if one.cause == cause and one.owed.currency == owed.currency and other not in earlier:
                off = {name for name in own.keys() | other.keys() if own.get(name) != other.get(name)}
                clear = any(
                    abs(due.amount - other.get(due.name, Decimal(0))) > _unit(found, due)
                    for due in owed.dues
                    if due.item == item
                )
                if clear and any(other.get(name) for name in off):
                    yield _lawful(one.owed, item)
                    return
            if one.cause != cause:
                earlier.append(other)
                if CAUSES.index(one.cause) > CAUSES.index(cause):
                    return

    return plants


def _amounts(owed: Owed, item: str) -> dict[str, Decimal]:
    return {due.name: due.amount for due in owed.dues if due.item == item and due.amount}


def _not_collected(_: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
    for due in owed.dues:
        if due.item == item and due.amount > 0:
            yield _lawful(owed, item, due)


def _twice(_: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
    for due in _large(found, owed, item):
        yield [*_lawful(owed, item), _booking(due, owed.currency)]


def _collector(_: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
    for due in owed.dues:
        if due.item == item and due.amount and due.collector is not None:
            other = next(one for one in get_args(Role) if one != due.collector)
            yield [*_lawful(owed, item, due), _booking(due, owed.currency, collector=other)]


def _unknown(_: Judge, found: Assessment, owed: Owed, item: str) -> Iterator[Charged]:
    """Turn the sign of a booking: no reading of any law gives that."""
    for due in _large(found, owed, item):
        amount = f"{plain(due.amount.copy_negate())} {owed.currency}"
        yield [*_lawful(owed, item, due), _booking(due, owed.currency, amount=amount)]


_PLANTS: Final[dict[Cause, Callable[[Judge, Assessment, Owed, str], Iterator[Charged]]]] = {
    "rounding": _rounding,
    "wrong day": _misread("wrong day"),
    "wrong regime": _misread("wrong regime"),
    "wrong rate": _misread("wrong rate"),
    "not collected": _not_collected,
    "collected twice": _twice,
    "wrong collector": _collector,
    "unknown": _unknown,
}

__all__ = ["DrawnLedger", "PlantedError", "ledgers_of"]
