"""What a ledger holds: consignments as stated, what was booked on them, and rows that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from dutycalc.errors import CurrencyError, FactsError
from dutycalc.money import Money
from dutycalc.values import Frozen
from dutycalc.words import Role, near

ROLES: Final[tuple[str, ...]] = get_args(Role)


class Booking(Frozen):
    """What was charged: on which item ("" for the whole consignment), as which charge, how much, by whom.

    `charge` is the name of a charge (`customs_duty`, `vat` …) or a kind of charge. `collector` and
    `number` are None where the ledger does not say; then nobody asks.
    """

    item: str
    charge: str
    amount: Money
    collector: str | None = None
    number: str | None = None


class Entry(Frozen):
    """One consignment of a ledger: its rows, its id, its facts as plain values, what was booked.

    `read` is how far the ledger is read once the entry is: bytes, or rows of a Parquet file.
    """

    first: int
    last: int
    id: str
    facts: Mapping[str, Any]
    bookings: tuple[Booking, ...]
    read: int = 0


class Unreadable(Frozen):
    """Rows that cannot be read, and every reason why; they are counted and not judged."""

    first: int
    last: int
    id: str
    reasons: tuple[str, ...]
    read: int = 0

    @property
    def where(self) -> str:
        """Return the rows in words."""
        return place(self.first, self.last)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "unreadable": self.id, "line": self.first, "last_line": self.last, "reasons": list(self.reasons)
        }  # fmt: skip


def place(first: int, last: int) -> str:
    """Return rows in words: `line 3`, `lines 3-5`."""
    return f"line {first}" if first == last else f"lines {first}-{last}"


def read_booking(stated: Mapping[str, Any], faults: list[str], where: str = "") -> Booking | None:
    """Return a booking from its fields, or None with what is wrong with it added to the faults."""
    before = len(faults)
    for name in stated.keys() - {"item", "charge", "amount", "collector", "number"}:
        faults.append(f"{where}{name}: unknown field{near(name, ('item', 'charge', 'amount', 'collector'))}")
    words: dict[str, str] = {}
    for name in ("item", "charge", "collector", "number"):
        value = stated.get(name)
        if value is not None and not isinstance(value, str):
            faults.append(f"{where}{name}: {value!r} is no text")
        elif value:
            words[name] = value
    if not stated.get("charge"):
        faults.append(f"{where}charge: not stated")
    collector = words.get("collector")
    if collector is not None and collector not in ROLES:
        known = ", ".join(ROLES)
        faults.append(f"{where}collector: {collector!r} is not one of {known}{near(collector, ROLES)}")
    try:
        amount = Money.parse(stated.get("amount"))
    except (FactsError, CurrencyError) as fault:
        faults.append(f"{where}amount: {fault}")
    if len(faults) > before:
        return None
    return Booking(words.get("item", ""), words["charge"], amount, collector, words.get("number"))
