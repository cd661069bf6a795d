"""Carts around limits: each stands where the law's own comparison puts it, to the minor unit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from regenerate_jurisdictions import limits_on, own_limits, shown_day, territories, where_sent
from small_tables import LAW, write

from dutycalc import Tariffs, load_tariffs
from dutycalc.cli import main
from dutycalc.limits import LimitCarts, carts_around, last_day_of_use, limit_carts
from dutycalc.money import Money, quantum
from dutycalc.tables import Limit, Waiver

DAY = date(2026, 6, 1)

SMALL = """
[[limit.small]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "consignment"
{bound}
cite = ["act"]

[[relief.small]]
valid_from = 2020-01-01
of = ["customs_duty"]
within = "small"
{scope}
cite = ["act"]
"""


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


def around(folder: Path, *law: str, name: str = "small", rate: str = "") -> tuple[LimitCarts, ...]:
    rates = {("USD", "EUR"): Decimal(rate)} if rate else {}
    return carts_around(write(folder, *LAW, *law), "ZZ", DAY, name, rates=rates)


def told(one: LimitCarts) -> list[tuple[str, str, bool | None, str]]:
    return [
        (
            each.side,
            each.varied,
            each.within,
            "refused" if each.assessment is None else str(each.assessment.totals["all"]),
        )
        for each in one.outcomes
    ]


def test_not_exceeding_has_the_limit_itself_inside(tmp_path: Path) -> None:
    (found,) = around(tmp_path, SMALL.format(bound='at_most = "150 EUR"', scope=""))
    assert told(found) == [
        ("under", "149.99 EUR", True, "30.00 EUR"),
        ("at", "150.00 EUR", True, "30.00 EUR"),
        ("over", "150.01 EUR", False, "48.00 EUR"),
    ]


def test_below_has_the_limit_itself_outside(tmp_path: Path) -> None:
    (found,) = around(tmp_path, SMALL.format(bound='below = "150 EUR"', scope=""))
    assert [each.within for each in found.outcomes] == [True, False, False]


def test_a_limit_in_another_currency_is_crossed_in_that_currency(tmp_path: Path) -> None:
    law = SMALL.format(bound='at_most = "150 USD"', scope="")
    (found,) = around(tmp_path / "stated", law, rate="0.9")
    assert [(each.varied, each.measured, each.within) for each in found.outcomes] == [
        ("149.99 USD", "134.991 EUR", True),
        ("150.00 USD", "135.000 EUR", True),
        ("150.01 USD", "135.009 EUR", False),
    ]
    assert "1 USD = 0.9 EUR stated" in found.cart
    assert around(tmp_path / "not", law) == ()


def test_the_cart_has_what_the_record_asks_for(tmp_path: Path) -> None:
    scope = 'when = { purpose = ["gift"], channel = ["post"], buyer = ["consumer"] }'
    (found,) = around(tmp_path, SMALL.format(bound='at_most = "45 EUR"', scope=scope))
    assert "by post, gift to a consumer" in found.cart
    assert [each.within for each in found.outcomes] == [True, True, False]
    assert found.turns


def test_a_mass_is_crossed_by_one_gram_and_a_number_by_one_consignment(tmp_path: Path) -> None:
    bound = """at_most = "150 EUR"
also = [{ measure = "gross_mass_kg", at_most = "31 kg" }]
counts = [{ per = "year", at_most = 4 }]"""
    price, mass, count = around(tmp_path, SMALL.format(bound=bound, scope=""))
    assert [each.varied for each in price.outcomes] == ["149.99 EUR", "150.00 EUR", "150.01 EUR"]
    assert [(each.varied, each.within) for each in mass.outcomes] == [
        ("30.999 kg", True), ("31.000 kg", True), ("31.001 kg", False),
    ]  # fmt: skip
    assert [(each.varied, each.within) for each in count.outcomes] == [
        ("3 in the year", True), ("4 in the year", True), ("5 in the year", False),
    ]  # fmt: skip


def test_a_quantity_is_crossed_by_one_item(tmp_path: Path) -> None:
    law = SMALL.replace('"intrinsic_value"', '"quantity"').replace('"consignment"', '"line"')
    (found,) = around(tmp_path, law.format(bound='at_most = "3 item"', scope=""))
    assert [(each.varied, each.within) for each in found.outcomes] == [
        ("2 item", True), ("3 item", True), ("4 item", False),
    ]  # fmt: skip


def test_what_is_not_collected_is_found_by_the_price_that_comes_to_it(tmp_path: Path) -> None:
    waiver = """
[[waiver.little]]
valid_from = 2020-01-01
charges = ["vat"]
at_most = "5 EUR"
cite = ["act"]
"""
    (found,) = around(tmp_path, waiver, name="waiver.little")
    assert [(each.measured, each.within) for each in found.outcomes] == [
        ("4.99 EUR", True), ("5.00 EUR", True), ("5.01 EUR", False),
    ]  # fmt: skip


def test_a_limit_on_which_nothing_turns_has_no_cart(tmp_path: Path) -> None:
    alone = SMALL.partition("[[relief")[0].format(bound='at_most = "150 EUR"')
    assert around(tmp_path, alone) == ()
    assert last_day_of_use(write(tmp_path, *LAW, alone).territory("ZZ"), "small", DAY) is None


def test_a_limit_that_another_rule_makes_idle_says_so(tmp_path: Path) -> None:
    always = """
[[relief.always]]
valid_from = 2020-01-01
of = ["customs_duty"]
cite = ["act"]
"""
    (found,) = around(tmp_path, always, SMALL.format(bound='at_most = "150 EUR"', scope=""))
    assert not found.turns
    assert found.remark == "it changes nothing here: other rules decide alike on both sides"


@pytest.fixture(scope="module")
def bundled(tariffs: Tariffs) -> dict[str, list[LimitCarts]]:
    day = shown_day(tariffs)
    return {one.code: limits_on(one, day) for one in territories(tariffs)}


def test_every_limit_of_the_tables_stands_on_the_side_that_its_law_names(
    bundled: dict[str, list[LimitCarts]],
) -> None:
    """The cart at a limit is inside for "at most" and outside for "below"; under is inside, over is outside."""
    wrong = []
    for one in (one for each in bundled.values() for one in each):
        limit = one.provision.value
        assert isinstance(limit, (Limit, Waiver))
        strict = limit.below is not None and not _is_further(one)
        for each in one.outcomes:
            wanted = each.side == "under" or (each.side == "at" and not strict)
            if each.within is not None and each.within is not wanted:
                wrong.append(f"{one.provision.record}: {each.side}, {each.varied}")
    assert wrong == []
    assert sum(map(len, bundled.values())) > 100


def _is_further(one: LimitCarts) -> bool:
    """Tell whether the carts are around a mass or a number; the tables have only "at most" for those."""
    return not one.outcomes[-1].varied.rpartition(" ")[2].isupper()


def test_the_carts_are_one_minor_unit_apart(bundled: dict[str, list[LimitCarts]]) -> None:
    """Around a limit on what is paid; a sum of charges moves by more, and then as little as it can."""
    for one in (one for each in bundled.values() for one in each):
        if isinstance(one.provision.value, Waiver) or _is_further(one) or len(one.outcomes) < 3:
            continue
        under, at, over = (Money.parse(each.varied) for each in one.outcomes)
        if all(each.measured == each.varied for each in one.outcomes):
            assert at.amount - under.amount == over.amount - at.amount == quantum(at.currency)


def test_every_limit_in_use_has_its_carts(tariffs: Tariffs, bundled: dict[str, list[LimitCarts]]) -> None:
    """None is left out for want of a cart that reaches it, or of a rate of exchange."""
    day = shown_day(tariffs)
    missing = []
    for territory in territories(tariffs):
        names = own_limits(territory)
        place = where_sent(territory, day) if names else territory
        used = [name for name in names if last_day_of_use(place, name, day) is not None]
        made = {one.provision.record.partition("/")[2] for one in bundled[territory.code]}
        wanted = {name if "." in name else f"limit.{name}" for name in used}
        missing += [f"{territory.code} {name}" for name in sorted(wanted - made)]
    assert missing == []


def test_the_command_prints_the_carts(capsys: pytest.CaptureFixture[str], tariffs: Tariffs) -> None:
    assert main(["limits", "NO", "--on", "2026-11-20"]) == 0
    text = capsys.readouterr().out
    assert "limit.below 3000, on 2026-11-20" in text
    assert "2999.99 NOK" in text
    assert main(["limits", "NO", "--on", "2026-11-20", "--format", "json"]) == 0
    assert '"within": false' in capsys.readouterr().out
    assert [one.to_dict()["limit"] for one in limit_carts(tariffs, "NO", DAY)] != []


@pytest.mark.parametrize("rate", ["5.42", "USD/BRL", "USD/BRL=0", "USD/USD=1", "USD/XYZ=2", "USD/BRL=five"])
def test_the_command_refuses_a_rate_that_is_none(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "BR-SP", "--on", "2026-11-20", "--rate", rate]) == 2
    assert capsys.readouterr().err.startswith("error: ")
