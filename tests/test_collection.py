"""Collection: who is made to pay each charge, who takes it from whom, when, under which number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_tables import BORDER, LAW, LIMIT, VAT, amounts, assessed, item, write

from dutycalc import Assessment, Collection, Money, Tariffs
from dutycalc.errors import CurrencyError, DutycalcError

REGISTRATION = """
[[registration.SHOP]]
valid_from = 2020-01-01
title = "Shop number"
pictures = ["SH####", "X@*##"]
cite = ["act"]
"""

SCHEME = """
[[scheme.SHOP]]
valid_from = 2020-01-01
model = "vendor"
liable = ["platform", "seller"]
registration = "SHOP"
optional = true
when = { buyer = ["consumer"], purpose = ["sale"] }
takes = { vat = { at = "sale", base = ["price", "transport", "insurance"] } }
returns = { every = "month", months_after = 1, day = "last" }
declare = true
cite = ["act"]
"""

MANDATORY = SCHEME.replace("optional = true\n", "")
TURNOVER = MANDATORY.replace("declare", 'turnover = { at_least = "75000 EUR" }\ndeclare')
UP_TO_150 = LIMIT.replace("100 EUR", "150 EUR")

WITH_NUMBER = {"country": "CN", "registrations": {"SHOP": "SH1234"}}
OTHER_NUMBER = {"country": "LU", "registrations": {"SHOP": "SH9876"}}
WITHOUT: dict[str, Any] = {"country": "CN"}


def outcome(result: Assessment, charge: str = "vat", line: int = 0) -> Collection:
    return result.items[line].charge(charge).collection


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW, REGISTRATION, SCHEME)


# At the border


@pytest.mark.parametrize(
    ("term", "payer", "moment"),
    [(None, "buyer", "delivery"), ("DAP", "buyer", "delivery"), ("DDP", "seller", "checkout")],
)
def test_what_no_scheme_takes_is_owed_at_the_border_and_the_terms_say_who_pays(
    tmp_path: Path, term: str | None, payer: str, moment: str
) -> None:
    found = outcome(assessed(write(tmp_path, *LAW), delivery_term=term))
    assert found.to_dict() == {
        "model": "consumer", "at": "border", "liable": "buyer", "collector": "carrier", "payer": payer,
        "moment": moment, "scheme": None, "declare": None, "print": False, "due": None,
        "double_collection_risk": None,
    }  # fmt: skip


def test_each_channel_has_its_collector(tmp_path: Path) -> None:
    by_post = (
        BORDER.replace("anybody", "post").replace('"carrier"', '"post"') + 'when = { channel = ["post"] }\n'
    )
    tariffs = write(tmp_path, *LAW[:-1], by_post, BORDER)
    found = [
        outcome(assessed(tariffs, channel=channel)).collector for channel in ("post", "express", "freight")
    ]
    assert found == ["post", "carrier", "carrier"]


def test_a_channel_for_which_no_record_names_a_collector_is_refused(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW[:-1], BORDER + 'when = { channel = ["post"] }\n')
    with pytest.raises(DutycalcError, match="express"):
        assessed(tariffs)


def test_a_charge_may_name_its_own_parties(tmp_path: Path) -> None:
    vat = VAT.replace("cite", 'liable = "declarant"\ncollector = "customs"\ncite')
    result = assessed(write(tmp_path, *LAW[:4], vat, BORDER))
    assert (outcome(result).liable, outcome(result).collector) == ("declarant", "customs")
    assert (outcome(result, "customs_duty").liable, outcome(result, "customs_duty").collector) == (
        "buyer",
        "carrier",
    )


# A scheme at the sale


def test_a_scheme_takes_its_charge_with_the_price_from_the_buyer(tariffs: Tariffs) -> None:
    result = assessed(tariffs, seller=WITH_NUMBER, transport="10.00 EUR")
    assert outcome(result).to_dict() == {
        "model": "vendor", "at": "sale", "liable": "seller", "collector": "seller", "payer": "buyer",
        "moment": "checkout", "scheme": "SHOP", "declare": "SH1234", "print": False, "due": "2026-07-31",
        "double_collection_risk": None,
    }  # fmt: skip
    assert amounts(result) == {"1 customs_duty": "11.00 EUR", "1 vat": "22.00 EUR"}


def test_what_a_scheme_does_not_name_is_charged_at_the_border_as_ever(tariffs: Tariffs) -> None:
    found = outcome(assessed(tariffs, seller=WITH_NUMBER), "customs_duty")
    assert (found.at, found.scheme, found.collector) == ("border", None, "carrier")


def test_the_sums_tell_collectors_and_moments_apart(tariffs: Tariffs) -> None:
    totals = assessed(tariffs, seller=WITH_NUMBER).totals
    assert totals["by_collector"] == {"seller": Money.parse("20.00 EUR"), "carrier": Money.parse("10.00 EUR")}
    assert totals["by_moment"] == {"checkout": Money.parse("20.00 EUR"), "delivery": Money.parse("10.00 EUR")}


@pytest.mark.parametrize(
    ("parties", "role", "number"),
    [
        ({"seller": WITH_NUMBER}, "seller", "SH1234"),
        ({"platform": OTHER_NUMBER}, "platform", "SH9876"),
        ({"seller": WITH_NUMBER, "platform": OTHER_NUMBER}, "platform", "SH9876"),
    ],
)
def test_the_first_in_the_laws_order_is_liable(
    tariffs: Tariffs, parties: dict[str, Any], role: str, number: str
) -> None:
    found = outcome(assessed(tariffs, **parties))
    assert (found.liable, found.collector, found.declare) == (role, role, number)


def test_a_party_outside_the_laws_order_binds_nobody(tariffs: Tariffs) -> None:
    assert outcome(assessed(tariffs, redeliverer=WITH_NUMBER)).scheme is None


def test_another_purpose_or_buyer_is_outside_the_scheme(tariffs: Tariffs) -> None:
    for changes in ({"purpose": "gift"}, {"buyer": {"kind": "business"}}):
        assert outcome(assessed(tariffs, seller=WITH_NUMBER, **changes)).at == "border"


def test_the_number_is_printed_only_where_the_law_lets_it(tmp_path: Path) -> None:
    printed = write(
        tmp_path / "printed",
        *LAW,
        REGISTRATION,
        SCHEME.replace("declare = true", "declare = true\nprint = true"),
    )
    found = outcome(assessed(printed, seller=WITH_NUMBER))
    assert (found.declare, found.print) == ("SH1234", True)
    kept = write(tmp_path / "kept", *LAW, REGISTRATION, SCHEME.replace("declare = true", "print = true"))
    found = outcome(assessed(kept, seller=WITH_NUMBER))
    assert (found.declare, found.print) == (None, False)


def test_a_scheme_may_name_another_collector_than_the_liable(tmp_path: Path) -> None:
    scheme = SCHEME.replace('model = "vendor"', 'model = "intermediary"\ncollector = "redeliverer"')
    found = outcome(assessed(write(tmp_path, *LAW, REGISTRATION, scheme), seller=WITH_NUMBER))
    assert (found.model, found.liable, found.collector) == ("intermediary", "seller", "redeliverer")


def test_a_scheme_takes_only_what_is_within_its_limit(tmp_path: Path) -> None:
    tariffs = write(
        tmp_path, *LAW, REGISTRATION, UP_TO_150, SCHEME.replace("cite", 'within = "low_value"\ncite')
    )
    within = assessed(tariffs, item(unit_price="150.00 EUR"), seller=WITH_NUMBER)
    above = assessed(tariffs, item(unit_price="150.01 EUR"), seller=WITH_NUMBER)
    assert (outcome(within).scheme, outcome(above).scheme) == ("SHOP", None)
    assert amounts(within)["1 vat"] == "30.00 EUR"
    assert amounts(above)["1 vat"] == "33.00 EUR"


def test_excluded_goods_stay_outside_and_take_the_others_along_where_the_law_says_so(tmp_path: Path) -> None:
    lines = [item(), item(id="2", commodity="24022090")]
    excluded = SCHEME.replace("cite", 'not_for = { commodities = ["24"] }\ncite')
    apart = assessed(write(tmp_path / "apart", *LAW, REGISTRATION, excluded), *lines, seller=WITH_NUMBER)
    assert [outcome(apart, line=n).scheme for n in (0, 1)] == ["SHOP", None]
    together = excluded.replace("cite", 'mixed = "consignment"\ncite')
    spoiled = assessed(write(tmp_path / "spoiled", *LAW, REGISTRATION, together), *lines, seller=WITH_NUMBER)
    assert [outcome(spoiled, line=n).scheme for n in (0, 1)] == [None, None]


def test_of_two_schemes_that_may_take_a_charge_the_first_has_it(tmp_path: Path) -> None:
    second = SCHEME.replace("scheme.SHOP", "scheme.OTHER").replace("month", "year", 1)
    tariffs = write(tmp_path, *LAW, REGISTRATION, SCHEME, second)
    assert outcome(assessed(tariffs, seller=WITH_NUMBER)).scheme == "SHOP"


def test_outcomes_belong_to_charges_and_not_to_lines(tmp_path: Path) -> None:
    duty = """
