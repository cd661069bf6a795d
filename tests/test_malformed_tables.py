"""Malformed tables: every fault is a TableError with file and record, and all of them come together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_tables import (
    BORDER,
    CLASSES,
    CURRENCY,
    DUTY,
    HEADER,
    LAW,
    LIMIT,
    RELIEF,
    VALUES,
    VAT,
    assessed,
    item,
    write,
)

from dutycalc import DutycalcError, Tariffs, load_tariffs
from dutycalc.errors import NotModelledError, Refusals, TableError

SCHEME = """
[[registration.SHOP]]
valid_from = 2020-01-01
title = "Shop number"
pictures = ["SH####"]
cite = ["act"]

[[scheme.SHOP]]
valid_from = 2020-01-01
model = "vendor"
liable = ["platform", "seller"]
registration = "SHOP"
takes = { vat = { at = "sale", base = ["price"] } }
cite = ["act"]
"""

SPECIAL = """
[[special.flat]]
valid_from = 2020-01-01
of = "customs_duty"
within = "low_value"
rate = "2.5%"
cite = ["act"]
"""

WAIVER = """
[[waiver.small]]
valid_from = 2020-01-01
charges = ["customs_duty", "vat"]
below = "5 EUR"
cite = ["act"]
"""

FEE = """
[[charge.entry_fee]]
valid_from = 2020-01-01
kind = "fee"
base = ["customs_value"]
rate = "0.5%"
per = "consignment"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""

GOOD = (*LAW, LIMIT, RELIEF, SPECIAL, WAIVER, SCHEME, FEE)


def faults_of(tariffs: Tariffs, code: str = "ZZ") -> list[TableError]:
    """Return the faults with which a territory is refused."""
    with pytest.raises(DutycalcError) as refusal:
        tariffs.territory(code)
    one = refusal.value
    found = list(one.exceptions) if isinstance(one, Refusals) else [one]
    assert all(isinstance(fault, TableError) for fault in found), found
    return [fault for fault in found if isinstance(fault, TableError)]


def changed(old: str, new: str) -> str:
    """Return the good file with one text in it replaced, where it first stands."""
    whole = "\n".join((HEADER, *GOOD))
    assert old in whole, old
    return whole.replace(old, new, 1)


def written(folder: Path, text: str) -> Tariffs:
    (folder / "zz").mkdir()
    (folder / "zz" / "law.toml").write_text(text, encoding="utf-8")
    return load_tariffs(folder)


# Each malformed file: what is replaced by what, the record, and what the fault must name.

