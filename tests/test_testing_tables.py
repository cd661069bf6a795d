"""Tables under test: nudges that golden cases catch, nudges that they miss, and what looks wrong in tables."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_tables import BORDER, CLASSES, CURRENCY, DUTY, HEADER, LAW, VALUES, VAT, cart, item, write

from dutycalc import DutycalcError, Tariffs
from dutycalc.cli import main
from dutycalc.testing.golden import Case, read_cases
from dutycalc.testing.nudges import KINDS, SILENT, nudges
from dutycalc.testing.tables import NudgedTariffs, Report, key_of, lint, mutate

LIMIT = """
[[limit.small]]
valid_from = 2024-01-01
measure = "intrinsic_value"
per = "consignment"
at_most = "22 EUR"
cite = ["act"]

[[relief.small]]
valid_from = 2024-01-01
of = ["vat"]
within = "small"
cite = ["act"]
"""

RISE = CLASSES.replace('rate = "10%"', 'rate = "10%"', 1).replace(
    "[[tax_class.books]]",
    '[[tax_class.standard]]\nvalid_from = 2025-01-01\nrate = "21%"\ncite = ["act"]\n\n[[tax_class.books]]',
)


def golden(id_: str, expect: dict[str, Any], *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": id_, "note": "by hand", "consignment": cart(*items, **changes), "expect": expect}


def write_cases(path: Path, *cases: dict[str, Any] | str) -> str:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in cases]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def cases_of(folder: Path, *cases: dict[str, Any]) -> list[Case]:
    return read_cases([write_cases(folder / "cases.jsonl", *cases)])


VAT_OF_22 = golden("standard", {"items": {"1": {"vat": "22.00 EUR"}}}, sold_on="2024-06-01")
"""20% of 100 and its duty of 10."""

BOOK = golden("book", {"items": {"1": {"vat": "11.00 EUR"}}}, item(tax_class="books"))
"""10% of 100 and its duty of 10."""


def caught(report: Report) -> dict[tuple[str, str], str]:
    return {(one.record, one.says): one.caught_by for one in report.outcomes}


# Nudges


def test_each_nudge_of_the_bundled_tables_changes_its_record_in_one_thing(tariffs: Tariffs) -> None:
    kinds: set[str] = set()
    for code in ("NO", "GB", "US", "EU", "BR", "CH", "JP"):
        territory = tariffs.territory(code)
        for series in territory.series():
            for record in series:
                found = list(nudges(record, series, covered_from=territory.covered_from))
                kinds |= {one.kind for one in found}
                assert all(one.changed != record for one in found)
                assert len({one.says for one in found}) == len(found)
                silent = series.name.partition("/")[2].partition(".")[0] in SILENT
                assert not (silent and found)
    assert kinds == set(KINDS)


def test_a_rate_steps_by_its_last_digit_and_every_number_of_an_expression_moves(tmp_path: Path) -> None:
    special = """
