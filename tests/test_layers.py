"""Layers on top of the tariff's duty: which bear, what gives way to what, and what they come to."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from small_tables import BORDER, CURRENCY, DUTY, VALUES, amounts, assessed, item, write

from dutycalc import Tariffs
from dutycalc.errors import ConflictError, DutycalcError, MissingFactError, TableError
from dutycalc.replay import replay

STATED = """
[[charge.additional_duty]]
valid_from = 2020-01-01
kind = "additional_duty"
base = ["customs_value"]
rate = "stated"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


def programme(name: str, goes_with: str = "") -> str:
    company = f'goes_with = "{goes_with}"\n' if goes_with else ""
    return f"""
[[charge.{name}]]
valid_from = 2020-01-01
kind = "additional_duty"
title = "{name}"
base = ["customs_value"]
rate = "layers"
{company}rounding = {{ to = "0.01 EUR", mode = "half_up" }}
cite = ["act"]
"""


def layer(name: str, of: str, heading: str, **fields: str) -> str:
    lines = "\n".join(f"{field} = {value}" for field, value in fields.items())
    return f"""
[[layer.{name}]]
valid_from = 2020-01-01
of = "{of}"
heading = "{heading}"
{lines}
cite = ["act"]
"""


LIST = '''
[[goods_list.shirts]]
valid_from = 2020-01-01
codes = """
6109 62
  8501-8503
"""
cite = ["act"]

[[goods_list.green_shirts]]
valid_from = 2020-01-01
codes = "6109100012"
cite = ["act"]
'''

FROM_CHINA = {"when": '{ origin = ["CN"] }'}
SHIRTS = {"only_for": '{ lists = ["shirts"] }'}
BASE = (CURRENCY, VALUES, DUTY, BORDER, LIST)


def tables(folder: Path, *parts: str) -> Tariffs:
    """Return the small country with one programme, `labour`, and what else is given."""
    return write(folder, *BASE, programme("labour"), *parts)


def due(tariffs: Tariffs, **changes: Any) -> dict[str, str]:
    """Return each charge of the one line, without the line's number."""
    return {name.removeprefix("1 "): one for name, one in amounts(assessed(tariffs, item(**changes))).items()}


def refusal(tariffs: Tariffs, kind: type[DutycalcError], **changes: Any) -> str:
    """Return the text of the one refusal of an item."""
    with pytest.raises(kind) as refused:
        assessed(tariffs, item(**changes))
    return str(refused.value)


def refusals(tariffs: Tariffs, **changes: Any) -> list[Exception]:
    """Return the refusals of an item."""
    with pytest.raises(ExceptionGroup) as refused:
        assessed(tariffs, item(**changes))
    return list(refused.value.exceptions)


def test_a_layer_lies_on_top_of_the_duty_under_its_heading_and_is_declared_first(tmp_path: Path) -> None:
    tariffs = tables(tmp_path, layer("china", "labour", "9903.01", rate='"25%"', **FROM_CHINA, **SHIRTS))
    result = assessed(tariffs, item())
    charges = result.items[0].charges
    assert [(one.name, one.type_code, str(one.amount), one.rate) for one in charges] == [
        ("labour", "9903.01", "25.00 EUR", "25%"),
        ("customs_duty", "", "10.00 EUR", "10% (stated)"),
    ]
    assert "zz/layer.china" in {one.record for one in charges[0].records}


@pytest.mark.parametrize("code", ["6109", "610910", "6201", "8501", "850399"])
def test_a_list_holds_what_falls_under_its_prefixes_and_ranges(tmp_path: Path, code: str) -> None:
    tariffs = tables(tmp_path, layer("china", "labour", "9903.01", rate='"25%"', **SHIRTS))
    assert due(tariffs, commodity=code)["labour"] == "25.00 EUR"


@pytest.mark.parametrize(("code", "origin"), [("6110", "CN"), ("8504", "CN"), ("6109", "VN")])
def test_other_goods_bear_nothing(tmp_path: Path, code: str, origin: str) -> None:
    tariffs = tables(tmp_path, layer("china", "labour", "9903.01", rate='"25%"', **FROM_CHINA, **SHIRTS))
    assert due(tariffs, commodity=code, origin=origin) == {"customs_duty": "10.00 EUR"}


def test_a_code_that_may_fall_under_a_list_needs_more_digits(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path, layer("green", "labour", "9903.01", rate='"25%"', only_for='{ lists = ["green_shirts"] }')
    )
    told = refusal(tariffs, MissingFactError, commodity="610910")
    assert told == (
        "item 1: commodity 610910 needs more digits: labour (9903.01) turns on whether it is 6109100012"
    )
    assert due(tariffs, commodity="6109100012")["labour"] == "25.00 EUR"
    assert "labour" not in due(tariffs, commodity="6109100013")
    assert "labour" not in due(tariffs, commodity="610990")


