"""Importers: whole tables, each publisher's real defects, quarantine, counts."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from imported_tables import DAY, HERE, duty, imported, reasons

from dutycalc.errors import FactsError, TableError
from dutycalc.importers import (
    KINDS,
    Edition,
    import_table,
)
from dutycalc.importers.usitc import objects
from dutycalc.schedules import load_schedule
from dutycalc.shipped import tariffs_folder


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
