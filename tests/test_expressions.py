"""The notation of duty expressions: what is read, how it is written, refusals with their position."""

from __future__ import annotations

import pytest
from sample_rates import SEASONAL, SUGAR, TOBACCO

from dutycalc.errors import (
    FactsError,
)
from dutycalc.expressions import (
    parse,
)


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