[[scheme.declared_duty]]
valid_from = 2020-01-01
tax_point = "import"
model = "intermediary"
when = { scheme = ["SHOP"] }
liable = ["declarant"]
collector = "declarant"
takes = { customs_duty = { at = "border" } }
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, REGISTRATION, SCHEME, duty)
    result = assessed(tariffs, seller=WITH_NUMBER)
    assert (outcome(result).model, outcome(result).collector) == ("vendor", "seller")
    owed = outcome(result, "customs_duty")
    assert (owed.model, owed.at, owed.collector, owed.scheme) == (
        "intermediary",
        "border",
        "declarant",
        "declared_duty",
    )
    without = outcome(assessed(tariffs, seller=WITHOUT), "customs_duty")
    assert (without.model, without.scheme) == ("consumer", None)


def test_what_a_scheme_relieves_nobody_collects(tmp_path: Path) -> None:
    scheme = SCHEME.replace("takes = { ", 'takes = { customs_duty = "relieved", ')
    result = assessed(write(tmp_path, *LAW, REGISTRATION, scheme), seller=WITH_NUMBER)
    assert amounts(result)["1 customs_duty"] == "0.00 EUR"
    assert outcome(result, "customs_duty").to_dict() == {
        "model": "exempt", "at": None, "liable": None, "collector": None, "payer": None, "moment": None,
        "scheme": None, "declare": None, "print": False, "due": None, "double_collection_risk": None,
    }  # fmt: skip


