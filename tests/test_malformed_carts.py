"""Malformed carts: each is refused with the place of its fault, and none gives a result or a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from dutycalc import Assessment, Consignment, DutycalcError, Tariffs, assess, load_tariffs

GOOD: dict[str, Any] = {
    "destination": "DE",
    "dispatch": "CN",
    "sold_on": "2026-11-20",
    "imported_on": "2026-11-23",
    "channel": "express",
    "purpose": "sale",
    "delivery_term": "DDP",
    "transport": "4.90 EUR",
    "insurance": "0.50 USD",
    "discount": "1.00 EUR",
    "seller": {"country": "CN", "turnover": "100000.00 EUR"},
    "platform": {"country": "LU", "registrations": {"IOSS": "IM4420000123"}},
    "buyer": {"kind": "consumer"},
    "items": [
        {
            "id": "shirt", "commodity": "61091000", "origin": "CN", "quantity": "2", "unit_price": "12.50 EUR",
            "net_mass_kg": "0.36", "gross_mass_kg": "0.40", "measures": {"item": "2"},
        },
        {
            "id": "book", "commodity": "49019900", "origin": "GB", "quantity": "1", "unit_price": "9.00 USD",
            "discount": "0.50 USD", "tax_class": "books",
        },
    ],
    "exchange_rates": [
        {"from": "USD", "to": "EUR", "rate": "0.92", "on": "2026-11-18", "source": "European Central Bank"}
    ],
    "history": [{"per": "month", "count": 1, "value": "20.00 EUR"}],
}  # fmt: skip

GONE = object()
"""Stands for a field that is left out."""

Place = tuple[str | int, ...]


def mutated(place: Place, value: Any) -> dict[str, Any]:
    """Return the good cart with one thing put at a place, or taken away from it."""
    cart = copy.deepcopy(GOOD)
    at: Any = cart
    for step in place[:-1]:
        at = at[step]
    if value is GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return cart


RATE = GOOD["exchange_rates"][0]
DEAR = GOOD["items"][0] | {"unit_price": "400.00 EUR"}
"""A line above every limit of low value: its duty is the tariff's."""

