"""What importers read: each publisher's notation, and seasons put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutycalc.errors import DutycalcError, FactsError
from dutycalc.expressions import parse
from dutycalc.importers import (
    british,
    canada,
    eaeu,
    japan_texts,
    peru,
    single_measures,
    usitc_texts,
)
from dutycalc.importers.japan import lower_of
from dutycalc.importers.seasons import YEAR, seasonal


def canonical(text: str) -> str:
    return str(parse(text))


# The notations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Free", "free"),
        ("6.8%", "6.8%"),
        ("33 1/3%", "33 1/3%"),
        ("46.3¢/kg + 14.9%", "0.463 USD/kg + 14.9%"),
        ("40¢/kg +10.4%", "0.4 USD/kg + 10.4%"),
        ("$1.646/kg", "1.646 USD/kg"),
        ("76¢/pr. + 32%", "0.76 USD/pair + 32%"),
        ("89.6¢/1000", "0.896 USD/1000item"),
        ("$2/1,000 + 60%", "2 USD/1000item + 60%"),
        ("$1.50/thou- sand + 25%", "1.5 USD/1000item + 25%"),
        ("23.5¢/ liter", "0.235 USD/l"),
        ("4.2¢/liter + 22.4¢/pf. liter on ethyl alcohol content", "0.042 USD/l + 0.224 USD/pfl"),
        ("5.7¢/kg on drained weight+8%", "0.057 USD/kg/drained + 8%"),
        ("0.2¢/kg, including weight of container", "0.002 USD/kg/contents and container"),
        ("86.1¢/m2of recording surface", "0.861 USD/m2/recording surface"),
        ("18.7¢/m²", "0.187 USD/m2"),
        ("0.3¢/line/ gross + 4.6%", "0.003 USD/line/gross + 4.6%"),
        (
            "43¢ each + 2.8¢/jewel over 7 + 3.7% on the case",
            "0.43 USD/item + 0.028 USD/jewel over 7 + 3.7% on case value",
        ),
        (
            "40¢ each + 6% on case and strap, band or bracelet + 5.3% on thebattery",
            "0.4 USD/item + 6% on case and strap band or bracelet value + 5.3% on battery value",
        ),
        (
            (
                "4.3817¢/kg less 0.0622005¢ /kg for each degree under 100 degrees (and fractions of a degree "
                "in proportion) but not less 2.831562¢ /kg"
            ),
            "0.043817 USD/kg - 0.000622005 USD/kg/degree under 100 MIN 0.02831562 USD/kg",
        ),
        ("Free, under bond", 'ref "free under bond"'),
        ("See additional U.S. note 1", 'ref "additional U.S. note 1"'),
        (
            "The rate applicable to the natural juice in heading 2009",
            'ref "the natural juice of heading 2009"',
        ),
        ("See 9919.04.10, 9919.04.12, 99.19.04.14", 'ref "9919.04.10, 9919.04.12, 99.19.04.14"'),
        ("The duty provided inthe applicable subheading+ 25%", 'ref "the applicable subheading + 25%"'),
        ("30 percent of the fair retail value", "30% on fair retail value"),
    ],
)  # fmt: skip
def test_american_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(usitc_texts.translate(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "6.8% and more", "12¢", "12 kg", "¢/kg", "5% on the moon", "Free (A)", "7¢/bushel"]
)
def test_american_texts_are_never_read_in_part(text: str) -> None:
    with pytest.raises(FactsError):
        usitc_texts.translate(text)


def test_the_special_column_is_split_into_rates_and_programmes() -> None:
    assert usitc_texts.split_special(
        "Free (A*,AU, BH)2.9%(JP) See 9908.04.05 (IL) See 9919.04.50 (PA (PA)"
    ) == [
        ("Free", ("A*", "AU", "BH")),
        ("2.9%", ("JP",)),
        ("See 9908.04.05", ("IL",)),
        ("See 9919.04.50", ("PA",)),
    ]
    for text in ("Free", "Free (A) 5%", "(A)"):
        with pytest.raises(FactsError):
            usitc_texts.split_special(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("無税", "free"),
        ("１０．９％", "10.9%"),
        ("4,000,000円/頭", "4000000 JPY/head"),
        ("170万円/頭", "1700000 JPY/head"),
        ("29.8%+\n915円/kg", "29.8% + 915 JPY/kg"),
        ("60%又は4,800円/足のうちいずれか高い税率", "60% MIN 4800 JPY/pair"),
        ("5.6%又は4.4%＋1.52円/㎡のうちいずれか高い税率", "5.6% MIN 4.4% + 1.52 JPY/m2"),
        (
            "15%又は125円/lのうちいずれか低い税率\nただしその税率が67円/lを下回る場合は67円/l",
            "15% MAX 125 JPY/l MIN 67 JPY/l",
        ),
        (
            "7.5%又は280円/kgのうちいずれか高い税率(ただしその税率が7.8%を上回る場合は7.8%とする)",
            "7.5% MIN 280 JPY/kg MAX 7.8%",
        ),
        ("(393円−課税価格)/kg", "393 JPY/kg - 100% MIN free"),
        ("2.4%又は((500円-課税価格)×0.8)/kgのうちいずれか低い税率", "2.4% MAX (400 JPY/kg - 80% MIN free)"),
        (
            "1.9%又は((500円-課税価格)×10/16)/kgのうちいずれか低い税率",
            "1.9% MAX (312.5 JPY/kg - 62.5% MIN free)",
        ),
        ("(8.5%+290.70円/1,000本)", "8.5% + 290.7 JPY/1000item"),
        ("非譲許", "not covered"),
        ("(無税)〜(2.5%)", 'ref "several rates within the line"'),
        ("◎無税", 'ref "marked ◎ in the publication"'),
        ("気密容器入りのもの 9.6%\nその他のもの 無税", 'ref "rates that depend on a description"'),
    ],
)
def test_japanese_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(japan_texts.translate(text)) == expected


def test_a_share_without_an_end_in_decimals_is_a_formula() -> None:
    text = japan_texts.translate("0.5%又は((500円-課税価格)×2/11)/kgのうちいずれか低い税率")
    assert 'ref "a formula of the customs value"' in canonical(text)


@pytest.mark.parametrize("text", ["10", "10%%", "5円", "5円/t", "12%+"])
def test_japanese_texts_are_never_read_in_part(text: str) -> None:
    with pytest.raises(FactsError):
        parse(japan_texts.translate(text))


@pytest.mark.parametrize(
    ("text", "brackets"),
    [
        ("(3.5%)", True),
        ("3.5%", False),
        ("*(70円/kg)", True),
        ("(無税)〜(2.5%)", True),
        ("●21%〜(29.8%+1,159円/kg)", False),
        ("(無税)〜(3%)又は(15円/kg)", True),
        ("(393円−課税価格)/kg", False),
    ],
)
def test_brackets_say_that_the_bound_rate_is_not_lower(text: str, brackets: bool) -> None:
    assert japan_texts.bracketed(text) is brackets


@pytest.mark.parametrize(
    ("statutory", "bound", "expected"),
    [
        ("5%", "3%", "3%"),
        ("4.2%", "6%", ""),
        ("free", "8.5%", ""),
        ("60% MIN 4800 JPY/pair", "30% MIN 4300 JPY/pair", "30% MIN 4300 JPY/pair"),
        ("5.6% MIN 4.4% + 1.52 JPY/m2", "5.6%", "5.6% MIN 4.4% + 1.52 JPY/m2 MAX 5.6%"),
        ("36% + 130 JPY/kg", "29.8% + 396 JPY/kg", "36% + 130 JPY/kg MAX (29.8% + 396 JPY/kg)"),
        ("5%", 'ref "words"', 'ref "words"'),
        ('ref "words"', "3%", 'ref "words"'),
    ],
)
def test_the_lower_rate_applies_and_where_the_goods_decide_both_stand(
    statutory: str, bound: str, expected: str
) -> None:
    found = lower_of(statutory, bound)
    assert found == expected or canonical(found) == canonical(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5", "12.5%"),
        ("50, но не менее 1 евро за 1 кг", "50% MIN 1 EUR/kg"),
        ("17, но не менее 1,7 евро за 1000 шт", "17% MIN 1.7 EUR/1000item"),
        ("4,5 плюс 0,02 евро за 1 кг", "4.5% + 0.02 EUR/kg"),
        ("250 долларов США за 1000 кг", "250 USD/1000kg"),
        ("171 доллар США за 1000 кг", "171 USD/1000kg"),
        ("0,75 евро за 1 пару", "0.75 EUR/pair"),
        ("0,38 евро за 1 м²", "0.38 EUR/m2"),
        (
            (
                "15, либо 12,5, но не менее 0,6 евро за 1 см3 объема двигателя, в зависимости от того, какая "
                "из исчисленных сумм таможенной пошлины ниже"
            ),
            "15% MAX (12.5% MIN 0.6 EUR/cm3/engine)",
        ),
    ],
)
def test_eurasian_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(eaeu.translate(text)) == expected


@pytest.mark.parametrize("text", ["", "5%", "5 евро", "5, но не более 3 евро за 1 кг", "0,38 евро за 1 м"])
def test_eurasian_texts_are_never_read_in_part(text: str) -> None:
    with pytest.raises(FactsError):
        eaeu.translate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Free", "free"),
        ("218% but not less than $2.47/kg", "218% MIN 2.47 CAD/kg"),
        ("5.62¢/kg but not less than 10.5% plus 4%", "(0.0562 CAD/kg MIN 10.5%) + 4%"),
        ("5% but not less than 4.74¢/kg or more than 9.48¢/kg", "5% MIN 0.0474 CAD/kg MAX 0.0948 CAD/kg"),
        ("4.92¢/litre of absolute ethyl alcohol", "0.0492 CAD/lpa"),
        ("N/A", "not covered"),
    ],
)
def test_canadian_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(canada.translate(text)) == expected


@pytest.mark.parametrize("text", ["6%/kg", "0%; $0.00/kg", "13.5%/pair", "", "free"])
def test_canadian_slips_are_refused(text: str) -> None:
    with pytest.raises(FactsError):
        canada.translate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,765.00 EUR / tonne", "2765 EUR/t"),
        ("9.60% MIN 1.1\xa0€/100\xa0kg", "9.6% MIN 1.1 EUR/100kg"),
        ("0.80 GBP/kg/lactic matter + 18.00 GBP/100kg", "0.8 GBP/kg/lactic matter + 18 GBP/100kg"),
        ("8.00% (01 NOV - 14 MAY), 14.00% (15 MAY - 31 OCT)", "8% (1 NOV-14 MAY), 14% (15 MAY-31 OCT)"),
        ("Entry Price", "entry price"),
    ],
)
def test_british_and_european_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(british.translate(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "24 + 4.2 EUR/100 kg",
        "7.2 MIN 0.36 EUR/100 kg",
        "1.10% + 9.70.00 GBP / 100 kg",
        "11.20% (01 JAN-31 APR)",
        "9.60% (01 JAN-14 APR), 13.60%",
    ],
)
def test_british_and_european_defects_are_refused(text: str) -> None:
    with pytest.raises(FactsError):
        parse(british.translate(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cond: A cert: D-008 (01):0.000 % ; A (01):172.200 EUR TNE I", 'ref "conditions A: D-008"'),
        ("Cond: V 52.600 EUR/DTN(01):12.000 % ; V 0.000 EUR/DTN(01):0.000 %", 'ref "conditions V"'),
        ("10.200 % + 93.100 EUR DTN", "10.2% + 93.1 EUR/100kg"),
        ("1,554.300 EUR TNE", "1554.3 EUR/t"),
        ("NIHIL", "free"),
    ],
)
def test_taric_texts_become_canonical(text: str, expected: str) -> None:
    assert canonical(single_measures.translate(text)) == expected


def test_peru_has_three_levels_and_no_other() -> None:
    assert [peru.translate(text) for text in ("0", "6", "11")] == ["0%", "6%", "11%"]
    for text in ("4", "", "11%"):
        with pytest.raises(FactsError):
            peru.translate(text)


TRANSLATORS = (
    usitc_texts.translate, japan_texts.translate, eaeu.translate, canada.translate, british.translate,
    single_measures.translate, peru.translate,
)  # fmt: skip


@given(
    translate=st.sampled_from(TRANSLATORS),
    text=st.text("0123456789.,%¢$€円無税又はкгл евроFree/kg+() MINAX", max_size=24),
)
def test_any_text_is_read_whole_or_refused(translate: Callable[[str], str], text: str) -> None:
    try:
        found = parse(translate(text))
    except DutycalcError:
        return
    assert parse(str(found)) == found


# Seasons


def test_stretches_of_one_code_make_one_seasonal_duty() -> None:
    assert seasonal([("6%", (11, 1), (12, 31)), ("6%", (1, 1), (3, 31)), ("4%", (4, 1), (4, 30))]) == (
        "6% (1 NOV-31 MAR), 4% (1 APR-30 APR)"
    )
    assert seasonal([("0%", (1, 1), (12, 31))]) == "0%"
    assert seasonal([("3.2%", (1, 1), (2, 29)), ("0%", (3, 1), (12, 31))]) == (
        "3.2% (1 JAN-29 FEB), 0% (1 MAR-31 DEC)"
    )
    with pytest.raises(FactsError, match="both 3% and 4% are stated for 1 APR"):
        seasonal([("3%", (1, 1), (4, 1)), ("4%", (4, 1), (5, 1))])
    with pytest.raises(FactsError, match="31-4 is no day"):
        seasonal([("3%", (1, 1), (4, 31))])


@given(cuts=st.lists(st.integers(0, 365), min_size=2, max_size=6, unique=True))
def test_every_day_keeps_the_duty_that_was_stated_for_it(cuts: list[int]) -> None:
    starts = sorted(cuts)
    ends = [(start - 1) % 366 for start in (*starts[1:], starts[0])]
    parts = [
        (f"{n + 1}%", YEAR[start], YEAR[end]) for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    found = parse(seasonal(parts))
    for n, start in enumerate(starts):
        month, day = YEAR[start]
        assert str(found.on(date(2024, month, day))) == f"{n + 1}%"
