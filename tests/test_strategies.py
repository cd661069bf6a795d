"""The strategies: lawful by default, at the edges of the tables, shrinking to carts that a person can read."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from small_tables import LAW, LIMIT, RELIEF, write

from dutycalc import Consignment, DutycalcError, GoodsItem, Money, Party, Tariffs, assess, load_tariffs
from dutycalc.expressions import parse
from dutycalc.money import quantum
from dutycalc.testing import register, strategies
from dutycalc.testing.edges import around, days_of, edges_of, lawful_destinations, next_to

QUICK = settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
ROOT = Path(__file__).parent.parent

BEFORE = LIMIT.replace('"100 EUR"', '"150 EUR"\nnot_for = { commodities = ["2203-2208"] }')
SINCE_MARCH_2024 = LIMIT.replace("2020-01-01", "2024-03-01")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    return write(tmp_path_factory.mktemp("tables"), *LAW, BEFORE, SINCE_MARCH_2024, RELIEF)


def test_days_are_those_before_on_and_after_each_change(small: Tariffs) -> None:
    change = next(day for day in small.territory("ZZ").changes if day.year == 2024)
    assert {change - timedelta(days=1), change, change + timedelta(days=1)} <= set(days_of(small, "ZZ"))
    assert min(days_of(small, "ZZ")) == small.territory("ZZ").covered_from


def test_edges_are_what_is_in_force_on_the_day(small: Tariffs) -> None:
    change = next(day for day in small.territory("ZZ").changes if day.year == 2024)
    assert edges_of(small, "ZZ", change).sums == (Money.parse("100 EUR"),)
    assert edges_of(small, "ZZ", change - timedelta(days=1)).sums == (Money.parse("150 EUR"),)


def test_codes_lie_just_inside_and_just_outside_a_range() -> None:
    assert around("2203-2208") == ("220300", "220890", "220299", "220900")
    assert around("22030001")[0] == "22030001"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("150 EUR", ["150 EUR", "149.99 EUR", "150.01 EUR"]),
        ("10000 JPY", ["10000 JPY", "9999 JPY", "10001 JPY"]),
        ("5 KWD", ["5 KWD", "4.999 KWD", "5.001 KWD"]),
        ("0 EUR", ["0 EUR", "0.01 EUR"]),
    ],
)
def test_a_limit_and_its_neighbours_are_a_minor_unit_apart(limit: str, expected: list[str]) -> None:
    assert list(next_to(Money.parse(limit))) == [Money.parse(one) for one in expected]


@pytest.mark.parametrize("total", ["99.99 EUR", "100.00 EUR", "100.01 EUR"])
def test_carts_come_at_a_limit_and_a_cent_to_either_side(small: Tariffs, total: str) -> None:
    day = next(day for day in small.territory("ZZ").changes if day.year == 2024)

    def hits(one: Consignment) -> bool:
        prices = [item.unit_price * item.quantity for item in one.items]
        return (
            all(one.currency == "EUR" for one in prices)
            and sum(one.amount for one in prices) == Money.parse(total).amount
        )

    small_settings = settings(max_examples=300, database=None, deadline=None)
    found = find(strategies.consignments(small, days=[day], max_items=3), hits, settings=small_settings)
    assert len(found.items) == 1


def test_a_cart_shrinks_to_one_plain_line(small: Tariffs) -> None:
    found = find(
        strategies.consignments(small),
        lambda one: one.items[0].unit_price.amount >= 7,
        settings=settings(max_examples=300, database=None, deadline=None),
    )
    item = found.items[0]
    assert len(found.items) == 1
    assert (str(item.quantity), item.origin, found.channel, found.buyer.kind) == (
        "1",
        "CN",
        "post",
        "consumer",
    )
    assert found.platform is None
    assert found.purpose == "sale"


@QUICK
@given(data=st.data())
def test_consignments_to_a_small_country_are_lawful(small: Tariffs, data: st.DataObject) -> None:
    """Nothing that is generated for tables that are complete is refused."""
    one = data.draw(strategies.consignments(small, max_items=4))
    assert len(one.items) <= 4
    assert one.destination == "ZZ"
    assess(one, small)


@QUICK
@given(data=st.data())
def test_malformed_statements_are_refused_when_read(small: Tariffs, data: st.DataObject) -> None:
    stated = data.draw(strategies.malformed_consignments(small))
    with pytest.raises(DutycalcError):
        Consignment.model_validate(stated)


@pytest.mark.parametrize("fault", strategies.FAULTS)
def test_each_fault_is_refused(fault: str) -> None:
    stated: dict[str, Any] = {
        "destination": "ZZ", "dispatch": "CN", "sold_on": "2026-06-01", "channel": "express",
        "buyer": {"kind": "consumer"},
        "items": [{"id": "1", "commodity": "61091000", "origin": "CN", "quantity": "1", "unit_price": "1 EUR"}],
    }  # fmt: skip
    Consignment.model_validate(stated)
    strategies.FAULTS[fault](stated)
    with pytest.raises(DutycalcError):
        Consignment.model_validate(stated)


@QUICK
@given(st.sampled_from(["EUR", "JPY", "KWD"]).flatmap(lambda one: strategies.amounts(one, max_value="20")))
def test_amounts_are_whole_minor_units_within_their_bounds(amount: Money) -> None:
    assert 0 <= amount.amount <= 20
    assert not amount.amount % quantum(amount.currency)


@pytest.mark.parametrize("bounds", [("2", "1"), ("0.5", "1")])
def test_amounts_that_cannot_be_are_refused(bounds: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="amounts between"):
        strategies.amounts("JPY", min_value=bounds[0], max_value=bounds[1])


@QUICK
@given(strategies.duty_expressions(currency="JPY"))
def test_duty_expressions_can_be_read(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)


def test_every_territory_that_charges_something_is_a_destination() -> None:
    found = lawful_destinations(load_tariffs())
    assert {"DE", "GB", "US", "CA-ON", "CH", "NO", "JP", "BR-SP"} <= set(found)
    assert "EAEU" not in found


def test_types_of_the_facts_need_no_strategy_once_registered() -> None:
    register()
    assert isinstance(find(st.from_type(Consignment), lambda _: True), Consignment)
    assert isinstance(find(st.from_type(GoodsItem), lambda _: True), GoodsItem)
    assert isinstance(find(st.from_type(Party), lambda _: True), Party)
    assert find(st.from_type(Money), lambda one: one.currency == "JPY").amount == 0


def test_the_entry_point_of_hypothesis_leads_to_the_registration() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    module, _, name = points["hypothesis"]["dutycalc"].partition(":")
    assert getattr(import_module(module), name) is register


def test_the_package_does_not_need_hypothesis() -> None:
    code = "import sys, dutycalc, dutycalc.testing; print('hypothesis' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "False"