def test_a_business_buyer_accounts_for_the_tax_under_its_own_number(tmp_path: Path) -> None:
    reverse = (
        SCHEME.replace('liable = ["platform", "seller"]', 'liable = ["buyer"]\ncollector = "buyer"')
        .replace('buyer = ["consumer"]', 'buyer = ["business"]')
        .replace('"vendor"', '"consumer"')
        .replace('at = "sale", base = ["price", "transport", "insurance"]', 'at = "border"')
    )
    tariffs = write(tmp_path, *LAW, REGISTRATION, reverse)
    found = outcome(assessed(tariffs, buyer={"kind": "business", "registrations": {"SHOP": "SH1234"}}))
    assert (found.liable, found.collector, found.scheme, found.at) == ("buyer", "buyer", "SHOP", "border")
    assert outcome(assessed(tariffs, buyer={"kind": "business"})).scheme is None


# Numbers


@pytest.mark.parametrize("number", ["SH1234", "SH0000", "XA123", "XZB12"])
def test_a_number_of_one_of_the_pictures_is_taken(tariffs: Tariffs, number: str) -> None:
    assert outcome(assessed(tariffs, seller={"registrations": {"SHOP": number}})).declare == number


@pytest.mark.parametrize(
    "number", ["SH123", "SH12345", "sh1234", "SH 1234", "SHABCD", "X1123", "", "SH####", "SH１２３４"]
)
def test_a_number_of_no_picture_is_told_and_does_not_serve(tariffs: Tariffs, number: str) -> None:
    result = assessed(tariffs, seller={"registrations": {"SHOP": number}})
    found = outcome(result)
    assert (found.at, found.scheme, found.declare) == ("border", None, None)
    assert found.double_collection_risk == "number_malformed"
    assert any(notice.code == "number_malformed" and notice.item == "1" for notice in result.notices)


def test_a_number_that_is_missing_where_a_scheme_could_take_the_tax_is_a_risk(tariffs: Tariffs) -> None:
    result = assessed(tariffs, seller=WITHOUT)
    assert outcome(result).double_collection_risk == "number_missing"
    assert outcome(result, "customs_duty").double_collection_risk is None
    assert any(notice.code == "number_missing" for notice in result.notices)


