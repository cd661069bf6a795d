"""Reading tables: layers, laziness, the digest, and where the bundled tables lie."""

from __future__ import annotations

import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest
from small_tables import BORDER, CLASSES, CURRENCY, DUTY, HEADER, LAW, VALUES, VAT, amounts, assessed, write

from dutycalc import Tariffs, load_tariffs
from dutycalc.errors import FactsError, NotInForceError, NotModelledError, TableError

MEMBER = """
[[member_of]]
valid_from = 2020-01-01
code = "EU"
cite = ["act"]
"""

RAISED = """
[[tax_class.standard]]
valid_from = 2020-01-01
rate = "30%"
cite = ["act"]
"""


# Which tables


def test_the_bundled_tables_are_read_unless_a_folder_is_named() -> None:
    bundled = load_tariffs()
    assert {"DE", "EU", "GB", "NO", "US"} <= set(bundled.codes)
    assert bundled.territory("DE").name == "Germany"


def test_a_folder_of_ones_own_is_read_alone(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    assert tariffs.codes == ("ZZ",)
    with pytest.raises(NotModelledError):
        tariffs.territory("DE")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="nowhere"):
        load_tariffs(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError):
        load_tariffs(tmp_path / "file")


def test_a_territory_that_the_tables_lack_is_refused_with_the_near_ones(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, code="ZY-ON")
    with pytest.raises(NotModelledError, match="did you mean ZY-ON") as refusal:
        tariffs.territory("ZY-OM")
    assert refusal.value.subject == "ZY-OM"


# Layers


def test_a_folder_laid_over_the_bundled_tables_adds_a_territory(tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    bundled = load_tariffs()
    tariffs = load_tariffs(tmp_path, over=bundled)
    assert set(tariffs.codes) == {*bundled.codes, "ZZ"}
    assert tariffs.territory("DE").checked_on == bundled.territory("DE").checked_on
    assert amounts(assessed(tariffs))["1 vat"] == "22.00 EUR"


def test_a_series_of_the_upper_layer_replaces_that_of_the_lower_and_no_other(tmp_path: Path) -> None:
    below = write(tmp_path / "below", *LAW)
    write(tmp_path / "above", RAISED)
    tariffs = load_tariffs(tmp_path / "above", over=below)
    found = amounts(assessed(tariffs))
    assert found == {"1 customs_duty": "10.00 EUR", "1 vat": "33.00 EUR"}
    assert amounts(assessed(below))["1 vat"] == "22.00 EUR"


def test_a_series_is_replaced_whole_with_its_history(tmp_path: Path) -> None:
    below = write(tmp_path / "below", *LAW)
    write(tmp_path / "above", RAISED.replace("2020-01-01", "2026-01-01"))
    with pytest.raises(TableError, match=r"tax_class.standard is not in force on 2020-01-01"):
        load_tariffs(tmp_path / "above", over=below).territory("ZZ")


def test_layers_lie_upon_layers(tmp_path: Path) -> None:
    first = write(tmp_path / "1", *LAW)
    write(tmp_path / "2", RAISED)
    write(tmp_path / "3", RAISED.replace("30%", "40%"))
    second = load_tariffs(tmp_path / "2", over=first)
    third = load_tariffs(tmp_path / "3", over=second)
    assert [amounts(assessed(one))["1 vat"] for one in (first, second, third)] == [
        "22.00 EUR", "33.00 EUR", "44.00 EUR",
    ]  # fmt: skip


def test_the_records_of_one_territory_may_stand_in_several_files(tmp_path: Path) -> None:
    write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER)
    (tmp_path / "zz" / "vat.toml").write_text("\n".join((HEADER, CLASSES)), encoding="utf-8")
    tariffs = load_tariffs(tmp_path)
    assert {file.path for file in tariffs.territory("ZZ").files} == {"zz/law.toml", "zz/vat.toml"}
    assert amounts(assessed(tariffs))["1 vat"] == "22.00 EUR"


def test_one_series_in_two_files_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    (tmp_path / "zz" / "vat.toml").write_text("\n".join((HEADER, RAISED)), encoding="utf-8")
    with pytest.raises(TableError, match=r"tax_class.standard"):
        load_tariffs(tmp_path).territory("ZZ")


# Laziness


