"""Limits and what turns on them, each on a small table: reliefs, special rates, waivers of small sums."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import (
    LAW,
    LIMIT,
    REGISTERED,
    RELIEF,
    SALE_SCHEME,
    WAIVER,
    amounts,
    assessed,
    item,
    price,
    total,
    write,
)

from dutycalc import Money
from dutycalc.errors import (
    MissingFactError,
)

# Limits


@pytest.mark.parametrize(
    ("comparison", "value", "relieved"),
    [
        ('at_most = "100 EUR"', "100.00", True), ('at_most = "100 EUR"', "100.01", False),
        ('below = "100 EUR"', "99.99", True), ('below = "100 EUR"', "100.00", False),
    ],
)  # fmt: skip
def test_not_exceeding_lets_the_limit_in_and_below_does_not(
    tmp_path: Path, comparison: str, value: str, relieved: bool
) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT.replace('at_most = "100 EUR"', comparison), RELIEF)
    result = assessed(tariffs, price(f"{value} EUR"))
    charge = result.items[0].charge("customs_duty")
    assert (charge.amount == Money.parse("0.00 EUR")) is relieved
    assert (charge.collection.model == "exempt") is relieved


@pytest.mark.parametrize(
    ("per", "quantities", "relieved"),
    [
        ("consignment", ("1", "1"), [False, False]), ("line", ("1", "1"), [True, True]),
        ("line", ("2", "1"), [False, True]), ("item", ("2", "3"), [True, True]),
    ],
)  # fmt: skip
def test_a_limit_counts_per_consignment_line_or_article(
    tmp_path: Path, per: str, quantities: tuple[str, str], relieved: list[bool]
) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT.replace('per = "consignment"', f'per = "{per}"'), RELIEF)
    lines = [item(id=str(n), unit_price="60.00 EUR", quantity=each) for n, each in enumerate(quantities)]
    result = assessed(tariffs, *lines)
    assert [one.charge("customs_duty").collection.model == "exempt" for one in result.items] == relieved


def test_a_further_measure_must_be_within_its_bound_too(tmp_path: Path) -> None:
    limit = LIMIT.replace("cite", 'also = [{ measure = "gross_mass_kg", at_most = "2 kg" }]\ncite')
    tariffs = write(tmp_path, *LAW, limit, RELIEF)
    light = assessed(tariffs, item(gross_mass_kg="2"))
    heavy = assessed(tariffs, item(gross_mass_kg="2.001"))
    assert (amounts(light)["1 customs_duty"], amounts(heavy)["1 customs_duty"]) == ("0.00 EUR", "10.00 EUR")
    with pytest.raises(MissingFactError) as refusal:
        assessed(tariffs)
    assert refusal.value.fact == "gross_mass_kg"


def test_what_the_consignee_has_had_before_counts_where_the_law_adds_it_up(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT.replace("cite", 'history = "month"\ncite'), RELIEF)
    alone = assessed(tariffs, price("60.00 EUR"))
    after = assessed(
        tariffs, price("60.00 EUR"), history=[{"per": "month", "count": 1, "value": "40.01 EUR"}]
    )
    other = assessed(tariffs, price("60.00 EUR"), history=[{"per": "day", "count": 1, "value": "40.01 EUR"}])
    found = [amounts(one)["1 customs_duty"] for one in (alone, after, other)]
    assert found == ["0.00 EUR", "6.00 EUR", "0.00 EUR"]


def test_excluded_goods_are_outside_whatever_their_value(tmp_path: Path) -> None:
    relief = RELIEF.replace("cite", 'not_for = { commodities = ["2203-2208", "24"] }\ncite')
    tariffs = write(tmp_path, *LAW, LIMIT, relief)
    found = {
        code: amounts(assessed(tariffs, item(commodity=code)))["1 customs_duty"]
        for code in ("22030001", "2208", "22090011", "24022090")
    }
    assert found == {
        "22030001": "10.00 EUR", "2208": "10.00 EUR", "22090011": "0.00 EUR", "24022090": "10.00 EUR",
    }  # fmt: skip


def test_a_code_too_short_to_tell_whether_it_is_excluded_is_refused(tmp_path: Path) -> None:
    relief = RELIEF.replace("cite", 'not_for = { commodities = ["220830"] }\ncite')
    tariffs = write(tmp_path, *LAW, LIMIT, relief)
    with pytest.raises(MissingFactError, match="item 1: .*220830") as refusal:
        assessed(tariffs, item(commodity="2208"))
    assert refusal.value.fact == "commodity"


def test_one_excluded_line_takes_the_whole_consignment_out_only_where_the_law_says_so(tmp_path: Path) -> None:
    relief = RELIEF.replace("cite", 'not_for = { commodities = ["24"] }\ncite')
    lines = [price("10.00 EUR"), item(id="2", commodity="24022090", unit_price="10.00 EUR")]
    by_line = write(tmp_path / "line", *LAW, LIMIT, relief)
    all_out = write(tmp_path / "all", *LAW, LIMIT, relief.replace("cite", 'mixed = "consignment"\ncite'))
    assert amounts(assessed(by_line, *lines))["1 customs_duty"] == "0.00 EUR"
    assert amounts(assessed(all_out, *lines))["1 customs_duty"] == "1.00 EUR"


# Reliefs of a part


def test_a_relief_of_the_excess_charges_what_is_above_the_limit(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF.replace("cite", 'portion = "excess"\ncite'))
    assert amounts(assessed(tariffs, price("120.00 EUR")))["1 customs_duty"] == "2.00 EUR"
    assert amounts(assessed(tariffs, price("100.00 EUR")))["1 customs_duty"] == "0.00 EUR"


def test_the_excess_is_shared_over_the_lines_by_value(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF.replace("cite", 'portion = "excess"\ncite'))
    result = assessed(tariffs, price("90.00 EUR"), item(id="2", unit_price="60.00 EUR"))
    assert (amounts(result)["1 customs_duty"], amounts(result)["2 customs_duty"]) == ("3.00 EUR", "2.00 EUR")


def test_a_relief_of_whole_articles_never_splits_one(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF.replace("cite", 'portion = "whole_items"\ncite'))
    result = assessed(tariffs, price("40.00 EUR", quantity="3"))
    assert amounts(result)["1 customs_duty"] == "4.00 EUR"


def test_the_dearest_article_is_relieved_first(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF.replace("cite", 'portion = "whole_items"\ncite'))
    result = assessed(
        tariffs,
        price("40.00 EUR", quantity="2"),
        item(id="2", unit_price="70.00 EUR"),
        item(id="3", unit_price="30.00 EUR"),
    )
    found = [amounts(result)[f"{n} customs_duty"] for n in (1, 2, 3)]
    assert found == ["8.00 EUR", "0.00 EUR", "0.00 EUR"]


# Special rates

SPECIAL = """
[[special.flat]]
valid_from = 2020-01-01
of = "customs_duty"
within = "low_value"
rate = "2.5%"
cite = ["act"]
"""


def test_a_special_rate_stands_in_for_the_ordinary_one_where_it_applies(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, SPECIAL)
    assert amounts(assessed(tariffs, item(stated_duty=None)))["1 customs_duty"] == "2.50 EUR"
    assert amounts(assessed(tariffs, price("100.01 EUR")))["1 customs_duty"] == "10.00 EUR"


def test_a_relief_comes_before_a_special_rate_and_an_earlier_record_before_a_later(tmp_path: Path) -> None:
    second = SPECIAL.replace("special.flat", "special.second").replace("2.5%", "7%")
    gifts = RELIEF.replace("low_value]]", "gifts]]").replace("cite", 'when = { purpose = ["gift"] }\ncite')
    tariffs = write(tmp_path, *LAW, LIMIT, SPECIAL, second, gifts)
    assert amounts(assessed(tariffs))["1 customs_duty"] == "2.50 EUR"
    assert amounts(assessed(tariffs, purpose="gift"))["1 customs_duty"] == "0.00 EUR"


def test_a_special_rate_may_replace_other_charges(tmp_path: Path) -> None:
    special = SPECIAL.replace("cite", 'replaces = ["vat"]\ncite')
    tariffs = write(tmp_path, *LAW, LIMIT, special)
    result = assessed(tariffs)
    assert total(result, "vat") == Money.parse("0.00 EUR")
    assert amounts(result)["1 customs_duty"] == "2.50 EUR"


def test_buckets_give_the_rate_of_the_goods_and_the_last_one_that_of_all_others(tmp_path: Path) -> None:
    buckets = 'buckets = [{ commodities = ["61-62"], rate = "5%" }, { commodities = ["64"], rate = "3 EUR/item" }, { rate = "1%" }]'
    tariffs = write(tmp_path, *LAW, LIMIT, SPECIAL.replace('rate = "2.5%"', buckets))
    found = [
        amounts(assessed(tariffs, item(commodity=code)))["1 customs_duty"]
        for code in ("61091000", "6403", "8517")
    ]
    assert found == ["5.00 EUR", "3.00 EUR", "1.00 EUR"]


def test_goods_in_no_bucket_bear_the_ordinary_rate(tmp_path: Path) -> None:
    buckets = 'buckets = [{ commodities = ["64"], rate = "3 EUR/item" }]'
    tariffs = write(tmp_path, *LAW, LIMIT, SPECIAL.replace('rate = "2.5%"', buckets))
    assert amounts(assessed(tariffs))["1 customs_duty"] == "10.00 EUR"


PER_CODE = SPECIAL.replace('rate = "2.5%"', 'rate = "3 EUR"\nper = "tariff_line"\ndigits = 6')


def test_an_amount_per_tariff_line_is_due_once_for_each_different_code(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, PER_CODE)
    result = assessed(
        tariffs,
        price("10.00 EUR", commodity="61091000"),
        item(id="2", commodity="61091090", unit_price="20.00 EUR"),
        item(id="3", commodity="64039996", unit_price="5.00 EUR"),
    )
    found = [amounts(result)[f"{n} customs_duty"] for n in (1, 2, 3)]
    assert found == ["1.00 EUR", "2.00 EUR", "3.00 EUR"]


def test_a_code_too_short_to_be_counted_is_refused(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, PER_CODE)
    with pytest.raises(MissingFactError, match="item 1: .*6 digits") as refusal:
        assessed(tariffs, item(commodity="6109"))
    assert refusal.value.fact == "commodity"


# Waivers

TOGETHER = WAIVER.replace('charges = ["customs_duty"]', 'charges = ["customs_duty", "vat"]')


def test_a_small_charge_is_waived_and_tax_no_longer_rests_on_it(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, WAIVER)
    small, more = assessed(tariffs, price("50.00 EUR")), assessed(tariffs, price("50.10 EUR"))
    assert amounts(small) == {"1 customs_duty": "0.00 EUR", "1 vat": "10.00 EUR"}
    assert amounts(more) == {"1 customs_duty": "5.01 EUR", "1 vat": "11.02 EUR"}
    assert small.items[0].charge("customs_duty").collection.model == "exempt"


def test_below_waives_less_than_the_sum_only(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, WAIVER.replace("at_most", "below"))
    assert amounts(assessed(tariffs, price("50.00 EUR")))["1 customs_duty"] == "5.00 EUR"
    assert amounts(assessed(tariffs, price("49.90 EUR")))["1 customs_duty"] == "0.00 EUR"


def test_charges_waived_together_are_added_up_first(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, TOGETHER.replace('at_most = "5 EUR"', 'below = "16 EUR"'))
    due = assessed(tariffs, price("50.00 EUR"))
    waived = assessed(tariffs, price("49.00 EUR"))
    assert amounts(due) == {"1 customs_duty": "5.00 EUR", "1 vat": "11.00 EUR"}
    assert waived.totals["all"] == Money.parse("0.00 EUR")


def test_a_waiver_adds_up_the_lines_of_the_consignment_unless_it_is_per_line(tmp_path: Path) -> None:
    lines = [price("30.00 EUR"), item(id="2", unit_price="30.00 EUR")]
    whole = write(tmp_path / "whole", *LAW, WAIVER)
    by_line = write(tmp_path / "line", *LAW, WAIVER.replace("cite", 'per = "line"\ncite'))
    assert total(assessed(whole, *lines), "customs_duty") == Money.parse("6.00 EUR")
    assert total(assessed(by_line, *lines), "customs_duty") == Money.parse("0.00 EUR")


def test_what_a_scheme_takes_at_the_sale_is_no_part_of_a_small_sum(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, SALE_SCHEME, TOGETHER)
    result = assessed(tariffs, price("40.00 EUR"), seller=REGISTERED)
    assert amounts(result) == {"1 customs_duty": "0.00 EUR", "1 vat": "8.00 EUR"}
    assert result.items[0].charge("vat").collection.at == "sale"