def test_delivered_duty_paid_without_a_number_is_a_risk_of_its_own(tariffs: Tariffs) -> None:
    result = assessed(tariffs, seller=WITHOUT, delivery_term="DDP")
    assert outcome(result).double_collection_risk == "delivered_duty_paid_without_number"


def test_where_nobody_could_hold_a_number_there_is_no_risk(tariffs: Tariffs) -> None:
    assert outcome(assessed(tariffs)).double_collection_risk is None
    assert outcome(assessed(tariffs, seller=WITHOUT, purpose="gift")).double_collection_risk is None


def test_a_consignment_above_the_limit_of_the_scheme_bears_no_risk(tmp_path: Path) -> None:
    tariffs = write(
        tmp_path, *LAW, REGISTRATION, UP_TO_150, SCHEME.replace("cite", 'within = "low_value"\ncite')
    )
    within = assessed(tariffs, item(unit_price="150.00 EUR"), seller=WITHOUT)
    above = assessed(tariffs, item(unit_price="150.01 EUR"), seller=WITHOUT)
    assert outcome(within).double_collection_risk == "number_missing"
    assert outcome(above).double_collection_risk is None


# Schemes that bind whether a party has registered or not


def test_a_party_that_must_register_is_liable_without_a_number_and_at_risk(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION, MANDATORY)
    found = outcome(assessed(tariffs, platform=WITHOUT, seller=WITH_NUMBER))
    assert (found.at, found.liable, found.scheme) == ("sale", "platform", "SHOP")
    assert (found.declare, found.double_collection_risk) == (None, "number_missing")


@pytest.mark.parametrize(
    ("comparison", "turnover", "bound"),
    [
        ("at_least", "74999.99 EUR", False), ("at_least", "75000 EUR", True),
        ("above", "75000 EUR", False), ("above", "75000.01 EUR", True),
    ],
)  # fmt: skip
def test_turnover_decides_who_must_register(
    tmp_path: Path, comparison: str, turnover: str, bound: bool
) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION, TURNOVER.replace("at_least", comparison))
    found = outcome(assessed(tariffs, seller=WITHOUT | {"turnover": turnover}))
    assert (found.scheme == "SHOP") is bound


def test_an_unstated_turnover_binds_nobody_and_a_number_binds_whatever_the_turnover(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION, TURNOVER)
    assert outcome(assessed(tariffs, seller=WITHOUT)).scheme is None
    assert outcome(assessed(tariffs, seller=WITH_NUMBER)).scheme == "SHOP"


def test_below_the_turnover_the_next_in_the_laws_order_is_asked(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION, TURNOVER)
    small = WITHOUT | {"turnover": "1000 EUR"}
    assert outcome(assessed(tariffs, platform=small, seller=WITH_NUMBER)).liable == "seller"


def test_turnover_in_another_currency_is_refused(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION, TURNOVER)
    with pytest.raises(CurrencyError, match=r"seller\.turnover"):
        assessed(tariffs, seller=WITHOUT | {"turnover": "75000 USD"})


def test_a_scheme_without_registration_binds_whoever_takes_part(tmp_path: Path) -> None:
    scheme = MANDATORY.replace('registration = "SHOP"\n', "")
    tariffs = write(tmp_path, *LAW, scheme)
    assert outcome(assessed(tariffs, platform=WITHOUT, seller=WITHOUT)).liable == "platform"
    assert outcome(assessed(tariffs, seller=WITHOUT)).liable == "seller"
    assert outcome(assessed(tariffs)).scheme is None


# Reliefs that turn on a scheme


def test_a_relief_may_turn_on_whether_a_scheme_takes_the_line(tmp_path: Path) -> None:
    relief = """
[[relief.taken]]
valid_from = 2020-01-01
of = ["customs_duty"]
when = { scheme = ["SHOP"] }
cite = ["act"]

[[relief.not_taken]]
valid_from = 2020-01-01
of = ["vat"]
when = { not_scheme = ["SHOP"] }
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, REGISTRATION, SCHEME, relief)
    assert amounts(assessed(tariffs, seller=WITH_NUMBER)) == {
        "1 customs_duty": "0.00 EUR",
        "1 vat": "20.00 EUR",
    }
    assert amounts(assessed(tariffs)) == {"1 customs_duty": "10.00 EUR", "1 vat": "0.00 EUR"}


def test_a_relief_at_the_border_does_not_free_what_a_scheme_takes_at_the_sale(tmp_path: Path) -> None:
    relief = """