OF_FORMAT: dict[str, tuple[str, str, str, str]] = {
    "no TOML at all": ("[[currency]]", "[[currency", "", "line"),
    "a key stated twice": ('code = "EUR"', 'code = "EUR"\ncode = "EUR"', "", "line"),
    "a number with a leading zero": ('rate = "20%"', "rate = 020", "", "line"),
    "no code": ('code = "ZZ"', "", "the header", "code"),
    "a code of another folder": ('code = "ZZ"', 'code = "YY"', "", "YY"),
    "no name": ('name = "Small country"', "", "the header", "name"),
    "no first day covered": ("covered_from = 2020-01-01", "", "the header", "covered_from"),
    "a first day that is none": ("covered_from = 2020-01-01", 'covered_from = "early"', "the header", "covered_from"),
    "no day of the last check": ("checked_on = 2030-01-01", "", "the header", "checked_on"),
    "a source without a title": ('title = "Customs Act, Article 1"', "", "the header", "sources.act.title"),
    "a source without an address": ('url = "https://law.example/act"', "", "the header", "sources.act.url"),
    "an address that is none": ("https://law.example/act", "law.example", "the header", "sources.act.url"),
    "a source without a day": ("published = 2019-06-01", "", "the header", "sources.act.published"),
    "a source that nobody cites": (
        "[sources.act]", '[sources.b]\ntitle = "Act B"\nurl = "https://b.example"\npublished = 2019-06-01\n[sources.act]',
        "sources.b", "nobody cites",
    ),
    "a record without a citation": ('code = "EUR"\ncite = ["act"]', 'code = "EUR"', "currency of 2020-01-01", "cite"),
    "a record with an empty citation": ('cite = ["act"]', "cite = []", "currency of 2020-01-01", "cite"),
    "a citation without a source": ('cite = ["act"]', 'cite = ["acts"]', "currency of 2020-01-01", "did you mean act"),
    "a record without a first day": ("[[currency]]\nvalid_from = 2020-01-01", "[[currency]]", "currency", "valid_from"),
    "a first day in quotes that is none": (
        "[[currency]]\nvalid_from = 2020-01-01", '[[currency]]\nvalid_from = "2020"', "currency", "valid_from",
    ),
    "a record that ends before it starts": (
        "[[limit.low_value]]\n", "[[limit.low_value]]\nvalid_until = 2019-12-31\n", "limit.low_value", "2019-12-31",
    ),
    "an unknown family": ("[[border.anybody]]", "[[borders.anybody]]", "borders", "did you mean border"),
    "a family without names": ("[[border.anybody]]", "[[border]]", "border", "names"),
    "records that are no array": ("[[border.anybody]]", "[border.anybody]", "border.anybody", "arrays"),
    "a field that does not exist": ('per = "consignment"\nat_most', 'pre = "consignment"\nat_most', "limit.low_value", "pre: unknown"),
    "two records of one day": (RELIEF, RELIEF + RELIEF, "relief.low_value of 2020-01-01", "same day"),
    "a word outside its list": ('model = "consumer"', 'model = "nobody"', "border.anybody", "model"),
    "a role that does not exist": ('liable = "buyer"', 'liable = "courier"', "border.anybody", "liable"),
    "a kind of charge that does not exist": ('kind = "vat"', 'kind = "moms"', "charge.vat", "kind"),
    "a class of goods that does not exist": ("[[tax_class.books]]", "[[tax_class.novels]]", "tax_class", "novels"),
    "a rate as a number": ('rate = "20%"', "rate = 0.20", "tax_class.standard of 2020-01-01", "rate"),
    "a rate without its sign": ('rate = "20%"', 'rate = "20"', "tax_class.standard of 2020-01-01", "rate"),
    "a rate below zero": ('rate = "20%"', 'rate = "-20%"', "tax_class.standard of 2020-01-01", "-20"),
    "a class with a rate and a likeness": ('like = "reduced"', 'like = "reduced"\nrate = "10%"', "tax_class.books", "like"),
    "a class with neither": ('like = "reduced"\n', "", "tax_class.books", "like"),
    "a rate that cannot be read": ('rate = "2.5%"', 'rate = "2.5 percent"', "special.flat", "2.5 percent"),
    "a rate in an unknown unit": ('rate = "2.5%"', 'rate = "2 EUR/kilo"', "special.flat", "kilo"),
    "a charge of an unreadable rate": ('rate = "0.5%"', 'rate = "half a percent"', "charge.entry_fee", "half a percent"),
    "a special rate without a rate": ('rate = "2.5%"\n', "", "special.flat", "rate"),
    "a charge without a rounding": (
        'rate = "schedule"\nrounding = { to = "0.01 EUR", mode = "half_up" }', 'rate = "schedule"',
        "charge.customs_duty", "rounding",
    ),
    "a rounding to a number": ('to = "0.01 EUR"', "to = 0.01", "charge.customs_duty", "rounding"),
    "a rounding to nothing": ('to = "0.01 EUR"', 'to = "0.00 EUR"', "charge.customs_duty", "rounding"),
    "a mode that does not exist": ('mode = "half_up"', 'mode = "nearest"', "charge.customs_duty", "mode"),
    "a limit compared twice": ('at_most = "100 EUR"', 'at_most = "100 EUR"\nbelow = "100 EUR"', "limit.low_value", "below"),
    "a limit not compared": ('at_most = "100 EUR"\n', "", "limit.low_value", "at_most"),
    "a limit as a number": ('at_most = "100 EUR"', "at_most = 100", "limit.low_value", "at_most"),
    "a limit in an unknown currency": ('at_most = "100 EUR"', 'at_most = "100 EUC"', "limit.low_value", "EUC"),
    "a limit in a unit of nothing measured": ('at_most = "100 EUR"', 'at_most = "100 pounds"', "limit.low_value", "100 pounds"),
    "a limit per something else": ('per = "consignment"\nat_most', 'per = "parcel"\nat_most', "limit.low_value", "per"),
    "a relief of nothing": ('of = ["customs_duty"]', "of = []", "relief.low_value", "of"),
    "a part of a relief without a limit": ('within = "low_value"\n', 'portion = "excess"\n', "relief.low_value", "within"),
    "a waiver without a sum": ('below = "5 EUR"\n', "", "waiver.small", "below"),
    "a scheme that takes nothing": ('takes = { vat = { at = "sale", base = ["price"] } }', "takes = {}", "scheme.SHOP", "takes"),
    "a scheme for nobody": ('liable = ["platform", "seller"]', "liable = []", "scheme.SHOP", "liable"),
    "a charge per line counted by digits": ('rate = "schedule"', 'rate = "schedule"\ndigits = 6', "charge.customs_duty", "digits"),
    "a tariff on the whole consignment": ('rate = "0.5%"', 'rate = "schedule"', "charge.entry_fee", "per line"),
    "goods that are no code": ('of = ["customs_duty"]', 'of = ["customs_duty"]\nnot_for = { commodities = ["spirits"] }', "relief.low_value", "spirits"),
    "a range of goods the wrong way round": ('of = ["customs_duty"]', 'of = ["customs_duty"]\nnot_for = { commodities = ["2208-2203"] }', "relief.low_value", "2208-2203"),
    "a condition on a channel of its own": ('of = ["customs_duty"]', 'of = ["customs_duty"]\nwhen = { channel = ["courier"] }', "relief.low_value", "channel"),
    "a condition in words": ('of = ["customs_duty"]', 'of = ["customs_duty"]\nwhen = "gift"', "relief.low_value", "when"),
    "confidence of its own kind": ('[[border.anybody]]\n', '[[border.anybody]]\nconfidence = "sure"\n', "border.anybody", "confidence"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_FORMAT)
def test_a_file_that_breaks_the_format_is_refused_by_record(name: str, tmp_path: Path) -> None:
    old, new, record, told = OF_FORMAT[name]
    faults = faults_of(written(tmp_path, changed(old, new)))
    assert all(one.file == "zz/law.toml" and one.file in str(one) for one in faults)
    assert any(record in one.record and told in str(one) for one in faults), [str(one) for one in faults]


# Each faulty set of records: parts of the law, the record, and what the fault must name.

GAP = LIMIT.replace("valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_until = 2024-12-31")
LATE = LIMIT.replace("2020-01-01", "2021-01-01")

ACROSS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "no limit of the name": ((*LAW, RELIEF), "relief.low_value of 2020-01-01", "'low_value'"),
    "a misspelt limit": ((*LAW, LIMIT, RELIEF.replace('within = "low_value"', 'within = "low_valeu"')), "relief.low_value", "did you mean low_value"),
    "a limit that starts too late": ((*LAW, LATE, RELIEF), "relief.low_value", "is not in force on 2020-01-01"),
    "a limit that ends too early": ((*LAW, GAP, RELIEF), "relief.low_value", "is not in force on 2025-01-01"),
    "a limit above that nothing bears": ((*LAW, RELIEF.replace("within", "above")), "relief.low_value", "above: no limit"),
    "a relief of no charge": ((*LAW, LIMIT, RELIEF.replace("customs_duty", "custom_duty")), "relief.low_value", "did you mean customs_duty"),
    "a special rate of no charge": ((*LAW, LIMIT, SPECIAL.replace("customs_duty", "tax")), "special.flat", "of: no charge"),
    "a special rate in place of no charge": ((*LAW, LIMIT, SPECIAL + 'replaces = ["levy"]\n'), "special.flat", "replaces: no charge"),
    "a special rate on no value": ((*LAW, LIMIT, SPECIAL + 'base = ["cif_value"]\n'), "special.flat", "base: no value"),
    "a waiver of no charge": ((*LAW, WAIVER.replace('"vat"', '"gst"')), "waiver.small", "charges: no charge"),
    "a charge on no value": ((CURRENCY, VALUES, CLASSES, DUTY.replace("customs_value", "cif_value"), VAT, BORDER), "charge.customs_duty", "'cif_value'"),
    "a value of no part": ((CURRENCY, VALUES.replace('"insurance"', '"assurance"'), CLASSES, DUTY, VAT, BORDER), "value.customs_value", "did you mean insurance"),
    "a value in place of none": ((*LAW, '[[value.other]]\nvalid_from = 2020-01-01\nof = "fob_value"\nparts = ["price"]\ncite = ["act"]'), "value.other", "of: no value"),
    "a limit that measures nothing": ((*LAW, LIMIT.replace("intrinsic_value", "worth")), "limit.low_value", "measure: no value"),
    "a further measure of nothing": ((*LAW, LIMIT + 'also = [{ measure = "mass", at_most = "2 kg" }]\n'), "limit.low_value", "'mass'"),
    "a scheme that takes no charge": ((*LAW, SCHEME.replace("takes = { vat", "takes = { gst")), "scheme.SHOP", "takes: no charge"),
    "a scheme on no value": ((*LAW, SCHEME.replace('["price"]', '["prices"]')), "scheme.SHOP", "did you mean price"),
    "a scheme with a number of no kind": ((*LAW, SCHEME.replace('registration = "SHOP"', 'registration = "SHOPS"')), "scheme.SHOP", "registration: no registration"),
    "a condition on no scheme": ((*LAW, LIMIT, RELIEF + 'when = { not_scheme = ["IOSS"] }\n'), "relief.low_value", "'IOSS'"),
    "a condition on no registration": ((*LAW, LIMIT, RELIEF + 'when = { registered = ["ZZ-VAT"] }\n'), "relief.low_value", "'ZZ-VAT'"),
    "a scheme that turns on a later one": ((*LAW, SCHEME.replace("scheme.SHOP]]", 'scheme.FIRST]]\nwhen = { not_scheme = ["SHOP"] }'), SCHEME.partition("[[scheme")[1] + SCHEME.partition("[[scheme")[2]), "scheme.FIRST", "settled after"),
    "a class like none": ((CURRENCY, VALUES, CLASSES.replace('like = "reduced"', 'like = "zero"'), DUTY, VAT, BORDER), "tax_class.books", "'zero'"),
    "classes like each other": ((CURRENCY, VALUES, CLASSES.replace('rate = "10%"', 'like = "books"'), DUTY, VAT, BORDER), "tax_class", "reduced, books, reduced"),
    "charges that rest on each other": ((CURRENCY, VALUES, CLASSES, DUTY.replace('"customs_value"', '"customs_value", "vat"'), VAT, BORDER), "charge", "rest on each other on 2020-01-01"),
    "a charge that rests on itself": ((CURRENCY, VALUES, CLASSES, DUTY.replace('"customs_value"', '"customs_duty"'), VAT, BORDER), "charge.customs_duty", "customs_duty, customs_duty"),
    "a circle through a special rate": ((*LAW, LIMIT, SPECIAL + 'base = ["vat"]\n'), "charge", "rest on each other"),
    "a circle through a scheme": ((*LAW, SCHEME.replace('base = ["price"]', 'base = ["vat"]')), "charge.vat", "rest on each other"),
    "values that rest on each other": ((CURRENCY, VALUES.replace('["price"]', '["customs_value"]').replace('["price", "transport", "insurance"]', '["intrinsic_value"]'), CLASSES, DUTY, VAT, BORDER), "value", "rest on each other"),
    "a rounding in a foreign currency": ((CURRENCY, VALUES, CLASSES, DUTY.replace("0.01 EUR", "0.01 USD"), VAT, BORDER), "charge.customs_duty", "rounds in USD, while charges are in EUR"),
    "a scheme's rounding in a foreign currency": ((*LAW, SCHEME.replace('["price"]', '["price"], rounding = { to = "1 JPY", mode = "down" }')), "scheme.SHOP", "rounds in JPY"),
    "a fee on some goods only": ((*LAW, FEE + 'only_for = { commodities = ["22"] }\n'), "charge.entry_fee", "only_for"),
    "a fee on all but some goods": ((*LAW, FEE + 'not_for = { commodities = ["22"] }\n'), "charge.entry_fee", "not_for"),
    "a fee by origin": ((*LAW, FEE + 'when = { origin = ["CN"] }\n'), "charge.entry_fee", "when.origin"),
    "a fee by facts of an item": ((*LAW, FEE + 'when = { facts = { used = ["yes"] } }\n'), "charge.entry_fee", "when.facts"),
    "a fee by a limit per line": ((*LAW, LIMIT.replace("consignment", "line"), FEE + 'within = "low_value"\n'), "charge.entry_fee", "counts per line"),
    "a relief from a fee for some goods": ((*LAW, FEE, '[[relief.fee]]\nvalid_from = 2020-01-01\nof = ["entry_fee"]\nonly_for = { commodities = ["49"] }\ncite = ["act"]'), "relief.fee", "only_for"),
    "a waiver of a fee": ((*LAW, FEE, WAIVER.replace('"vat"', '"entry_fee"')), "waiver.small", "entry_fee"),
    "a special rate of a fee": ((*LAW, FEE, LIMIT, SPECIAL.replace("customs_duty", "entry_fee")), "special.flat", "entry_fee"),
    "a border by a limit": ((*LAW[:-1], LIMIT, BORDER + 'within = "low_value"\n'), "border.anybody", "within"),
    "a value by a limit": ((*LAW, LIMIT, '[[value.other]]\nvalid_from = 2020-01-01\nof = "customs_value"\nparts = ["price"]\nwithin = "low_value"\ncite = ["act"]'), "value.other", "within"),
    "no currency": (LAW[1:], "currency", "no currency is in force on 2020-01-01"),
    "a currency that starts too late": ((CURRENCY.replace("2020-01-01", "2021-01-01"), *LAW[1:]), "currency", "2020-01-01"),
    "no customs value": ((CURRENCY, VALUES.replace("value.customs_value", "value.cif_value"), CLASSES, DUTY.replace("customs_value", "cif_value"), VAT.replace("customs_value", "cif_value"), BORDER), "value.customs_value", "2020-01-01"),
    "no charge at all": ((CURRENCY, VALUES, CLASSES, BORDER), "charge", "no charge is in force on 2020-01-01"),
    "no standard rate": ((CURRENCY, VALUES, CLASSES.replace("standard", "zero"), DUTY, VAT, BORDER), "tax_class.standard", "charge.vat"),
    "a standard rate that ends": ((CURRENCY, VALUES, CLASSES.replace("2020-01-01", "2020-01-01\nvalid_until = 2026-12-31", 1), DUTY, VAT, BORDER), "tax_class.standard", "2027-01-01"),
    "a member of an unknown union": ((*LAW, '[[member_of]]\nvalid_from = 2020-01-01\ncode = "EU"\ncite = ["act"]'), "member_of of 2020-01-01", "EU"),
    "a member of itself": ((*LAW, '[[member_of]]\nvalid_from = 2020-01-01\ncode = "ZZ"\ncite = ["act"]'), "member_of of 2020-01-01", "ZZ"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACROSS)
def test_records_that_do_not_fit_each_other_are_refused_by_record_and_day(name: str, tmp_path: Path) -> None:
    parts, record, told = ACROSS[name]
    faults = faults_of(write(tmp_path, *parts))
    assert all(one.file == "zz/law.toml" and one.file in str(one) for one in faults)
    assert any(record in one.record and told in str(one) for one in faults), [str(one) for one in faults]


@pytest.mark.parametrize("name", ACROSS)
def test_the_check_of_all_tables_finds_what_loading_finds(name: str, tmp_path: Path) -> None:
    parts, _, _ = ACROSS[name]
    tariffs = write(tmp_path, *parts)
    told = {str(one) for one in faults_of(load_tariffs(tmp_path))}
    assert told <= {str(one) for one in tariffs.check()}


def test_the_good_tables_have_no_fault(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *GOOD)
    assert tariffs.check() == []
    assert tariffs.territory("ZZ").name == "Small country"


def test_several_faults_of_one_file_are_told_together(tmp_path: Path) -> None:
    text = changed('rate = "20%"', "rate = 0.20").replace('model = "consumer"', 'model = "nobody"')
    faults = faults_of(written(tmp_path, text.replace('at_most = "100 EUR"', "at_most = 100")))
    assert {one.record.partition(" of ")[0] for one in faults} >= {
        "tax_class.standard", "border.anybody", "limit.low_value",
    }  # fmt: skip


def test_several_faults_across_records_are_told_together(tmp_path: Path) -> None:
    faults = faults_of(write(tmp_path, *LAW, RELIEF, SPECIAL.replace("customs_duty", "tax")))
    assert {one.record.partition(" of ")[0] for one in faults} == {"relief.low_value", "special.flat"}


def test_the_faults_of_several_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, *LAW, code="YY", header=HEADER.replace("checked_on = 2030-01-01", ""))
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "fees.toml").write_text("fee = [", encoding="utf-8")
    (tmp_path / "stray.toml").write_text("", encoding="utf-8")
    tariffs = write(tmp_path, *LAW, RELIEF)
    files = {one.file for one in tariffs.check() if isinstance(one, TableError)}
    assert files >= {"yy/law.toml", "zz/fees.toml", "stray.toml"}


