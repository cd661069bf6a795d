"""Importers: each publisher's notation and its real defects, quarantine, counts, and whole tables."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutycalc.errors import DutycalcError, FactsError, NotModelledError, TableError
from dutycalc.expressions import parse
from dutycalc.importers import (
    KINDS,
    Edition,
    ImportReport,
    british,
    canada,
    eaeu,
    import_table,
    japan_texts,
    peru,
    single_measures,
    usitc_texts,
)
from dutycalc.importers.japan import lower_of
from dutycalc.importers.seasons import YEAR, seasonal
from dutycalc.importers.usitc import objects
from dutycalc.schedules import Schedule, load_schedule
from dutycalc.shipped import tariffs_folder

HERE = Path(__file__).parent / "importers"
DAY = date(2026, 7, 1)


def imported(kind: str, file: Path, folder: Path, territory: str = "xx") -> tuple[ImportReport, Schedule]:
    report = import_table(kind, file, folder / territory, edition=Edition(published=DAY, name="measures"))
    return report, load_schedule(folder / territory)


def duty(schedule: Schedule, code: str, kind: str = "third_country", group: str = "") -> str:
    found = [
        one.expression_text for one in schedule.stated(code) if (one.kind, one.origin_group) == (kind, group)
    ]
    assert len(found) == 1, found
    return found[0]


def canonical(text: str) -> str:
    return str(parse(text))


def reasons(report: ImportReport) -> dict[str, str]:
    assert report.quarantine is not None
    with report.quarantine.open(encoding="utf-8", newline="") as stream:
        return {row["record"]: row["reason"] for row in csv.DictReader(stream)}


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


# The files


def test_the_american_schedule_inherits_by_depth_and_keeps_eight_digits(tmp_path: Path) -> None:
    report, schedule = imported("usitc-hts-json", HERE / "hts.json", tmp_path)
    assert report.quarantine is None
    assert duty(schedule, "01012100") == "free"
    assert duty(schedule, "01012900", "column_2", "column-2") == "20%"
    assert duty(schedule, "04069094", "preference", "PA").startswith('ref "9919.04.50')
    assert duty(schedule, "04069094", "preference", "KR") == "free"
    assert duty(schedule, "61032200") == 'ref "each garment of the ensemble"'
    assert schedule.main.rows("01012100")[0].unit == "No."
    assert all(len(code) == 8 and code < "98" for code in schedule.main.codes)
    assert report.columns["general"].referred == 1


def test_a_rate_above_reaches_the_lines_below_it(tmp_path: Path) -> None:
    def row(number: str, depth: str, general: str = "", other: str = "") -> dict[str, object]:
        return {
            "htsno": number, "indent": depth, "description": "", "superior": None, "units": ["kg"],
            "general": general, "special": "", "other": other, "footnotes": [], "quotaQuantity": None,
            "additionalDuties": None, "addiitionalDuties": None,
        }  # fmt: skip

    file = tmp_path / "hts.json"
    rows = [
        row("0201.10", "0", "4¢/kg", "6.6¢/kg"),
        row("", "01"),
        row("0201.10.05.00", "2"),
        row("0201.10.10", "2", "10%"),
        row("0201.10.10.10", "3"),
        row("0201.10.10.90", "3", "11%"),
        row("0201.20", "0"),
        row("0201.20.10.00", "1"),
        row("0201.3", "0"),
    ]
    file.write_text(json.dumps(rows), encoding="utf-8")
    report, schedule = imported("usitc-hts-json", file, tmp_path)
    assert duty(schedule, "02011005") == "0.04 USD/kg"
    assert duty(schedule, "02011010") == "10%"
    assert duty(schedule, "02011010", "column_2", "column-2") == "0.066 USD/kg"
    assert schedule.stated("02012010") == ()
    found = reasons(report)
    assert "no rate of its own" in found["02012010"]
    assert "the subheading's own stands" in found["02011010"]
    assert found["0201.3"] == "no number of the schedule"


def test_chapters_98_and_99_are_read_apart(tmp_path: Path) -> None:
    imported("usitc-hts-json", HERE / "hts.json", tmp_path)
    report = import_table(
        "usitc-hts-json-98-99",
        HERE / "hts.json",
        tmp_path / "xx",
        edition=Edition(DAY, name="measures_98_99"),
    )
    schedule = load_schedule(tmp_path / "xx")
    assert report.lines == 3
    assert duty(schedule, "99020104") == "7.2%"
    assert duty(schedule, "98176101", "column_2", "column-2") == 'ref "in the absence of this heading"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "no list of tariff lines"),
        ('[{"htsno": "0101"}]', "lacks"),
        ('[{"htsno": "0101", "indent"', "ends in the middle"),
    ],
)
def test_a_broken_schedule_is_refused_and_the_old_table_stays(tmp_path: Path, text: str, reason: str) -> None:
    imported("usitc-hts-json", HERE / "hts.json", tmp_path)
    table = tmp_path / "xx" / "measures.csv"
    before = table.read_bytes()
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    with pytest.raises(TableError, match=reason):
        imported("usitc-hts-json", broken, tmp_path)
    assert table.read_bytes() == before


def test_the_objects_of_a_list_are_read_across_chunks(tmp_path: Path) -> None:
    file = tmp_path / "long.json"
    stated = [{"text": "¢" * (n % 500), "n": n} for n in range(2_000)]
    file.write_text(json.dumps(stated, ensure_ascii=False, indent=1), encoding="utf-8")
    assert list(objects(file)) == stated


def test_the_british_and_european_tariffs_with_their_defects(tmp_path: Path) -> None:
    report, european = imported("cet-csv", HERE / "ukgt.csv", tmp_path, "eu")
    assert duty(european, "08044000") == "4% (1 JAN-31 MAR, 1 DEC-31 DEC), 5.1% (1 JUN-30 NOV)"
    assert duty(european, "07020000") == "entry price"
    assert duty(european, "08081010") == 'ref "unreadable: 7.2 MIN 0.36 EUR/100 kg"'
    assert european.lookup("08081010", "CN", DAY).only().expression_text.startswith('ref "unreadable')
    found = reasons(report)
    assert set(found) == {"07041000", "08081010", "08101000", "1902301010", "2007995083", "2008999120"}
    assert "31 APR is no day" in found["08101000"]
    assert "neither % nor a currency" in found["2007995083"]
    count = report.columns["third_country"]
    assert (count.texts, count.parsed, count.referred, count.quarantined) == (15, 7, 2, 6)
    report, british_tariff = imported("ukgt-csv", HERE / "ukgt.csv", tmp_path, "gb")
    assert report.quarantined == 0
    assert duty(british_tariff, "2007995083", "suspension").startswith('ref "suspension')
    assert british_tariff.lookup("07020000", "MA", date(2026, 7, 1)).only().expression_text == "14%"


def test_british_preferences_put_seasons_together_and_quarantine_what_contradicts(tmp_path: Path) -> None:
    imported("ukgt-csv", HERE / "ukgt.csv", tmp_path, "gb")
    report = import_table(
        "uk-preferences-csv",
        HERE / "uk_preferences.csv",
        tmp_path / "gb",
        edition=Edition(DAY, name="measures_preferences"),
    )
    schedule = load_schedule(tmp_path / "gb")
    assert duty(schedule, "0702", "preference", "EG") == "0% (1 NOV-30 JUN)"
    assert duty(schedule, "070410", "preference", "CL") == "8% (15 APR-30 NOV), 6.1% (1 DEC-14 APR)"
    assert duty(schedule, "07099310", "preference", "TN") == "0% (1 NOV-30 APR)"
    assert duty(schedule, "0302910097", "preference", "NO") == "3%"
    assert duty(schedule, "07020000", "preference", "SG").startswith(
        "7.2% (15 MAY-31 OCT), 4.4% (1 NOV-14 MAY)"
    )
    end_use = next(one for one in schedule.measures() if one.requires == "end use")
    assert end_use.expression_text == "19.53%"
    found = reasons(report)
    assert set(found) == {"020430 CO", "02031190 TR", "08051022 TN"}
    assert "'9.70.00' is no number" in found["020430 CO"]
    assert "several rates for the whole year" in found["02031190 TR"]
    assert "are stated for 1 JAN" in found["08051022 TN"]


def test_japan_has_one_effective_rate_for_each_origin(tmp_path: Path) -> None:
    report, schedule = imported("japan-tariff", HERE / "japan.csv", tmp_path, "jp")
    assert report.quarantine is None
    assert duty(schedule, "640399029", "treaty", "WTO") == "30% MIN 4300 JPY/pair"
    assert duty(schedule, "640399011", "treaty_bound", "WTO") == "27%"
    assert duty(schedule, "020230010", "temporary") == "38.5%"
    assert duty(schedule, "040210129", "treaty", "WTO") == 'ref "marked * in the publication"'
    assert duty(schedule, "180610110", "temporary") == 'ref "marked ※ in the publication"'
    assert duty(schedule, "180610110", "preferential_quota", "CPTPP") == "17.6%"
    assert len(schedule.main.rows("080310100")) == 2


def test_the_eurasian_tariff_gets_its_powers_and_notes_back(tmp_path: Path) -> None:
    report, schedule = imported("eaeu-ett", HERE / "eaeu.csv", tmp_path, "eaeu")
    assert report.quarantine is None
    assert duty(schedule, "5701101000") == "0.38 EUR/m2"
    assert duty(schedule, "8701219011") == "1 EUR/cm3/engine"
    assert duty(schedule, "8703221091") == "15% MAX (12.5% MIN 0.6 EUR/cm3/engine)"
    assert duty(schedule, "1701131013") == "203 USD/1000kg"


def test_peru_and_canada_quarantine_the_slips_of_reading(tmp_path: Path) -> None:
    report, peruvian = imported("peru-arancel", HERE / "peru.csv", tmp_path, "pe")
    assert set(reasons(report)) == {"1503000000", "9809000030"}
    assert duty(peruvian, "6109100031") == "11%"
    assert duty(peruvian, "1503000000") == 'ref "unreadable: no text"'
    report, canadian = imported("canada-tariff", HERE / "canada.csv", tmp_path, "ca")
    assert set(reasons(report)) == {"07123490", "15179022", "64041990"}
    assert duty(canadian, "61091000", "preference", "AUT") == "11%"
    assert duty(canadian, "61091000", "preference", "UST") == "free"
    assert duty(canadian, "17019110") == "not covered"
    assert [one.kind for one in canadian.stated("23099032")] == ["third_country", "column_2"]


UK_COLUMNS = (
    "commodity__code", "measure__type__id", "measure__additional_code__code", "measure__duty_expression",
    "measure__effective_start_date", "measure__effective_end_date", "measure__geographical_area__id",
    "measure__excluded_geographical_areas__ids", "measure__quota__order_number",
)  # fmt: skip

UK_ROWS = (
    ("7202118000", "103", "", "2.70 %", "2021-01-01", "", "1011", "", ""),
    ("7202118000", "142", "", "0.00 %", "2021-01-01", "", "1013", "", ""),
    ("7202118000", "142", "", "0.00 %", "2021-01-01", "", "CL", "", ""),
    ("7202118000", "122", "", "0.00 %", "2021-01-01", "", "1011", "RU|BY", "050006"),
    ("7202118000", "305", "VATZ", "0.00 %", "2021-01-01", "", "1011", "", ""),
    ("0303190000", "103", "", "8.00 %", "2021-01-01", "", "1011", "", ""),
    ("0303190000", "552", "B964", "6.90 %", "2021-01-01", "", "TR", "", ""),
    ("0303190000", "552", "B999", "9.50 %", "2021-01-01", "", "TR", "", ""),
    ("2203000100", "103", "", "24 + 4.2 EUR/100 kg", "2021-01-01", "", "1011", "", ""),
    ("2203000900", "103", "", "8.00 %", "2022-05-01", "2021-05-01", "1011", "", ""),
    ("2204101500", "103", "", "26.00 GBP / hl", "2021-01-01", "2021-06-30", "1011", "", ""),
    ("2204101500", "103", "", "28.00 GBP / hl", "2021-07-01", "", "1011", "", ""),
    ("2204109100", "103", "", "26.00 GBP / hl", "2021-01-01", "", "1011", "", ""),
    ("2204109100", "103", "", "30.00 GBP / hl", "2021-07-01", "", "1011", "", ""),
    ("22042", "103", "", "5.00 %", "2021-01-01", "", "1011", "", ""),
    ("2208201200", "103", "", "0.60 GBP / % vol/hl + 3.20 GBP / hl", "31-04-2021", "", "1011", "", ""),
)


def uk_file(folder: Path, rows: Iterable[Sequence[str]] = UK_ROWS) -> Path:
    file = folder / "uk.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([UK_COLUMNS, *rows])
    return file


def test_british_measures_are_kept_apart_by_type_area_code_and_quota(tmp_path: Path) -> None:
    report, schedule = imported("uk-measures-csv", uk_file(tmp_path), tmp_path, "gb")
    day = DAY
    answer = schedule.lookup("7202118000", "CL", day)
    assert [(one.rank, one.programme, one.expression_text) for one in answer.options] == [
        (1, "", "2.7%"),
        (2, "CL", "0%"),
        (3, "order 050006", "0%"),
    ]
    assert [one.rank for one in schedule.lookup("7202118000", "RU", day).options] == [1], (
        "left out of the quota"
    )
    turkish = schedule.lookup("0303190000", "TR", day)
    assert [(one.requires, one.expression_text) for one in turkish.trade_defence] == [
        ("anti-dumping, additional code B964", "6.9%"),
        ("anti-dumping, additional code B999", "9.5%"),
    ]
    assert schedule.lookup("0303190000", "CN", day).trade_defence == ()
    assert schedule.lookup("2204101500", "CL", date(2026, 7, 1)).only().expression_text == "28 GBP/hl"
    assert schedule.lookup("2204109100", "CL", day).only().expression_text.startswith('ref "unreadable: 26')
    found = reasons(report)
    assert found["2203000900 103 1011"] == "ends before it starts"
    assert "neither % nor a currency" in found["2203000100 103 1011"]
    assert "no code of ten digits" in found["22042 103 1011"]
    assert "is no day" in found["2208201200 103 1011"]
    assert found["22041091"] == "two duties on 2021-07-01: neither is taken"


TARIC_COLUMNS = (
    "Goods code", "Add code", "Order No.", "Start date", "End date", "RED_IND", "Origin", "Measure type",
    "Legal base", "Duty", "Origin code", "Meas. type code",
)  # fmt: skip

ALL, BASE, DEFENCE = "ERGA OMNES 1011", "103 Third country duty", "552 Definitive anti-dumping duty"
LADDER = "Cond: V 84.600 EUR/DTN(01):8.800 % ; V 0.000 EUR/DTN(01):8.800 % + 29.800 EUR DTN"

TARIC_ROWS = (
    ("0702000000", "", "44197", ALL, BASE, "R2020/1577", LADDER),
    ("6109100000", "", "01-01-2021", ALL, BASE, "R2020/1577", "12.000 %"),
    ("6109100010 80", "", "01-01-2021", "Chile CL", "142 Tariff preference", "D2002/979", "0.000 %"),
    ("8712003000", "", "01-01-2021", ALL, BASE, "R2020/1577", "14.000 %"),
    ("8712003000", "B773", "30-08-2019", "China CN", DEFENCE, "R2019/1379", "19.200 %"),
    ("1701991000", "", "01-01-2021", ALL, BASE, "R2020/1577", "41.900 EUR DTN"),
    ("2309901010", "", "01-01-2021", ALL, BASE, "R2020/1577", "1,206.610 EUC DTN"),
    ("0101210000", "", "01-01-2021", ALL, "410 Veterinary control", "D2007/275", ""),
)


def taric_rows() -> list[Sequence[str]]:
    """Return the rows in the columns of the workbook."""
    found: list[Sequence[str]] = [TARIC_COLUMNS]
    for code, additional, start, area, measure, base, text in TARIC_ROWS:
        origin, _, area_code = area.rpartition(" ")
        type_code, _, title = measure.partition(" ")
        found.append((code, additional, "", start, "", "", origin, title, base, text, area_code, type_code))
    return found


def workbook(path: Path, rows: Iterable[Sequence[str]], *, shared: bool) -> Path:
    """Write a workbook of one sheet, its texts shared or in place, numbers of days as numbers."""
    namespace = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts: list[str] = []

    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    def cell(place: int, line: int, text: str) -> str:
        where = f"{chr(65 + place)}{line}"
        if text.isdecimal() and len(text) == 5:
            return f'<c r="{where}"><v>{text}</v></c>'
        if not shared:
            return f'<c r="{where}" t="inlineStr"><is><t>{escaped(text)}</t></is></c>'
        if text not in texts:
            texts.append(text)
        return f'<c r="{where}" t="s"><v>{texts.index(text)}</v></c>'

    body = "".join(
        f'<row r="{line}">{"".join(cell(place, line, text) for place, text in enumerate(row) if text)}</row>'
        for line, row in enumerate(rows, 1)
    )
    with ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {namespace}><sheetData>{body}</sheetData></worksheet>"
        )
        if shared:
            strings = "".join(f"<si><r><t>{escaped(one)}</t></r></si>" for one in texts)
            archive.writestr("xl/sharedStrings.xml", f"<sst {namespace}>{strings}</sst>")
    return path


@pytest.mark.parametrize("shared", [True, False])
def test_a_workbook_of_taric_is_read_with_the_standard_library(tmp_path: Path, shared: bool) -> None:
    file = workbook(tmp_path / "Duties Import 01-99.xlsx", taric_rows(), shared=shared)
    report, schedule = imported("taric-xlsx", file, tmp_path, "eu")
    assert schedule.lookup("6109100010", "CN", DAY).only().expression_text == "12%"
    assert schedule.claim("6109100010", "CL", DAY, "CL").expression_text == "0%"
    assert schedule.lookup("0702000007", "MA", DAY).only().expression_text == 'ref "conditions V"'
    assert schedule.stated("0702")[0].valid_from == date(2021, 1, 1), "a day counted by the workbook"
    bicycle = schedule.lookup("8712003000", "CN", DAY)
    assert [one.expression_text for one in bicycle.trade_defence] == ["19.2%"]
    assert duty(schedule, "17019910") == "41.9 EUR/100kg"
    assert "'EUC' is not in ISO 4217" in reasons(report)["2309901010 103 1011"]
    assert report.records == len(TARIC_ROWS)


EXCLUDED = [
    line.split(";")
    for line in (Path(__file__).parent / "importers" / "taric_exclusions.csv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
EXCLUDING_ROWS = (
    ("0713100000", "", "01-01-2021", ALL, BASE, "R2658/87", "0.000 %"),
    ("0713100000", "", "01-01-2021", "Belarus BY", BASE, "R2024/1652", "50.000 %"),
    ("6109000000", "", "01-01-2021", ALL, BASE, "R2658/87", "12.000 %"),
    ("6109000000", "", "01-01-2021", "GSP-EBA 2005", "142 Tariff preference", "R0978/12", "0.000 %"),
    ("2918140010", "", "01-01-2021", ALL, BASE, "R2658/87", "6.500 %"),
    ("2918140010", "", "01-01-2021", ALL, DEFENCE, "R2021/0607", "42.700 %"),
)


def excluding(folder: Path, *, beside: bool = True) -> tuple[ImportReport, Schedule]:
    """Import duties in the workbook's columns, the real rows of exclusions beside them or not."""
    found: list[Sequence[str]] = [TARIC_COLUMNS]
    for code, additional, start, area, measure, base, text in EXCLUDING_ROWS:
        origin, _, area_code = area.rpartition(" ")
        type_code, _, title = measure.partition(" ")
        found.append((code, additional, "", start, "", "", origin, title, base, text, area_code, type_code))
    if beside:
        workbook(folder / "Measure exclusions.xlsx", EXCLUDED, shared=True)
    file = workbook(folder / "Duties Import 01-99.xlsx", found, shared=True)
    (folder / "eu").mkdir()
    (folder / "eu" / "origin_groups.csv").write_text(GROUPS)
    return imported("taric-xlsx", file, folder, "eu")


