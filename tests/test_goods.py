"""Facts: what a caller may state, how it is read, and what comes back as it went in."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import cart, item

from dutycalc import Consignment, GoodsItem, Money, Party
from dutycalc.errors import DutycalcError, FactsError, MissingFactError, Refusals
from dutycalc.goods import MOST_ITEMS
from dutycalc.units import UNITS


def read(**changes: Any) -> Consignment:
    return Consignment.model_validate_json(json.dumps(cart(**changes)))


def read_item(**changes: Any) -> GoodsItem:
    return read(items=[item(**changes)]).items[0]


def test_facts_in_json_are_read_exactly() -> None:
    one = read_item(quantity="1.50", unit_price="12.505 EUR", net_mass_kg="0.360")
    assert (one.quantity, one.net_mass_kg) == (Decimal("1.50"), Decimal("0.360"))
    assert one.unit_price == Money(Decimal("12.505"), "EUR")


def test_what_is_not_stated_has_its_documented_default() -> None:
    one = read()
    assert (one.purpose, one.delivery_term, one.transport, one.seller) == ("sale", None, None, None)
    assert (one.items[0].tax_class, one.items[0].claims, one.items[0].measures) == ("standard", (), {})


def test_goods_are_imported_on_the_day_of_the_sale_unless_another_is_stated() -> None:
    assert read(sold_on="2026-06-01").import_day == date(2026, 6, 1)
    assert read(sold_on="2026-06-01", imported_on="2026-06-09").import_day == date(2026, 6, 9)


def test_facts_are_built_in_python_as_they_are_read_from_json() -> None:
    built = Consignment(
        destination="ZZ",
        dispatch="CN",
        sold_on=date(2026, 6, 1),
        channel="express",
        buyer={"kind": "consumer"},  # type: ignore[arg-type]
        items=(
            GoodsItem(
                id="1", commodity="61091000", origin="CN", quantity=Decimal(1),
                unit_price=Money.parse("100.00 EUR"), stated_duty="10%",
            ),
        ),
    )  # fmt: skip
    assert built == read()


def test_facts_survive_a_round_trip_through_json() -> None:
    one = read(
        transport="4.90 EUR",
        seller={"country": "CN", "registrations": {"SHOP": "SH1234"}, "turnover": "100000 EUR"},
        exchange_rates=[{"from": "USD", "to": "EUR", "rate": "0.9", "on": "2026-05-20", "source": "bank"}],
        history=[{"per": "month", "count": 2, "value": "31.10 EUR"}],
        items=[
            item(
                measures={"l": "0.7", "%vol": "40"},
                claims=[{"kind": "preference", "programme": "USMCA"}],
                stated_charges=[{"kind": "excise", "expression": "2 EUR/l"}],
            )
        ],
    )
    assert Consignment.model_validate_json(one.model_dump_json()) == one


@given(
    quantity=st.integers(1, 10**6),
    cents=st.integers(0, 10**9),
    grams=st.none() | st.integers(0, 10**7),
    day=st.dates(date(2018, 1, 1), date(2030, 1, 1)),
)
def test_any_statement_survives_a_round_trip_through_json(
    quantity: int, cents: int, grams: int | None, day: date
) -> None:
    stated = item(quantity=str(quantity), unit_price=f"{Decimal(cents).scaleb(-2):f} EUR")
    if grams is not None:
        stated["net_mass_kg"] = f"{Decimal(grams).scaleb(-3):f}"
    one = read(items=[stated], sold_on=day.isoformat())
    assert Consignment.model_validate_json(one.model_dump_json()) == one


def test_facts_do_not_change_once_stated() -> None:
    one: Any = read()
    with pytest.raises(AttributeError, match="channel"):
        one.channel = "post"
    assert one.channel == "express"


def test_a_fault_in_python_is_the_librarys_own_refusal() -> None:
    with pytest.raises(FactsError, match="country"):
        Party(country="China")
    with pytest.raises(MissingFactError) as refusal:
        GoodsItem(  # type: ignore[call-arg]
            id="1", commodity="61091000", origin="CN", quantity=Decimal(1)
        )
    assert refusal.value.fact == "unit_price"


def test_all_faults_are_told_at_once_each_with_its_place_and_item() -> None:
    lines = [item(id="shirt", quantity="0"), item(id="shoes", unit_price="5")]
    with pytest.raises(Refusals) as refusal:
        Consignment.model_validate(cart(*lines, channel="pigeon"))
    told = {(one.fact, one.item) for one in refusal.value.exceptions if isinstance(one, FactsError)}
    assert told == {("channel", ""), ("items[0].quantity", "shirt"), ("items[1].unit_price", "shoes")}


@pytest.mark.parametrize(
    ("field", "word", "hint"),
    [
        ("channel", "expres", "express"), ("purpose", "gifts", "gift"), ("delivery_term", "DPP", "DDP"),
        ("transport_mode", "airs", "air"),
    ],
)  # fmt: skip
def test_a_word_outside_a_closed_list_is_refused_with_the_near_ones(field: str, word: str, hint: str) -> None:
    with pytest.raises(FactsError, match=f"{field}: '{word}' .*did you mean .*{hint}"):
        read(**{field: word})


def test_a_field_that_does_not_exist_is_refused_with_the_near_ones() -> None:
    with pytest.raises(FactsError, match="transprt: unknown field; did you mean transport"):
        read(transprt="4.90 EUR")


@pytest.mark.parametrize("code", ["6109", "610910", "6109100010", "610910001012"])
def test_a_commodity_has_four_to_twelve_digits(code: str) -> None:
    assert read_item(commodity=code).commodity == code


@pytest.mark.parametrize("place", ["DE", "CA-ON", "ES-CN", "GB-NIR"])
def test_a_destination_is_a_country_or_a_subdivision(place: str) -> None:
    assert read(destination=place).destination == place


def test_every_unit_of_the_table_may_be_stated() -> None:
    one = read_item(measures=dict.fromkeys(UNITS, "1"))
    assert set(one.measures) == set(UNITS)


def test_the_price_may_be_zero_and_the_quantity_may_not() -> None:
    assert read_item(unit_price="0.00 EUR").unit_price.amount == 0
    with pytest.raises(FactsError, match="quantity"):
        read_item(quantity="0")


def test_more_lines_than_a_consignment_may_have_are_refused() -> None:
    with pytest.raises(DutycalcError, match="items"):
        Consignment.model_validate(cart(*[item(id=str(n)) for n in range(MOST_ITEMS + 1)]))


@pytest.mark.parametrize(
    "stated",
    [{"kind": "excise"}, {"kind": "excise", "amount": "1 EUR", "expression": "5%"}],
)
def test_a_stated_charge_is_either_an_amount_or_an_expression(stated: dict[str, str]) -> None:
    with pytest.raises(FactsError, match="either an amount or an expression"):
        read_item(stated_charges=[stated])


def test_a_rate_of_exchange_is_stated_once_for_two_currencies() -> None:
    rates = [
        {"from": "USD", "to": "EUR", "rate": "0.9", "on": "2026-05-20", "source": "bank"},
        {"from": "EUR", "to": "USD", "rate": "1.1", "on": "2026-05-20", "source": "bank"},
    ]
    with pytest.raises(FactsError, match="EUR and USD"):
        read(exchange_rates=rates)
