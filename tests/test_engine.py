"""The engine's mechanisms, each on a small table of its own: no country's law is tested here."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_tables import (
    BORDER,
    CLASSES,
    CURRENCY,
    DUTY,
    LAW,
    LIMIT,
    REGISTERED,
    RELIEF,
    SALE_SCHEME,
    VALUES,
    VAT,
    WAIVER,
    amounts,
    assessed,
    cart,
    item,
    price,
    total,
    write,
)

from dutycalc import Assessment, Consignment, DutycalcError, Money, Tariffs, assess
from dutycalc.errors import (
    FactsError,
    MissingFactError,
    NotInForceError,
    NotModelledError,
    Refusals,
)


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW)


# Base, rate, rounding


def test_duty_rests_on_the_customs_value_and_tax_on_both(tariffs: Tariffs) -> None:
    result = assessed(tariffs, transport="20.00 EUR")
    assert result.items[0].customs_value == Money.parse("120.00 EUR")
    assert amounts(result) == {"1 customs_duty": "12.00 EUR", "1 vat": "26.40 EUR"}
    assert result.totals["all"] == Money.parse("38.40 EUR")


@pytest.mark.parametrize(
    ("tax_class", "tax"), [("standard", "22.00 EUR"), ("reduced", "11.00 EUR"), ("books", "11.00 EUR")]
)
def test_a_class_of_goods_bears_its_rate_or_that_of_the_class_it_is_like(
    tariffs: Tariffs, tax_class: str, tax: str
) -> None:
    assert amounts(assessed(tariffs, item(tax_class=tax_class)))["1 vat"] == tax


def test_a_class_that_the_tables_do_not_know_is_refused_with_those_they_know(tariffs: Tariffs) -> None:
    with pytest.raises(FactsError, match="item 1: .*no class 'food'.*books, reduced, standard"):
        assessed(tariffs, item(tax_class="food"))


@pytest.mark.parametrize(
    ("mode", "amount", "expected"),
    [
        ("half_up", "10.05", "1.01"), ("half_down", "10.05", "1.00"), ("half_even", "10.05", "1.00"),
        ("half_even", "10.15", "1.02"), ("up", "10.01", "1.01"), ("down", "10.09", "1.00"),
    ],
)  # fmt: skip
def test_each_mode_of_rounding_is_as_its_name_says(
    tmp_path: Path, mode: str, amount: str, expected: str
) -> None:
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY.replace("half_up", mode), VAT, BORDER)
    assert amounts(assessed(tariffs, price(f"{amount} EUR")))["1 customs_duty"] == f"{expected} EUR"


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [("0.05 EUR", "100.70 EUR", "10.05 EUR"), ("1 EUR", "95.00 EUR", "10.00 EUR"), ("100 EUR", "1499.00 EUR", "100.00 EUR")],
)  # fmt: skip
def test_charges_are_rounded_to_whole_units_of_any_size(
    tmp_path: Path, unit: str, value: str, expected: str
) -> None:
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY.replace("0.01 EUR", unit), VAT, BORDER)
    assert amounts(assessed(tariffs, price(value)))["1 customs_duty"] == expected


def test_a_base_is_rounded_before_the_rate_where_the_law_says_so(tmp_path: Path) -> None:
    base = 'base_rounding = { to = "1 EUR", mode = "down" }\nrounding'
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY.replace("rounding", base), VAT, BORDER)
    result = assessed(tariffs, price("10.99 EUR"), item(id="2", unit_price="10.99 EUR"))
    assert total(result, "customs_duty") == Money.parse("2.00 EUR")
    charge = result.items[0].charge("customs_duty")
    assert charge.base == Money.parse("10.00 EUR")


def test_a_base_rounded_on_the_consignment_is_rounded_once_and_shared(tmp_path: Path) -> None:
    base = 'base_rounding = { to = "1 EUR", mode = "down", per = "consignment" }\nrounding'
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY.replace("rounding", base), VAT, BORDER)
    result = assessed(tariffs, price("10.99 EUR"), item(id="2", unit_price="10.99 EUR"))
    bases = [one.charge("customs_duty").base for one in result.items]
    assert bases == [Money.parse("10.50 EUR"), Money.parse("10.50 EUR")]
    assert total(result, "customs_duty") == Money.parse("2.10 EUR")


def test_a_charge_rounded_on_the_consignment_is_rounded_once_and_its_shares_add_up(tmp_path: Path) -> None:
    rounding = 'rounding = { to = "0.05 EUR", mode = "half_up", per = "consignment" }'
    vat = VAT.replace('rounding = { to = "0.01 EUR", mode = "half_up" }', rounding)
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY, vat, BORDER)
    lines = [item(id=str(n), unit_price="0.33 EUR", stated_duty="free") for n in (1, 2, 3)]
    result = assessed(tariffs, *lines)
    assert [amounts(result)[f"{n} vat"] for n in (1, 2, 3)] == ["0.07 EUR", "0.07 EUR", "0.06 EUR"]
    assert total(result, "vat") == Money.parse("0.20 EUR")


def test_a_base_that_includes_the_charge_is_grossed_up(tmp_path: Path) -> None:
    vat = VAT.replace('kind = "vat"', 'kind = "vat"\ninclusive = true')
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY, vat, BORDER)
    result = assessed(tariffs, item(stated_duty="free"))
    assert amounts(result)["1 vat"] == "25.00 EUR"


def test_a_rate_by_quantity_takes_the_quantity_of_the_line(tmp_path: Path) -> None:
    levy = DUTY.replace("charge.customs_duty", "charge.levy").replace("schedule", "2 EUR/kg + 0.5 EUR/item")
    tariffs = write(tmp_path, *LAW, levy.replace('"customs_duty"', '"excise"'))
    result = assessed(tariffs, item(quantity="3", net_mass_kg="1.25"))
    assert amounts(result)["1 levy"] == "4.00 EUR"


def test_a_rate_by_a_measure_that_is_not_stated_is_refused_by_name(tariffs: Tariffs) -> None:
    with pytest.raises(MissingFactError) as refusal:
        assessed(tariffs, item(stated_duty="5% + 2 EUR/kg"))
    assert (refusal.value.item, refusal.value.fact) == ("1", "net_mass_kg")


# Goods of no value


def test_a_free_line_among_others_bears_nothing_of_the_transport(tariffs: Tariffs) -> None:
    result = assessed(tariffs, item(), item(id="2", unit_price="0.00 EUR"), transport="10.00 EUR")
    assert amounts(result) == {
        "1 customs_duty": "11.00 EUR", "1 vat": "24.20 EUR", "2 customs_duty": "0.00 EUR", "2 vat": "0.00 EUR",
    }  # fmt: skip


def test_where_every_line_is_free_the_transport_is_shared_alike(tariffs: Tariffs) -> None:
    lines = [price("0.00 EUR"), item(id="2", unit_price="0.00 EUR")]
    result = assessed(tariffs, *lines, transport="10.01 EUR")
    assert [str(one.customs_value) for one in result.items] == ["5.01 EUR", "5.00 EUR"]


def test_a_flat_amount_is_due_on_goods_of_no_value(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    result = assessed(tariffs, price("0.00 EUR", stated_duty="3 EUR/item", quantity="2"))
    assert amounts(result)["1 customs_duty"] == "6.00 EUR"


# Unknown is never zero


def test_a_duty_that_no_table_gives_is_refused_by_line_and_remedy(tariffs: Tariffs) -> None:
    with pytest.raises(NotModelledError, match="item 1: .*61091000.*stated_duty") as refusal:
        assessed(tariffs, item(stated_duty=None))
    assert refusal.value.item == "1"


def test_everything_that_is_missing_is_told_at_once(tariffs: Tariffs) -> None:
    lines = [item(stated_duty=None), item(id="2", stated_duty="1 EUR/kg"), item(id="3")]
    with pytest.raises(Refusals) as refusal:
        assessed(tariffs, *lines)
    told = {(type(one).__name__, getattr(one, "item", "")) for one in refusal.value.exceptions}
    assert told == {("NotModelledError", "1"), ("MissingFactError", "2")}


def test_a_partial_answer_is_asked_for_by_name_and_says_so(tariffs: Tariffs) -> None:
    result = assessed(tariffs, item(stated_duty=None), item(id="2"), partial=True)
    assert result.decision == "partial"
    assert {(one.item, one.subject) for one in result.missing} == {("1", "stated_duty")}
    assert result.items[0].charge("customs_duty").amount is None
    assert result.items[0].charge("vat").amount is None
    assert amounts(result)["2 vat"] == "22.00 EUR"
    assert result.totals["all"] == Money.parse("32.00 EUR")


def test_a_relieved_charge_needs_no_rate(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF)
    result = assessed(tariffs, item(stated_duty=None))
    assert result.decision == "assessed"
    assert amounts(result) == {"1 customs_duty": "0.00 EUR", "1 vat": "20.00 EUR"}
    with pytest.raises(NotModelledError):
        assessed(tariffs, price("100.01 EUR", stated_duty=None))


def test_an_unknown_line_makes_a_test_on_the_whole_unknown(tmp_path: Path) -> None:
    waiver = """