MALFORMED: dict[str, tuple[Place, Any, str]] = {
    # Fields that are due, and fields that do not exist.
    "no destination": (("destination",), GONE, "destination: not stated"),
    "no dispatch": (("dispatch",), GONE, "dispatch: not stated"),
    "no day of sale": (("sold_on",), GONE, "sold_on: not stated"),
    "no channel": (("channel",), GONE, "channel: not stated"),
    "no buyer": (("buyer",), GONE, "buyer: not stated"),
    "no kind of buyer": (("buyer",), {}, "buyer.kind: not stated"),
    "no items": (("items",), GONE, "items: not stated"),
    "no line among the items": (("items",), [], "items: "),
    "no id": (("items", 0, "id"), GONE, "items[0].id: not stated"),
    "no commodity": (("items", 0, "commodity"), GONE, "items[0].commodity"),
    "no origin": (("items", 0, "origin"), GONE, "items[0].origin"),
    "no quantity": (("items", 0, "quantity"), GONE, "items[0].quantity"),
    "no price": (("items", 1, "unit_price"), GONE, "items[1].unit_price"),
    "no source of a rate": (("exchange_rates", 0, "source"), GONE, "exchange_rates[0].source: not stated"),
    "no day of a rate": (("exchange_rates", 0, "on"), GONE, "exchange_rates[0].on: not stated"),
    "a misspelt field": (("insurence",), "1.00 EUR", "insurence: unknown field; did you mean insurance"),
    "a misspelt field of an item": (("items", 0, "unitprice"), "1 EUR", "items[0].unitprice"),
    "a misspelt field of a party": (("seller", "vat_number"), "DE1", "seller.vat_number: unknown field"),
    # Money.
    "a price as a number": (("items", 0, "unit_price"), 12.5, "items[0].unit_price"),
    "a price as a whole number": (("items", 0, "unit_price"), 12, "items[0].unit_price"),
    "a price without a currency": (("items", 0, "unit_price"), "12.50", "items[0].unit_price"),
    "a currency sign": (("items", 0, "unit_price"), "€12.50", "items[0].unit_price"),
    "a decimal comma": (("items", 0, "unit_price"), "12,50 EUR", "items[0].unit_price"),
    "a thousands separator": (("items", 0, "unit_price"), "1,250.00 EUR", "items[0].unit_price"),
    "an exponent": (("items", 0, "unit_price"), "1e2 EUR", "items[0].unit_price"),
    "a currency that is none": (("items", 0, "unit_price"), "12.50 XXX", "XXX"),
    "a price below zero": (("items", 0, "unit_price"), "-1.00 EUR", "items[0].unit_price"),
    "a price of nothing": (("items", 0, "unit_price"), None, "items[0].unit_price"),
    "a price in a mapping": (("items", 0, "unit_price"), {"amount": "1", "currency": "EUR"}, "items[0].unit_price"),
    "transport as a number": (("transport",), 4.9, "transport"),
    "transport below zero": (("transport",), "-4.90 EUR", "transport"),
    "a discount below zero": (("discount",), "-1.00 EUR", "discount"),
    "a discount above the price": (("items", 0, "discount"), "25.01 EUR", "item shirt"),
    "a discount above all prices": (("discount",), "1000.00 EUR", "discount"),
    "turnover as a number": (("seller", "turnover"), 100000, "seller.turnover"),
    # Numbers.
    "a quantity of zero": (("items", 0, "quantity"), "0", "items[0].quantity"),
    "a quantity below zero": (("items", 0, "quantity"), "-2", "items[0].quantity"),
    "a quantity as a fraction of a double": (("items", 0, "quantity"), 0.5, "items[0].quantity"),
    "a quantity in words": (("items", 0, "quantity"), "two", "items[0].quantity"),
    "a quantity that is no number": (("items", 0, "quantity"), "NaN", "items[0].quantity"),
    "a quantity without end": (("items", 0, "quantity"), "Infinity", "items[0].quantity"),
    "a quantity of true": (("items", 0, "quantity"), True, "items[0].quantity"),
    "a quantity too long to be one": (("items", 0, "quantity"), "9" * 60, "items[0].quantity"),
    "a mass with its unit": (("items", 0, "net_mass_kg"), "0.36 kg", "items[0].net_mass_kg"),
    "a mass below zero": (("items", 0, "gross_mass_kg"), "-0.1", "items[0].gross_mass_kg"),
    "a measure in an unknown unit": (("items", 0, "measures"), {"litre": "1"}, "litre"),
    "a measure below zero": (("items", 0, "measures"), {"l": "-1"}, "items[0].measures"),
    "a measure as a double": (("items", 0, "measures"), {"l": 0.7}, "items[0].measures.l"),
    "measures in a list": (("items", 0, "measures"), ["l"], "items[0].measures"),
    "a rate of exchange of zero": (("exchange_rates", 0, "rate"), "0", "exchange_rates[0].rate"),
    "a rate of exchange as a double": (("exchange_rates", 0, "rate"), 0.92, "exchange_rates[0].rate"),
    "a count below zero": (("history", 0, "count"), -1, "history[0].count"),
    "a count in words": (("history", 0, "count"), "one", "history[0].count"),
    # Days.
    "a day in another order": (("sold_on",), "20.11.2026", "sold_on"),
    "a day that is none": (("sold_on",), "2026-02-30", "sold_on"),
    "a day as a number": (("sold_on",), 20261120, "sold_on"),
    "a day with an hour": (("sold_on",), "2026-11-20T12:00:00", "sold_on"),
    "imported before it was sold": (("imported_on",), "2026-11-19", "imported_on 2026-11-19"),
    "a day before the tables begin": (("sold_on",), "2015-01-01", "2015-01-01"),
    # Words and codes.
    "a channel of its own": (("channel",), "courier", "channel"),
    "a purpose of its own": (("purpose",), "present", "purpose"),
    "a term that is no Incoterm": (("delivery_term",), "DDU", "delivery_term"),
    "a buyer of its own kind": (("buyer", "kind"), "customer", "buyer.kind"),
    "a country in small letters": (("destination",), "de", "destination"),
    "a country of three letters": (("dispatch",), "CHN", "dispatch"),
    "a country that is none": (("destination",), "QQ", "QQ"),
    "an origin in words": (("items", 0, "origin"), "China", "items[0].origin"),
    "a commodity with points": (("items", 0, "commodity"), "6109.10.00", "items[0].commodity"),
    "a commodity of two digits": (("items", 0, "commodity"), "61", "items[0].commodity"),
    "a commodity as a number": (("items", 0, "commodity"), 61091000, "items[0].commodity"),
    "a commodity that no tariff has": (("items", 0), DEAR | {"commodity": "99999999"}, "item shirt"),
    "digits of another script": (("items", 0, "commodity"), "٦١٠٩١٠٠٠", "items[0].commodity"),
    "a class of goods of its own": (("items", 1, "tax_class"), "magazines", "items[1].tax_class"),
    "a class that the destination lacks": (("items", 1, "tax_class"), "second_reduced", "item book"),
    "a registration that no table knows": (("platform", "registrations"), {"I0SS": "IM4420000123"}, "platform.registrations"),
    "a registration as a number": (("platform", "registrations"), {"IOSS": 4420000123}, "platform.registrations.IOSS"),
    "an unreadable stated duty": (("items", 0, "stated_duty"), "five percent", "items[0].stated_duty"),
    "a stated duty as a number": (("items", 0, "stated_duty"), 5, "items[0].stated_duty"),
    "a claim of its own kind": (("items", 0, "claims"), [{"kind": "waiver", "programme": "X"}], "items[0].claims[0].kind"),
    "a claim to nothing": (("items", 0, "claims"), [{"kind": "preference"}], "items[0].claims[0].programme"),
    "a programme that the tariff lacks": (
        ("items", 0), DEAR | {"claims": [{"kind": "preference", "programme": "Atlantis"}]}, "item shirt",
    ),
    "a stated charge of both kinds": (
        ("items", 0, "stated_charges"), [{"kind": "excise", "amount": "1 EUR", "expression": "5%"}],
        "items[0].stated_charges[0]",
    ),
    "a stated charge of its own kind": (
        ("items", 0, "stated_charges"), [{"kind": "bribe", "amount": "1 EUR"}], "items[0].stated_charges[0].kind",
    ),
    "prices that include a tax of another law": (("prices_include",), ["gst"], "prices_include"),
    # What contradicts itself, or does not add up.
    "one id for two lines": (("items", 1, "id"), "shirt", "'shirt'"),
    "an empty id": (("items", 0, "id"), "", "items[0].id"),
    "two rates for two currencies": (("exchange_rates",), [RATE, RATE | {"from": "EUR", "to": "USD"}], "exchange_rates"),
    "no rate for a currency": (("exchange_rates",), [], "USD"),
    "a rate between the wrong currencies": (("exchange_rates", 0, "to"), "GBP", "USD"),
    "items in a mapping": (("items",), {"shirt": {}}, "items"),
    "an item in words": (("items", 0), "a shirt", "items[0]"),
    "a seller in words": (("seller",), "ACME", "seller"),
    "facts that are no text": (("items", 0, "facts"), {"excise_goods": True}, "items[0].facts.excise_goods"),
    "a day of history that is none": (("history", 0, "per"), "week", "history[0].per"),
    "elections in one word": (("elections",), "standard_import", "elections"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


def answer_json(cart: Mapping[str, Any], tariffs: Tariffs) -> Assessment:
    return assess(Consignment.model_validate_json(json.dumps(cart)), tariffs)


def answer_python(cart: Mapping[str, Any], tariffs: Tariffs) -> Assessment:
    return assess(Consignment.model_validate(cart), tariffs)


WAYS = {"json": answer_json, "python": answer_python}


@pytest.mark.parametrize("way", WAYS)
def test_the_good_cart_is_assessed(way: str, tariffs: Tariffs) -> None:
    assert WAYS[way](GOOD, tariffs).decision == "assessed"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_cart_is_refused_with_the_place(name: str, way: str, tariffs: Tariffs) -> None:
    place, value, told = MALFORMED[name]
    with pytest.raises(DutycalcError) as refusal:
        WAYS[way](mutated(place, value), tariffs)
    assert told in str(refusal.value)
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_refusal_is_one_line_and_quotes_no_library(name: str, tariffs: Tariffs) -> None:
    place, value, _ = MALFORMED[name]
    with pytest.raises(DutycalcError) as refusal:
        answer_json(mutated(place, value), tariffs)
    for one in getattr(refusal.value, "exceptions", (refusal.value,)):
        assert "\n" not in str(one)
        assert "pydantic" not in str(one)


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '"cart"', "12", '{"destination": "DE"', b"\xff\xfe", "{}", '{"items": null}'],
)
def test_what_is_no_cart_at_all_is_refused(text: str | bytes) -> None:
    with pytest.raises(DutycalcError):
        Consignment.model_validate_json(text)