GROUPS = """#source,gsp,Regulation (EU) No 978/2012,https://eur-lex.europa.eu/eli/reg/2012/978/oj,2012-10-31
group,programme,title,member,valid_from,valid_until,requires,confidence,source
2005,EBA,Everything But Arms,BD,2014-01-01,,,confirmed,gsp
2005,EBA,Everything But Arms,KH,2014-01-01,,,confirmed,gsp
"""


def test_origins_that_taric_leaves_out_of_a_measure_do_not_have_it(tmp_path: Path) -> None:
    report, schedule = excluding(tmp_path)
    assert report.publication.notice == ""
    assert schedule.claim("6109100010", "BD", DAY, "EBA").expression_text == "0%"
    with pytest.raises(FactsError, match="not covered"):
        schedule.claim("6109100010", "KH", DAY, "EBA")
    assert schedule.lookup("2918140010", "CN", DAY).trade_defence == (), "its own duties are per exporter"
    assert [one.expression_text for one in schedule.lookup("2918140010", "IN", DAY).trade_defence] == [
        "42.7%"
    ]


def test_a_third_country_duty_of_one_origin_replaces_that_of_all(tmp_path: Path) -> None:
    _, schedule = excluding(tmp_path)
    assert schedule.lookup("0713100000", "CA", DAY).only().expression_text == "0%"
    assert schedule.lookup("0713100000", "BY", DAY).only().expression_text == "50%"
    with pytest.raises(NotModelledError, match="leaves origin RU out"):
        schedule.lookup("0713100000", "RU", DAY)