def test_digits_that_change_nothing_are_not_asked_for(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        layer("all", "labour", "9903.01", rate='"25%"', yields_to='["metal"]'),
        programme("metal"),
        layer("green", "metal", "9903.81", rate='"50%"', when='{ origin = ["VN"] }',
              only_for='{ lists = ["green_shirts"] }'),
    )  # fmt: skip
    assert due(tariffs, commodity="610910")["labour"] == "25.00 EUR"
    told = sorted(str(one) for one in refusals(tariffs, commodity="610910", origin="VN"))
    assert told == [
        f"item 1: commodity 610910 needs more digits: {charge} ({heading}) turns on whether it is 6109100012"
        for charge, heading in (("labour", "9903.01"), ("metal", "9903.81"))
    ]


def test_a_relieved_line_needs_no_digits(tmp_path: Path) -> None:
    relief = """
[[limit.low]]
valid_from = 2020-01-01
measure = "customs_value"
per = "consignment"
at_most = "150 EUR"
cite = ["act"]

[[relief.low]]
valid_from = 2020-01-01
of = ["customs_duty", "labour"]
within = "low"
cite = ["act"]
"""
    tariffs = tables(
        tmp_path, relief,
        layer("green", "labour", "9903.01", rate='"25%"', only_for='{ lists = ["green_shirts"] }'),
    )  # fmt: skip
    assert due(tariffs, commodity="610910") == {"labour": "0.00 EUR", "customs_duty": "0.00 EUR"}


@pytest.mark.parametrize(
    ("stated", "expected"), [("4%", "11.00 EUR"), ("15%", "0.00 EUR"), ("40%", "0.00 EUR")]
)
def test_up_to_is_what_customs_duty_lacks(tmp_path: Path, stated: str, expected: str) -> None:
    tariffs = tables(tmp_path, layer("floor", "labour", "9903.02", rate='"15%"', kind='"up_to"'))
    assert due(tariffs, stated_duty=stated)["labour"] == expected


def test_an_exempting_layer_wins_over_the_others_and_shows_its_heading(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        layer("all", "labour", "9903.01", rate='"25%"'),
        layer("donated", "labour", "9903.09", kind='"exempt"', when='{ facts = { donation = ["yes"] } }'),
    )
    given = assessed(tariffs, item(facts={"donation": "yes"})).items[0].charges[0]
    assert (given.type_code, str(given.amount), given.collection.model) == ("9903.09", "0.00 EUR", "exempt")
    assert due(tariffs)["labour"] == "25.00 EUR"


def test_a_layer_gives_way_only_to_one_that_bears(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        programme("metal"),
        layer("all", "labour", "9903.01", rate='"25%"', yields_to='["metal"]'),
        layer("steel", "metal", "9903.81", rate='"50%"', **SHIRTS),
        layer("no_steel", "metal", "9903.80", kind='"exempt"', when='{ facts = { steel = ["no"] } }'),
    )
    assert due(tariffs) == {"metal": "50.00 EUR", "customs_duty": "10.00 EUR"}
    assert due(tariffs, facts={"steel": "no"}) == {
        "labour": "25.00 EUR", "metal": "0.00 EUR", "customs_duty": "10.00 EUR"
    }  # fmt: skip
    told = [one.text for one in assessed(tariffs, item()).notices]
    assert "all (9903.01) gives way to steel (9903.81)" in told


def test_the_order_of_records_does_not_matter(tmp_path: Path) -> None:
    layers = (
        layer("all", "labour", "9903.01", rate='"25%"', yields_to='["metal"]'),
        layer("china", "labour", "9903.02", rate='"10%"', yields_to='["all", "metal"]', **FROM_CHINA),
        layer("steel", "metal", "9903.81", rate='"50%"', yields_to='["cars"]', **SHIRTS),
        layer("cars", "metal", "9903.94", rate='"15%"', only_for='{ commodities = ["6109"] }'),
    )
    found = set()
    for place, order in enumerate(permutations(layers)):
        tariffs = write(tmp_path / str(place), *BASE, programme("labour"), programme("metal"), *order)
        found.add(tuple(sorted(due(tariffs).items())))
    assert found == {(("customs_duty", "10.00 EUR"), ("metal", "15.00 EUR"))}


def test_two_layers_of_one_charge_conflict(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        layer("one", "labour", "9903.01", rate='"25%"'),
        layer("two", "labour", "9903.02", rate='"10%"'),
    )
    told = refusal(tariffs, ConflictError)
    assert "zz/layer.one (9903.01) and zz/layer.two (9903.02) both bear" in told


def test_layers_that_yield_to_each_other_conflict(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        layer("one", "labour", "9903.01", rate='"25%"', yields_to='["two"]'),
        layer("two", "labour", "9903.02", rate='"10%"', yields_to='["one"]'),
    )
    assert "yield to each other" in refusal(tariffs, ConflictError)


