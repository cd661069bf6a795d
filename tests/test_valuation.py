"""Valuation: prices, shares of costs and discounts, the values that law names, terms of delivery."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import BORDER, CLASSES, CURRENCY, DUTY, LAW, VALUES, VAT, amounts, assessed, item, write

from dutycalc import Assessment, Money, Tariffs
from dutycalc.errors import CurrencyError, FactsError, MissingFactError

USD = {"from": "USD", "to": "EUR", "rate": "0.90", "on": "2026-05-20", "source": "central bank"}


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    return write(tmp_path_factory.mktemp("tables"), *LAW)


def customs_values(result: Assessment) -> list[str]:
    return [str(one.customs_value) for one in result.items]


def price(text: str, **changes: Any) -> dict[str, Any]:
    return item(unit_price=text, **changes)


# Prices


def test_the_price_of_a_line_is_quantity_by_unit_price_to_the_last_fraction(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("0.125 EUR", quantity="3"))
    assert customs_values(result) == ["0.375 EUR"]
    assert amounts(result)["1 customs_duty"] == "0.04 EUR"


def test_a_discount_on_the_line_is_of_the_whole_line(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("50.00 EUR", quantity="2", discount="10.00 EUR"))
    assert customs_values(result) == ["90.00 EUR"]


def test_a_discount_on_the_consignment_is_shared_by_value(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("30.00 EUR"), price("60.00 EUR", id="2"), discount="9.00 EUR")
    assert customs_values(result) == ["27.00 EUR", "54.00 EUR"]


def test_a_discount_of_the_whole_price_leaves_nothing(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("30.00 EUR", discount="30.00 EUR"))
    assert customs_values(result) == ["0.00 EUR"]
    assert result.totals["all"] == Money.parse("0.00 EUR")


@pytest.mark.parametrize("transport", [None, "5.00 EUR"])
def test_a_discount_above_the_price_of_its_line_is_refused_with_the_item(
    tariffs: Tariffs, transport: str | None
) -> None:
    with pytest.raises(FactsError, match="discount") as refusal:
        assessed(tariffs, price("30.00 EUR", id="shirt", discount="30.01 EUR"), transport=transport)
    assert "shirt" in str(refusal.value)


@pytest.mark.parametrize("transport", [None, "5.00 EUR"])
def test_a_discount_above_all_prices_is_refused(tariffs: Tariffs, transport: str | None) -> None:
    with pytest.raises(FactsError, match="discount"):
        assessed(tariffs, price("30.00 EUR"), discount="30.01 EUR", transport=transport)


# Shares


def test_costs_are_shared_by_the_value_of_the_lines(tariffs: Tariffs) -> None:
    lines = [price("10.00 EUR"), price("30.00 EUR", id="2")]
    result = assessed(tariffs, *lines, transport="4.00 EUR", insurance="0.40 EUR")
    assert customs_values(result) == ["11.10 EUR", "33.30 EUR"]


def test_a_cent_that_cannot_be_shared_goes_to_the_largest_remainder(tariffs: Tariffs) -> None:
    lines = [price("10.00 EUR", id=str(n)) for n in (1, 2, 3)]
    assert customs_values(assessed(tariffs, *lines, transport="1.00 EUR")) == [
        "10.34 EUR",
        "10.33 EUR",
        "10.33 EUR",
    ]
    assert customs_values(assessed(tariffs, *reversed(lines), transport="1.00 EUR")) == [
        "10.33 EUR", "10.33 EUR", "10.34 EUR",
    ]  # fmt: skip


def test_costs_in_a_foreign_currency_are_converted_and_shares_still_add_up(tariffs: Tariffs) -> None:
    lines = [price("10.00 EUR", id=str(n)) for n in (1, 2, 3)]
    result = assessed(tariffs, *lines, transport="3.33 USD", exchange_rates=[USD])
    values = [one.customs_value.amount for one in result.items if one.customs_value is not None]
    assert sum(values) == Decimal("32.997")


def test_lines_in_several_currencies_are_weighed_in_one(tariffs: Tariffs) -> None:
    lines = [price("100.00 USD"), price("90.00 EUR", id="2")]
    result = assessed(tariffs, *lines, transport="10.00 EUR", exchange_rates=[USD])
    assert customs_values(result) == ["95.00 EUR", "95.00 EUR"]


def test_a_discount_in_another_currency_than_the_price_is_converted(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("100.00 EUR", discount="10.00 USD"), exchange_rates=[USD])
    assert customs_values(result) == ["91.00 EUR"]
    with pytest.raises(CurrencyError):
        assessed(tariffs, price("100.00 EUR", discount="10.00 USD"))


@given(
    cents=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    transport=st.integers(0, 10**5),
    discount=st.integers(0, 10**4),
)
def test_the_customs_values_add_up_to_prices_and_costs_less_discounts(
    shared: Tariffs, cents: list[int], transport: int, discount: int
) -> None:
    if discount > sum(cents):
        return

    def euros(amount: int) -> str:
        return f"{Decimal(amount).scaleb(-2):f} EUR"

    lines = [price(euros(one), id=str(n)) for n, one in enumerate(cents)]
    result = assessed(shared, *lines, transport=euros(transport), discount=euros(discount))
    values = [one.customs_value.amount for one in result.items if one.customs_value is not None]
    assert sum(values) == Decimal(sum(cents) + transport - discount).scaleb(-2)
    assert min(values) >= 0


# The values that law names

FOB = """
[[value.fob_value]]
valid_from = 2020-01-01
parts = ["price"]
cite = ["act"]
"""


def test_each_value_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, FOB)
    found = assessed(tariffs, transport="20.00 EUR", insurance="1.00 EUR").items[0].values
    assert found == {
        "customs_value": Money.parse("121.00 EUR"), "intrinsic_value": Money.parse("100.00 EUR"),
        "fob_value": Money.parse("100.00 EUR"),
    }  # fmt: skip


def test_a_value_may_be_part_of_another(tmp_path: Path) -> None:
    landed = FOB.replace("fob_value", "landed_value").replace('["price"]', '["customs_value", "fob_value"]')
    tariffs = write(tmp_path, *LAW, FOB, landed)
    assert assessed(tariffs, transport="20.00 EUR").items[0].values["landed_value"] == Money.parse(
        "220.00 EUR"
    )


def test_a_charge_rests_on_the_value_that_its_law_names(tmp_path: Path) -> None:
    duty = DUTY.replace("customs_value", "fob_value")
    tariffs = write(tmp_path, CURRENCY, VALUES, FOB, CLASSES, duty, VAT, BORDER)
    assert amounts(assessed(tariffs, transport="20.00 EUR")) == {
        "1 customs_duty": "10.00 EUR",
        "1 vat": "26.00 EUR",
    }


def test_a_part_of_a_value_counts_where_the_law_says_so(tmp_path: Path) -> None:
    factor = VALUES.replace(
        'parts = ["price", "transport", "insurance"]', 'parts = ["price"]\nfactor = "60%"'
    )
    tariffs = write(tmp_path, CURRENCY, factor, CLASSES, DUTY, VAT, BORDER)
    assert customs_values(assessed(tariffs)) == ["60.00 EUR"]


def test_a_value_is_rounded_where_the_law_says_so(tmp_path: Path) -> None:
    rounding = 'parts = ["price", "transport", "insurance"]\nrounding = { to = "1 EUR", mode = "down" }'
    rounded = VALUES.replace('parts = ["price", "transport", "insurance"]', rounding)
    tariffs = write(tmp_path, CURRENCY, rounded, CLASSES, DUTY, VAT, BORDER)
    assert customs_values(assessed(tariffs, price("99.99 EUR"))) == ["99.00 EUR"]


def test_a_record_takes_the_place_of_a_value_where_its_conditions_hold(tmp_path: Path) -> None:
    gifts = """
