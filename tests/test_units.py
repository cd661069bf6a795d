"""Units of quantity: the table, conversion within a dimension, and the codes of TARIC and HMRC."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dutycalc.errors import FactsError
from dutycalc.money import MINOR_UNITS
from dutycalc.units import (
    QUALIFIERS,
    UNITS,
    Measurement,
    convert,
    counted,
    factors,
    find_measure,
    measurement,
    normal,
    ratio,
    unit,
)

words = st.sampled_from(sorted(UNITS))
quantities = st.decimals(min_value=0, max_value=10**9, places=6)

HMRC_CODES = {
    "ASV": "%vol", "ASVX": "%vol/hl", "BRX": "%sacchar", "CCT": "cct", "CEN": "100item", "CTM": "ct",
    "DAP": "10000kg/polarised", "DHS": "kg/dihydrostreptomycin", "DTN": "100kg", "DTNE": "100kg/drained",
    "DTNF": "100kg/common wheat", "DTNG": "100kg/gross", "DTNL": "100kg/live", "DTNM": "100kg/dry",
    "DTNR": "100kg/standard quality", "DTNS": "100kg/raw sugar", "DTNZ": "100kg/%sacchar", "EUR": "euro",
    "GFI": "g/fissile", "GRM": "g", "GRT": "GT", "HLT": "hl", "HMT": "100m", "KCC": "kg/choline chloride",
    "KCL": "t/KCl", "KGM": "kg", "KGMA": "kg/alcohol", "KGME": "kg/drained", "KGMG": "kg/gross",
    "KGMP": "kg/lactic matter", "KGMS": "kg/raw sugar", "KGMT": "kg/dry lactic matter", "KLT": "1000l",
    "KMA": "kg/methylamines", "KMT": "km", "KNI": "kg/nitrogen", "KNS": "kg/H2O2", "KPH": "kg/KOH",
    "KPO": "kg/K2O", "KPP": "kg/P2O5", "KSD": "kg/dry 90%", "KSH": "kg/NaOH", "KUR": "kg/uranium",
    "LPA": "lpa", "LTR": "l", "LTRA": "l/alcohol", "MIL": "1000item", "MPR": "1000pair", "MTK": "m2",
    "MTQ": "m3", "MTQC": "1000m3", "MTR": "m", "MWH": "1000kWh", "NAR": "item", "NARB": "item/per flask",
    "NCL": "cell", "NPR": "pair", "RET": "retail price", "SPQ": "lpa/spr", "SPQLPA": "lpa/spr",
    "SPQLTR": "%vol/hl/spr", "SPR": "spr", "TJO": "TJ", "TNE": "t", "TNEE": "t/drained",
    "TNEI": "t/biodiesel", "TNEJ": "t/fuel", "TNEK": "t/bioethanol", "TNEM": "t/dry",
    "TNER": "t/standard quality", "TNEZ": "t/%sacchar", "WAT": "W",
}  # fmt: skip
"""The measurement units of HMRC's tariff service, August 2026."""


def test_every_unit_is_found_by_its_word() -> None:
    for word, one in UNITS.items():
        assert unit(word) is one
        assert one.factor > 0
        assert one.description


def test_every_dimension_has_a_unit_of_its_own() -> None:
    dimensions = {one.dimension for one in UNITS.values()}
    assert {one.dimension for one in UNITS.values() if one.factor == 1} == dimensions


def test_codes_are_those_of_one_unit() -> None:
    codes = [one.code for one in UNITS.values() if one.code]
    assert len(codes) == len(set(codes))


def test_no_unit_is_called_like_a_currency() -> None:
    assert not set(UNITS) & set(MINOR_UNITS)


def test_words_differ_by_more_than_capitals() -> None:
    for table in (UNITS, QUALIFIERS):
        assert len({word.lower() for word in table}) == len(table)


def test_an_unknown_unit_is_refused_and_near_ones_are_named() -> None:
    with pytest.raises(FactsError, match=r"unknown unit 'pairr'; did you mean pair") as refusal:
        unit("pairr")
    assert refusal.value.fact == "pairr"


@pytest.mark.parametrize("word", ["KG", "100kg", "", "kg ", "kilo"])
def test_only_the_words_of_the_table_are_units(word: str) -> None:
    with pytest.raises(FactsError, match="unknown unit"):
        unit(word)


@pytest.mark.parametrize(
    ("quantity", "from_word", "to_word", "expected"),
    [
        ("1000", "l", "hl", "10"),
        ("1", "m3", "l", "1000"),
        ("1", "bbl", "l", "158.987294928"),
        ("12", "item", "doz", "1"),
        ("144", "item", "gross", "1"),
        ("250", "item", "thousand", "0.25"),
        ("24", "pair", "dozpair", "2"),
        ("5", "ct", "g", "1"),
        ("1", "lb", "kg", "0.45359237"),
        ("84", "lpa", "pfl", "168"),
        ("2500", "cm2", "m2", "0.25"),
        ("3", "t/drained", "kg/drained", "3000"),
    ],
)
def test_conversion_is_exact(quantity: str, from_word: str, to_word: str, expected: str) -> None:
    assert convert(Decimal(quantity), from_word, to_word) == Decimal(expected)