def test_content_is_the_stated_share_of_the_value_else_the_whole(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        programme("metal"),
        layer("steel", "metal", "9903.81", rate='"50%"', content='"%steel"'),
        layer("all", "labour", "9903.01", rate='"10%"', outside='["metal"]'),
    )
    assert due(tariffs, measures={"%steel": "40"}) == {
        "labour": "6.00 EUR", "metal": "20.00 EUR", "customs_duty": "10.00 EUR"
    }  # fmt: skip
    assert due(tariffs) == {"labour": "0.00 EUR", "metal": "50.00 EUR", "customs_duty": "10.00 EUR"}


def test_a_floor_on_a_part_of_the_value_counts_the_duty_on_that_part(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        programme("metal"),
        layer("steel", "metal", "9903.81", rate='"50%"', content='"%steel"'),
        layer("floor", "labour", "9903.02", rate='"15%"', kind='"up_to"', outside='["metal"]'),
    )
    assert due(tariffs, measures={"%steel": "40"})["labour"] == "3.00 EUR"


def test_whoever_states_the_additional_duty_gets_no_layers(tmp_path: Path) -> None:
    tariffs = tables(tmp_path, STATED, layer("all", "labour", "9903.01", rate='"25%"'))
    stated = [{"kind": "additional_duty", "expression": "7%"}]
    assert due(tariffs, stated_charges=stated) == {"customs_duty": "10.00 EUR", "additional_duty": "7.00 EUR"}


def test_a_relief_of_the_charge_it_goes_with_frees_the_layer(tmp_path: Path) -> None:
    relief = """
[[relief.gift]]
valid_from = 2020-01-01
of = ["customs_duty", "additional_duty"]
when = { purpose = ["gift"] }
cite = ["act"]
"""
    tariffs = write(
        tmp_path, *BASE, STATED, programme("labour", "additional_duty"), relief,
        layer("all", "labour", "9903.01", rate='"25%"'),
    )  # fmt: skip
    free = amounts(assessed(tariffs, item(), purpose="gift"))
    assert (free["1 labour"], free["1 customs_duty"]) == ("0.00 EUR", "0.00 EUR")
    assert due(tariffs)["labour"] == "25.00 EUR"


def test_an_unanswered_condition_keeps_the_duty_and_says_what_an_answer_would_change(tmp_path: Path) -> None:
    tariffs = tables(
        tmp_path,
        layer("all", "labour", "9903.01", rate='"25%"', not_for='{ facts = { cotton = ["no"] } }'),
        layer("donated", "labour", "9903.09", kind='"exempt"', when='{ facts = { donation = ["yes"] } }'),
        layer("elsewhere", "labour", "9903.08", kind='"exempt"',
              when='{ origin = ["VN"], facts = { elsewhere = ["yes"] } }'),
    )  # fmt: skip
    told = [one.text for one in assessed(tariffs, item()).notices if one.code == "condition"]
    assert told == [
        "cotton = no would change the additional duties from 25.00 EUR to 0.00 EUR",
        "donation = yes would change the additional duties from 25.00 EUR to 0.00 EUR (9903.09)",
    ]
    answered = assessed(tariffs, item(facts={"donation": "no", "cotton": "yes"}))
    assert not [one for one in answered.notices if one.code == "condition"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (layer("all", "labour", "9903.01", rate='"25%"', yields_to='["steel"]'), "steel"),
        (layer("all", "labour", "9903.01", rate='"25%"', outside='["steel"]'), "steel"),
        (layer("all", "labour", "9903.01", rate='"25%"', only_for='{ lists = ["hats"] }'), "hats"),
        (layer("all", "labor", "9903.01", rate='"25%"'), "labor"),
        (layer("all", "labour", "9903.01", rate='"25 per cent"'), "25 per cent"),
        (layer("all", "labour", "9903.01", rate='"25%"', content='"%wood"'), "%wood"),
        (layer("all", "labour", "9903.01", rate='"25%"', within='"low"'), "categories"),
        (LIST.replace("6109 62", "6109 6x"), "6x"),
    ],
)
def test_faulty_layers_are_told(tmp_path: Path, text: str, told: str) -> None:
    parts = BASE[:-1] if "goods_list.shirts" in text else BASE
    tariffs = write(tmp_path, *parts, programme("labour"), text)
    with pytest.raises((ExceptionGroup, TableError)) as refused:
        tariffs.territory("ZZ")
    faults = getattr(refused.value, "exceptions", [refused.value])
    assert any(told in str(one) for one in faults)


def test_a_stated_share_is_replayed_from_its_place_in_the_cart(tmp_path: Path) -> None:
    tariffs = tables(tmp_path, layer("steel", "labour", "9903.81", rate='"50%"', content='"%steel"'))
    answer = json.loads(assessed(tariffs, item(measures={"%steel": "40"})).to_json())
    (share,) = [one for one in answer["working"] if one["label"] == "share of steel"]
    assert (share["fact"], share["value"]) == ("items[0].measures[%steel]", "40%")
    assert not list(replay(answer))
    share["value"] = "30%"
    assert list(replay(answer))
