"""Refunds: what may be claimed back, by whom, from whom, by when; nothing due is changed by it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, amounts, assessed, item, write

from dutycalc import Assessment, Consignment, Tariffs, assess, load_tariffs
from dutycalc.refunds import Refund, refunds_of

RETURNED = """
[[refund.back]]
valid_from = 2020-01-01
of = ["customs_duty", "vat"]
where = "goods_returned"
claimant = "buyer"
payer = "customs"
{more}
cite = ["act"]
"""

SCHEME = """
[[registration.ZZ]]
valid_from = 2020-01-01
title = "Number"
cite = ["act"]

[[scheme.ZZ]]
valid_from = 2020-01-01
model = "vendor"
when = {{ buyer = ["consumer"] }}
liable = ["platform", "seller"]
registration = "ZZ"
optional = {optional}
takes = {{ vat = {{ at = "sale", base = ["price"] }} }}
cite = ["act"]

[[refund.twice]]
valid_from = 2020-01-01
of = ["vat"]
where = "taken_twice"
{when}
claimant = "buyer"
payer = "collector"
within_months = 24
counted_from = "sale"
proof = "both bills"
cite = ["act"]
"""


def found_in(result: Assessment) -> list[Refund]:
    found = list(refunds_of(result))
    told = [(one.item, one.text) for one in result.notices if one.code == "refund"]
    assert told == [(one.item, one.text) for one in found]
    return found


def told(tariffs: Tariffs, *items: dict[str, Any], **changes: Any) -> list[tuple[str, str, str]]:
    """Return the item, the charge and the amount of every refund."""
    found = found_in(assessed(tariffs, *items, **changes))
    return [(one.item, one.charge, str(one.amount)) for one in found]


def test_what_is_due_may_be_claimed_back(tmp_path: Path) -> None:
    with_rule = write(tmp_path / "with", *LAW, RETURNED.format(more=""))
    without = write(tmp_path / "without", *LAW)
    assert told(with_rule) == [("1", "customs_duty", "10.00 EUR"), ("1", "vat", "22.00 EUR")]
    assert told(without) == []
    assert amounts(assessed(with_rule)) == amounts(assessed(without))


def test_what_is_free_is_not_claimed_back(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more=""))
    assert told(tariffs, item(stated_duty="0%")) == [("1", "vat", "20.00 EUR")]


@pytest.mark.parametrize(("least", "count"), [("32.00 EUR", 2), ("32.01 EUR", 0)])
def test_the_least_sum_is_of_all_charges_and_lines_together(tmp_path: Path, least: str, count: int) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more=f'at_least = "{least}"'))
    assert len(told(tariffs)) == count


def test_lines_add_up_to_the_least_sum(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more='at_least = "64.00 EUR"'))
    assert told(tariffs) == []
    assert len(told(tariffs, item(), item(id="2"))) == 4


@pytest.mark.parametrize(
    ("more", "until"),
    [
        ("", None),
        ("within_days = 30", date(2026, 7, 1)),
        ("within_months = 24", date(2028, 6, 1)),
        ('within_days = 30\ncounted_from = "sale"', date(2026, 6, 19)),
    ],
)
def test_the_last_day_is_counted_from_its_day(tmp_path: Path, more: str, until: date | None) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more=more))
    result = assessed(tariffs, sold_on="2026-05-20", imported_on="2026-06-01")
    assert {one.until for one in found_in(result)} == {until}


@pytest.mark.parametrize(
    ("more", "charges"),
    [
        ('not_for = { origins = ["CN"] }', []),
        ('not_for = { origins = ["JP"] }', ["customs_duty", "vat"]),
        ('only_for = { commodities = ["62"] }', []),
        ('only_for = { commodities = ["61"] }', ["customs_duty", "vat"]),
        ('when = { buyer = ["business"] }', []),
        ('when = [{ buyer = ["business"] }, { origin = ["CN"] }]', ["customs_duty", "vat"]),
    ],
)
def test_a_refund_turns_on_categories(tmp_path: Path, more: str, charges: list[str]) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more=more))
    assert [charge for _, charge, _ in told(tariffs)] == charges


def test_a_refund_is_the_law_of_its_days(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, RETURNED.format(more="").replace("2020-01-01", "2026-06-01"))
    assert told(tariffs, sold_on="2026-05-31") == []
    assert len(told(tariffs, sold_on="2026-06-01")) == 2


def test_a_charge_that_may_be_taken_twice_is_paid_back_by_who_took_it(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, SCHEME.format(optional="true", when=""))
    seller = {"seller": {"country": "CN", "registrations": {"ZZ": "1"}}}
    assert told(tariffs, **seller) == []  # the scheme takes it, and nobody else
    (one,) = found_in(assessed(tariffs, seller={"country": "CN"}))
    assert (one.charge, one.payer, one.until, one.proof) == ("vat", "carrier", date(2028, 6, 1), "both bills")
    assert one.text == (
        "vat of 22.00 EUR: if it is taken twice, the buyer may claim it back from the carrier, "
        "until 2028-06-01, with both bills"
    )


@pytest.mark.parametrize(
    ("when", "charges"),
    [('when = { scheme = ["ZZ"] }', ["vat"]), ('when = { not_scheme = ["ZZ"] }', []), ("", ["vat"])],
)
def test_a_refund_may_turn_on_the_scheme_that_took_the_charge(
    tmp_path: Path, when: str, charges: list[str]
) -> None:
    tariffs = write(tmp_path, *LAW, SCHEME.format(optional="false", when=when))
    result = assessed(tariffs, seller={"country": "CN"})  # bound without a number: at risk
    assert [one.charge for one in found_in(result)] == charges


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("within_days = 3\nwithin_months = 1", "either within_days or within_months"),
        ('within = "small"', "turns on categories, not on limits"),
        ('when = { scheme = ["NONE"] }', "no scheme bears the name"),
    ],
)
def test_a_refund_that_could_not_be_read_is_a_fault(tmp_path: Path, more: str, fault: str) -> None:
    faults = write(tmp_path, *LAW, RETURNED.format(more=more)).check()
    assert any(fault in str(one) for one in faults)


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


def norwegian(**changes: Any) -> Consignment:
    stated = {
        "destination": "NO", "dispatch": "CN", "sold_on": "2026-11-20", "channel": "express",
        "seller": {"country": "CN"}, "buyer": {"kind": "consumer"},
        "items": [item(commodity="620342", unit_price="400.00 NOK", stated_duty="10.7%")],
    }  # fmt: skip
    return Consignment.model_validate(stated | changes)


def test_norway_pays_back_each_charge_where_it_was_paid(tariffs: Tariffs) -> None:
    """Customs the duty, the Tax Administration the tax, the shop what it took; nothing below NOK 100."""
    border = found_in(assess(norwegian(), tariffs))
    back = [(one.charge, str(one.amount), one.payer) for one in border if one.where == "goods_returned"]
    assert back == [("vat", "111.00 NOK", "tax_authority")]  # the duty of NOK 43 is below NOK 100
    assert [one.payer for one in border if one.where == "taken_twice"] == ["seller"]
    shop = {"country": "CN", "registrations": {"VOEC": "2024123"}}
    (one,) = found_in(assess(norwegian(seller=shop), tariffs))
    assert (one.charge, str(one.amount), one.payer) == ("vat", "100.00 NOK", "seller")


@pytest.mark.parametrize(("destination", "currency"), [("AU", "AUD"), ("SG", "SGD")])
def test_the_supplier_pays_back_what_was_taken_twice(
    tariffs: Tariffs, destination: str, currency: str
) -> None:
    seller = {"country": "CN", "turnover": f"2000000 {currency}", "world_turnover": f"2000000 {currency}"}
    stated = {
        "destination": destination, "dispatch": "CN", "sold_on": "2026-03-02", "channel": "post",
        "seller": seller, "buyer": {"kind": "consumer"},
        "items": [item(commodity="950300", unit_price=f"200.00 {currency}", stated_duty="0%")],
    }  # fmt: skip
    (one,) = found_in(assess(Consignment.model_validate(stated), tariffs))
    assert (one.charge, one.where, one.claimant, one.payer) == ("gst", "taken_twice", "buyer", "seller")
