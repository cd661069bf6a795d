"""What the carts around a limit come to: one outcome for each cart, and the three of them together."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal, get_args

from dutycalc.answer import Charge
from dutycalc.assessment import Assessment
from dutycalc.compare import Refused
from dutycalc.law import Provision
from dutycalc.values import Frozen

Side = Literal["under", "at", "over"]
SIDES: Final[tuple[Side, ...]] = get_args(Side)


class Outcome(Frozen):
    """One of the three carts: what varies in it, what the law measures, and what comes of it.

    `within` tells whether the law's own comparison puts it inside the limit, None where no comparison
    was reached; `assessment` is None where the cart is refused.
    """

    side: Side
    varied: str
    measured: str
    within: bool | None
    assessment: Assessment | None
    refusals: tuple[Refused, ...] = ()

    def signature(self, *, amounts: bool) -> tuple[Any, ...]:
        """Return what came about, with its amounts or without: equal where a limit changes nothing."""
        if self.assessment is None:
            return tuple((one.error, one.text) for one in self.refusals)
        return tuple(
            (
                one.name, one.rate if one.amount or amounts else "", one.collection,
                tuple(record.record for record in one.records), one.amount if amounts else None,
            )
            for _, one in self.assessment.all_charges()
        )  # fmt: skip

    def charges(self) -> dict[str, tuple[Charge, ...]]:
        """Return the charges by title."""
        found: dict[str, list[Charge]] = {}
        for _, one in self.assessment.all_charges() if self.assessment is not None else ():
            found.setdefault(one.title, []).append(one)
        return {title: tuple(each) for title, each in found.items()}

    def seen(self) -> frozenset[Any]:
        """Return what a payer would notice beside the amounts: what is due, at which rate, who collects."""
        if self.assessment is None:
            return frozenset(one.error for one in self.refusals)
        return frozenset(
            (one.title, one.rate, one.collection.collector, one.collection.moment, one.collection.scheme)
            for _, one in self.assessment.all_charges()
            if one.amount is not None and one.amount.amount
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        found = self.assessment
        return {
            "side": self.side, "varied": self.varied, "measured": self.measured, "within": self.within,
            "charges": [] if found is None else [one.to_dict() for _, one in found.all_charges()],
            "total": None if found is None else str(found.totals["all"]),
            "refusals": [one.to_dict() for one in self.refusals],
        }  # fmt: skip


class LimitCarts(Frozen):
    """The three carts around one comparison of a limit, in the circumstances of one record that turns on it.

    `words` say the comparison, `turning` which record the carts were made for, `cart` what they share.
    `remark` says what a reader would else wonder at: that nothing changes, or that no cart is exactly there.
    `close` tells that the cart under the limit comes close to it.
    """

    name: str
    day: date
    words: str
    turning: str
    cart: str
    provision: Provision[Any]
    outcomes: tuple[Outcome, ...]
    remark: str = ""
    close: bool = True

    @property
    def turns(self) -> bool:
        """Tell whether the limit changes what comes about."""
        return len({one.signature(amounts=False) for one in self.outcomes}) > 1

    @property
    def shows(self) -> bool:
        """Tell whether a payer would notice the limit, beyond a record that takes another's place."""
        return len({one.seen() for one in self.outcomes}) > 1

    def to_dict(self) -> dict[str, Any]:
        """Return the carts as plain JSON values."""
        return {
            "limit": self.name, "record": self.provision.record, "on": self.day.isoformat(),
            "words": self.words, "turning": self.turning, "cart": self.cart, "remark": self.remark,
            "carts": [one.to_dict() for one in self.outcomes],
        }  # fmt: skip
