"""A ledger of any size, right but for planted errors of all eight kinds, by arithmetic of its own.

`python tests/made_ledger.py 100000 1000` writes one with 100,000 rows and 1,000 errors, audits it and says
what was found. Sums and errors are worked out here from rates written out below, not by the library.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Final

ROOT: Final = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from dutycalc import load_tariffs  # noqa: E402
from dutycalc.audit import CAUSES, Unreadable, audit  # noqa: E402

COLUMNS: Final = (
    "consignment", "destination", "dispatch", "sold_on", "channel", "seller.country", "platform.country",
    "platform.registrations.GB-VAT", "platform.registrations.IOSS", "buyer.kind", "item.id", "item.commodity",
    "item.origin", "item.quantity", "item.unit_price", "item.tax_class", "item.stated_duty",
    "charge", "amount", "collector",
)  # fmt: skip

CENT: Final = Decimal("0.01")
GB_VAT, GB_REDUCED, DE_VAT, DE_VAT_2020 = (Decimal(one) for one in ("0.20", "0.05", "0.19", "0.16"))
SHIRTS: Final = ("61091000", Decimal("0.12"))
CODES: Final = ("61091000", "39269097", "42022290", "95030075")

FORTNIGHT: Final = 14
"""Days between two days of dispatch: each first use of a code on a day has its law looked up."""

Row = dict[str, str]


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _day(random: Random, first: str, last: str) -> str:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return (
        start + timedelta(days=FORTNIGHT * random.randrange((end - start).days // FORTNIGHT + 1))
    ).isoformat()


def _price(random: Random, least: int, most: int) -> Decimal:
    return Decimal(random.randrange(least * 100, most * 100 + 1)) / 100


def _gb(id: str, random: Random, price: Decimal, code: str = "", day: str = "", **more: str) -> Row:
    """Return a parcel to Great Britain of up to GBP 135 through a platform, which takes the VAT."""
    return {
        "consignment": id, "destination": "GB", "dispatch": "CN", "channel": random.choice(("post", "express")),
        "sold_on": day or _day(random, "2021-01-01", "2025-10-31"), "seller.country": "CN",
        "platform.country": "GB", "platform.registrations.GB-VAT": "GB123456789", "buyer.kind": "consumer",
        "item.id": "1", "item.commodity": code or random.choice(CODES), "item.origin": "CN",
        "item.quantity": "1", "item.unit_price": f"{price} GBP",
        "charge": "vat", "amount": f"{half_up(price * GB_VAT)} GBP", "collector": "platform",
    } | more  # fmt: skip


def _de(id: str, random: Random, price: Decimal, **more: str) -> Row:
    """Return a parcel to Germany of up to EUR 150 under IOSS, before the duty on each item."""
    return {
        "consignment": id, "destination": "DE", "dispatch": "CN", "channel": random.choice(("post", "express")),
        "sold_on": _day(random, "2021-07-01", "2026-06-30"), "seller.country": "CN",
        "platform.country": "LU", "platform.registrations.IOSS": "IM4420000123", "buyer.kind": "consumer",
        "item.id": "1", "item.commodity": random.choice(CODES), "item.origin": "CN", "item.quantity": "1",
        "item.unit_price": f"{price} EUR", "item.stated_duty": "12%",
        "charge": "vat", "amount": f"{half_up(price * DE_VAT)} EUR", "collector": "platform",
    } | more  # fmt: skip


def _de_2020(id: str, random: Random, price: Decimal, later: bool, rate: Decimal) -> Row:
    """Return a parcel to Germany of EUR 40 to 150 at the border, in the first or the second half of 2020."""
    days = ("2020-07-01", "2020-12-31") if later else ("2020-01-01", "2020-06-30")
    return {
        "consignment": id, "destination": "DE", "dispatch": "CN", "channel": "post", "sold_on": _day(random, *days),
        "seller.country": "CN", "buyer.kind": "consumer", "item.id": "1", "item.commodity": random.choice(CODES),
        "item.origin": "CN", "item.quantity": "1", "item.unit_price": f"{price} EUR", "item.stated_duty": "5%",
        "charge": "vat", "amount": f"{half_up(price * rate)} EUR",
    }  # fmt: skip


def right(id: str, random: Random) -> list[Row]:
    """Return rows of a consignment that was charged as the law has it."""
    kind = random.randrange(10)
    if kind < 4:
        return [_gb(id, random, _price(random, 5, 135))]
    if kind < 5:
        one, other = _price(random, 5, 60), _price(random, 5, 60)
        first = _gb(id, random, one)
        second = {
            "item.id": "2",
            "item.unit_price": f"{other} GBP",
            "amount": f"{half_up(other * GB_VAT)} GBP",
        }
        return [first, first | second]
    if kind < 6:
        return [_gb(id, random, _price(random, 5, 135), "49019900", charge="", amount="", collector="",
                    **{"item.tax_class": "books"})]  # fmt: skip
    if kind < 9:
        return [_de(id, random, _price(random, 5, 150))]
    later = random.random() < 0.5
    return [_de_2020(id, random, _price(random, 40, 150), later, DE_VAT_2020 if later else DE_VAT)]


def wrong(id: str, random: Random, cause: str) -> list[Row]:
    """Return rows of a consignment on which one error was made."""
    price = _price(random, 20, 130)
    match cause:
        case "rounding":
            price = price.quantize(Decimal(1)) + Decimal("0.03")  # a fifth of it has six tenths of a penny
            charged = (price * GB_VAT).quantize(CENT, ROUND_DOWN)
            return [_gb(id, random, price, amount=f"{charged} GBP")]
        case "wrong day":
            later = random.random() < 0.5
            return [_de_2020(id, random, price + 20, later, DE_VAT if later else DE_VAT_2020)]
        case "wrong regime":  # as though above GBP 135: duty, and VAT on value and duty, at the border
            code, rate = SHIRTS
            duty = half_up(price * rate)
            vat = half_up((price + price * rate) * GB_VAT)
            first = _gb(id, random, price, code, amount=f"{vat} GBP", collector="carrier")
            return [first, first | {"charge": "customs_duty", "amount": f"{duty} GBP"}]
        case "wrong rate":
            if random.random() < 0.5:
                return [_gb(id, random, price, "49019900", **{"item.tax_class": "books"})]
            return [_gb(id, random, price, amount=f"{half_up(price * GB_REDUCED)} GBP")]
        case "not collected":
            return [_gb(id, random, price, charge="", amount="", collector="")]
        case "collected twice":
            first = _gb(id, random, price)
            return [first, first | {"collector": "carrier"}]
        case "wrong collector":
            return [_de(id, random, price, collector="carrier")]
        case _:
            if random.random() < 0.5:  # spirits: the excise is not in the tables
                return [_gb(id, random, price, "22083000", **{"item.stated_duty": "0%"})]
            return [
                _gb(id, random, price, amount=f"{half_up(price * Decimal('0.3437')) + Decimal('0.001')} GBP")
            ]


def made(rows: int, errors: int, seed: int = 1) -> Iterator[tuple[Row, tuple[str, str] | None]]:
    """Yield the rows, and with the first row of each error what it is: consignment and cause."""
    random = Random(seed)
    steps = max(rows // max(errors, 1), 3)
    written = planted = n = 0
    while written < rows:
        n += 1
        id, error = f"S-{n:07}", None
        if planted < errors and written >= planted * steps and rows - written > 1:
            cause = CAUSES[planted % len(CAUSES)]
            found, error = wrong(id, random, cause), (id, str(cause))
            planted += 1
        else:
            found = right(id, random)
        for row in found[: rows - written] if error is None else found:
            yield row, error
            error = None
            written += 1
    assert planted == errors


def write_ledger(path: Path, rows: int, errors: int, seed: int = 1) -> list[tuple[str, str]]:
    """Write the ledger as CSV, and return what was planted in it."""
    planted = []
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
        out.writeheader()
        for row, error in made(rows, errors, seed):
            out.writerow(row)
            planted += [error] if error is not None else []
    return planted


def main(rows: int, errors: int) -> int:
    """Make a ledger, audit it, and tell whether exactly what was planted was found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.csv")
        planted = write_ledger(path, rows, errors)
        tariffs = load_tariffs()
        began, worked = time.perf_counter(), time.process_time()
        with path.open("rb") as stream:
            run = audit(stream, tariffs)
            found: list[tuple[str, str]] = []
            for one in run:
                if isinstance(one, Unreadable):
                    raise SystemExit(f"{one.where}: {one.reasons}")
                found.append((one.consignment, one.cause))
        took, worked = time.perf_counter() - began, time.process_time() - worked
    missed, accused = Counter(planted) - Counter(found), Counter(found) - Counter(planted)
    print(f"{run.summary.lines} rows, {len(planted)} errors planted: {dict(Counter(c for _, c in planted))}")
    print(f"{len(found)} findings, {sum(missed.values())} missed, {sum(accused.values())} accused wrongly")
    print(f"{took:.1f} s, of which {worked:.1f} s of one processor; {run.summary.lines / worked:,.0f} rows/s")
    for label, some in (("missed", missed), ("accused", accused)):
        for named in list(some)[:10]:
            print(label, *named)
    return int(bool(missed or accused))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