@pytest.mark.parametrize("thing", [None, 12, "cart", [], object()])
def test_what_is_no_mapping_is_refused(thing: Any) -> None:
    with pytest.raises(DutycalcError):
        Consignment.model_validate(thing)


def test_every_fault_of_a_cart_is_told_at_once(tariffs: Tariffs) -> None:
    cart = mutated(("channel",), "courier")
    cart["items"][0]["quantity"] = "0"
    cart["items"][1]["unit_price"] = 9
    with pytest.raises(DutycalcError) as refusal:
        answer_json(cart, tariffs)
    told = [str(one) for one in getattr(refusal.value, "exceptions", ())]
    assert len(told) == 3
    assert all(
        any(place in one for one in told) for place in ("channel", "items[0].quantity", "items[1].unit_price")
    )


def test_one_line_that_cannot_be_assessed_does_not_hide_another(tariffs: Tariffs) -> None:
    cart = mutated(("items", 0, "tax_class"), "super_reduced")
    cart["items"][1]["tax_class"] = "second_reduced"
    with pytest.raises(DutycalcError) as refusal:
        answer_json(cart, tariffs)
    assert "item shirt" in str(refusal.value)
    assert "item book" in str(refusal.value)


MISUSES: dict[str, Callable[[Consignment, Tariffs], Any]] = {
    "a reading that nobody disputes": lambda one, tariffs: assess(one, tariffs, variants=["free_for_all"]),
    "readings in one word": lambda one, tariffs: assess(one, tariffs, variants="all_distance_sales"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_a_reading_that_does_not_exist_is_refused(name: str, tariffs: Tariffs) -> None:
    with pytest.raises(DutycalcError, match="variants"):
        MISUSES[name](Consignment.model_validate(GOOD), tariffs)
