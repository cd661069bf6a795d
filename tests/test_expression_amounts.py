"""What duty expressions come to: exact amounts, what they need, the days they hold, their working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sample_rates import SEASONAL, SUGAR, TOBACCO

from dutycalc import steps
from dutycalc.errors import (
    CurrencyError,
    MissingFactError,
    NotInForceError,
    NotModelledError,
    Refusals,
)
from dutycalc.expressions import (
    parse,
)
from dutycalc.money import QUOTIENT_DIGITS, Money


def amount(text: str, value: str, **measures: str) -> Money:
    """Return the amount of an expression; `%vol` is written `vol`, `/` as `__`."""
    stated = {name.replace("__", "/").replace("_", " "): Decimal(number) for name, number in measures.items()}
    if "vol" in stated:
        stated["%vol"] = stated.pop("vol")
    return parse(text).amount(Money.parse(value), stated)


# Amounts


@pytest.mark.parametrize(
    ("text", "value", "measures", "expected"),
    [
        # HMRC's calculator: trade-tariff-frontend specs and trade-tariff-testing, 2021 to 2026.
        ("8%", "30 GBP", {}, "2.40"),
        ("12%", "10002.24 GBP", {}, "1200.2688"),
        ("6.9%", "10002.24 GBP", {}, "690.15456"),
        ("35.1 GBP/100kg", "1 GBP", {"kg": "10000"}, "3510"),
        ("0.5 GBP/%vol/hl", "1 GBP", {"%vol": "40", "l": "45"}, "9"),
        ("0.5 GBP/%vol/hl", "1 GBP", {"%vol": "40", "hl": "45"}, "900"),
        ("0.5 GBP/%vol/hl + 2.6 GBP/hl", "1000 GBP", {"%vol": "8.4", "l": "1000"}, "68"),
        ("24.77 GBP/lpa - 1 GBP/lpa/spr", "1000 GBP", {"lpa": "84", "spr": "5"}, "1660.68"),
        ("21.01 GBP/%vol/hl - 1 GBP/%vol/hl/spr", "1 GBP",
         {"%vol": "8.4", "l": "1000", "spr": "5"}, "1344.84"),
        ("1 GBP/lpa/spr", "1 GBP", {"lpa": "34.9", "spr": "5"}, "174.50"),
        ("1 GBP/%vol/hl/spr", "1 GBP", {"%vol": "3.49", "l": "1000", "spr": "5"}, "174.50"),
        ("19.08 GBP/lpa - 1 GBP/lpa/spr", "1 GBP", {"lpa": "1000", "spr": "3"}, "16080"),
        ("21.01 GBP/%vol/hl", "1000 GBP", {"%vol": "3.5", "l": "100"}, "73.535"),
        ("9.27 GBP/%vol/hl", "1000 GBP", {"%vol": "3.49", "l": "1000"}, "323.523"),
        ("9.27 GBP/lpa", "1000 GBP", {"lpa": "100"}, "927"),
        ("0.30 GBP/100kg/%sacchar", "1000 GBP", {"kg": "16320", "%sacchar": "80"}, "3916.8"),
        ("0.10 GBP/100kg/%sacchar", "1000 GBP", {"kg": "16320", "%sacchar": "80"}, "1305.6"),
        ("144.10 GBP/t/biodiesel", "1260.89 GBP", {"t/biodiesel": "2"}, "288.20"),
        ("2.7%", "1260.89 GBP", {}, "34.04403"),
        ("16.5% on retail price", "1 GBP", {"retail price": "1000"}, "165"),
        (TOBACCO, "1000 GBP", {"retail price": "1000", "kg": "1.5"}, "532.17"),
        ("16.50 % / Retail Price + 244.78 GBP / 1000 p/st MIN 320.90 GBP / 1000 p/st", "1000 GBP",
         {"retail price": "1000", "item": "1500"}, "532.17"),
        ("13.8% MIN 13 GBP/100kg MAX 15 GBP/100kg - 7 GBP/100kg", "1200 GBP", {"t": "10"}, "800"),
        ("33.9 EUR/100kg/standard quality", "1 EUR", {"kg/standard quality": "23098"}, "7830.222"),
        ("28 GBP/100kg/raw sugar", "850 GBP", {"kg/raw sugar": "100"}, "28"),
        # The forms of the schedules, by hand.
        ("12% + 5 EUR/100kg", "1000 EUR", {"kg": "250"}, "132.5"),
        ("12% + 5 EUR/100kg MAX 12.5%", "1000 EUR", {"kg": "250"}, "125"),
        ("8% MIN 0.36 EUR/100kg MAX 9% + 1 EUR/kg", "10 EUR", {"kg": "1000"}, "3.60"),
        ("0.5 EUR/item MIN 2.7% MAX 4.6%", "10 EUR", {"item": "1"}, "0.46"),
        ("0.5 EUR/item MIN 2.7% MAX 4.6%", "100 EUR", {"item": "1"}, "2.7"),
        ("1.3 EUR/%vol/hl MIN 7.2 EUR/hl", "1 EUR", {"%vol": "5", "hl": "2"}, "14.4"),
        ("33 1/3%", "900 USD", {}, "300"),
        ("350%", "12 NOK", {}, "42"),
        ("free", "900 USD", {}, "0"),
        ("0%", "900 USD", {}, "0"),
        ("3 EUR", "900 EUR", {}, "3"),
        ("3 EUR/item", "900 EUR", {"item": "4"}, "12"),
        ("0.96 USD/doz + 1.4%", "100 USD", {"item": "7"}, "1.96"),
        ("0.06 USD/doz", "1 USD", {"item": "7"}, "0.035"),
        ("0.06 USD/doz", "1 USD", {"doz": "7"}, "0.42"),
        ("1.44 USD/gross + 25%", "100 USD", {"item": "100"}, "26"),
        ("0.003 USD/line/gross", "1 USD", {"line": "24", "item": "36"}, "0.018"),
        ("0.0525 USD/bbl", "1 USD", {"bbl": "1000"}, "52.5"),
        ("52 EUR/1000item", "1 EUR", {"item": "250"}, "13"),
        ("89.6 USD/thousand", "1 USD", {"item": "250"}, "22.4"),
        ("0.43 USD/item + 0.028 USD/jewel over 7 + 3.7% on case value", "1 USD",
         {"item": "1", "jewel": "17", "case value": "10"}, "1.08"),
        ("0.028 USD/jewel over 7", "1 USD", {"jewel": "5"}, "0"),
        ("0.1057 AUD/l/%vol over 1.15", "1 AUD", {"l": "10", "%vol": "5.15"}, "4.228"),
        (SUGAR, "1 USD", {"kg": "1000", "degree": "96"}, "35.77928"),
        (SUGAR, "1 USD", {"kg": "1000", "degree": "60"}, "31.43854"),
        (SUGAR, "1 USD", {"kg": "1000", "degree": "100"}, "36.606"),
        ("8.5% MIN 2400 JPY/pair", "40000 JPY", {"pair": "2"}, "4800"),
        ("15% MAX 125 JPY/l MIN 67 JPY/l", "100 JPY", {"l": "1"}, "67"),
        ("15% MAX 125 JPY/l MIN 67 JPY/l", "2000 JPY", {"l": "1"}, "125"),
        ("393 JPY/kg - 100% MIN free", "300 JPY", {"kg": "1"}, "93"),
        ("393 JPY/kg - 100% MIN free", "500 JPY", {"kg": "1"}, "0"),
        ("20% MAX (23% MIN 0.67 EUR/cm3/engine)", "5000 EUR", {"cm3/engine": "1600"}, "1000"),
        ("(0.0281 CAD/kg MIN 8.5%) + 4%", "100 CAD", {"kg": "1000"}, "32.1"),
        ("9% - (2% + 1 EUR/kg)", "100 EUR", {"kg": "3"}, "4"),
        ("9% + EA MAX 24.2% + ADSZ", "100 EUR", {"kg": "50", "EA": "20", "ADSZ": "5"}, "19"),
        ("9% + EA MAX 12% + ADSZ", "100 EUR", {"kg": "50", "EA": "20", "ADSZ": "5"}, "14.5"),
    ],
)  # fmt: skip
def test_amounts_are_exact(text: str, value: str, measures: dict[str, str], expected: str) -> None:
    stated = {name: Decimal(number) for name, number in measures.items()}
    found = parse(text).amount(Money.parse(value), stated)
    assert found.amount == Decimal(expected)
    assert found.currency == value[-3:]


def test_only_a_quotient_without_an_end_is_cut() -> None:
    found = parse("33 1/3% + 66.7%").amount(Money.parse("100 USD"), {}).amount
    assert found == Decimal("100." + "0" + "3" * (QUOTIENT_DIGITS - 3))
    assert parse("33 1/3%").amount(Money.parse("99.99 USD"), {}).amount == Decimal("33.33")


def test_a_missing_measure_is_named() -> None:
    with pytest.raises(MissingFactError) as refusal:
        amount("12% + 5 EUR/100kg", "100 EUR", pair="2")
    assert refusal.value.fact == "kg"


@pytest.mark.parametrize(
    ("text", "given_name", "fact"),
    [
        ("5 EUR/100kg/drained", "kg", "kg/drained"),
        ("5 EUR/kg", "kg/gross", "kg"),
        ("5 EUR/pair", "item", "pair"),
        ("5 EUR/lpa", "l", "lpa"),
        ("6% on case value", "retail price", "case value"),
        ("EA", "kg", "EA"),
    ],
)
def test_another_measure_never_stands_in(text: str, given_name: str, fact: str) -> None:
    with pytest.raises(MissingFactError) as refusal:
        parse(text).amount(Money.parse("100 EUR"), {given_name: Decimal(1)})
    assert refusal.value.fact == fact


def test_all_missing_measures_are_named_at_once() -> None:
    with pytest.raises(Refusals) as refusal:
        amount("0.5 EUR/%vol/hl + 2.6 EUR/hl + 3 EUR/item", "100 EUR")
    assert {one.fact for one in refusal.value.exceptions if isinstance(one, MissingFactError)} == {
        "%vol", "hl", "item",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("entry price", "entry price"),
        ("8.8% + entry price", "entry price"),
        ("not covered", "not covered"),
        ('ref "the rate of the garment"', "the rate of the garment"),
        ('5% MIN ref "another rate"', "another rate"),
    ],
)
def test_a_form_without_a_number_is_never_a_number(text: str, subject: str) -> None:
    with pytest.raises(NotModelledError) as refusal:
        amount(text, "100 EUR")
    assert refusal.value.subject == subject


def test_an_amount_in_another_currency_needs_a_rate_of_exchange() -> None:
    with pytest.raises(CurrencyError, match=r"from EUR to GBP") as refusal:
        amount("12% + 5 EUR/100kg", "100 GBP", kg="1")
    assert refusal.value.currencies == ("EUR", "GBP")


# What is needed, and when


@pytest.mark.parametrize(
    ("text", "units", "needs"),
    [
        ("12%", set(), set()),
        ("0.96 USD/doz + 1.4%", {"item"}, set()),
        ("0.896 USD/thousand", {"thousand"}, set()),
        ("0.5 EUR/%vol/hl + 2.6 EUR/hl", {"%vol", "hl"}, set()),
        ("5 EUR/100kg/drained MAX 5 EUR/pair", {"kg/drained", "pair"}, set()),
        (TOBACCO, {"kg"}, {"retail price"}),
        ("9% + EA MAX 24.2% + ADSZ", {"kg"}, {"EA", "ADSZ"}),
        ("5 EUR/item (1 MAY-31 OCT), 5% on case value (1 NOV-30 APR)", {"item"}, {"case value"}),
        ("5%; 1 EUR/pair from 2027-01-01", {"pair"}, set()),
    ],
)
def test_an_expression_names_what_it_needs(text: str, units: set[str], needs: set[str]) -> None:
    assert parse(text).units == units
    assert parse(text).needs == needs


@pytest.mark.parametrize(
    ("text", "percentage"),
    [("free", "0"), ("0%", "0"), ("12.50%", "12.5"), ("6% on case value", None), ("3 EUR", None),
     ("12% + 5 EUR/kg", None), ("not covered", None), (SEASONAL, None)],
)  # fmt: skip
def test_only_a_pure_percentage_is_shown_as_one(text: str, percentage: str | None) -> None:
    assert parse(text).ad_valorem == (None if percentage is None else Decimal(percentage))


def test_free_is_a_statement_of_its_own() -> None:
    assert parse("free") != parse("0%")
    assert parse("free") != parse("not covered")


@pytest.mark.parametrize(
    ("day", "rate"),
    [("2026-04-30", "8%"), ("2026-05-01", "10.4%"), ("2026-10-31", "10.4%"), ("2026-11-01", "8%"),
     ("2027-01-01", "8%"), ("2028-02-29", "8%")],
)  # fmt: skip
def test_a_season_may_run_over_the_end_of_the_year(day: str, rate: str) -> None:
    assert str(parse(SEASONAL).on(date.fromisoformat(day))) == rate


def test_a_day_in_no_season_is_refused_by_name() -> None:
    expression = parse("4% (1 JAN-31 MAR, 1 DEC-31 DEC), 5.1% (1 JUN-30 NOV)")
    with pytest.raises(NotInForceError, match="no season covers 15 APR") as refusal:
        expression.on(date(2026, 4, 15))
    assert refusal.value.day == date(2026, 4, 15)


def test_the_leap_day_belongs_to_no_season_that_ends_before_it() -> None:
    expression = parse("4% (1 JAN-28 FEB), 5% (1 MAR-31 DEC)")
    assert str(expression.on(date(2027, 2, 28))) == "4%"
    with pytest.raises(NotInForceError, match="29 FEB"):
        expression.on(date(2028, 2, 29))


@pytest.mark.parametrize(
    ("day", "rate"),
    [("1970-01-01", "5%"), ("2027-06-30", "5%"), ("2027-07-01", "4%"), ("2027-12-31", "4%"),
     ("2028-01-01", "free"), ("2099-01-01", "free")],
)  # fmt: skip
def test_each_dated_step_ends_the_one_before(day: str, rate: str) -> None:
    expression = parse("5%; 4% from 2027-07-01; free from 2028-01-01")
    assert str(expression.on(date.fromisoformat(day))) == rate


def test_nothing_is_said_before_the_first_dated_step() -> None:
    with pytest.raises(NotInForceError, match="nothing is stated for 2025-12-31"):
        parse("5% from 2026-01-01").on(date(2025, 12, 31))


def test_seasons_within_dated_steps_are_resolved() -> None:
    assert str(parse(f"5%; {SEASONAL} from 2027-01-01").on(date(2027, 6, 1))) == "10.4%"


@pytest.mark.parametrize("text", [SEASONAL, "5%; 4% from 2027-07-01"])
def test_a_rate_that_depends_on_the_day_asks_for_it(text: str) -> None:
    with pytest.raises(MissingFactError) as refusal:
        amount(text, "100 EUR")
    assert refusal.value.fact == "day"


# The working


def traced(text: str, **stated: Callable[..., Any]) -> steps.Step:
    """Return the steps of an expression on a customs value in USD."""
    return parse(text).trace(
        "customs duty",
        steps.given("customs value", "customs_value", "USD"),
        stated.get("measure", lambda name: steps.given(name, name, name)),
        law=None,
        money=stated.get("money", lambda one, label: steps.Step(label, "law", (), one.amount, unit="USD")),
    )


def test_the_working_reads_like_the_law() -> None:
    found = traced("12% + 5 USD/100kg/drained MAX 17%")
    charged, cap = found.inputs
    percentage, per_mass = charged.inputs
    assert (found.label, found.op, found.unit) == ("customs duty", "least", "USD")
    assert charged.label == "12% of the customs value plus 5 USD per 100 kg drained"
    assert (percentage.label, percentage.op) == ("12% of the customs value", "times")
    assert (per_mass.label, per_mass.inputs[1].label) == (
        "5 USD per 100 kg drained", "quantity in 100 kg drained",
    )  # fmt: skip
    assert cap.label == "17% of the customs value"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8% MIN 1 USD/kg", "8% of the customs value, not less than 1 USD per kg"),
        ("8% MAX 1 USD/kg", "8% of the customs value, not more than 1 USD per kg"),
        ("8% - 1 USD/kg", "8% of the customs value less 1 USD per kg"),
        ("33 1/3% on case value", "33 1/3% of the case value"),
        ("9% + EA", "9% of the customs value plus agricultural component (EA)"),
        ("0.028 USD/jewel over 7", "0.028 USD per jewel over 7"),
        ("free", "free of duty"),
    ],
)
def test_an_expression_is_said_in_words(text: str, words: str) -> None:
    assert parse(text).wording("customs value") == words


def test_an_amount_of_the_law_is_converted_by_the_caller() -> None:
    asked: list[tuple[Money, str]] = []

    def money(amount: Money, label: str) -> steps.Step:
        asked.append((amount, label))
        return steps.Step(label, "law", constant=amount.amount, unit="USD")

    traced("5 EUR/100kg + 3 EUR", money=money)
    assert asked == [
        (Money.parse("5 EUR"), "rate of 5 EUR per 100 kg"),
        (Money.parse("3 EUR"), "3 EUR"),
    ]


def test_each_measure_is_asked_for_once() -> None:
    asked: list[str] = []

    def measure(name: str) -> steps.Step:
        asked.append(name)
        return steps.given(name, name, name)

    traced("0.5 USD/%vol/hl + 2.6 USD/hl MIN 7 USD/hl", measure=measure)
    assert asked == ["%vol", "hl"]


@pytest.mark.parametrize(
    ("text", "kind", "subject"),
    [('ref "elsewhere"', "rate", "elsewhere"), ("entry price", "rate", "entry price"),
     ("not covered", "rate", "not covered"), (SEASONAL, "fact", "day")],
)  # fmt: skip
def test_a_form_without_a_number_leaves_a_missing_step(text: str, kind: str, subject: str) -> None:
    found = traced(text)
    assert found.op == "missing"
    assert (found.constant.kind, found.constant.subject) == (kind, subject)


def test_the_law_stands_at_its_numbers() -> None:
    law: Any = object()
    found = parse("12%").trace(
        "duty",
        steps.given("value", "value", "EUR"),
        lambda name: steps.given(name, name),
        law=law,
        money=lambda money, label: steps.Step(label, "law", constant=money.amount),
    )
    assert found.inputs[1].law is law
    assert (found.inputs[1].constant, found.inputs[1].unit) == (Decimal("0.12"), "%")
