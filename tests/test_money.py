"""Money: exact amounts, minor units, rounding as law states it, and shares that add up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_UP, Decimal, Inexact, localcontext
from fractions import Fraction
from operator import add, ge, gt, le, lt, sub
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dutycalc import Money
from dutycalc.errors import CurrencyError, FactsError
from dutycalc.money import MINOR_UNITS, MODES, Mode, Rounding, quantum, read_decimal, round_to, split

CENT = Decimal("0.01")


def decimals(*, min_value: int = -(10**12), max_value: int = 10**12) -> st.SearchStrategy[Decimal]:
    """Return exact numbers with up to six decimals."""
    return st.builds(lambda n, k: Decimal(n).scaleb(-k), st.integers(min_value, max_value), st.integers(0, 6))


def units() -> st.SearchStrategy[Decimal]:
    """Return units that charges are rounded to."""
    return st.sampled_from(
        [Decimal(text) for text in ("0.001", "0.01", "0.05", "0.1", "0.25", "1", "5", "100", "1000")]
    )


def weights() -> st.SearchStrategy[list[Decimal]]:
    """Return what an amount is shared by."""
    return st.lists(decimals(min_value=0), min_size=1, max_size=8)


# Reading


@pytest.mark.parametrize("text", ["12.50 EUR", "0 JPY", "-3.1 CHF", "0.0001 CLF", "1000000 VND"])
def test_money_is_written_as_it_is_read(text: str) -> None:
    assert str(Money.parse(text)) == text
    assert repr(Money.parse(text)) == f"Money('{text}')"


@pytest.mark.parametrize(
    "text",
    [
        "", "EUR", "12.50", "12.50EUR", "12.50  EUR", " 12.50 EUR", "12.50 EUR ", "12.50 eur", "EUR 12.50",
        "12,50 EUR", "1,250.00 EUR", "1_000 EUR", "+1 EUR", "--1 EUR", "01 EUR", ".5 EUR", "5. EUR", "1e2 EUR",
        "NaN EUR", "Infinity EUR", "१२ EUR", "1 EURO", "1 EUR\n", "9" * 41 + " EUR", 12, 12.5, None, True,
        ["1 EUR"], b"1 EUR",
    ],
)  # fmt: skip
def test_what_is_not_money_to_the_last_character_is_refused(text: object) -> None:
    with pytest.raises(FactsError, match="is no amount of money"):
        Money.parse(text)


@pytest.mark.parametrize("code", ["XXX", "EUC", "BTC", "AAA"])
def test_a_currency_outside_iso_4217_is_refused_by_name(code: str) -> None:
    with pytest.raises(CurrencyError, match=code) as refusal:
        Money.parse(f"1 {code}")
    assert refusal.value.currencies == (code,)


@pytest.mark.parametrize("amount", [1, 1.5, "1", Decimal("NaN"), Decimal("Infinity"), True])
def test_money_takes_a_finite_decimal_and_nothing_else(amount: Any) -> None:
    with pytest.raises(FactsError):
        Money(amount, "EUR")


@pytest.mark.parametrize("number", [0.1, True, "1e3", "1,5", "", "NaN", None, Decimal("NaN"), "1" * 41])
def test_a_number_that_is_not_exact_is_refused(number: object) -> None:
    with pytest.raises(FactsError):
        read_decimal(number)


def test_pydantic_reads_and_writes_money_as_text() -> None:
    adapter = TypeAdapter(Money)
    assert adapter.validate_python("12.50 EUR") == Money(Decimal("12.50"), "EUR")
    assert adapter.dump_json(Money.parse("12.50 EUR")) == b'"12.50 EUR"'
    with pytest.raises(ValidationError, match="is no amount of money"):
        adapter.validate_json("12.50")


# Minor units


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("EUR", 2), ("CHF", 2), ("JPY", 0), ("KRW", 0), ("CLP", 0), ("VND", 0), ("ISK", 0), ("UGX", 0),
        ("KWD", 3), ("BHD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4), ("HUF", 2), ("MRU", 2), ("HRK", 2),
    ],
)  # fmt: skip
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert MINOR_UNITS[currency] == digits
    assert quantum(currency) == Decimal(1).scaleb(-digits)


# Arithmetic


def test_sums_are_exact_beyond_any_cent() -> None:
    assert Money.parse("0.1 EUR") + Money.parse("0.2 EUR") == Money.parse("0.3 EUR")
    assert Money.parse("12.50 EUR") * 3 - Money.parse("0.005 EUR") == Money.parse("37.495 EUR")
    assert -Money.parse("1.10 EUR") == Money.parse("-1.10 EUR")


@pytest.mark.parametrize("operation", [add, sub, lt, le, gt, ge])
def test_two_currencies_never_meet_without_a_rate(operation: Callable[[Money, Money], Any]) -> None:
    with pytest.raises(CurrencyError) as refusal:
        operation(Money.parse("1 EUR"), Money.parse("1 USD"))
    assert refusal.value.currencies == ("EUR", "USD")


def test_amounts_compare_by_value_and_currency() -> None:
    assert Money.parse("1.0 EUR") == Money.parse("1.00 EUR")
    assert hash(Money.parse("1.0 EUR")) == hash(Money.parse("1.00 EUR"))
    assert Money.parse("1 EUR") != Money.parse("1 USD")
    assert Money.parse("1 EUR") < Money.parse("1.01 EUR") <= Money.parse("1.01 EUR")


@given(amount=decimals(), other=decimals(), factor=st.integers(-1000, 1000))
def test_the_global_context_has_no_say_in_money(amount: Decimal, other: Decimal, factor: int) -> None:
    one, two = Money(amount, "EUR"), Money(other, "EUR")
    exact = [one + two, one - two, one * factor, -one]
    with localcontext() as context:
        context.prec, context.rounding = 2, ROUND_UP
        assert [one + two, one - two, one * factor, -one] == exact
        opposite = -one
        assert -opposite == one


def test_a_product_that_would_lose_digits_is_an_error_and_never_cut() -> None:
    with pytest.raises(Inexact):
        Money(Decimal("1." + "3" * 80), "EUR") * Decimal("1." + "7" * 80)


# Rounding


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("half_up", ["2", "3", "3", "-3"]), ("half_down", ["2", "2", "3", "-2"]),
        ("half_even", ["2", "2", "3", "-2"]), ("up", ["3", "3", "3", "-3"]), ("down", ["2", "2", "2", "-2"]),
    ],
)  # fmt: skip
def test_every_mode_rounds_as_its_name_says(mode: Mode, expected: list[str]) -> None:
    found = [round_to(Decimal(text), Decimal(1), mode) for text in ("2.4", "2.5", "2.6", "-2.5")]
    assert found == [Decimal(text) for text in expected]


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        ("6.88", "0.05", "6.90"), ("6.875", "0.05", "6.90"), ("6.87", "0.05", "6.85"), ("1499", "1000", "1000"),
        ("1500", "1000", "2000"), ("0.004", "0.01", "0.00"), ("12345.6", "1", "12346"), ("7", "2.5", "7.5"),
    ],
)  # fmt: skip
def test_amounts_are_rounded_to_any_unit(amount: str, unit: str, expected: str) -> None:
    assert round_to(Decimal(amount), Decimal(unit), "half_up") == Decimal(expected)
    assert Money.parse(f"{amount} EUR").rounded(Rounding(Decimal(unit), "half_up")).amount == Decimal(
        expected
    )


@given(amount=decimals(), unit=units(), mode=st.sampled_from(sorted(MODES)))
def test_what_is_rounded_is_a_multiple_less_than_a_unit_away(
    amount: Decimal, unit: Decimal, mode: Mode
) -> None:
    found = Fraction(round_to(amount, unit, mode))
    assert (found / Fraction(unit)).denominator == 1
    away = abs(found - Fraction(amount))
    assert away < Fraction(unit)
    if mode.startswith("half"):
        assert away <= Fraction(unit) / 2
    elif mode == "up":
        assert abs(found) >= abs(Fraction(amount))
    else:
        assert abs(found) <= abs(Fraction(amount))


@given(amount=decimals(), unit=units(), mode=st.sampled_from(sorted(MODES)))
def test_rounding_again_changes_nothing_and_a_negative_is_the_mirror(
    amount: Decimal, unit: Decimal, mode: Mode
) -> None:
    found = round_to(amount, unit, mode)
    assert round_to(found, unit, mode) == found
    assert round_to(-amount, unit, mode) == -found


# Sharing


@given(amount=decimals(), shared_by=weights(), unit=units())
def test_the_parts_add_up_to_the_amount(amount: Decimal, shared_by: list[Decimal], unit: Decimal) -> None:
    assert sum(map(Fraction, split(amount, shared_by, unit))) == Fraction(amount)


@given(units_in_amount=st.integers(0, 10**9), shared_by=weights(), unit=units())
def test_a_part_is_less_than_a_unit_away_from_its_exact_share(
    units_in_amount: int, shared_by: list[Decimal], unit: Decimal
) -> None:
    amount = unit * units_in_amount
    whole = sum(map(Fraction, shared_by))
    for part, weight in zip(split(amount, shared_by, unit), shared_by, strict=True):
        fair = Fraction(amount) * Fraction(weight) / whole if whole else Fraction(amount) / len(shared_by)
        assert abs(Fraction(part) - fair) < Fraction(unit)
        assert (Fraction(part) / Fraction(unit)).denominator == 1


@given(amount=decimals(min_value=0), shared_by=weights(), unit=units())
def test_a_negative_amount_is_shared_as_the_mirror(
    amount: Decimal, shared_by: list[Decimal], unit: Decimal
) -> None:
    assert split(-amount, shared_by, unit) == [-part for part in split(amount, shared_by, unit)]


@given(amount=decimals(min_value=0), shared_by=weights(), unit=units(), data=st.data())
def test_reordering_changes_no_part(
    amount: Decimal, shared_by: list[Decimal], unit: Decimal, data: st.DataObject
) -> None:
    names = [f"{n:02}" for n in range(len(shared_by))]
    parts = dict(zip(names, split(amount, shared_by, unit, names), strict=True))
    order = data.draw(st.permutations(range(len(names))))
    again = split(amount, [shared_by[n] for n in order], unit, [names[n] for n in order])
    assert dict(zip([names[n] for n in order], again, strict=True)) == parts


@given(amount=decimals(), shared_by=weights(), unit=units())
def test_the_global_context_has_no_say_in_sharing(
    amount: Decimal, shared_by: list[Decimal], unit: Decimal
) -> None:
    expected = split(amount, shared_by, unit)
    with localcontext() as context:
        context.prec, context.rounding = 2, ROUND_UP
        found = split(amount, shared_by, unit)
    assert found == expected


def test_what_is_left_over_goes_to_the_largest_remainder_and_then_to_the_earlier_place() -> None:
    thirds = Money.parse("100.00 EUR").split([Decimal(1)] * 3)
    assert [str(one) for one in thirds] == ["33.34 EUR", "33.33 EUR", "33.33 EUR"]
    uneven = split(Decimal("1.00"), [Decimal(1), Decimal(1), Decimal(4)], CENT)
    assert uneven == [Decimal("0.17"), Decimal("0.16"), Decimal("0.67")]


def test_weights_that_are_all_zero_count_alike() -> None:
    assert split(Decimal("0.03"), [Decimal(0), Decimal(0)], CENT) == [Decimal("0.02"), Decimal("0.01")]


def test_a_fraction_below_the_unit_is_never_lost() -> None:
    assert split(Decimal("0.015"), [Decimal(1), Decimal(1)], CENT) == [Decimal("0.015"), Decimal("0.00")]


@pytest.mark.parametrize("shared_by", [[], [Decimal(1), Decimal(-1)]])
def test_weights_that_make_no_sense_are_refused(shared_by: list[Decimal]) -> None:
    with pytest.raises(FactsError):
        split(Decimal(1), shared_by, CENT)


def test_an_exact_number_is_read_as_it_is() -> None:
    read = read_decimal("12.50"), read_decimal(7), read_decimal(Decimal("0.10"))
    assert [(type(one), str(one)) for one in read] == [(Decimal, "12.50"), (Decimal, "7"), (Decimal, "0.10")]


def test_the_longest_amount_that_is_read_has_forty_characters() -> None:
    assert read_decimal("1" * 40) == int("1" * 40)
    with pytest.raises(FactsError, match="is no number"):
        read_decimal("1" * 41)
    assert Money.parse("1" * 36 + " EUR").amount == int("1" * 36)
    with pytest.raises(FactsError, match="is no amount of money"):
        Money.parse("1" * 37 + " EUR")