[[value.gift_value]]
valid_from = 2020-01-01
of = "customs_value"
parts = ["price"]
factor = "50%"
when = { purpose = ["gift"] }
not_for = { commodities = ["24"] }
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, gifts)
    assert customs_values(assessed(tariffs)) == ["100.00 EUR"]
    assert customs_values(assessed(tariffs, purpose="gift")) == ["50.00 EUR"]
    assert customs_values(assessed(tariffs, item(commodity="24022090"), purpose="gift")) == ["100.00 EUR"]
    assert "gift_value" not in assessed(tariffs, purpose="gift").items[0].values


RETAIL = FOB.replace("fob_value", "retail_value").replace('["price"]', '["retail_price"]')


def test_the_retail_price_is_asked_for_only_where_law_values_by_it(tmp_path: Path) -> None:
    duty = DUTY.replace('["customs_value"]', '["retail_value"]')
    tariffs = write(tmp_path, CURRENCY, VALUES, RETAIL, CLASSES, duty, VAT, BORDER)
    result = assessed(tariffs, item(retail_price="150.00 EUR", quantity="2"))
    assert amounts(result)["1 customs_duty"] == "30.00 EUR"
    with pytest.raises(MissingFactError) as refusal:
        assessed(tariffs)
    assert (refusal.value.item, refusal.value.fact) == ("1", "retail_price")
    assert customs_values(assessed(write(tmp_path / "other", *LAW))) == ["100.00 EUR"]