[[relief.small]]
valid_from = 2020-01-01
of = ["customs_duty", "vat"]
within = "low_value"
cite = ["act"]
"""
    tariffs = write(tmp_path, *LAW, UP_TO_150, relief, REGISTRATION, SCHEME)
    assert amounts(assessed(tariffs, seller=WITH_NUMBER)) == {
        "1 customs_duty": "0.00 EUR",
        "1 vat": "20.00 EUR",
    }


# Due days


@pytest.mark.parametrize(
    ("returns", "sold_on", "due"),
    [
        ('every = "month", months_after = 1, day = "last"', "2026-11-20", "2026-12-31"),
        ('every = "month", months_after = 1, day = "last"', "2026-01-31", "2026-02-28"),
        ('every = "month", months_after = 1, day = "last"', "2028-01-01", "2028-02-29"),
        ('every = "month", months_after = 1, day = 20', "2026-12-31", "2027-01-20"),
        ('every = "month", months_after = 0, day = "last"', "2026-04-01", "2026-04-30"),
        ('every = "month", months_after = 1, day = 31', "2026-03-15", "2026-04-30"),
        ('every = "quarter", months_after = 1, day = 20', "2026-01-01", "2026-04-20"),
        ('every = "quarter", months_after = 1, day = 20', "2026-03-31", "2026-04-20"),
        ('every = "quarter", months_after = 1, day = 20', "2026-04-01", "2026-07-20"),
        ('every = "quarter", months_after = 2, day = 28', "2026-12-31", "2027-02-28"),
        ('every = "quarter", months_after = 1, day = 7, ends = [2, 5, 8, 11]', "2026-12-01", "2027-03-07"),
        ('every = "half_year", months_after = 2, day = "last"', "2026-06-30", "2026-08-31"),
        ('every = "half_year", months_after = 2, day = "last"', "2026-07-01", "2027-02-28"),
        ('every = "year", months_after = 6, day = "last"', "2026-05-05", "2027-06-30"),
    ],
)
def test_the_due_day_follows_from_the_period_of_the_return(
    tmp_path: Path, returns: str, sold_on: str, due: str
) -> None:
    scheme = SCHEME.replace('every = "month", months_after = 1, day = "last"', returns)
    found = outcome(
        assessed(write(tmp_path, *LAW, REGISTRATION, scheme), seller=WITH_NUMBER, sold_on=sold_on)
    )
    assert found.due is not None
    assert found.due.isoformat() == due


def test_the_return_of_the_sale_counts_from_the_sale_and_that_of_the_import_from_the_import(
    tmp_path: Path,
) -> None:
    at_border = SCHEME.replace(
        'at = "sale", base = ["price", "transport", "insurance"]', 'at = "border"'
    ).replace("model", 'tax_point = "import"\nmodel')
    days: dict[str, Any] = {"sold_on": "2026-05-31", "imported_on": "2026-06-01"}
    by_sale = outcome(
        assessed(write(tmp_path / "sale", *LAW, REGISTRATION, SCHEME), seller=WITH_NUMBER, **days)
    )
    by_import = outcome(
        assessed(write(tmp_path / "import", *LAW, REGISTRATION, at_border), seller=WITH_NUMBER, **days)
    )
    assert (str(by_sale.due), str(by_import.due)) == ("2026-06-30", "2026-07-31")


def test_a_scheme_without_returns_has_no_due_day(tmp_path: Path) -> None:
    scheme = SCHEME.replace('returns = { every = "month", months_after = 1, day = "last" }\n', "")
    assert outcome(assessed(write(tmp_path, *LAW, REGISTRATION, scheme), seller=WITH_NUMBER)).due is None


# Amounts of nothing


def test_a_charge_of_zero_at_the_border_nobody_collects(tariffs: Tariffs) -> None:
    found = outcome(assessed(tariffs, item(stated_duty="free")), "customs_duty")
    assert (found.model, found.collector) == ("exempt", None)


def test_a_tax_of_zero_at_the_sale_is_still_declared_under_the_scheme(tariffs: Tariffs) -> None:
    found = outcome(assessed(tariffs, item(unit_price="0.00 EUR"), seller=WITH_NUMBER))
    assert (found.at, found.scheme, found.declare) == ("sale", "SHOP", "SH1234")
