"""Coverage: each area stands as its weakest record in force does, and nothing in force is left out."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from small_tables import BORDER, CLASSES, CURRENCY, DUTY, LAW, VALUES, VAT, write

from dutycalc import Tariffs, load_tariffs
from dutycalc.cli import main
from dutycalc.coverage import AREAS, Coverage, Standing, coverage

DAY = date(2026, 6, 1)

LIMIT = """
[[limit.small]]
valid_from = 2020-01-01
valid_until = 2026-12-31
measure = "intrinsic_value"
per = "consignment"
at_most = "150 EUR"
cite = ["act"]

[[relief.small]]
valid_from = 2020-01-01
valid_until = 2026-12-31
of = ["customs_duty"]
within = "small"
cite = ["act"]
confidence = "unverified"
"""

FEE = """
[[charge.handling]]
valid_from = 2020-01-01
kind = "fee"
rate = "2 EUR"
per = "consignment"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
confidence = "secondary"
"""

UNMODELLED = """
[[unmodelled.wine]]
valid_from = 2020-01-01
subject = "duty on wine"
only_for = { commodities = ["2204"] }
cite = ["act"]
"""


def only(tariffs: Tariffs, day: date = DAY) -> Coverage:
    (found,) = coverage(tariffs, on=day)
    return found


def test_what_has_no_record_is_absent(tmp_path: Path) -> None:
    found = only(write(tmp_path, *LAW))
    assert found.standing == {
        "duty": "confirmed", "tax": "confirmed", "limits": "absent", "collection": "confirmed",
        "fees": "absent", "schedule": "absent",
    }  # fmt: skip
    assert found.records == {"duty": 1, "tax": 4, "limits": 0, "collection": 1, "fees": 0, "schedule": 0}
    assert found.checked_on == date(2030, 1, 1)


def test_the_weakest_record_counts(tmp_path: Path) -> None:
    found = only(write(tmp_path, *LAW, LIMIT, FEE))
    assert found.standing["limits"] == "unverified"  # the relief; the limit itself is confirmed
    assert found.standing["fees"] == "secondary"
    assert found.standing["duty"] == "confirmed"
    assert found.records["limits"] == 2


def test_only_records_in_force_count(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT)
    assert only(tariffs, date(2026, 12, 31)).standing["limits"] == "unverified"
    assert only(tariffs, date(2027, 1, 1)).standing["limits"] == "absent"


def test_a_disputed_reading_does_not_count(tmp_path: Path) -> None:
    doubtful = VAT.replace('kind = "vat"', 'kind = "vat"\nvariant = "other"\nconfidence = "unverified"')
    found = only(write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY, VAT, doubtful, BORDER))
    assert found.standing["tax"] == "confirmed"


def test_a_day_before_the_tables_has_nothing_and_says_so(tmp_path: Path) -> None:
    found = only(write(tmp_path, *LAW), date(2019, 12, 31))
    assert set(found.standing.values()) == {"absent"}
    assert "2020-01-01" in found.note


def test_law_that_is_known_and_not_in_the_tables_is_named(tmp_path: Path) -> None:
    assert only(write(tmp_path, *LAW, UNMODELLED)).not_modelled == ("duty on wine",)


def test_a_member_has_the_law_of_its_union() -> None:
    found = {one.code: one for one in coverage(load_tariffs(), on=date(2026, 11, 20))}
    assert found["DE"].standing["schedule"] == found["EU"].standing["schedule"] != "absent"
    assert found["DE"].standing["duty"] == found["EU"].standing["duty"] != "absent"


def test_every_territory_has_a_standing_in_every_area() -> None:
    tariffs = load_tariffs()
    found = coverage(tariffs, on=date(2026, 11, 20))
    assert tuple(one.code for one in found) == tariffs.codes
    for one in found:
        assert tuple(one.standing) == AREAS
        assert set(one.standing.values()) <= set(get_args(Standing))
        assert all((one.records[area] == 0) == (one.standing[area] == "absent") for area in AREAS)


def test_the_command_prints_what_the_function_returns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "coverage", "--on", "2026-11-20", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    wanted = [one.to_dict() for one in coverage(load_tariffs(), on=date(2026, 11, 20))]
    assert printed == {"on": "2026-11-20", "territories": wanted}
    assert main(["tables", "coverage", "--on", "2026-11-20"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n{one['code']} " in text for one in wanted)