def test_faulty_tables_are_refused_every_time_they_are_asked_for(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, RELIEF)
    first = [str(one) for one in faults_of(tariffs)]
    assert [str(one) for one in faults_of(tariffs)] == first
    with pytest.raises(TableError):
        assessed(tariffs)


def test_members_of_each_other_are_refused(tmp_path: Path) -> None:
    def member(code: str) -> str:
        return f'[[member_of]]\nvalid_from = 2020-01-01\ncode = "{code}"\ncite = ["act"]'

    write(tmp_path, *LAW, member("ZZ"), code="YY")
    tariffs = write(tmp_path, *LAW, member("YY"))
    with pytest.raises(DutycalcError, match="members of each other"):
        tariffs.territory("ZZ")
    assert any("members of each other" in str(one) for one in load_tariffs(tmp_path).check())


def test_what_one_reading_lacks_is_found_though_no_other_lacks_it(tmp_path: Path) -> None:
    ends = RELIEF.replace("2020-01-01", '2021-01-01\nvariant = "wider"').replace(
        'low_value"\ncite', 'wide"\ncite'
    )
    faults = faults_of(write(tmp_path, *LAW, LIMIT, RELIEF, ends))
    assert [one.record for one in faults] == ["relief.low_value of 2021-01-01"]
    assert "(variant wider)" in str(faults[0])
    bounds = LIMIT.replace("2020-01-01", '2020-01-01\nvariant = "wider"\nvalid_until = 2025-12-31')
    faults = faults_of(write(tmp_path / "ending", *LAW, LIMIT, bounds, RELIEF))
    assert "is not in force on 2026-01-01 in the variant wider" in str(faults[0])