[[waiver.small]]
valid_from = 2020-01-01
charges = ["customs_duty"]
at_most = "5 EUR"
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, waiver)
    result = assessed(tariffs, price("10 EUR", stated_duty=None), item(id="2"), partial=True)
    assert result.items[1].charge("customs_duty").amount is None


def test_law_that_no_table_holds_is_refused_until_the_caller_states_the_charge(tmp_path: Path) -> None:
    excise = DUTY.replace("charge.customs_duty", "charge.excise").replace('"customs_duty"', '"excise"')
    unmodelled = """
[[unmodelled.spirits]]
valid_from = 2020-01-01
subject = "excise duty on spirits"
kind = "excise"
only_for = { commodities = ["2208"] }
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, excise.replace("schedule", "stated"), unmodelled)
    spirits = item(commodity="22083000")
    with pytest.raises(NotModelledError, match="item 1: .*excise duty on spirits"):
        assessed(tariffs, spirits)
    stated = [{"kind": "excise", "amount": "7.77 EUR"}]
    assert amounts(assessed(tariffs, spirits | {"stated_charges": stated}))["1 excise"] == "7.77 EUR"
    assert "1 excise" not in amounts(assessed(tariffs))


def test_a_stated_charge_of_a_kind_that_the_law_lacks_is_refused_and_not_lost(tariffs: Tariffs) -> None:
    with pytest.raises(DutycalcError, match="item 1"):
        assessed(tariffs, item(stated_charges=[{"kind": "excise", "amount": "7.77 EUR"}]))


# Days


def test_the_law_of_the_sale_and_of_the_import_are_read_on_their_own_days(tmp_path: Path) -> None:
    risen = """
