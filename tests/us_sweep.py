"""Every tariff line of the United States, from many origins, on many days: an amount, or a refusal by name.

    python tests/us_sweep.py            sweep all of them and write docs/jurisdictions/us-sweep.md
    python tests/us_sweep.py --show     print the page instead

Four million answers are too many to trace one by one. Lines in the same lists of goods bear the same
layers, and lines of the same rate the same duty, so each is found once; `cells` gives what any one cell
comes to, and a test holds a sample of them against `assess`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from dutycalc import Consignment, DutycalcError, Money, Tariffs, load_tariffs
from dutycalc.errors import NotInForceError
from dutycalc.expressions import parse
from dutycalc.law import Provision
from dutycalc.loader import Law
from dutycalc.money import EXACT, round_to
from dutycalc.profile import ItemProfile, consignment_profile, item_profile
from dutycalc.schedules import Schedule
from dutycalc.stages.context import Whole, in_range, mismatch, names_goods, unsettled_by
from dutycalc.stages.layers import Stack, amounts, settle, with_lists

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "jurisdictions" / "us-sweep.md"

DAYS = tuple(
    date.fromisoformat(day)
    for day in (
        "2018-10-01", "2019-09-01", "2020-02-14", "2025-03-04", "2025-04-09", "2025-08-07",
        "2026-01-15", "2026-02-23", "2026-02-24", "2026-05-01", "2026-07-24", "2026-11-23",
    )
)  # fmt: skip
"""Days of twelve stretches of law, from the first that the tables cover."""

ORIGINS = (
    "AU", "BD", "BR", "CA", "CH", "CN", "CU", "DE", "FR", "GB", "GT", "HK", "ID", "IE", "IL",
    "IN", "IT", "JP", "KR", "MX", "MY", "NI", "PH", "RU", "SG", "TH", "TR", "TW", "VN", "ZA",
)  # fmt: skip
"""Thirty origins: the largest, and those of every special treatment."""

VALUE = Money.parse("10000 USD")
CENT = Decimal("0.01")

MEASURES: Mapping[str, Decimal] = {
    unit: Decimal(100)
    for unit in (
        "item", "head", "kg", "l", "m2", "m3", "m", "t", "g", "doz", "pair", "bbl", "pfl", "gross", "thousand", "pack",
        "kg/drained", "kg/clean", "kg/total sugars", "kg/contents", "kg/contents and container",
    )
}  # fmt: skip
"""Quantities of every line; a rate that needs another is refused and counted as such."""


UNSETTLED = "additional duty: the code needs more than eight digits"


BEFORE = "customs duty: the tariff schedule does not cover the day"


class Cell(NamedTuple):
    """One answer: what is due, or why nothing is said."""

    amount: Decimal | None
    refusal: str


def consignment(day: date, origin: str) -> Consignment:
    """Return the cart of every cell: one line of USD 10,000, by freight."""
    return Consignment.model_validate({
        "destination": "US", "dispatch": origin if len(origin) == 2 else "CN", "sold_on": str(day),
        "channel": "freight", "transport_mode": "air", "buyer": {"kind": "business"},
        "items": [{"id": "1", "commodity": "01012100", "origin": origin, "quantity": "1",
                   "unit_price": "10000.00 USD"}],
    })  # fmt: skip


def under(whole: Whole, layers: dict[str, Any]) -> Whole:
    """Return the same consignment under a law of other layers."""
    old = whole.border
    law = Law(old.code, old.day, {**old.families, "layer": layers}, old.known_on, old.variants)
    return Whole(whole.profile, law, law)


class Day:
    """The law of a day: what a line bears, found once for all lines that law does not tell apart."""

    def __init__(self, tariffs: Tariffs, day: date) -> None:
        self.day = day
        territory = tariffs.territory("US")
        self.law: Law = territory.law(day)
        schedule = territory.schedule()
        assert schedule is not None
        self.schedule: Schedule = schedule
        self.entries = sorted({
            entry
            for family in ("layer", "unmodelled", "prohibition")
            for one in self.law.all(family).values()
            for goods in (one.value.only_for, one.value.not_for) if goods is not None
            for entry in goods.commodities
        })  # fmt: skip
        self.item = item_profile(consignment(day, ORIGINS[0]).items[0])
        self._whole: dict[str, Whole] = {}
        self._duty: dict[tuple[str, bool], Decimal | str] = {}
        self._amount: dict[str, Decimal | str] = {}
        self._stack: dict[tuple[Any, str], Stack | str] = {}
        self._added: dict[tuple[Any, str, Any], Decimal] = {}

    def whole(self, origin: str) -> Whole:
        """Return the consignment from an origin, under the layers that its goods could ever bear."""
        found = self._whole.get(origin)
        if found is None:
            cart = consignment(self.day, origin)
            profile = consignment_profile(cart, None, frozenset())
            whole, item = Whole(profile, self.law, self.law), item_profile(cart.items[0])
            layers = {
                name: one for name, one in self.law.all("layer").items()
                if not one.value.when or any(not mismatch(each, whole, item) for each in one.value.when)
            }  # fmt: skip
            found = self._whole[origin] = under(whole, layers)
        return found

    def duty(self, code: str, origin: str) -> Decimal | str:
        """Return the customs duty of a line, rounded, or why there is none."""
        second = "column-2" in self.schedule.groups.of(origin, self.day)
        key = (code, second)
        found = self._duty.get(key)
        if found is None:
            try:
                found = self._by_text(self.schedule.lookup(code, origin, self.day).only().expression_text)
            except NotInForceError:
                found = BEFORE
            except DutycalcError as fault:
                found = f"customs duty: {type(fault).__name__}"
            self._duty[key] = found
        return found

    def _by_text(self, text: str) -> Decimal | str:
        found = self._amount.get(text)
        if found is None:
            try:
                amount = parse(text).on(self.day).amount(VALUE, MEASURES).amount
                found = round_to(amount, CENT, "half_up")
            except DutycalcError as fault:
                found = f"customs duty: {reason_of(fault)}"
            self._amount[text] = found
        return found

    def kind_of(self, code: str) -> tuple[Any, ItemProfile]:
        """Return what of a code law on top of the tariff can tell, and the line as the stages see it."""
        item = with_lists(self.item.replaced(commodity=code), self.law)
        falls = tuple(in_range(code, entry) for entry in self.entries)
        short = tuple(entry.startswith(code) for entry in self.entries)
        return (item.lists, item.doubtful_lists, falls, short), item

    def stack(self, kind: Any, item: ItemProfile, origin: str) -> Stack | str:
        """Return the layers that bear on lines of a kind, or why that is not known."""
        key = (kind, origin)
        found = self._stack.get(key)
        if found is None:
            whole, line = self.whole(origin), item.replaced(origin=origin)
            try:
                stack, unsettled = settle(whole, line)
                found = barred(whole, line) or (UNSETTLED if unsettled else stack)
            except DutycalcError as fault:
                found = f"additional duty: {reason_of(fault)}"
            self._stack[key] = found
        return found

    def added(self, kind: Any, origin: str, stack: Stack, duty: Decimal) -> Decimal:
        """Return what the layers of a kind come to beside a customs duty."""
        rests = any(map(rests_on_duty, stack.values()))
        key = (kind, origin, duty if rests else None)
        found = self._added.get(key)
        if found is None:
            each = amounts(self.whole(origin), stack, VALUE, duty, MEASURES)
            found = sum((round_to(one, CENT, "half_up") for one in each.values()), Decimal(0))
            self._added[key] = found
        return found


def rests_on_duty(layer: Provision[Any]) -> bool:
    """Tell whether a layer's amount depends on what customs duty comes to."""
    return bool(layer.value.kind == "up_to")