# Terms of delivery


@pytest.mark.parametrize("term", ["EXW", "FCA", "FAS", "FOB"])
def test_a_term_under_which_the_buyer_pays_the_carriage_wants_it_stated(tariffs: Tariffs, term: str) -> None:
    with pytest.raises(MissingFactError, match=f"transport: .*{term}") as refusal:
        assessed(tariffs, delivery_term=term)
    assert refusal.value.fact == "transport"
    stated = assessed(tariffs, delivery_term=term, transport="8.00 EUR", insurance="0.50 EUR")
    assert customs_values(stated) == ["108.50 EUR"]


@pytest.mark.parametrize("term", [None, "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"])
def test_under_any_other_term_what_is_not_stated_is_not_charged(tariffs: Tariffs, term: str | None) -> None:
    assert customs_values(assessed(tariffs, delivery_term=term)) == ["100.00 EUR"]


def test_no_carriage_is_asked_for_where_no_value_counts_it(tmp_path: Path) -> None:
    fob = VALUES.replace('["price", "transport", "insurance"]', '["price"]')
    tariffs = write(tmp_path, CURRENCY, fob, CLASSES, DUTY, VAT, BORDER)
    assert customs_values(assessed(tariffs, delivery_term="FOB")) == ["100.00 EUR"]


# What the prices contain


def test_a_tax_within_price_and_costs_is_taken_out_of_both(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("120.00 EUR"), transport="12.00 EUR", prices_include=["vat"])
    assert customs_values(result) == ["110.00 EUR"]


@pytest.mark.parametrize(("tax_class", "net"), [("standard", "100.00 EUR"), ("reduced", "109.09 EUR")])
def test_the_tax_within_the_price_is_that_of_the_class(tariffs: Tariffs, tax_class: str, net: str) -> None:
    result = assessed(tariffs, price("120.00 EUR", tax_class=tax_class), prices_include=["vat"])
    assert customs_values(result) == [net]


def test_costs_within_the_price_count_once(tariffs: Tariffs) -> None:
    result = assessed(
        tariffs, price("130.00 EUR"), transport="20.00 EUR", insurance="10.00 EUR",
        prices_include=["transport", "insurance"],
    )  # fmt: skip
    assert customs_values(result) == ["130.00 EUR"]
    assert result.items[0].values["intrinsic_value"] == Money.parse("100.00 EUR")


def test_costs_above_the_price_that_contains_them_are_refused(tariffs: Tariffs) -> None:
    with pytest.raises(FactsError, match="transport"):
        assessed(tariffs, price("10.00 EUR"), transport="20.00 EUR", prices_include=["transport"])