@pytest.mark.parametrize(
    ("from_word", "to_word"),
    [
        ("kg", "pair"),
        ("item", "pair"),
        ("l", "kg"),
        ("kg", "kg/drained"),
        ("kg/gross", "kg"),
        ("kg/lead", "kg/copper"),
        ("kWh", "TJ"),
        ("cm3", "cm3/engine"),
        ("l", "lpa"),
    ],
)
def test_different_things_are_never_converted(from_word: str, to_word: str) -> None:
    with pytest.raises(FactsError, match="measure different things"):
        convert(Decimal(1), from_word, to_word)


@given(quantity=quantities, from_word=words, to_word=words)
def test_a_conversion_there_and_back_returns_the_quantity(
    quantity: Decimal, from_word: str, to_word: str
) -> None:
    assume(UNITS[from_word].dimension == UNITS[to_word].dimension)
    back = convert(convert(quantity, from_word, to_word), to_word, from_word)
    assert abs(Fraction(back) - Fraction(quantity)) <= Fraction(quantity) / 10**32


@given(quantity=quantities, from_word=words, to_word=words)
def test_a_conversion_follows_the_factors(quantity: Decimal, from_word: str, to_word: str) -> None:
    assume(UNITS[from_word].dimension == UNITS[to_word].dimension)
    multiplier, divisor = ratio(from_word, to_word)
    factor = Fraction(UNITS[from_word].factor) / Fraction(UNITS[to_word].factor)
    assert Fraction(multiplier) / Fraction(divisor) == factor
    if divisor == 1:
        assert Fraction(convert(quantity, from_word, to_word)) == Fraction(quantity) * factor


@pytest.mark.parametrize(
    ("name", "asked", "divisor"),
    [("doz", "item", "12"), ("gross", "item", "144"), ("dozpair", "pair", "12"), ("hl", "hl", "1"),
     ("kg/drained", "kg/drained", "1"), ("bbl", "l", "158.987294928"), ("item", "item", "1")],
)  # fmt: skip
def test_what_has_no_end_in_dozens_is_counted_by_the_piece(name: str, asked: str, divisor: str) -> None:
    assert counted(name) == (asked, Decimal(divisor))


def test_a_measure_is_a_unit_with_what_of_the_goods_it_counts() -> None:
    assert [(one.unit.word, one.qualifier) for one in factors("kg/drained")] == [("kg", "drained")]
    assert [one.name for one in factors("%vol/hl")] == ["%vol", "hl"]
    assert [one.name for one in factors("kg/lead/%sacchar")] == ["kg/lead", "%sacchar"]


def test_gross_is_packing_after_a_mass_and_twelve_dozen_elsewhere() -> None:
    assert [one.name for one in factors("kg/gross")] == ["kg/gross"]
    assert [one.name for one in factors("line/gross")] == ["line", "gross"]


@pytest.mark.parametrize("name", ["drained", "pair/drained", "kg/drained/gross", "kg/engine"])
def test_a_qualifier_stands_only_where_it_can_be_measured(name: str) -> None:
    with pytest.raises(FactsError, match="can be measured so"):
        factors(name)


def test_normal_turns_each_measure_into_its_dimensions_own_unit() -> None:
    measures = {"hl": Decimal("0.5"), "%vol": Decimal(40), "doz": Decimal(2), "t/drained": Decimal(1)}
    assert normal(measures) == {
        "l": Decimal(50), "%vol": Decimal(40), "item": Decimal(24), "kg/drained": Decimal(1000),
    }  # fmt: skip


def test_two_statements_of_one_measure_must_agree() -> None:
    assert normal({"l": Decimal(100), "hl": Decimal(1)}) == {"l": Decimal(100)}
    with pytest.raises(FactsError, match="100 l and 100 hl contradict each other"):
        normal({"l": Decimal(100), "hl": Decimal(100)})


def test_a_measure_is_found_within_its_dimension() -> None:
    measures = {"l": Decimal(1000), "%vol": Decimal("8.4"), "kg": Decimal(30)}
    assert find_measure(measures, "hl") == 10
    assert find_measure(measures, "t") == Decimal("0.03")
    assert find_measure(measures, "%vol/hl") == 84
    assert find_measure(measures, "pair") is None
    assert find_measure(measures, "kg/drained") is None
    assert find_measure(measures, "%vol/kg/lead") is None


def test_the_stated_measure_wins_over_a_converted_one_and_converted_ones_must_agree() -> None:
    assert find_measure({"g": Decimal(1), "kg": Decimal(2)}, "kg") == 2
    with pytest.raises(FactsError, match="contradict"):
        find_measure({"g": Decimal(1), "t": Decimal(2)}, "kg")


def test_facts_that_are_no_measures_are_passed_over() -> None:
    assert find_measure({"retail price": Decimal(5), "g": Decimal(1)}, "kg") == Decimal("0.001")


@pytest.mark.parametrize(("code", "expected"), HMRC_CODES.items())
def test_every_code_of_hmrc_is_a_measure(code: str, expected: str) -> None:
    found = measurement(code)
    assert str(found) == expected
    assert found.unit == "retail price" or factors(found.measure)


def test_a_code_gives_multiplier_unit_and_qualifier() -> None:
    assert measurement("DTN E") == Measurement(Decimal(100), "kg", "drained")
    assert measurement("ASV X") == Measurement(Decimal(1), "%vol/hl", "")
    assert tuple(measurement("MIL")) == (1000, "item", "")


@pytest.mark.parametrize("code", ["XYZ", "NARE", "DTN Q", "KSDM", "HLTX", "", "kgm"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(FactsError, match=r"unknown code|has no qualifier"):
        measurement(code)
