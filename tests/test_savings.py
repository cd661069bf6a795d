"""Notices that save money: told exactly where the law turns, and nowhere else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, LIMIT, RELIEF, assessed, item, write

from dutycalc import Tariffs
from dutycalc.answer import Notice
from dutycalc.savings import savings_of

PER_ITEM = (
    (LIMIT + RELIEF)
    .replace("low_value", "each")
    .replace('"consignment"', '"item"')
    .replace("100 EUR", "20 USD")
)
UP_TO_200 = LIMIT.replace("100 EUR", "200 EUR")

SCHEME = """
[[scheme.VENDOR]]
valid_from = 2020-01-01
tax_point = "sale"
model = "vendor"
within = "low_value"
when = {{ buyer = ["consumer"] }}
not_for = {{ commodities = ["2204"] }}
liable = ["platform", "seller"]
registration = "ZZ-NR"
optional = true
{first}
takes = {{ vat = {{ at = "sale", base = ["price"] }} }}
cite = ["act"]

[[registration.ZZ-NR]]
valid_from = 2020-01-01
title = "Number of a vendor"
pictures = ["ZZ###"]
cite = ["act"]
"""

HOLDER = {"country": "CN", "registrations": {"ZZ-NR": "ZZ123"}}


def limited(folder: Path, comparator: str = "at_most", history: str = "") -> Tariffs:
    small = (LIMIT + RELIEF).replace("low_value", "small")
    return write(folder, *LAW, small.replace('at_most = "100 EUR"', f'{comparator} = "150 EUR"\n{history}'))


def schemed(folder: Path, first: str = "") -> Tariffs:
    return write(folder, *LAW, UP_TO_200, SCHEME.format(first=first))


def told(tariffs: Tariffs, *items: dict[str, Any], **changes: Any) -> list[Notice]:
    return list(savings_of(assessed(tariffs, *items, **changes)))


# Just above a limit


@pytest.mark.parametrize(
    ("price", "by"),
    [("149.99", None), ("150.00", None), ("150.01", "0.01 EUR"), ("165.00", "15.00 EUR"), ("165.01", None)],
)
def test_a_value_is_just_above_a_limit_up_to_a_tenth_of_it(
    tmp_path: Path, price: str, by: str | None
) -> None:
    found = told(limited(tmp_path), item(unit_price=f"{price} EUR"))
    wanted = [] if by is None else [
        Notice(
            "just_above_limit",
            f"intrinsic value of all lines is {by} above the limit of 150 EUR (small); "
            "what turns on it: relief small",
            "", "zz/limit.small",
        )
    ]  # fmt: skip
    assert found == wanted


def test_a_value_at_a_limit_that_it_must_be_below_is_told(tmp_path: Path) -> None:
    tariffs = limited(tmp_path, "below")
    assert told(tariffs, item(unit_price="149.99 EUR")) == []
    (found,) = told(tariffs, item(unit_price="150.00 EUR"))
    assert "exactly at the limit of 150 EUR (small), which it must be below" in found.text


def test_the_share_is_the_caller_s_to_choose(tmp_path: Path) -> None:
    result = assessed(limited(tmp_path), item(unit_price="180.00 EUR"))
    assert list(savings_of(result)) == []
    assert [one.code for one in savings_of(result, near=Decimal("0.2"))] == ["just_above_limit"]


def test_a_limit_for_each_item_in_another_currency_is_told_in_both(tmp_path: Path) -> None:
    rate = {"from": "USD", "to": "EUR", "rate": "0.9", "on": "2026-06-01", "source": "test"}
    tariffs = write(tmp_path, *LAW, PER_ITEM)
    found = told(tariffs, item(quantity="2", unit_price="18.01 EUR"), exchange_rates=[rate])
    assert [(one.item, one.text) for one in found] == [
        (
            "1",
            (
                "intrinsic value is 0.02 EUR above the limit of 20 USD for each item, here 36.00 EUR (each); "
                "what turns on it: relief each"
            ),
        )
    ]


def test_what_is_unknown_is_passed_over(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, PER_ITEM)
    assert told(tariffs, item(unit_price="18.01 EUR"), partial=True) == []


# What the law adds up


def test_what_the_law_adds_up_is_told_with_the_total(tmp_path: Path) -> None:
    tariffs = limited(tmp_path, history='history = "month"')
    past = [
        {"per": "month", "count": 2, "value": "310.00 EUR"},
        {"per": "year", "count": 9, "value": "1 EUR"},
    ]
    (found,) = told(tariffs, history=past)
    assert (found.code, found.record) == ("adds_up", "zz/limit.small")
    assert found.text == (
        "the law adds up what one consignee receives in a month (small): "
        "with 2 earlier of 310.00 EUR the sum is 410.00 EUR, the limit is 150 EUR"
    )


def test_it_is_told_that_nothing_earlier_is_stated(tmp_path: Path) -> None:
    (found,) = told(limited(tmp_path, history='history = "day"'))
    assert (found.code, found.record) == ("adds_up_none_stated", "zz/limit.small")
    assert "this one counts alone" in found.text


# Schemes that leave a line out


def test_goods_that_a_scheme_leaves_out_are_told_before_anybody_registers(tmp_path: Path) -> None:
    tariffs = schemed(tmp_path)
    wine = item(commodity="22042100")
    assert told(tariffs, wine, seller={"country": "CN"}) == [
        Notice(
            "goods_outside_scheme", "VENDOR is not for these goods (commodity 2204)", "1", "zz/scheme.VENDOR"
        )
    ]
    assert told(tariffs, item(), seller={"country": "CN"}) == []


def test_a_number_that_does_not_cover_the_line_is_told_with_the_reason(tmp_path: Path) -> None:
    tariffs = schemed(tmp_path)
    assert told(tariffs, item(), seller=HOLDER) == []
    above = told(tariffs, item(unit_price="300.00 EUR"), seller=HOLDER)
    assert [(one.code, one.item, one.text) for one in above] == [
        (
            "scheme_does_not_cover", "1",
            "the seller is registered for ZZ-NR, but VENDOR does not take this line: outside the limit low value",
        )
    ]  # fmt: skip
    (business,) = told(tariffs, item(), seller=HOLDER, buyer={"kind": "business"})
    assert business.text.endswith("VENDOR does not take this line: buyer is business")


def test_a_number_of_the_seller_does_not_serve_where_the_platform_is_the_supplier(tmp_path: Path) -> None:
    parties = {"seller": HOLDER, "platform": {"country": "LU"}}
    assert told(schemed(tmp_path / "any"), item(), **parties) == []
    (found,) = told(schemed(tmp_path / "first", "first_present = true"), item(), **parties)
    assert found.code == "scheme_does_not_cover"
    assert found.text.endswith("VENDOR does not take this line: it is for the platform")


def test_each_line_is_told_of_by_itself(tmp_path: Path) -> None:
    found = told(schemed(tmp_path), item(), item(id="2", commodity="22042100"), seller={"country": "CN"})
    assert [(one.code, one.item) for one in found] == [("goods_outside_scheme", "2")]


def test_an_assessment_tells_them_among_its_notices(tmp_path: Path) -> None:
    result = assessed(limited(tmp_path), item(unit_price="151.00 EUR"))
    assert [one for one in result.notices if one.code == "just_above_limit"] == list(savings_of(result))
    assert list(savings_of(result)) != []