def reason_of(fault: DutycalcError) -> str:
    """Return a refusal by name, without the goods and the numbers of the one line."""
    text = str(fault)
    if "more digits" in text:
        return "the code needs more than eight digits"
    if "is not given" in text:
        return "a quantity or value that the line needs is not stated"
    return type(fault).__name__


def barred(whole: Whole, item: ItemProfile) -> str:
    """Return the law, known and not in the tables, or the ban that bears on an item, or nothing."""
    for family in ("prohibition", "unmodelled"):
        for one in whole.border.all(family).values():
            record = one.value
            if family == "unmodelled" and record.kind not in ("additional_duty", "customs_duty"):
                continue
            if record.when and all(mismatch(each, whole, item) for each in record.when):
                continue
            if record.within or record.above:
                continue
            for goods in (record.only_for, record.not_for):
                if unsettled_by(goods, item) and not names_goods(goods, item):
                    return UNSETTLED
            if record.only_for is not None and not names_goods(record.only_for, item):
                continue
            if not names_goods(record.not_for, item):
                return f"{family}: {record.subject}"
    return ""


def lines(schedule: Schedule) -> tuple[str, ...]:
    """Return every tariff line of chapters 1 to 97, in order."""
    rows = {one.code for one in schedule.measures() if one.kind == "third_country"}
    return tuple(sorted(code for code in rows if code < "98"))