[[special.flat]]
valid_from = 2020-01-01
of = "customs_duty"
rate = "8.1% MIN 5 EUR MAX 20.50 EUR/100kg"
cite = ["act"]
"""
    territory = write(tmp_path, *LAW, special).territory("ZZ")
    record = territory.own["special"]["flat"].records[0]
    said = {one.says.partition("-> ")[2] for one in nudges(record) if one.kind == "rate"}
    assert said == {
        "8.2% MIN 5 EUR MAX 20.50 EUR/100kg",
        "8.1% MIN 6 EUR MAX 20.50 EUR/100kg",
        "8.1% MIN 5 EUR MAX 20.60 EUR/100kg",
    }


def test_days_are_moved_only_where_that_changes_law(tmp_path: Path) -> None:
    territory = write(tmp_path, CURRENCY, VALUES, RISE, DUTY, VAT, BORDER).territory("ZZ")
    series = territory.own["tax_class"]["standard"]
    first, second = series.records
    days = [one.days for one in nudges(second, series, covered_from=date(2020, 1, 1)) if one.days]
    assert days == [(date(2024, 12, 31),), (date(2025, 1, 1),)]
    assert [one for one in nudges(first, series, covered_from=date(2020, 1, 1)) if one.days] == []


def test_a_limit_is_turned_raised_and_lowered(tmp_path: Path) -> None:
    territory = write(tmp_path, *LAW, LIMIT).territory("ZZ")
    found = [one for one in nudges(territory.own["limit"]["small"].records[0]) if not one.days]
    assert [one.says for one in found] == [
        "at_most 22 EUR -> below 22 EUR",
        "at_most 22 EUR -> 22.01 EUR",
        "at_most 22 EUR -> 21.99 EUR",
    ]


def test_nudged_tables_leave_the_sound_ones_as_they_are_and_reach_members(tmp_path: Path) -> None:
    write(tmp_path, *LAW, code="ZU", header=HEADER.replace('"Small country"', '"Union"'))
    member = '[[member_of]]\nvalid_from = 2020-01-01\ncode = "ZU"\ncite = ["act"]\n'
    sound = write(tmp_path, member)
    case = cases_of(tmp_path, VAT_OF_22)[0]
    assert case.differences(sound) == []
    record = sound.territory("ZU").own["tax_class"]["standard"].records[0]
    rate = next(one for one in nudges(record) if one.kind == "rate")
    assert case.differences(NudgedTariffs(sound, "ZU", record, rate.changed)) == [
        "item 1 vat: expected 22.00 EUR, got 23.10 EUR"
    ]
    assert case.differences(sound) == []


def test_a_part_of_a_record_is_known_as_the_record(tariffs: Tariffs) -> None:
    record = tariffs.territory("NO").own["charge"]["vat"].records[0]
    assert key_of(record.at(None, "rounding.mode")) == key_of(record)
    currency = tariffs.territory("NO").own["currency"][""].records[0]
    assert key_of(currency.at(None, "code")) == key_of(currency)


# Mutation


def test_a_seeded_fault_is_caught_by_the_case_that_states_the_amount(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    found = caught(mutate(tariffs, cases_of(tmp_path, VAT_OF_22, BOOK)))
    assert found["zz/tax_class.standard@2020-01-01", "rate 20% -> 21%"] == "standard"
    assert found["zz/tax_class.reduced@2020-01-01", "rate 10% -> 11%"] == "book"
    assert found["zz/tax_class.books@2020-01-01", "like reduced -> like standard"] == "book"
    assert found["zz/charge.vat@2020-01-01", "base without customs_duty"] == "standard"
    assert found["zz/border.anybody@2020-01-01", "collector carrier -> post"] == ""


def test_without_the_case_the_record_is_untested_and_a_cart_is_offered(tmp_path: Path) -> None:
    report = mutate(write(tmp_path, *LAW), cases_of(tmp_path, VAT_OF_22))
    assert "zz/tax_class.reduced@2020-01-01" in report.untested
    assert "zz/tax_class.books@2020-01-01" in report.unread
    [missed] = [one for one in report.missed if one.record == "zz/tax_class.books@2020-01-01"]
    assert missed.cart is not None
    assert missed.cart["items"][0]["tax_class"] == "books"


def test_the_first_day_is_tested_by_that_day_and_the_day_before(tmp_path: Path) -> None:
    tariffs = write(tmp_path, CURRENCY, VALUES, RISE, DUTY, VAT, BORDER)
    before = golden("before", {"items": {"1": {"vat": "22.00 EUR"}}}, sold_on="2024-12-31")
    first = golden("first", {"items": {"1": {"vat": "23.10 EUR"}}}, sold_on="2025-01-01")
    earlier = ("zz/tax_class.standard@2025-01-01", "first day 2025-01-01 -> 2024-12-31")
    later = ("zz/tax_class.standard@2025-01-01", "first day 2025-01-01 -> 2025-01-02")
    found = caught(mutate(tariffs, cases_of(tmp_path, before, first)))
    assert (found[earlier], found[later]) == ("before", "first")
    found = caught(mutate(tariffs, cases_of(tmp_path, first)))
    assert (found[earlier], found[later]) == ("", "first")


def test_a_comparator_is_tested_at_the_limit_alone(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT)
    at = golden("at", {"items": {"1": {"vat": "0.00 EUR"}}}, item(unit_price="22.00 EUR"))
    under = golden("under", {"items": {"1": {"vat": "0.00 EUR"}}}, item(unit_price="21.98 EUR"))
    turned = ("zz/limit.small@2024-01-01", "at_most 22 EUR -> below 22 EUR")
    assert caught(mutate(tariffs, cases_of(tmp_path, at, under)))[turned] == "at"
    report = mutate(tariffs, cases_of(tmp_path, under))
    assert caught(report)[turned] == ""
    [missed] = [one for one in report.missed if (one.record, one.says) == turned]
    assert missed.cart is not None
    assert missed.cart["items"][0]["unit_price"] == "22.00 EUR"


def test_a_gap_is_caught_by_the_checks_of_the_tables(tmp_path: Path) -> None:
    found = caught(mutate(write(tmp_path, *LAW), cases_of(tmp_path, VAT_OF_22), probe=False))
    assert found["zz/value.customs_value@2020-01-01", "parts without insurance"] == ""
    assert found["zz/currency@2020-01-01", "currency EUR -> USD"] == "standard"
    found = caught(mutate(write(tmp_path, *LAW), [], probe=False))
    assert found["zz/currency@2020-01-01", "currency EUR -> USD"] == "check"


def test_a_refusal_tests_the_record_that_refuses(tmp_path: Path) -> None:
    spirits = """
