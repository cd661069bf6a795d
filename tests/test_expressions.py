"""Duty expressions: the grammar both ways, exact amounts, refusals with their position, and properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dutycalc import steps
from dutycalc.errors import (
    CurrencyError,
    FactsError,
    MissingFactError,
    NotInForceError,
    NotModelledError,
    Refusals,
)
from dutycalc.expressions import (
    COMPONENTS,
    PARTS,
    AdValorem,
    Component,
    Dated,
    EntryPrice,
    Expression,
    Free,
    Limit,
    NotCovered,
    Per,
    Range,
    Rate,
    Reference,
    Season,
    Seasons,
    Specific,
    Sum,
    parse,
)
from dutycalc.money import MINOR_UNITS, QUOTIENT_DIGITS, Money
from dutycalc.units import QUALIFIERS, UNITS, factors

SUGAR = "0.036606 USD/kg - 0.00020668 USD/kg/degree under 100 MIN 0.03143854 USD/kg"
TOBACCO = "16.5% on retail price + 244.78 GBP/kg MIN 320.9 GBP/kg"
SEASONAL = "10.4% (1 MAY-31 OCT), 8% (1 NOV-30 APR)"


def amount(text: str, value: str, **measures: str) -> Money:
    """Return the amount of an expression; `%vol` is written `vol`, `/` as `__`."""
    stated = {name.replace("__", "/").replace("_", " "): Decimal(number) for name, number in measures.items()}
    if "vol" in stated:
        stated["%vol"] = stated.pop("vol")
    return parse(text).amount(Money.parse(value), stated)


# Notation


@pytest.mark.parametrize(
    "text",
    [
        "free",
        "0%",
        "12%",
        "350%",
        "0.0001%",
        "33 1/3%",
        "2/3%",
        "12% + 5 EUR/100kg",
        "12% + 5 EUR/100kg MAX 17%",
        "8% MIN 0.36 EUR/100kg MAX 9% + 1 EUR/kg",
        "42.903 EUR/100kg - 30%",
        "2.5 EUR/%vol/hl",
        "0.5 EUR/%vol/hl + 2.6 EUR/hl",
        "1.1 USD/pair",
        "89.6 USD/thousand",
        "43 GBP/1000item",
        "5 EUR/100kg/drained",
        "1.19 EUR/kg/lactic matter + 27.5 EUR/100kg",
        "0.4 EUR/100kg/%sacchar",
        "0.003 USD/line/gross + 4.6%",
        "0.028 USD/jewel over 7",
        "0.1057 AUD/l/%vol over 1.15",
        "1 EUR/kg/dry 90% over 5",
        "3 EUR/item",
        "3 EUR",
        "9% + EA MAX 24.2% + ADSZ",
        "8.3% + EAR MAX 18.7% + ADSZR MAX 35.15 EUR/100kg",
        "6% on case value + 14% on strap band or bracelet value + 5.3% on battery value",
        "33 1/3% on movement value",
        TOBACCO,
        SUGAR,
        "15% MAX 125 JPY/l MIN 67 JPY/l",
        "20% MAX (23% MIN 0.67 EUR/cm3/engine)",
        "(0.0281 CAD/kg MIN 8.5%) + 4%",
        "9% - (2% + 1 EUR/kg)",
        "entry price",
        "8.8% + entry price",
        "not covered",
        'ref "The rate applicable to each garment in the ensemble if separately entered"',
        'ref "the ""same"" rate; 5% (1 MAY-31 OCT), MAX"',
        SEASONAL,
        "15% (1 JAN-14 FEB, 16 JUN-31 DEC), free (15 FEB-15 JUN)",
        "12% MIN 2 EUR/100kg/gross (1 APR-30 NOV), 10.4% MIN 1.3 EUR/100kg/gross (1 DEC-31 MAR)",
        "5%; 4% from 2027-07-01; free from 2028-01-01",
        "5% from 2026-01-01; not covered from 2027-01-01",
        "5%; 10.4% (1 MAY-31 OCT), 8% (1 NOV-30 APR) from 2027-01-01",
    ],
)
def test_the_canonical_notation_is_read_and_written_unchanged(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Free", "free"),
        ("NIHIL", "free"),
        ("0.0%", "0%"),
        ("12.00 %", "12%"),
        ("12 1/2%", "12.5%"),
        ("33 2/6%", "33 1/3%"),
        ("  12%\u00a0+\t5 EUR/100kg  ", "12% + 5 EUR/100kg"),
        ("34.00 GBP/100kg", "34 GBP/100kg"),
        ("34.00 GBP / 100 kg", "34 GBP/100kg"),
        ("5.10% + 9.40 EUR / 100 kg / net drained wt", "5.1% + 9.4 EUR/100kg/drained"),
        ("4.00% + 7.80 GBP/100kg eda", "4% + 7.8 GBP/100kg/drained"),
        ("16.00% + 42.00 GBP/100kg mas", "16% + 42 GBP/100kg/dry"),
        ("50.70 EUR / 100 kg / net dry", "50.7 EUR/100kg/dry"),
        ("28.00 GBP/100kg std qual", "28 GBP/100kg/standard quality"),
        ("0.40 EUR / 100 kg /net/ % sacchar.", "0.4 EUR/100kg/%sacchar"),
        ("1.19 EUR / kg / lactic matter + 27.50 EUR / 100 kg", "1.19 EUR/kg/lactic matter + 27.5 EUR/100kg"),
        ("1.62 EUR / kg / tot alc", "1.62 EUR/kg/alcohol"),
        ("114.00 EUR / tonne", "114 EUR/t"),
        ("2,765.00 EUR / tonne", "2765 EUR/t"),
        ("52.00 EUR / 1,000 items", "52 EUR/1000item"),
        ("43.00 GBP/1000 p/st", "43 GBP/1000item"),
        ("0.20 GBP/ item", "0.2 GBP/item"),
        ("8.00% MAX 2.80 EUR / m2", "8% MAX 2.8 EUR/m2"),
        ("6.50% MAX 5.00 EUR / 100 m", "6.5% MAX 5 EUR/100m"),
        ("0.90 EUR / % vol / hl + 6.40 EUR / hl", "0.9 EUR/%vol/hl + 6.4 EUR/hl"),
        ("3.80% MIN 0.60 EUR / 100 kg / gross", "3.8% MIN 0.6 EUR/100kg/gross"),
        ("10.4% MIN 1.3€/100kg/br", "10.4% MIN 1.3 EUR/100kg/gross"),
        ("13.60% MIN 1.6€/100kg/net", "13.6% MIN 1.6 EUR/100kg"),
        ("9.00% +  EA MAX 18.70%  + ADSZ", "9% + EA MAX 18.7% + ADSZ"),
        ("9% + AC MAX 24.2% + SD", "9% + EA MAX 24.2% + ADSZ"),
        ("4.100 % + EAR MAX 9.300 % +ADSZR", "4.1% + EAR MAX 9.3% + ADSZR"),
        ("0.000 % + 12.400 EUR DTN MAX 11.500 %", "0% + 12.4 EUR/100kg MAX 11.5%"),
        ("0.800 % + 4.700 EUR DTN E", "0.8% + 4.7 EUR/100kg/drained"),
        ("0.500 EUR NAR MIN 2.700 % MAX 4.600 %", "0.5 EUR/item MIN 2.7% MAX 4.6%"),
        ("0.900 EUR ASV X + 6.400 EUR HLT", "0.9 EUR/%vol/hl + 6.4 EUR/hl"),
        ("0.050 EUR DTN Z", "0.05 EUR/100kg/%sacchar"),
        ("172.200 EUR TNE I", "172.2 EUR/t/biodiesel"),
        ("5 EUR/DTN", "5 EUR/100kg"),
        ("24.77 GBP / l alc. 100%", "24.77 GBP/lpa"),
        ("16.50 % / Retail Price", "16.5% on retail price"),
        ("6% on the case", "6% on case value"),
        ("Entry Price", "entry price"),
        ("Not  covered", "not covered"),
        ("15.00% (01 JAN-14 FEB, 16 JUN-31 DEC), 0.00% (15 FEB-15 JUN)",
         "15% (1 JAN-14 FEB, 16 JUN-31 DEC), 0% (15 FEB-15 JUN)"),
        ("14.00% (01 JUL - 31 JAN), 0.00% (01 FEB - 30 JUN)", "14% (1 JUL-31 JAN), 0% (1 FEB-30 JUN)"),
        ("4.00% (01 JAN-31 MAR, 01-30 DEC)", "4% (1 JAN-31 MAR, 1 DEC-30 DEC)"),
        ("13.40% (16 MAY-30 JUNE)", "13.4% (16 MAY-30 JUN)"),
        ("(12%)", "12%"),
        ("(12% MIN 1 EUR/kg) MAX 15%", "12% MIN 1 EUR/kg MAX 15%"),
        ("5% - 1 EUR/kg + 2%", "5% + 2% - 1 EUR/kg"),
    ],
)  # fmt: skip
def test_the_notations_of_publications_are_read(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 1, "a rate is due"),
        ("5% +", 5, "a rate is due"),
        ("5% MAX", 7, "a rate is due"),
        ("24 + 4.2 EUR/100 kg", 1, "24 bears neither % nor a currency"),
        ("7.2 MIN 0.36 EUR/100 kg", 1, "7.2 bears neither % nor a currency"),
        ("1.10% + 9.70.00 GBP / 100 kg", 9, "'9.70.00' is no number"),
        ("1,5%", 1, "'1,5' is no number"),
        ("1,2345%", 1, "'1,2345' is no number"),
        ("05%", 1, "'05' is no number"),
        ("4 3/2%", 3, "3/2 is no proper fraction"),
        ("NAR", 1, "'NAR' is no rate"),
        ("-5%", 1, "is no rate"),
        ("5%%", 3, "is no part of an expression"),
        ("5 % vol", 5, "'vol' is no part of an expression"),
        ("12% 5 EUR/kg", 5, "is no part of an expression"),
        ("10% max 12%", 5, "is no part of an expression"),
        ("5 EUC/kg", 3, "currency 'EUC' is not in ISO 4217"),
        ("12% + 5 EUR/kgg", 12, "unknown unit 'kgg'; did you mean kg"),
        ("5 EUR kg", 7, "write it after a stroke"),
        ("5 EUR/7kg", 6, "7 is no multiple of a unit"),
        ("5 EUR/kg/kg", 6, "measures a second time"),
        ("5 EUR/pair/drained", 6, "can be measured so"),
        ("5 EUR/pair/net", 6, "unknown unit 'net'"),
        ("5% on csae value", 7, "no percentage is taken of 'csae value'; did you mean case value"),
        ("5% / kg", 6, "no percentage is taken of 'kg'"),
        ("19.53% (end-use)", 9, "is no range of days"),
        ("11.20% (01 JAN-31 APR, 01 AUG-31 DEC)", 9, "31 APR is no day of the year"),
        ("5% (1 JAN-30 FEB)", 5, "30 FEB is no day of the year"),
        ("5% (1 MAI-31 OCT)", 5, "'MAI' is no month"),
        ("5% (1 JAN-1 MAR), 6% (1 MAR-2 APR)", 23, "1 MAR is stated twice"),
        ("5% (1 NOV-1 MAR, 1 JAN-2 JAN)", 18, "1 JAN is stated twice"),
        ("8% (1 MAY-31 OCT), 8%", 20, "no season is stated for this part"),
        ("Free, under bond", 5, "no season is stated before the comma"),
        ("8%, 9%", 3, "no season is stated before the comma"),
        ("(5% + 1 EUR/kg", 15, "a closing bracket is due"),
        ("5%)", 3, "')' is no part of an expression"),
        ("5% from 2026-02-30", 4, "2026-02-30 is no day"),
        ("5% from 2026-02-01; 4% from 2026-02-01", 24, "2026-02-01 does not come after 2026-02-01"),
        ("5%;", 4, "a rate and the day from which it holds are due"),
        ("5%; 4%", 7, "is no part of an expression"),
        ("not covered + 5%", 13, "is no part of an expression"),
        ('ref "unclosed', 1, "is no rate"),
        ("(" * 13 + "5%" + ")" * 13, 14, "too many brackets"),
        ("1%" + " MIN 1%" * 13, 91, "too many limits"),
        ("9" * 31 + "%", 1, "the number is too long"),
        ("Cond: A cert: D-008 (01):0.000 % ; A (01):172.200 EUR TNE I", 1, "is no rate"),
    ],
)
def test_a_text_that_is_not_read_whole_is_refused_with_its_position(
    text: str, position: int, reason: str
) -> None:
    with pytest.raises(FactsError) as refusal:
        parse(text)
    assert f"{text!r} at position {position}: " in str(refusal.value)
    assert reason in str(refusal.value)


def test_an_overlong_text_is_refused() -> None:
    with pytest.raises(FactsError, match="longer than 2000"):
        parse("1% + " * 500 + "1%")


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


# Properties


def numbers(*, min_value: int = 0) -> st.SearchStrategy[Decimal]:
    """Return rates and amounts as schedules state them."""
    return st.builds(lambda n, k: Decimal(n).scaleb(-k), st.integers(min_value, 10**7), st.integers(0, 5))


def percentages(*, parts: st.SearchStrategy[str]) -> st.SearchStrategy[AdValorem]:
    """Return percentages, also in thirds and sevenths."""

    def fraction(top: int, bottom: int, part: str) -> AdValorem:
        assume(gcd(top, bottom) == 1)
        return AdValorem(Decimal(top), bottom, part)

    thirds = st.builds(fraction, st.integers(1, 2000), st.sampled_from([3, 6, 7, 9, 11, 12, 15]), parts)
    return st.builds(AdValorem, numbers(), st.just(1), parts) | thirds


MEASURES = sorted(UNITS) + sorted(
    f"{word}/{qualifier}"
    for word, one in UNITS.items()
    for qualifier, (dimensions, _) in QUALIFIERS.items()
    if one.dimension in dimensions.split(", ")
)


@st.composite
def specifics(draw: st.DrawFn, *, currencies: st.SearchStrategy[str]) -> Specific:
    """Return amounts per measures of different dimensions."""
    pers: list[Per] = []
    for name in draw(st.lists(st.sampled_from(MEASURES), max_size=2)):
        assume(all(_dimension(name) != _dimension(one.measure) for one in pers))
        # `kg/gross` is a mass with its packing, and no kilogram times twelve dozen.
        assume(not (name == "gross" and pers and _dimension(pers[-1].measure) == "mass"))
        bound = draw(st.sampled_from(["", "", "over", "under"]))
        multiple = Decimal(10) ** draw(st.integers(0, 4))
        pers.append(Per(name, multiple, **({bound: draw(numbers())} if bound else {})))
    return Specific(draw(numbers()), draw(currencies), tuple(pers))


def _dimension(measure: str) -> str:
    return factors(measure)[0].unit.dimension


def rates(*, numeric: bool = False) -> st.SearchStrategy[Rate]:
    """Return whole rates; `numeric` ones have an amount in EUR as soon as their measures are given."""
    leaves: st.SearchStrategy[Rate] = st.one_of(
        st.just(Free()),
        percentages(parts=st.sampled_from(["", "", *PARTS])),
        specifics(currencies=st.just("EUR") if numeric else st.sampled_from(sorted(MINOR_UNITS))),
        st.builds(Component, st.sampled_from(sorted(COMPONENTS))),
    )
    if not numeric:
        leaves |= st.just(EntryPrice()) | st.builds(Reference, st.text(max_size=30))
    return st.recursive(leaves, _compound, max_leaves=6)


def _compound(inner: st.SearchStrategy[Rate]) -> st.SearchStrategy[Rate]:
    terms = st.lists(inner, min_size=1, max_size=3).map(tuple)
    minus = st.lists(inner, max_size=2).map(tuple)
    sums = st.builds(Sum, terms, minus).filter(lambda one: len(one.terms) + len(one.minus) > 1)
    return st.builds(Limit, st.sampled_from(["MIN", "MAX"]), inner, inner) | sums


LEAP_YEAR = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]


@st.composite
def seasons(draw: st.DrawFn) -> Seasons:
    """Return seasons that share no day, with gaps, the last of which may run over the end of the year."""
    ends = draw(st.lists(st.integers(0, 365), min_size=2, max_size=8, unique=True).map(sorted))
    days = [(LEAP_YEAR[n].month, LEAP_YEAR[n].day) for n in ends]
    ranges = [Range(days[n], days[n + 1]) for n in range(0, len(days) - 1, 2)]
    if draw(st.booleans()):
        ranges = [Range(ranges[-1].last, ranges[0].first)] if len(ranges) > 1 else ranges
    parts = draw(st.lists(rates(), min_size=len(ranges), max_size=len(ranges)))
    if len(ranges) > 2 and draw(st.booleans()):
        return Seasons((Season(parts[0], tuple(ranges[:2])), *(
            Season(part, (one,)) for part, one in zip(parts[2:], ranges[2:], strict=True)
        )))  # fmt: skip
    return Seasons(tuple(Season(part, (one,)) for part, one in zip(parts, ranges, strict=True)))


@st.composite
def dated(draw: st.DrawFn) -> Dated:
    """Return rates by the day from which they hold."""
    inner = rates() | seasons() | st.just(NotCovered())
    starts = sorted(draw(st.sets(st.dates(), min_size=1, max_size=3)))
    return Dated(draw(st.none() | inner), tuple((start, draw(inner)) for start in starts))


expressions = rates() | seasons() | dated() | st.just(NotCovered())


@given(expressions)
def test_what_is_written_reads_back_as_the_same_tree(expression: Expression) -> None:
    assert reads_back(expression)
    assert str(parse(str(expression))) == str(expression)


@given(st.text(alphabet='0123456789%.,/ +-()EURkgMINAXfreOonv;"', max_size=30))
def test_any_text_is_read_whole_or_refused(text: str) -> None:
    try:
        found: Expression | str = parse(text)
    except FactsError as refusal:
        found = str(refusal)
    assert found.startswith(f"{text!r} at position ") if isinstance(found, str) else reads_back(found)


def reads_back(expression: Expression) -> bool:
    """Tell whether what is written reads back as the same tree."""
    return parse(str(expression)) == expression


TINY = Decimal("1E-15")
"""Above what cutting the quotients of one expression can come to, below all that a schedule states."""

values = st.decimals(min_value=0, max_value=10**7, places=2)


@st.composite
def facts(draw: st.DrawFn, rate: Rate) -> dict[str, Decimal]:
    """Return all that the rate needs."""
    return {name: draw(values) for name in sorted(rate.units | rate.needs)}


@st.composite
def cases(draw: st.DrawFn, source: st.SearchStrategy[Rate]) -> tuple[Rate, Decimal, dict[str, Decimal]]:
    """Return a rate, a value and all that the rate needs."""
    rate = draw(source)
    return rate, draw(values), draw(facts(rate))


def by_hand(rate: Rate, value: Decimal, measures: Mapping[str, Decimal]) -> Fraction:
    """Return the amount in fractions, by another road than the steps."""

    def quantity(per: Per) -> Fraction:
        asked, divisor = per.counted
        found = Fraction(measures[asked]) / Fraction(divisor)
        if per.over is not None:
            found = max(found - Fraction(per.over), Fraction(0))
        if per.under is not None:
            found = max(Fraction(per.under) - found, Fraction(0))
        return found / Fraction(per.multiple)

    match rate:
        case AdValorem(percent, divisor, part):
            return Fraction(percent) / divisor / 100 * Fraction(measures[part] if part else value)
        case Specific(number, _, per):
            product = Fraction(number)
            for one in per:
                product *= quantity(one)
            return product
        case Component(name):
            return Fraction(measures[name]) * Fraction(measures["kg"]) / 100
        case Sum(terms, minus):
            more = sum((by_hand(one, value, measures) for one in terms), Fraction(0))
            return more - sum((by_hand(one, value, measures) for one in minus), Fraction(0))
        case Limit(word, inner, limit):
            both = by_hand(inner, value, measures), by_hand(limit, value, measures)
            return min(both) if word == "MAX" else max(both)
        case _:
            assert rate == Free()
            return Fraction(0)


@given(cases(rates(numeric=True)))
def test_the_steps_give_the_sum_made_by_hand(case: tuple[Rate, Decimal, dict[str, Decimal]]) -> None:
    rate, value, measures = case
    found = Fraction(rate.amount(Money(value, "EUR"), measures).amount)
    assert abs(found - by_hand(rate, value, measures)) < Fraction(TINY)


def falls_nowhere(rate: Rate) -> bool:
    """Tell whether nothing in the rate is taken away as something else grows."""
    return all(
        not (isinstance(one, Sum) and one.minus)
        and not (isinstance(one, Specific) and any(per.under is not None for per in one.per))
        for one in rate.walk()
    )


@given(cases(rates(numeric=True).filter(falls_nowhere)), st.data())
def test_more_value_or_quantity_is_never_less_duty(
    case: tuple[Rate, Decimal, dict[str, Decimal]], data: st.DataObject
) -> None:
    rate, value, measures = case
    more = {name: quantity + data.draw(values) for name, quantity in measures.items()}
    less_duty = rate.amount(Money(value, "EUR"), measures)
    assert less_duty.amount <= rate.amount(Money(value + data.draw(values), "EUR"), more).amount + TINY


@given(cases(rates(numeric=True)), rates(numeric=True), st.sampled_from(["MIN", "MAX"]), st.data())
def test_a_limit_holds(
    case: tuple[Rate, Decimal, dict[str, Decimal]],
    limit: Rate,
    word: Literal["MIN", "MAX"],
    data: st.DataObject,
) -> None:
    rate, value, measures = case
    measures = {**data.draw(facts(limit)), **measures}
    found = Limit(word, rate, limit).amount(Money(value, "EUR"), measures)
    alone = rate.amount(Money(value, "EUR"), measures), limit.amount(Money(value, "EUR"), measures)
    assert found in alone
    assert all(found <= one for one in alone) if word == "MAX" else all(found >= one for one in alone)


@given(cases(specifics(currencies=st.just("EUR"))), st.data())
def test_a_quantity_may_be_stated_in_any_unit_of_its_dimension(
    case: tuple[Specific, Decimal, dict[str, Decimal]], data: st.DataObject
) -> None:
    rate, value, measures = case
    stated: dict[str, Decimal] = {}
    for name, quantity in measures.items():
        measure = factors(name)[0]
        same = [one for one in UNITS.values() if one.dimension == measure.unit.dimension]
        other = data.draw(st.sampled_from(same))
        factor = Fraction(measure.unit.factor) / Fraction(other.factor)
        converted = quantity * Decimal(factor.numerator)
        assume(factor.denominator == 1)
        stated[f"{other.word}/{measure.qualifier}" if measure.qualifier else other.word] = converted
    there, here = (rate.amount(Money(value, "EUR"), one).amount for one in (stated, measures))
    assert abs(there - here) <= abs(here) * TINY


@given(seasons(), st.sampled_from(LEAP_YEAR))
def test_a_season_is_found_by_walking_the_calendar(expression: Seasons, day: date) -> None:
    def walk(one: Range) -> set[tuple[int, int]]:
        days = [(each.month, each.day) for each in LEAP_YEAR]
        at, found = days.index(one.first), {one.first}
        while days[at] != one.last:
            at = (at + 1) % len(days)
            found.add(days[at])
        return found

    today = (day.month, day.day)
    due = [part.rate for part in expression.parts if any(today in walk(one) for one in part.ranges)]
    if due:
        assert [expression.on(day)] == due
    else:
        with pytest.raises(NotInForceError):
            expression.on(day)