def test_a_union_is_complete_only_in_its_members(tmp_path: Path) -> None:
    write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER, code="EU")
    member = '[[member_of]]\nvalid_from = 2020-01-01\ncode = "EU"\ncite = ["act"]'
    tariffs = write(tmp_path, member, CLASSES)
    assert tariffs.check() == []
    without = write(tmp_path, member, CLASSES.replace("standard", "zero"))
    assert [one.record for one in faults_of(without)] == ["tax_class.standard"]


def test_a_country_of_provinces_is_complete_only_in_them(tmp_path: Path) -> None:
    write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER)
    province = '[[member_of]]\nvalid_from = 2020-01-01\ncode = "ZZ"\ncite = ["act"]'
    tariffs = write(tmp_path, province, CLASSES, code="ZZ-ON")
    assert tariffs.check() == []


def test_a_member_answers_for_the_series_it_replaces(tmp_path: Path) -> None:
    write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER, LIMIT, RELIEF, code="EU")
    member = '[[member_of]]\nvalid_from = 2020-01-01\ncode = "EU"\ncite = ["act"]'
    faults = faults_of(write(tmp_path, member, CLASSES, LATE))
    assert [(one.file, one.record) for one in faults] == [("zz/law.toml", "limit.low_value of 2021-01-01")]
    assert "eu/law.toml: relief.low_value of 2020-01-01" in str(faults[0])
    crowns = CURRENCY.replace("EUR", "SEK")
    faults = faults_of(write(tmp_path, member, CLASSES, crowns))
    assert {one.file for one in faults} == {"zz/law.toml"}
    assert "eu/law.toml: charge.customs_duty of 2020-01-01" in str(faults[0])