def test_without_the_workbook_of_exclusions_the_table_says_so(tmp_path: Path) -> None:
    report, schedule = excluding(tmp_path, beside=False)
    assert "Measure exclusions.xlsx did not lie beside" in report.publication.notice
    assert report.publication.notice in schedule.lookup("6109100010", "KH", DAY).notices
    assert schedule.lookup("0713100000", "BY", DAY).only().expression_text == "50%", "its own goes first"


UK_DATASET = (
    "id", "commodity__sid", "commodity__code", "commodity__indent", "commodity__description", "measure__sid",
    "measure__type__id", "measure__type__description", "measure__additional_code__code",
    "measure__additional_code__description", "measure__duty_expression", "measure__effective_start_date",
    "measure__effective_end_date", "measure__reduction_indicator", "measure__footnotes", "measure__conditions",
    "measure__geographical_area__sid", "measure__geographical_area__id",
    "measure__geographical_area__description", "measure__excluded_geographical_areas__ids",
    "measure__excluded_geographical_areas__descriptions", "measure__quota__order_number",
    "measure__regulation__id", "measure__regulation__url",
)  # fmt: skip
"""The heads of the data service's table, in which an empty cell says `#NA`."""


def test_the_data_service_of_the_department_writes_na_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "uk.csv"
    base = {"commodity__code": "0101210000", "measure__type__id": "103", "measure__duty_expression": "2%",
            "measure__effective_start_date": "2021-01-01", "measure__geographical_area__id": "1011"}  # fmt: skip
    rows = [
        base,
        base | {"measure__geographical_area__id": "GG", "measure__duty_expression": "0%"},
        base | {"measure__type__id": "142", "measure__duty_expression": "0%",
                "measure__geographical_area__id": "2005", "measure__excluded_geographical_areas__ids": "EU|KH"},
        base | {"measure__type__id": "305", "measure__duty_expression": "#NA"},
    ]  # fmt: skip
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, UK_DATASET, restval="#NA")
        out.writeheader()
        out.writerows(rows)
    (tmp_path / "gb").mkdir()
    (tmp_path / "gb" / "origin_groups.csv").write_text(GROUPS)
    report, schedule = imported("uk-measures-csv", file, tmp_path, "gb")
    assert report.quarantine is None
    one = schedule.lookup("0101210000", "BD", DAY)
    assert one.only().expression_text == "2%"
    assert [option.programme for option in one.options[1:]] == ["EBA"]
    assert len(schedule.lookup("0101210000", "KH", DAY).options) == 1
    assert schedule.lookup("0101210000", "GG", DAY).only().expression_text == "0%"


