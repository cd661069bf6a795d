"""What an audit finds: findings by cause, and their sums by currency, cause and month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from heapq import heappush, heappushpop
from typing import Any, Final, Literal, get_args

from dutycalc.auditing.dues import total
from dutycalc.auditing.entries import Unreadable, place
from dutycalc.money import EXACT, Money, plain
from dutycalc.values import Frozen

Cause = Literal[
    "rounding", "wrong day", "wrong regime", "wrong rate", "not collected", "collected twice",
    "wrong collector", "unknown",
]  # fmt: skip
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

FORMAT: Final = "dutycalc.audit/1"
WORST_KEPT: Final = 20
UNREADABLE_KEPT: Final = 100


class Difference(Frozen):
    """One charge: what was charged and what is owed; `owed` is None where the law's answer is a refusal."""

    charge: str
    charged: Money
    owed: Money | None

    @property
    def difference(self) -> Money | None:
        """Return what was charged too much; below zero, too little."""
        return None if self.owed is None else self.charged - self.owed

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "charge": self.charge, "charged": str(self.charged),
            "owed": None if self.owed is None else str(self.owed),
            "difference": None if self.difference is None else str(self.difference),
        }  # fmt: skip


class Finding(Frozen):
    """A line of goods ("" for the whole consignment) on which something else was charged than is owed.

    `cause` is the first in the order of `CAUSES` that explains it, `explanation` the evidence. `law` names
    the records of law that the charges rest on, `sources` where they are written.
    """

    first: int
    last: int
    consignment: str
    item: str
    period: str
    cause: Cause
    explanation: str
    differences: tuple[Difference, ...]
    law: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Return the path: rows, consignment and item."""
        item = f", item {self.item}" if self.item else ""
        return f"{place(self.first, self.last)}: {self.consignment}{item}"

    @property
    def stake(self) -> Money | None:
        """Return how bad it is: all differences, each without its sign; else what the wrong one collected.

        None where nothing was charged and what is owed is not known.
        """
        if not self.differences:
            return None
        off = [one.difference.amount.copy_abs() for one in self.differences if one.difference is not None]
        whole = total(off) or total(one.charged.amount.copy_abs() for one in self.differences)
        return Money(whole, self.differences[0].charged.currency)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain JSON values; amounts are exact strings."""
        return {
            "line": self.first, "last_line": self.last, "consignment": self.consignment, "item": self.item,
            "period": self.period, "cause": self.cause, "explanation": self.explanation,
            "differences": [one.to_dict() for one in self.differences], "law": list(self.law),
            "sources": list(self.sources),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Finding:
        """Return the finding of its plain values."""
        differences = tuple(
            Difference(
                one["charge"],
                Money.parse(one["charged"]),
                None if one["owed"] is None else Money.parse(one["owed"]),
            )
            for one in stated["differences"]
        )
        return cls(
            stated["line"], stated["last_line"], stated["consignment"], stated["item"], stated["period"],
            stated["cause"], stated["explanation"], differences, tuple(stated["law"]),
            tuple(stated["sources"]),
        )  # fmt: skip


class Sums(Frozen):
    """Sums in one currency: `over` is what was charged too much, `under` what too little, both above zero.

    `unjudged` was charged where what is owed is not known, and is in no other sum.
    """

    findings: int = 0
    charged: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)
    over: Decimal = Decimal(0)
    under: Decimal = Decimal(0)
    unjudged: Decimal = Decimal(0)

    def plus(self, differences: Iterable[Difference], findings: int) -> Sums:
        """Return the sums with some differences more."""
        add = EXACT.add
        charged, owed, over, under, unjudged = self.charged, self.owed, self.over, self.under, self.unjudged
        for one in differences:
            if one.owed is None:
                unjudged = add(unjudged, one.charged.amount)
                continue
            off = EXACT.subtract(one.charged.amount, one.owed.amount)
            charged, owed = add(charged, one.charged.amount), add(owed, one.owed.amount)
            over, under = (add(over, off), under) if off > 0 else (over, EXACT.subtract(under, off))
        return Sums(self.findings + findings, charged, owed, over, under, unjudged)

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as plain JSON values."""
        amounts = {name: plain(getattr(self, name)) for name in self._fields[1:]}
        return {"findings": self.findings} | amounts

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Sums:
        """Return the sums of their plain values."""
        return cls(stated["findings"], *(Decimal(stated[name]) for name in cls._fields[1:]))


class Summary:
    """What an audit found in all: counts and sums, always exact; the worst findings, the first bad rows.

    `totals` are by currency, cause and month of the sale; `worst` keeps so many findings of each currency.
    """

    def __init__(self, worst: int = WORST_KEPT) -> None:
        self.keep = worst
        self.lines = 0
        self.consignments = 0
        self.items = 0
        self.findings = 0
        self.unreadable_count = 0
        self.unreadable: list[Unreadable] = []
        self.totals: dict[tuple[str, Cause, str], Sums] = {}
        self._worst: dict[str, list[tuple[Decimal, int, int, Finding]]] = {}

    def add(self, one: Finding | Unreadable) -> None:
        """Count a finding, or rows that cannot be read."""
        if isinstance(one, Unreadable):
            self.unreadable_count += 1
            if len(self.unreadable) < UNREADABLE_KEPT:
                self.unreadable.append(one)
            return
        self.findings += 1
        currencies: dict[str, list[Difference]] = {}
        for each in one.differences:
            currencies.setdefault(each.charged.currency, []).append(each)
        for n, (currency, differences) in enumerate((currencies or {"": []}).items()):
            key = (currency, one.cause, one.period)
            self.totals[key] = self.totals.get(key, Sums()).plus(differences, int(n == 0))
        stake = one.stake
        amount, currency = (stake.amount, stake.currency) if stake is not None else (Decimal(0), "")
        heap = self._worst.setdefault(currency, [])
        ranked = (amount, -one.first, -self.findings, one)
        if len(heap) < self.keep:
            heappush(heap, ranked)
        elif heap:
            heappushpop(heap, ranked)

    @property
    def worst(self) -> tuple[Finding, ...]:
        """Return the worst findings of each currency, the worst first."""
        return tuple(
            ranked[3] for _, heap in sorted(self._worst.items()) for ranked in sorted(heap, reverse=True)
        )

    def by_cause(self) -> dict[tuple[str, Cause], Sums]:
        """Return the sums of each currency and cause over all months, the worst first in each currency."""
        found: dict[tuple[str, Cause], Sums] = {}
        for (currency, cause, _), sums in self.totals.items():
            before = found.get((currency, cause), Sums())
            found[currency, cause] = Sums(
                *(getattr(before, name) + getattr(sums, name) for name in Sums._fields)
            )
        return dict(sorted(found.items(), key=lambda one: _rank(one[0][0], one[1], one[0][1])))

    def ordered_totals(self) -> list[tuple[str, Cause, str, Sums]]:
        """Return the totals, in each currency the worst first."""
        rows = [(*key, sums) for key, sums in self.totals.items()]
        return sorted(rows, key=lambda row: (*_rank(row[0], row[3], row[1]), row[2]))

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain JSON values; amounts are exact strings."""
        return {
            "format": FORMAT,
            "lines": self.lines, "consignments": self.consignments, "items": self.items,
            "findings": self.findings, "unreadable": self.unreadable_count,
            "totals": [
                {"currency": currency, "cause": cause, "period": period} | sums.to_dict()
                for currency, cause, period, sums in self.ordered_totals()
            ],
            "worst": [one.to_dict() for one in self.worst],
            "unreadable_rows": [one.to_dict() for one in self.unreadable],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any], worst: int) -> Summary:
        """Return the summary of its plain values, to go on counting."""
        found = cls(worst)
        # Among equals the earlier finding is the worse: those that are read back come before all later ones.
        for n, one in enumerate(stated["worst"]):
            finding = Finding.from_dict(one)
            stake = finding.stake
            amount, currency = (stake.amount, stake.currency) if stake is not None else (Decimal(0), "")
            ranked = (amount, -finding.first, -n, finding)
            heappush(found._worst.setdefault(currency, []), ranked)
        found.lines, found.consignments = stated["lines"], stated["consignments"]
        found.items, found.findings = stated["items"], stated["findings"]
        found.unreadable_count = stated["unreadable"]
        found.unreadable = [
            Unreadable(one["line"], one["last_line"], one["unreadable"], tuple(one["reasons"]))
            for one in stated["unreadable_rows"]
        ]
        found.totals = {
            (one["currency"], one["cause"], one["period"]): Sums.from_dict(one) for one in stated["totals"]
        }
        return found


def _rank(currency: str, sums: Sums, cause: Cause) -> tuple[Any, ...]:
    return currency, -(sums.over + sums.under or sums.charged + sums.unjudged), CAUSES.index(cause)
