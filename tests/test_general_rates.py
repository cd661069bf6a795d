"""The rate that most goods bear, where no tariff is in the tables: what it gives, what it tells, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_tables import DUTY, LAW, SMALL_RELIEF, amounts, assessed, item, write

from dutycalc import Tariffs, load_tariffs
from dutycalc.errors import MissingFactError, NotModelledError, TableError

RATES = """
[[general_rate.used]]
valid_from = 2020-01-01
rate = "9%"
only_for = { facts = { used = ["yes"] } }
exceptions = "used vehicles bear more"
cite = ["act"]

[[general_rate.goods]]
valid_from = 2020-01-01
rate = "6%"
exceptions = "a few lines bear another rate"
cite = ["act"]
confidence = "secondary"

[[general_rate.goods]]
valid_from = 2026-07-01
rate = "2 EUR/item"
exceptions = "a few lines bear another rate"
cite = ["act"]

[[unmodelled.farm_rates]]
valid_from = 2020-01-01
subject = "duty by season on farm products"
kind = "customs_duty"
only_for = { commodities = ["0701-0709", "071022"] }
cite = ["act"]
"""


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW, RATES, SMALL_RELIEF)


def goods(**changes: Any) -> dict[str, Any]:
    """Return a line whose duty nobody states."""
    return {key: one for key, one in item(**changes).items() if key != "stated_duty"}


def test_the_general_rate_is_charged_with_its_record_and_its_exceptions(tariffs: Tariffs) -> None:
    result = assessed(tariffs, goods())
    duty = result.items[0].charge("customs_duty")
    assert str(duty.amount) == "6.00 EUR"
    assert duty.rate == "6%"
    assert "zz/general_rate.goods" in {one.record for one in duty.records}
    rate = next(one for one in result.working if one.value == "6%")
    assert rate.law is not None
    assert rate.law.record == "zz/general_rate.goods"
    told = [one for one in result.notices if one.code == "tariff"]
    assert [one.item for one in told] == ["1"]
    assert told[0].text == (
        "6% is the general rate of duty, no tariff being in the tables (Customs Act, Article 1); "
        "a few lines bear another rate"
    )
    assert {one.record for one in result.notices if one.code == "record_secondary"} == {
        "zz/general_rate.goods"
    }


def test_the_first_record_that_fits_the_goods_counts(tariffs: Tariffs) -> None:
    result = assessed(tariffs, goods(facts={"used": "yes"}), goods(id="2"))
    assert amounts(result)["1 customs_duty"] == "9.00 EUR"
    assert amounts(result)["2 customs_duty"] == "6.00 EUR"


def test_the_rate_is_that_of_the_day(tariffs: Tariffs) -> None:
    assert (
        amounts(assessed(tariffs, goods(quantity="3"), sold_on="2026-07-01"))["1 customs_duty"] == "6.00 EUR"
    )
    assert (
        amounts(assessed(tariffs, goods(quantity="3"), sold_on="2026-06-30"))["1 customs_duty"] == "18.00 EUR"
    )


def test_a_stated_duty_goes_before_it_and_tells_nothing(tariffs: Tariffs) -> None:
    result = assessed(tariffs, item(stated_duty="1%"), item(id="2", commodity="07020000", stated_duty="2%"))
    assert amounts(result)["1 customs_duty"] == "1.00 EUR"
    assert amounts(result)["2 customs_duty"] == "2.00 EUR"
    assert [one for one in result.notices if one.code == "tariff"] == []


def test_goods_that_may_bear_another_rate_are_refused_by_name(tariffs: Tariffs) -> None:
    with pytest.raises(NotModelledError, match="duty by season on farm products.*stated_duty"):
        assessed(tariffs, goods(commodity="07020000"))
    duty = assessed(tariffs, goods(commodity="07020000"), partial=True).items[0].charge("customs_duty")
    assert (duty.rate, duty.amount) == ("unknown", None)


def test_a_code_too_short_to_tell_is_refused(tariffs: Tariffs) -> None:
    with pytest.raises(MissingFactError, match="071022"):
        assessed(tariffs, goods(commodity="0710"))


def test_where_no_duty_is_due_no_rate_is_told_or_needed(tariffs: Tariffs) -> None:
    small = {"unit_price": "50.00 EUR"}
    result = assessed(tariffs, goods(**small))
    assert amounts(result)["1 customs_duty"] == "0.00 EUR"
    assert [one for one in result.notices if one.code == "tariff"] == []
    assert amounts(assessed(tariffs, goods(commodity="07020000", **small)))["1 customs_duty"] == "0.00 EUR"


def test_a_claim_is_refused_and_not_passed_over(tariffs: Tariffs) -> None:
    with pytest.raises(NotModelledError, match="preference EU"):
        assessed(tariffs, goods(claims=[{"kind": "preference", "programme": "EU", "proof": "declared"}]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('rate = "6%"', 'rate = "six"', "rate"),
        ('rate = "6%"', 'rate = "6%"\nwithin = "small"', "not on limits or schemes"),
        ('exceptions = "used vehicles bear more"', "", "exceptions"),
    ],
)
def test_a_record_that_says_too_little_or_too_much_is_a_fault(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises((TableError, ExceptionGroup), match=f"(?s)general_rate.*{message}"):
        assessed(write(tmp_path, *LAW, RATES.replace(old, new, 1), SMALL_RELIEF), goods())


def test_a_general_rate_that_no_charge_could_read_is_a_fault(tmp_path: Path) -> None:
    flat = (*(part.replace("schedule", "5%") if part == DUTY else part for part in LAW), RATES)
    faults = write(tmp_path, *flat).check()
    assert [str(one).partition("general_rate")[0] for one in faults] == ["zz/law.toml: "] * 3
    assert all("no charge has the rate of the tariff" in str(one) for one in faults)


def test_no_territory_of_the_tables_has_both_a_tariff_and_a_general_rate() -> None:
    """The tariff would go first, and the record be passed over in silence."""
    tariffs = load_tariffs()
    found = [code for code in tariffs.codes if (tariffs.layers[0] / code.lower() / "law.toml").is_file()]
    bearing = [code for code in found if tariffs.territory(code).own.get("general_rate")]
    assert bearing == ["AE", "CL"]
    assert [code for code in bearing if tariffs.territory(code).schedule() is not None] == []
