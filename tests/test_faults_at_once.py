"""All faults at once: what one line lacks does not wait until another line is mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, amounts, assessed, item, write

from dutycalc import DutycalcError, Tariffs

NO_CLASS = {"tax_class": "works_of_art"}
"""A class that no record names: found while the line is traced."""

NO_RATE = {"stated_duty": None}
"""A duty that no table holds and nobody states: found while the line runs."""

NO_EXCHANGE = {"unit_price": "100.00 USD"}


def line(name: str, **changes: Any) -> dict[str, Any]:
    return {key: one for key, one in item(id=name, **changes).items() if one is not None}


def refused(tariffs: Tariffs, *items: dict[str, Any], **changes: Any) -> list[str]:
    """Return every refusal as text."""
    with pytest.raises(DutycalcError) as refusal:
        assessed(tariffs, *items, **changes)
    return [str(one) for one in getattr(refusal.value, "exceptions", (refusal.value,))]


def test_a_line_without_law_does_not_hide_what_another_lacks(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    stated = line("a"), line("b", **NO_CLASS), line("c", **NO_RATE), line("d", **NO_EXCHANGE)
    told = refused(tariffs, *stated)
    assert len(told) == 3
    assert [one.partition(":")[0] for one in told] == ["item b", "item c", "item d"]
    assert "works_of_art" in told[0]
    assert "stated_duty" in told[1]
    assert "USD" in told[2]


def test_where_all_lines_fail_nothing_is_told_twice(tmp_path: Path) -> None:
    told = refused(write(tmp_path, *LAW), line("a", **NO_CLASS), line("b", **NO_CLASS))
    assert [one.partition(":")[0] for one in told] == ["item a", "item b"]


def test_a_single_fault_is_raised_itself(tmp_path: Path) -> None:
    assert len(refused(write(tmp_path, *LAW), line("a"), line("b", **NO_CLASS))) == 1


def test_every_price_that_contains_less_than_is_taken_out_is_told(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    told = refused(
        tariffs, line("a", unit_price="1.00 EUR"), line("b", unit_price="0.50 EUR"), line("c"),
        transport="500.00 EUR", prices_include=["transport"],
    )  # fmt: skip
    assert [one.partition(":")[0] for one in told] == ["item a", "item b", "item c"]


TAKEN = """
[[registration.SHOP]]
valid_from = 2020-01-01
title = "Shop number"
cite = ["act"]

[[limit.cheap]]
valid_from = 2020-01-01
measure = "price"
per = "item"
at_most = "100 EUR"
cite = ["act"]

[[scheme.SHOP]]
valid_from = 2020-01-01
model = "vendor"
within = "cheap"
liable = ["seller"]
registration = "SHOP"
optional = true
takes = { vat = { at = "sale", base = ["price"] } }
cite = ["act"]

[[charge.shop_fee]]
valid_from = 2020-01-01
kind = "fee"
rate = "2 EUR"
per = "consignment"
when = { scheme = ["SHOP"] }
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


@pytest.mark.parametrize(
    ("known", "fee"),
    [("100.00 EUR", "2.00 EUR"), ("100.01 EUR", "None")],
)
def test_a_certain_line_is_enough_though_another_is_unknown(tmp_path: Path, known: str, fee: str) -> None:
    """Whether a scheme takes any line is certain as soon as it takes one."""
    tariffs = write(tmp_path, *LAW, TAKEN)
    seller = {"country": "CN", "registrations": {"SHOP": "1"}}
    lines = line("a", **NO_EXCHANGE), line("b", unit_price=known)
    for each in (lines, lines[::-1]):
        assert amounts(assessed(tariffs, *each, seller=seller, partial=True))["shop_fee"] == fee
