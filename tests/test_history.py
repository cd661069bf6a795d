"""What came earlier: how many consignments of a period, of what value and mass, and what that leaves of a limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, amounts, assessed, item, write

from dutycalc.errors import FactsError, MissingFactError
from dutycalc.replay import replay

LIMIT = """
[[limit.small]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "{per}"
at_most = "150 EUR"
{more}
cite = ["act"]

[[relief.small]]
valid_from = 2020-01-01
of = ["customs_duty", "vat"]
within = "small"
portion = "{portion}"
cite = ["act"]
"""

COUNTED = 'counts = [{ per = "half_year", at_most = 6 }, { per = "day", at_most = 1, of = "sender" }]'

CHARGED = {"1 customs_duty": "10.00 EUR", "1 vat": "22.00 EUR"}
FREE = {"1 customs_duty": "0.00 EUR", "1 vat": "0.00 EUR"}


def limited(folder: Path, more: str, portion: str = "whole", per: str = "consignment") -> Any:
    return write(folder, *LAW, LIMIT.format(more=more, portion=portion, per=per))


@pytest.mark.parametrize("per", ["consignment", "line", "item"])
@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], FREE),
        ([{"per": "half_year", "count": 5}], FREE),
        ([{"per": "half_year", "count": 6}], CHARGED),
        ([{"per": "day", "of": "sender", "count": 0}], FREE),
        ([{"per": "day", "of": "sender", "count": 1}], CHARGED),
        ([{"per": "day", "count": 1}], FREE),  # of another sender
        ([{"per": "year", "count": 60}], FREE),  # of another period
        ([{"per": "half_year", "count": 5}, {"per": "day", "of": "sender", "count": 1}], CHARGED),
    ],
)
def test_a_limit_is_for_so_many_consignments_of_a_period(
    tmp_path: Path, per: str, history: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    result = assessed(limited(tmp_path, COUNTED, per=per), history=history)
    assert amounts(result) == expected


def test_the_count_is_read_anew_for_every_consignment(tmp_path: Path) -> None:
    """Consignments that differ in the count alone share a program, and not its outcome."""
    tariffs = limited(tmp_path, COUNTED)
    found = [amounts(assessed(tariffs, history=[{"per": "half_year", "count": n}])) for n in (5, 6, 5)]
    assert found == [FREE, CHARGED, FREE]


def test_a_replay_finds_the_count_in_the_cart(tmp_path: Path) -> None:
    result = assessed(limited(tmp_path, COUNTED), history=[{"per": "half_year", "count": 6}])
    facts = [step.fact for step in result.working if step.fact is not None]
    assert "history[0].count" in facts
    cart = json.loads(result.consignment.model_dump_json())
    assert list(replay(result.to_dict(), cart=cart)) == []
    cart["history"][0]["count"] = 5
    assert list(replay(result.to_dict(), cart=cart)) != []


@pytest.mark.parametrize(
    ("more", "entry", "fact"),
    [
        (COUNTED, {"per": "half_year", "value": "20.00 EUR"}, "history.count"),
        ('history = "month"', {"per": "month", "count": 2}, "history.value"),
        ('history = "month"\nalso = [{ measure = "gross_mass_kg", at_most = "9 kg" }]',
         {"per": "month", "value": "20.00 EUR"}, "history.gross_mass_kg"),
    ],
)  # fmt: skip
def test_what_the_law_adds_up_and_an_entry_lacks_is_asked_for(
    tmp_path: Path, more: str, entry: dict[str, Any], fact: str
) -> None:
    tariffs = limited(tmp_path, more)
    with pytest.raises(MissingFactError) as refusal:
        assessed(tariffs, item(gross_mass_kg="2"), history=[entry])
    assert refusal.value.fact == fact
    none = {"per": entry["per"], "count": 0}
    assert amounts(assessed(tariffs, item(gross_mass_kg="2"), history=[none])) == FREE


@pytest.mark.parametrize(
    ("earlier", "duty"),
    [
        ("0.00 EUR", "0.00 EUR"),
        ("50.00 EUR", "0.00 EUR"),  # 100 of the 150 are left
        ("50.01 EUR", "0.00 EUR"),  # a cent in excess: a tenth of a cent of duty
        ("90.00 EUR", "4.00 EUR"),  # 60 left, 40 in excess
        ("150.00 EUR", "10.00 EUR"),
        ("900.00 EUR", "10.00 EUR"),  # never more than this consignment
    ],
)
def test_the_excess_counts_what_earlier_consignments_left(tmp_path: Path, earlier: str, duty: str) -> None:
    tariffs = limited(tmp_path, 'history = "month"', "excess")
    result = assessed(tariffs, history=[{"per": "month", "count": 1, "value": earlier}])
    assert amounts(result)["1 customs_duty"] == duty


@pytest.mark.parametrize(("count", "duty"), [(5, "0.00 EUR"), (6, "10.00 EUR")])
@pytest.mark.parametrize("portion", ["excess", "whole_items"])
def test_nothing_is_left_once_the_number_is_used_up(
    tmp_path: Path, portion: str, count: int, duty: str
) -> None:
    tariffs = limited(tmp_path, COUNTED, portion)
    result = assessed(tariffs, history=[{"per": "half_year", "count": count}])
    assert amounts(result)["1 customs_duty"] == duty


def test_history_of_the_sender_is_not_that_of_the_consignee(tmp_path: Path) -> None:
    tariffs = limited(tmp_path, 'history = "day"\nhistory_of = "sender"')
    entry = {"per": "day", "count": 1, "value": "60.00 EUR"}
    assert amounts(assessed(tariffs, history=[entry])) == FREE
    assert amounts(assessed(tariffs, history=[entry | {"of": "sender"}])) == CHARGED


def test_one_period_is_stated_once(tmp_path: Path) -> None:
    tariffs = limited(tmp_path, COUNTED)
    entry = {"per": "half_year", "count": 1}
    assert amounts(assessed(tariffs, history=[entry, entry | {"of": "sender"}])) == FREE
    with pytest.raises(FactsError, match="history: more than one entry for the half_year of the consignee"):
        assessed(tariffs, history=[entry, entry])


@pytest.mark.parametrize(
    ("more", "per", "fault"),
    [
        ('history = "day"', "line", "goes with per = consignment"),
        ('history_of = "sender"', "consignment", "goes with `history`"),
        ('counts = [{ per = "day", at_most = 0 }]', "consignment", "greater than or equal to 1"),
    ],
)
def test_a_history_that_would_be_passed_over_is_a_fault(
    tmp_path: Path, more: str, per: str, fault: str
) -> None:
    faults = limited(tmp_path, more, per=per).check()
    assert any(fault in str(one) for one in faults)


EXCESS = """
[[limit.norm]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "consignment"
at_most = "60 EUR"
also = [{ measure = "gross_mass_kg", at_most = "5 kg" }]
history = "month"
cite = ["act"]

[[charge.single]]
valid_from = 2020-01-01
kind = "composite"
base = ["intrinsic_value"]
rate = "30% MIN 4 EUR/kg/gross"
per = "consignment"
excess_of = "norm"
above = "norm"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


@pytest.mark.parametrize(
    ("mass", "earlier", "due"),
    [
        ("5", None, "12.00 EUR"),  # 30% of 40
        ("9", None, "16.00 EUR"),  # 4 kg at EUR 4 is more
        ("5", {"value": "20.00 EUR", "gross_mass_kg": "0"}, "18.00 EUR"),  # 40 left, 30% of 60
        ("5", {"value": "20.00 EUR", "gross_mass_kg": "5"}, "20.00 EUR"),  # nothing left of the mass
        ("5", {"value": "500.00 EUR", "gross_mass_kg": "3"}, "30.00 EUR"),  # never more than this one
    ],
)
def test_a_charge_on_the_excess_counts_value_and_mass(
    tmp_path: Path, mass: str, earlier: dict[str, str] | None, due: str
) -> None:
    history = [] if earlier is None else [{"per": "month", "count": 1, **earlier}]
    tariffs = write(tmp_path, *LAW, EXCESS)
    assert amounts(assessed(tariffs, item(gross_mass_kg=mass), history=history))["single"] == due