[[tax_class.standard]]
valid_from = 2026-07-01
rate = "30%"
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, risen, SALE_SCHEME)
    days: dict[str, Any] = {"sold_on": "2026-06-30", "imported_on": "2026-07-01"}
    at_border = assessed(tariffs, **days)
    at_sale = assessed(tariffs, seller=REGISTERED, **days)
    assert amounts(at_border)["1 vat"] == "33.00 EUR"
    assert amounts(at_sale)["1 vat"] == "20.00 EUR"


def test_a_reader_of_an_earlier_day_knows_nothing_of_a_retroactive_rule(tmp_path: Path) -> None:
    retroactive = """
[[tax_class.standard]]
valid_from = 2026-01-01
known_from = 2026-07-01
rate = "30%"
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, retroactive)
    consignment = Consignment.model_validate(cart())

    def tax(known_on: date | None) -> str:
        return amounts(assess(consignment, tariffs, known_on=known_on))["1 vat"]

    assert tax(None) == "33.00 EUR"
    assert tax(date(2026, 6, 30)) == "22.00 EUR"
    assert tax(date(2026, 7, 1)) == "33.00 EUR"


def test_a_day_before_the_tables_begin_is_refused(tariffs: Tariffs) -> None:
    with pytest.raises(NotInForceError, match="2020-01-01") as refusal:
        assessed(tariffs, sold_on="2019-12-31")
    assert refusal.value.day == date(2019, 12, 31)
    with pytest.raises(NotInForceError):
        assessed(tariffs, sold_on="2019-12-31", imported_on="2020-01-01")


def test_a_day_after_the_tables_were_checked_is_assessed_with_a_notice(tariffs: Tariffs) -> None:
    later = assessed(tariffs, sold_on="2030-01-02")
    assert [one.code for one in later.notices] == ["tables_older_than_day"]
    assert assessed(tariffs, sold_on="2030-01-01").notices == ()


def test_a_disputed_reading_is_chosen_by_name(tmp_path: Path) -> None:
    disputed = """