def test_a_name_that_is_borne_again_after_a_gap_leaves_the_gap_a_fault(tmp_path: Path) -> None:
    again = LIMIT.replace("2020-01-01", "2026-01-01")
    faults = faults_of(write(tmp_path, *LAW, GAP, again, RELIEF))
    assert "is not in force on 2025-01-01" in str(faults[0])
    met = RELIEF.replace("2020-01-01", "2020-01-01\nvalid_until = 2024-12-31")
    tariffs = write(tmp_path / "met", *LAW, GAP, again, met, RELIEF.replace("2020-01-01", "2026-01-01"))
    assert tariffs.check() == []


def test_circles_that_no_single_day_closes_are_none(tmp_path: Path) -> None:
    rests = DUTY.replace('"customs_value"', '"customs_value", "vat"').replace("2020-01-01", "2026-01-01")
    alone = VAT.replace(', "customs_duty"', "").replace("2020-01-01", "2026-01-01")
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY, VAT, rests, alone, BORDER)
    assert tariffs.check() == []


def test_a_folder_without_law_is_no_territory(tmp_path: Path) -> None:
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "measures.csv").write_text("", encoding="utf-8")
    with pytest.raises(NotModelledError):
        load_tariffs(tmp_path).territory("ZZ")
    faults: list[Any] = load_tariffs(tmp_path).check()
    assert isinstance(faults, list)


def test_the_day_of_a_fault_is_a_day_that_the_tables_cover(tmp_path: Path) -> None:
    early = LIMIT.replace("2020-01-01", "2010-01-01\nvalid_until = 2022-12-31")
    relief = RELIEF.replace("2020-01-01", "2010-01-01")
    faults = faults_of(write(tmp_path, *LAW, early, relief))
    assert f"is not in force on {date(2023, 1, 1)}" in str(faults[0])
    before = LIMIT.replace("2020-01-01", "2020-01-01")
    assert write(tmp_path / "covered", *LAW, before, relief).check() == []


def test_the_bundled_tables_have_no_fault() -> None:
    assert [str(one) for one in load_tariffs().check()] == []


def test_a_sound_table_beside_faulty_ones_still_answers(tmp_path: Path) -> None:
    write(tmp_path, *LAW, RELIEF, code="YY")
    tariffs = write(tmp_path, *LAW)
    with pytest.raises(TableError):
        tariffs.territory("YY")
    assert assessed(tariffs, item()).decision == "assessed"
