"""A small country: its tables, written to a folder, and a cart for it; what mechanisms are tested on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dutycalc import Assessment, Consignment, Money, Tariffs, assess, load_tariffs

HEADER = """
code = "ZZ"
name = "Small country"
covered_from = 2020-01-01
checked_on = 2030-01-01

[sources.act]
title = "Customs Act, Article 1"
url = "https://law.example/act"
published = 2019-06-01
"""

CURRENCY = """
[[currency]]
valid_from = 2020-01-01
code = "EUR"
cite = ["act"]
"""

VALUES = """
[[value.customs_value]]
valid_from = 2020-01-01
parts = ["price", "transport", "insurance"]
cite = ["act"]

[[value.intrinsic_value]]
valid_from = 2020-01-01
parts = ["price"]
cite = ["act"]
"""

CLASSES = """
[[tax_class.standard]]
valid_from = 2020-01-01
rate = "20%"
cite = ["act"]

[[tax_class.reduced]]
valid_from = 2020-01-01
rate = "10%"
cite = ["act"]

[[tax_class.books]]
valid_from = 2020-01-01
like = "reduced"
cite = ["act"]
"""

DUTY = """
[[charge.customs_duty]]
valid_from = 2020-01-01
kind = "customs_duty"
base = ["customs_value"]
rate = "schedule"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""

VAT = """
[[charge.vat]]
valid_from = 2020-01-01
kind = "vat"
base = ["customs_value", "customs_duty"]
rate = "tax_class"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""

BORDER = """
[[border.anybody]]
valid_from = 2020-01-01
model = "consumer"
liable = "buyer"
collector = "carrier"
cite = ["act"]
"""

LAW = (CURRENCY, VALUES, CLASSES, DUTY, VAT, BORDER)
"""The parts of the law, in the order of a file."""

LIMIT = """
[[limit.low_value]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "consignment"
at_most = "100 EUR"
cite = ["act"]
"""

RELIEF = """
[[relief.low_value]]
valid_from = 2020-01-01
of = ["customs_duty"]
within = "low_value"
cite = ["act"]
"""

SMALL_RELIEF = (LIMIT + RELIEF).replace("low_value", "small").replace("100 EUR", "50 EUR")
"""Another name and sum, where a test wants the relief out of the way of its own amounts."""

WAIVER = """
[[waiver.small]]
valid_from = 2020-01-01
charges = ["customs_duty"]
at_most = "5 EUR"
cite = ["act"]
"""

SALE_SCHEME = """
[[registration.SHOP]]
valid_from = 2020-01-01
title = "Shop number"
pictures = ["SH####"]
cite = ["act"]

[[scheme.SHOP]]
valid_from = 2020-01-01
model = "vendor"
liable = ["platform", "seller"]
registration = "SHOP"
optional = true
when = { buyer = ["consumer"] }
takes = { vat = { at = "sale", base = ["price", "transport", "insurance"] } }
cite = ["act"]
"""

REGISTERED = {"country": "CN", "registrations": {"SHOP": "SH1234"}}


def write(folder: Path, *parts: str, code: str = "ZZ", header: str = HEADER) -> Tariffs:
    """Write one file of law for a territory into a folder of tables, and return the tables."""
    place = folder / code.lower()
    place.mkdir(parents=True, exist_ok=True)
    text = "\n".join((header.replace('code = "ZZ"', f'code = "{code}"', 1), *parts))
    (place / "law.toml").write_text(text, encoding="utf-8")
    return load_tariffs(folder)


def item(**changes: Any) -> dict[str, Any]:
    """Return a line of one article at EUR 100 and a stated duty of 10%."""
    return {
        "id": "1", "commodity": "61091000", "origin": "CN", "quantity": "1", "unit_price": "100.00 EUR",
        "stated_duty": "10%",
    } | changes  # fmt: skip


def price(text: str, **changes: Any) -> dict[str, Any]:
    """Return that line at another price for each article."""
    return item(unit_price=text, **changes)


def cart(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a consignment to the small country, by express, for a consumer."""
    return {
        "destination": "ZZ", "dispatch": "CN", "sold_on": "2026-06-01", "channel": "express",
        "buyer": {"kind": "consumer"}, "items": list(items) or [item()],
    } | changes  # fmt: skip


def assessed(
    tariffs: Tariffs,
    *items: dict[str, Any],
    variants: Iterable[str] = (),
    partial: bool = False,
    **changes: Any,
) -> Assessment:
    """Return the assessment of a cart for the small country."""
    consignment = Consignment.model_validate(cart(*items, **changes))
    return assess(consignment, tariffs, variants=variants, partial=partial)


def amounts(result: Assessment) -> dict[str, str]:
    """Return each charge by the item's id and its name, `1 vat`; those of the whole by their name alone."""
    return {
        f"{item_id} {charge.name}".strip(): str(charge.amount) for item_id, charge in result.all_charges()
    }


def total(result: Assessment, name: str) -> Money:
    """Return what a charge comes to on all lines; every one of them must be known."""
    found = Money.parse(f"0 {result.currency}")
    for _, charge in result.all_charges():
        if charge.name == name:
            assert charge.amount is not None
            found = found + charge.amount
    return found