def cells(tariffs: Tariffs, day: date) -> Iterator[tuple[str, str, Cell]]:
    """Yield the answer for every line and origin of a day."""
    law = Day(tariffs, day)
    for code in lines(law.schedule):
        kind, item = law.kind_of(code)
        for origin in ORIGINS:
            yield code, origin, cell(law, code, kind, item, origin)


def cell(law: Day, code: str, kind: Any, item: ItemProfile, origin: str) -> Cell:
    """Return the answer for one line and origin."""
    duty = law.duty(code, origin)
    stack = law.stack(kind, item, origin)
    if isinstance(duty, str):
        known = duty == BEFORE and not isinstance(stack, str) and not any(map(rests_on_duty, stack.values()))
        return Cell(None, f"{duty}; the layers on top are known" if known else duty)
    if isinstance(stack, str):
        return Cell(None, stack)
    return Cell(duty + law.added(kind, origin, stack, duty), "")


def page(tariffs: Tariffs, days: tuple[date, ...] = DAYS) -> tuple[str, float, int]:
    """Return the page, the seconds it took and the number of answers."""
    started = perf_counter()
    refusals: dict[str, Counter[date]] = {}
    answered: Counter[date] = Counter()
    whole = 0
    with localcontext(EXACT):
        for day in days:
            for _, _, found in cells(tariffs, day):
                whole += 1
                if found.amount is None:
                    refusals.setdefault(found.refusal, Counter())[day] += 1
                else:
                    answered[day] += 1
    heads = " | ".join(str(day) for day in days)
    rows = [f"| an amount | {' | '.join(f'{answered[day]:,}' for day in days)} |"]
    for reason, counts in sorted(refusals.items(), key=lambda one: -sum(one[1].values())):
        rows.append(f"| {reason} | {' | '.join(f'{counts[day]:,}' for day in days)} |")
    intro = (
        f"`python tests/us_sweep.py` asks for the duty on one line of {VALUE} for each of the "
        f"{whole // (len(days) * len(ORIGINS)):,} tariff lines of eight digits, from {len(ORIGINS)} origins "
        f"({', '.join(ORIGINS)}), on {len(days)} days: {whole:,} answers. Each is an amount, customs duty and "
        "all layers on top of it, or a refusal with its name. Nothing is claimed and no condition answered; "
        "every quantity is 100."
    )
    text = "\n".join((
        "# United States: every line, thirty origins, twelve days",
        "",
        intro,
        "",
        f"| answer | {heads} |",
        f"| --- |{' ---: |' * len(days)}",
        *rows,
        "",
    ))  # fmt: skip
    return text, perf_counter() - started, whole


def main() -> int:
    """Sweep, write or show the page, and say how long it took."""
    text, seconds, whole = page(load_tariffs())
    if "--show" in sys.argv:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"{whole:,} answers in {seconds:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