[[tax_class.standard]]
valid_from = 2026-01-01
variant = "higher_rate"
rate = "25%"
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, disputed)
    assert amounts(assessed(tariffs))["1 vat"] == "22.00 EUR"
    assert amounts(assessed(tariffs, variants=["higher_rate"]))["1 vat"] == "27.50 EUR"
    with pytest.raises(FactsError, match="'highest_rate'; did you mean higher_rate"):
        assessed(tariffs, variants=["highest_rate"])


# Charges on the consignment as a whole

FEE = """
[[charge.entry_fee]]
valid_from = 2020-01-01
kind = "fee"
base = ["customs_value"]
rate = "0.5% MIN 2 EUR MAX 5 EUR"
per = "consignment"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


@pytest.mark.parametrize(
    ("value", "fee"), [("100.00", "2.00"), ("400.00", "2.00"), ("500.00", "2.50"), ("1000.01", "5.00")]
)
def test_a_fee_on_the_consignment_has_its_minimum_and_maximum(tmp_path: Path, value: str, fee: str) -> None:
    tariffs = write(tmp_path, *LAW, FEE)
    result = assessed(tariffs, price(f"{value} EUR"))
    assert [str(one.amount) for one in result.charges] == [f"{fee} EUR"]
    assert all(charge.name != "entry_fee" for charge in result.items[0].charges)


def test_a_fee_counts_all_lines_together(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, FEE)
    result = assessed(tariffs, price("300.00 EUR"), item(id="2", unit_price="300.00 EUR"))
    assert amounts(result)["entry_fee"] == "3.00 EUR"


def test_a_fee_that_turns_on_a_limit_is_due_on_one_side_of_it(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, FEE.replace("cite", 'above = "low_value"\ncite'))
    within, above = assessed(tariffs), assessed(tariffs, price("100.01 EUR"))
    assert total(within, "entry_fee") == Money.parse("0 EUR")
    assert amounts(above)["entry_fee"] == "2.00 EUR"


def test_a_fee_in_the_base_of_a_tax_is_shared_over_the_lines_by_value(tmp_path: Path) -> None:
    vat = VAT.replace('"customs_duty"]', '"customs_duty", "entry_fee"]')
    tariffs = write(tmp_path, CURRENCY, VALUES, CLASSES, DUTY, FEE, vat, BORDER)
    result = assessed(
        tariffs,
        price("100.00 EUR", stated_duty="free"),
        item(id="2", unit_price="300.00 EUR", stated_duty="free"),
    )
    assert [amounts(result)[f"{n} vat"] for n in (1, 2)] == ["20.10 EUR", "60.30 EUR"]


def test_a_fee_may_rest_on_another_fee(tmp_path: Path) -> None:
    tax = FEE.replace("entry_fee", "tax_on_fee").replace('"customs_value"', '"entry_fee"')
    tariffs = write(tmp_path, *LAW, FEE, tax.replace("0.5% MIN 2 EUR MAX 5 EUR", "50%"))
    assert amounts(assessed(tariffs))["tax_on_fee"] == "1.00 EUR"


# Prices that contain taxes


def test_a_tax_within_the_price_is_taken_out_before_it_is_charged(tariffs: Tariffs) -> None:
    result = assessed(tariffs, price("120.00 EUR", stated_duty="free"), prices_include=["vat"])
    assert result.items[0].customs_value == Money.parse("100.00 EUR")
    assert amounts(result)["1 vat"] == "20.00 EUR"


def test_transport_within_the_price_is_taken_out_of_it(tariffs: Tariffs) -> None:
    result = assessed(tariffs, transport="20.00 EUR", prices_include=["transport"])
    assert result.items[0].customs_value == Money.parse("100.00 EUR")
    assert result.items[0].values["intrinsic_value"] == Money.parse("80.00 EUR")


def test_a_tax_that_no_table_knows_cannot_be_within_the_price(tariffs: Tariffs) -> None:
    with pytest.raises(FactsError, match="prices_include: .*'gst'"):
        assessed(tariffs, prices_include=["gst"])


# Members of a union


def test_a_member_inherits_the_law_of_its_union_and_replaces_a_series_whole(tmp_path: Path) -> None:
    member = """