def test_what_is_no_workbook_of_taric_is_refused(tmp_path: Path) -> None:
    other = workbook(tmp_path / "other.xlsx", [("Goods code", "Price")], shared=True)
    with pytest.raises(TableError, match="lacks the columns Start date"):
        imported("taric-xlsx", other, tmp_path, "eu")
    (tmp_path / "text.xlsx").write_text("Goods code,Duty")
    with pytest.raises(TableError, match="is no workbook"):
        imported("taric-xlsx", tmp_path / "text.xlsx", tmp_path, "eu")
    with ZipFile(tmp_path / "empty.xlsx", "w"):
        pass
    with pytest.raises(TableError, match="has no first sheet"):
        imported("taric-xlsx", tmp_path / "empty.xlsx", tmp_path, "eu")


def test_a_plain_table_says_what_it_needs_to_say(tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text(
        "code,expression,kind,unit,valid_from,valid_until\n"
        "6109.10,12%,,kg,,\n"
        "6109.20,12% or so,,,,\n"
        "6109.30,12%,tax,,,\n"
        "6109.40,12%,,,2026-02-30,\n"
        "6109.50,12%,,,2026-05-01,2026-04-01\n"
        "garment,12%,,,,\n"
    )
    report, schedule = imported("plain-csv", file, tmp_path)
    assert schedule.lookup("61091000", "CN", DAY).unit == "kg"
    found = reasons(report)
    assert set(found) == {"610920", "610930", "610940", "610950", "garment"}
    assert duty(schedule, "610920") == 'ref "unreadable: 12% or so"'
    assert found["610950"] == "ends before it starts"


def test_an_import_reports_its_progress(tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("code,expression\n" + "".join(f"{n:06},5%\n" for n in range(100_000, 102_500)))
    told: list[int] = []
    report = import_table("plain-csv", file, tmp_path / "xx", edition=Edition(DAY), progress=told.append)
    assert told == [1000, 2000]
    assert report.lines == report.records == 2500
    assert report.publication.covered_from == DAY


def test_an_interrupted_import_leaves_the_old_table_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("code,expression\n6109,5%\n")
    imported("plain-csv", file, tmp_path)
    table = tmp_path / "xx" / "measures.csv"
    before = table.read_bytes()
    file.write_text("code,expression\n6109,7%\n")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        imported("plain-csv", file, tmp_path)
    assert table.read_bytes() == before
    assert sorted(one.name for one in table.parent.iterdir()) == ["measures.csv"]


def test_a_clean_import_removes_the_quarantine_of_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("code,expression\n6109,nonsense\n")
    report, _ = imported("plain-csv", file, tmp_path)
    assert report.quarantine is not None
    assert report.quarantine.exists()
    file.write_text("code,expression\n6109,5%\n")
    clean, _ = imported("plain-csv", file, tmp_path)
    assert clean.quarantine is None
    assert not report.quarantine.exists()


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        imported("japan-tariff", HERE / "japan.csv", tmp_path / folder)
    assert (tmp_path / "a/xx/measures.csv").read_bytes() == (tmp_path / "b/xx/measures.csv").read_bytes()


def test_an_import_needs_a_known_kind_and_a_day(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match="did you mean japan-tariff"):
        import_table("japan-tarif", HERE / "japan.csv", tmp_path, edition=Edition(DAY))
    with pytest.raises(FactsError, match="state the day on which it was published"):
        import_table("japan-tariff", HERE / "japan.csv", tmp_path)
    with pytest.raises(TableError, match="lacks the columns code10"):
        import_table("peru-arancel", HERE / "ukgt.csv", tmp_path / "xx", edition=Edition(DAY))


def test_every_shipped_table_names_the_importer_that_made_it() -> None:
    for folder in tariffs_folder().iterdir():
        if folder.joinpath("measures.csv").is_file():
            assert {table.publication.format for table in load_schedule(folder).tables} <= set(KINDS)


# Counts of the shipped tables: what has a number, and what refuses by name


@pytest.mark.parametrize(
    ("territory", "kind", "numbers", "refusals"),
    [
        ("us", "third_country", 11_369, 45),
        ("us", "column_2", 11_363, 51),
        ("eu", "third_country", 11_789, 41),
        ("gb", "third_country", 11_830, 0),
        ("jp", "third_country", 9_610, 44),
        ("jp", "temporary", 402, 76),
        ("eaeu", "third_country", 13_276, 0),
        ("pe", "third_country", 8_010, 5),
        ("ca", "third_country", 5_315, 7),
    ],
)
def test_the_columns_shipped_have_these_counts(
    territory: str, kind: str, numbers: int, refusals: int
) -> None:
    schedule = load_schedule(tariffs_folder().joinpath(territory))
    texts = [one.expression_text for one in schedule.main.measures() if one.kind == kind]
    refused = [text for text in texts if text.startswith(('ref "', "entry price", "not covered"))]
    assert (len(texts) - len(refused), len(refused)) == (numbers, refusals)