def test_no_file_is_read_before_its_territory_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "this is no TOML", code="YY")
    tariffs = write(tmp_path, *LAW)
    assert assessed(tariffs).decision == "assessed"
    with pytest.raises(TableError, match=r"yy/law\.toml"):
        tariffs.territory("YY")


def test_a_territory_is_read_once(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    found = tariffs.territory("ZZ")
    shutil.rmtree(tmp_path / "zz")
    assert tariffs.territory("ZZ") is found


def test_a_member_reads_its_union_and_no_other_member(tmp_path: Path) -> None:
    write(tmp_path, *LAW[:2], DUTY, VAT, BORDER, code="EU")
    write(tmp_path, "this is no TOML", code="YY")
    tariffs = write(tmp_path, MEMBER, CLASSES)
    assert [parent.code for parent in tariffs.territory("ZZ").parents] == ["EU"]
    assert amounts(assessed(tariffs))["1 vat"] == "22.00 EUR"


# The digest


def test_the_digest_is_the_same_wherever_the_folder_lies(tmp_path: Path) -> None:
    here = write(tmp_path / "here", *LAW)
    shutil.copytree(tmp_path / "here", tmp_path / "there" / "deeper")
    assert load_tariffs(tmp_path / "there" / "deeper").digest == here.digest
    assert here.digest.startswith("sha256:")
    assert len(here.digest) == len("sha256:") + 64


def test_the_digest_does_not_depend_on_the_order_of_writing(tmp_path: Path) -> None:
    for folder, order in ((tmp_path / "a", ("YY", "ZZ")), (tmp_path / "b", ("ZZ", "YY"))):
        for code in order:
            write(folder, *LAW, code=code)
    assert load_tariffs(tmp_path / "a").digest == load_tariffs(tmp_path / "b").digest


def test_any_byte_of_any_file_changes_the_digest(tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    (tmp_path / "zz" / "measures.csv").write_bytes(b"code\n")
    before = load_tariffs(tmp_path).digest
    seen = {before}
    for file in (tmp_path / "zz" / "law.toml", tmp_path / "zz" / "measures.csv"):
        text = file.read_bytes()
        for at in range(0, len(text), 97):
            file.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
            seen.add(load_tariffs(tmp_path).digest)
        file.write_bytes(text)
    changes = sum(len(range(0, size, 97)) for size in ((tmp_path / "zz" / "law.toml").stat().st_size, 5))
    assert len(seen) == changes + 1
    assert load_tariffs(tmp_path).digest == before


def test_a_file_that_moves_changes_the_digest(tmp_path: Path) -> None:
    before = write(tmp_path, *LAW).digest
    (tmp_path / "zz" / "law.toml").rename(tmp_path / "zz" / "vat.toml")
    assert load_tariffs(tmp_path).digest != before


def test_layers_are_part_of_the_digest(tmp_path: Path) -> None:
    below = write(tmp_path / "below", *LAW)
    above = write(tmp_path / "above", RAISED)
    digests = {
        below.digest, above.digest,
        load_tariffs(tmp_path / "above", over=below).digest, load_tariffs(tmp_path / "below", over=above).digest,
    }  # fmt: skip
    assert len(digests) == 4


def test_the_digest_stands_in_the_assessment(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    assert assessed(tariffs).tables["digest"] == tariffs.digest


# Where the bundled tables lie


def test_the_tables_in_the_wheel_come_before_those_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "dutycalc"
    package.mkdir(parents=True)
    monkeypatch.setattr("dutycalc.shipped.__file__", str(package / "shipped.py"))
    monkeypatch.setattr("importlib.resources.files", lambda _: package)
    with pytest.raises(TableError, match="lacks its tables"):
        load_tariffs()
    write(tmp_path / "site" / "tariffs", *LAW)
    assert amounts(assessed(load_tariffs()))["1 vat"] == "22.00 EUR"
    write(package / "_tariffs", *LAW[:2], CLASSES.replace("20%", "30%"), *LAW[3:])
    assert amounts(assessed(load_tariffs()))["1 vat"] == "33.00 EUR"


def test_tables_within_an_archive_are_read_as_those_in_a_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "tables", *LAW)
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        archive.write(tmp_path / "tables" / "zz" / "law.toml", "_tariffs/zz/law.toml")
    within = Tariffs((zipfile.Path(tmp_path / "package.zip", "_tariffs/"),))
    assert within.codes == folder.codes
    assert within.digest == folder.digest
    assert assessed(within).to_json() == assessed(folder).to_json()


# Days


def test_a_rule_could_be_known_from_the_day_its_source_was_published(tmp_path: Path) -> None:
    told = RAISED.replace("2020-01-01", "2026-01-01")
    tariffs = write(tmp_path, *LAW, told.replace("cite", "known_from = 2025-11-11\ncite"))
    first, second = tariffs.territory("ZZ").own["tax_class"]["standard"]
    assert (first.known_from, second.known_from) == (date(2019, 6, 1), date(2025, 11, 11))


def test_a_record_knows_its_name_its_source_and_its_confidence(tmp_path: Path) -> None:
    unsure = RAISED.replace("2020-01-01", "2026-01-01").replace(
        "cite", 'confidence = "secondary"\nnote = "From a newsletter."\ncite'
    )
    tariffs = write(tmp_path, *LAW, unsure)
    one = tariffs.territory("ZZ").law(date(2026, 1, 1)).on("tax_class", "standard")
    assert (one.record, one.confidence, one.note) == (
        "zz/tax_class.standard",
        "secondary",
        "From a newsletter.",
    )
    assert [(cite.source, cite.title, cite.published) for cite in one.citations] == [
        ("act", "Customs Act, Article 1", date(2019, 6, 1))
    ]
    notices = assessed(tariffs).notices
    assert [(notice.code, notice.record) for notice in notices] == [
        ("record_secondary", "zz/tax_class.standard")
    ]


def test_a_territory_is_covered_from_the_day_on_which_all_its_files_are(tmp_path: Path) -> None:
    later = HEADER.replace("covered_from = 2020-01-01", "covered_from = 2022-03-01").replace(
        "checked_on = 2030-01-01", "checked_on = 2028-08-08"
    )
    write(tmp_path, *LAW[:2], DUTY, VAT, BORDER, code="EU", header=later)
    territory = write(tmp_path, MEMBER, CLASSES).territory("ZZ")
    assert (territory.covered_from, territory.checked_on) == (date(2022, 3, 1), date(2028, 8, 8))
    with pytest.raises(NotInForceError, match="2022-03-01") as refusal:
        territory.law(date(2022, 2, 28))
    assert (refusal.value.table, refusal.value.day) == ("ZZ", date(2022, 2, 28))
    assert territory.law(date(2022, 3, 1)).on("currency").value.code == "EUR"


def test_one_view_of_the_law_serves_all_days_between_two_changes(tmp_path: Path) -> None:
    territory = write(tmp_path, *LAW, RAISED.replace("2020-01-01", "2026-01-01")).territory("ZZ")
    assert territory.changes == (date(2020, 1, 1), date(2026, 1, 1))
    assert territory.law(date(2025, 12, 31)) is territory.law(date(2020, 1, 1))
    assert territory.law(date(2026, 1, 1)) is not territory.law(date(2025, 12, 31))
    assert territory.law(date(2026, 1, 1)) is not territory.law(date(2026, 1, 1), known_on=date(2025, 1, 1))


def test_disputed_readings_are_told_with_those_that_lie_below(tmp_path: Path) -> None:
    def disputed(name: str) -> str:
        return RAISED.replace("cite", f'variant = "{name}"\ncite')

    write(tmp_path, *LAW, disputed("of_the_union"), code="EU")
    tariffs = write(tmp_path, MEMBER, CLASSES, disputed("of_the_member"))
    assert set(tariffs.territory("ZZ").variants()) == {"of_the_member", "of_the_union"}
    assert set(tariffs.territory("EU").variants()) == {"of_the_union"}


def test_every_kind_of_registration_of_every_territory_is_known(tmp_path: Path) -> None:
    registration = """
[[registration.ZZ-VAT]]
valid_from = 2020-01-01
title = "VAT number"
cite = ["act"]
"""
    write(tmp_path, *LAW, registration, code="YY")
    tariffs = write(tmp_path, *LAW)
    assert tariffs.registrations == {"ZZ-VAT"}
    seller = {"country": "CN", "registrations": {"ZZ-VAT": "1"}}
    assert assessed(tariffs, seller=seller).decision == "assessed"
    with pytest.raises(FactsError, match="seller.registrations: .*'ZZ-VATT'; did you mean ZZ-VAT"):
        assessed(tariffs, seller={"country": "CN", "registrations": {"ZZ-VATT": "1"}})