[[member_of]]
valid_from = 2020-01-01
code = "EU"
cite = ["act"]

[[currency]]
valid_from = 2020-01-01
code = "EUR"
cite = ["act"]
"""
    write(tmp_path, CURRENCY, VALUES, DUTY, VAT, BORDER, LIMIT, RELIEF, code="EU")
    tariffs = write(tmp_path, member, CLASSES, LIMIT.replace("100 EUR", "10 EUR"))
    assert amounts(assessed(tariffs, price("10.00 EUR")))["1 customs_duty"] == "0.00 EUR"
    assert amounts(assessed(tariffs, price("10.01 EUR")))["1 customs_duty"] == "1.00 EUR"


def test_a_territory_that_left_a_union_keeps_nothing_of_its_law(tmp_path: Path) -> None:
    member = """
[[member_of]]
valid_from = 2020-01-01
valid_until = 2025-12-31
code = "EU"
cite = ["act"]
"""
    write(tmp_path, *LAW, LIMIT, RELIEF, code="EU")
    tariffs = write(tmp_path, *LAW, member)
    assert amounts(assessed(tariffs, sold_on="2025-12-31"))["1 customs_duty"] == "0.00 EUR"
    assert amounts(assessed(tariffs, sold_on="2026-01-01"))["1 customs_duty"] == "10.00 EUR"


# The same answer


def test_a_warm_answer_is_the_same_as_a_cold_one(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, LIMIT, RELIEF, WAIVER, FEE, SALE_SCHEME)
    consignment = Consignment.model_validate(cart(item(), item(id="2", quantity="7"), transport="3.33 EUR"))
    cold = assess(consignment, tariffs).to_json()
    assert assess(consignment, tariffs).to_json() == cold


def test_one_profile_with_other_amounts_has_other_results(tariffs: Tariffs) -> None:
    found: list[Assessment] = [assessed(tariffs, price(f"{n}.00 EUR")) for n in (10, 20, 30)]
    duties = [one.items[0].charge("customs_duty").amount for one in found]
    assert duties == [Money(Decimal(n).scaleb(0).quantize(Decimal("0.01")), "EUR") for n in (1, 2, 3)]


def test_a_stated_percentage_of_a_charge_without_a_base_is_refused_not_zero(tmp_path: Path) -> None:
    excise = """
[[charge.excise]]
valid_from = 2020-01-01
kind = "excise"
rate = "stated"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, excise)
    one = {"kind": "excise", "expression": "7.3%"}
    with pytest.raises(FactsError, match="7.3% of what"):
        assessed(tariffs, item(stated_charges=[one]))
    each = {"kind": "excise", "expression": "2 EUR/item"}
    assert amounts(assessed(tariffs, item(stated_charges=[each])))["1 excise"] == "2.00 EUR"
