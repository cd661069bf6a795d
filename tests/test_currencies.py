"""Currencies: stated rates of exchange, limits in another currency, minor units."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import (
    BORDER,
    CLASSES,
    CURRENCY,
    DUTY,
    LAW,
    LIMIT,
    RELIEF,
    VALUES,
    VAT,
    amounts,
    assessed,
    item,
    price,
    write,
)

from dutycalc import Money, Tariffs
from dutycalc.errors import (
    CurrencyError,
)


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"from": "USD", "to": "EUR", "rate": "0.90"}, "90.00 EUR"),
        ({"from": "EUR", "to": "USD", "rate": "1.25"}, "80.00 EUR"),
    ],
)
def test_amounts_are_converted_by_the_stated_rate_either_way_round(
    tariffs: Tariffs, rate: dict[str, str], expected: str
) -> None:
    rates = [rate | {"on": "2026-05-20", "source": "central bank"}]
    result = assessed(tariffs, price("100.00 USD"), exchange_rates=rates)
    assert result.items[0].customs_value == Money.parse(expected)


def test_without_a_rate_of_exchange_the_line_is_refused_and_both_currencies_named(tariffs: Tariffs) -> None:
    rates = [{"from": "GBP", "to": "EUR", "rate": "1.2", "on": "2026-05-20", "source": "central bank"}]
    with pytest.raises(CurrencyError) as refusal:
        assessed(tariffs, price("100.00 USD"), exchange_rates=rates)
    assert set(refusal.value.currencies) == {"USD", "EUR"}
    assert "item 1" in str(refusal.value)


def test_a_limit_in_another_currency_is_converted_too(tmp_path: Path) -> None:
    limit = LIMIT.replace("100 EUR", "100 USD")
    tariffs = write(tmp_path, *LAW, limit, RELIEF)
    rates = [{"from": "USD", "to": "EUR", "rate": "0.80", "on": "2026-05-20", "source": "central bank"}]
    at_limit = assessed(tariffs, price("80.00 EUR"), exchange_rates=rates)
    above = assessed(tariffs, price("80.01 EUR"), exchange_rates=rates)
    assert (amounts(at_limit)["1 customs_duty"], amounts(above)["1 customs_duty"]) == ("0.00 EUR", "8.00 EUR")
    with pytest.raises(CurrencyError, match="USD"):
        assessed(tariffs, price("80.00 EUR"))


@pytest.mark.parametrize(
    ("currency", "value", "duty"),
    [("JPY", "12345 JPY", "1234 JPY"), ("KWD", "10.008 KWD", "1.000 KWD"), ("CLF", "1.00059 CLF", "0.1000 CLF")],
)  # fmt: skip
def test_the_minor_unit_of_a_currency_is_its_own(
    tmp_path: Path, currency: str, value: str, duty: str
) -> None:
    down = DUTY.replace('to = "0.01 EUR", mode = "half_up"', 'to = "minor_unit", mode = "down"')
    vat = VAT.replace("0.01 EUR", f"1 {currency}")
    tariffs = write(tmp_path, CURRENCY.replace("EUR", currency), VALUES, CLASSES, down, vat, BORDER)
    assert amounts(assessed(tariffs, price(value)))["1 customs_duty"] == duty


def test_shares_of_yen_are_whole_yen(tmp_path: Path) -> None:
    law = [part.replace("0.01 EUR", "1 JPY").replace("EUR", "JPY") for part in LAW]
    tariffs = write(tmp_path, *law)
    lines = [item(id=str(n), unit_price="100 JPY", stated_duty="free") for n in (1, 2, 3)]
    result = assessed(tariffs, *lines, transport="100 JPY")
    assert [str(one.customs_value) for one in result.items] == ["134 JPY", "133 JPY", "133 JPY"]