[[unmodelled.spirits]]
valid_from = 2020-01-01
subject = "excise on spirits"
only_for = { commodities = ["22"] }
cite = ["act"]
"""
    refused = golden("gin", {}, item(commodity="22085011")) | {
        "refuses": {"error": "NotModelledError", "names": "excise on spirits"}
    }
    del refused["expect"]
    found = caught(mutate(write(tmp_path, *LAW, spirits), cases_of(tmp_path, refused)))
    assert found["zz/unmodelled.spirits@2020-01-01", "the record left out"] == "gin"


def test_a_case_that_does_not_hold_is_no_witness(tmp_path: Path) -> None:
    wrong = golden("wrong", {"items": {"1": {"vat": "1.00 EUR"}}})
    report = mutate(write(tmp_path, *LAW), cases_of(tmp_path, wrong), probe=False)
    assert report.unsound == ("wrong: item 1 vat: expected 1.00 EUR, got 22.00 EUR",)
    assert {one.caught_by for one in report.outcomes} <= {"", "check"}


def test_shares_count_what_was_caught(tmp_path: Path) -> None:
    report = mutate(write(tmp_path, *LAW), cases_of(tmp_path, VAT_OF_22, BOOK))
    assert report.shares() == {"ZZ": (len(report.outcomes) - len(report.missed), len(report.outcomes))}
    assert sum(of for _, of in report.shares("kind").values()) == len(report.outcomes)


# Golden cases


def test_every_fault_of_every_case_is_named_with_its_line(tmp_path: Path) -> None:
    twice = dict(VAT_OF_22)
    misspelt = golden("misspelt", {"item": {}})
    nobody = golden("nobody", {"items": {"2": {"vat": "1 EUR"}}})
    number = golden("number", {"items": {"1": {"vat": "1,00 EUR"}}})
    no_cart = {"id": "no cart", "expect": {}, "consignment": {}}
    path = write_cases(
        tmp_path / "cases.jsonl", VAT_OF_22, twice, misspelt, nobody, number, no_cart, "{", {"id": ""}
    )
    with pytest.raises(DutycalcError) as refusal:
        read_cases([path, str(tmp_path / "none.jsonl")])
    told = "\n".join(str(one) for one in refusal.value.exceptions)  # type: ignore[attr-defined]
    for line, words in (
        (2, "id 'standard' stands in"), (3, "unknown field 'item'; did you mean"), (4, "no item '2'"),
        (5, "vat"), (6, "consignment: destination: not stated"), (7, "no JSON"), (8, "id: a text"),
    ):  # fmt: skip
        assert any(f"{path}:{line}: " in one and words in one for one in told.splitlines()), (line, words)
    assert "none.jsonl: No such file" in told


def test_a_case_compares_all_that_it_states(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    right = {
        "decision": "assessed", "items": {"1": {"customs_value": "100 EUR", "customs_duty": "10 EUR"}},
        "charges": {"vat": "22 EUR"}, "totals": {"all": "32 EUR", "vat": "22 EUR"},
        "collection": {"1": {"vat": {"collector": "carrier", "moment": "delivery"}}},
    }  # fmt: skip
    wrong = {
        "decision": "partial", "items": {"1": {"customs_value": "101 EUR"}}, "charges": {"vat": "23 EUR"},
        "totals": {"all": "33 EUR"}, "collection": {"1": {"vat": {"collector": "post"}, "levy": {}}},
    }  # fmt: skip
    sound, faulty = cases_of(tmp_path, golden("right", right), golden("wrong", wrong))
    assert sound.differences(tariffs) == []
    assert len(faulty.differences(tariffs)) == 6


# Lint


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    from dutycalc import load_tariffs

    return load_tariffs()


def test_lint_names_what_loads_and_does_nothing(tmp_path: Path) -> None:
    header = HEADER.replace("checked_on = 2030-01-01", "checked_on = 2019-01-01")
    again = '[[tax_class.standard]]\nvalid_from = 2021-01-01\nrate = "20%"\ncite = ["act"]\n'
    old = (
        '[[waiver.old]]\nvalid_from = 2010-01-01\nvalid_until = 2011-01-01\ncharges = ["vat"]\n'
        'below = "1 EUR"\nconfidence = "unverified"\ncite = ["act"]\n'
    )
    limit = LIMIT.partition("[[relief")[0]
    classes = CLASSES.replace("[[tax_class.reduced]]", f"{again}\n[[tax_class.reduced]]")
    faulty = write(tmp_path, CURRENCY, VALUES, classes, DUTY, VAT, BORDER, limit, old, header=header)
    found = {(one.rule, one.record) for one in lint(faulty)}
    assert ("unread", "zz/limit.small") in found
    assert ("repeated", "zz/tax_class.standard@2021-01-01") in found
    assert ("unsaid", "zz/waiver.old@2010-01-01") in found
    assert ("never", "zz/waiver.old@2010-01-01") in found
    assert ("unseen", "zz/currency@2020-01-01") in found


def test_lint_has_the_faults_of_the_check(tmp_path: Path) -> None:
    [one] = [one for one in lint(write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER)) if one.rule == "fault"]
    assert "tax_class.standard is not in force" in one.text


def test_lint_finds_no_fault_in_sound_tables(tmp_path: Path, tariffs: Tariffs) -> None:
    assert [one for one in lint(write(tmp_path, *LAW)) if one.rule != "unread"] == []
    assert {one.rule for one in lint(tariffs, codes=["NO", "CH"])} <= {"repeated", "unread"}


# The command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["tables", "mutate", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_reports_and_is_strict_only_when_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write(tmp_path / "tables", *LAW)
    path = write_cases(tmp_path / "cases.jsonl", VAT_OF_22, BOOK)
    tables = str(tmp_path / "tables")
    code, out, err = run(capsys, tables, "--cases", path)
    assert (code, err) == (0, "")
    assert "* zz: charge.customs_duty@2020-01-01\n" in out
    assert "collector carrier -> post" not in out
    assert run(capsys, tables, "--cases", path, "--strict")[0] == 1
    code, out, _ = run(capsys, tables, "--cases", path, "--only", "zz", "--format", "json")
    found = json.loads(out)
    assert found["nudges"] == found["caught"] + len(found["missed"])
    assert found["untested"] == ["zz/charge.customs_duty@2020-01-01"]
    assert run(capsys, tables, "--cases", path, "--format", "markdown")[1].startswith(
        "# The tables under test"
    )


def test_the_command_names_a_case_that_does_not_hold(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write(tmp_path / "tables", *LAW)
    path = write_cases(tmp_path / "cases.jsonl", golden("wrong", {"totals": {"all": "1 EUR"}}))
    code, _, err = run(capsys, str(tmp_path / "tables"), "--cases", path)
    assert code == 1
    assert err == "error: golden case wrong: total all: expected 1 EUR, got 32.00 EUR\n"


def test_bad_input_is_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path / "tables", *LAW)
    assert run(capsys, str(tmp_path / "tables"), "--cases", "none.jsonl")[0] == 2
    path = write_cases(tmp_path / "cases.jsonl", BOOK)
    code, _, err = run(capsys, str(tmp_path / "tables"), "--cases", path, "--only", "ZY")
    assert (code, err) == (2, "error: --only ZY: no tables of law for this territory\n")


# The page


def test_the_page_bears_the_day_and_its_numbers_agree() -> None:
    """The report is of one run: its sums are those of its lines, and it says when it was measured."""
    page = (Path(__file__).parent.parent / "docs" / "testing-tables.md").read_text(encoding="utf-8")
    _, _, report = page.partition("<!-- measured by tests/measure_tables.py -->\n")
    assert re.search(r"^Measured on 20[0-9]{2}-[0-9]{2}-[0-9]{2}\.$", report, re.MULTILINE)
    said = re.search(r"([0-9,]+) nudges of [0-9,]+ records.*\n\D*([0-9,]+) caught \(([0-9]+)%\)", report)
    assert said is not None
    nudged, caught_, share = (int(one.replace(",", "")) for one in said.groups())
    assert share == 100 * caught_ // nudged
    for heading in ("By what is nudged", "By territory"):
        _, _, table = report.partition(f"## {heading}\n")
        table = table.partition("\n#")[0]
        rows = re.findall(r"^\| *[^|]+ *\| *([0-9,]+) *\| *([0-9,]+) *\|", table, re.MULTILINE)
        sums = [sum(int(one.replace(",", "")) for one in column) for column in zip(*rows, strict=True)]
        assert sums == [nudged, caught_]
    untested = re.search(r"([0-9,]+) records of which no nudge is caught", report)
    assert untested is not None
    listed = re.findall(
        r"@[0-9]{4}-[0-9]{2}-[0-9]{2}", report.partition("Records that nothing tests")[2].partition("\n#")[0]
    )
    assert len(listed) == int(untested[1].replace(",", ""))
