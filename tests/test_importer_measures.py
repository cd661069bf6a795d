"""British measures and workbooks of TARIC: types, areas, quotas, exclusions, and what is refused."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from imported_tables import DAY, duty, imported, reasons

from dutycalc.errors import FactsError, NotModelledError, TableError
from dutycalc.importers import (
    ImportReport,
)
from dutycalc.schedules import Schedule

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
