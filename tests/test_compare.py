"""One cart under every lawful model: only what its facts leave open, and the same figures as its assessment."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, cart, item, write

from dutycalc import Consignment, DutycalcError, Money, Tariffs, assess, load_tariffs
from dutycalc.cli import main
from dutycalc.compare import Comparison, compare

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"

SCHEME = """
[[scheme.VENDOR]]
valid_from = 2020-01-01
tax_point = "sale"
model = "vendor"
when = {{ purpose = ["sale"], buyer = ["consumer"] }}
liable = ["platform", "seller"]
registration = "ZZ-NR"
optional = {optional}
takes = {{ vat = {{ at = "sale", base = ["price"] }} }}
returns = {{ every = "month", months_after = 1, day = "last" }}
declare = true
cite = ["act"]

[[registration.ZZ-NR]]
valid_from = 2020-01-01
title = "Number of a vendor"
pictures = ["ZZ###"]
cite = ["act"]
"""

FREIGHT_ONLY = """
[[unmodelled.post]]
valid_from = 2020-01-01
subject = "parcels by post"
when = { channel = ["post"] }
cite = ["act"]
"""


def compared(tariffs: Tariffs, **changes: Any) -> dict[str, Comparison]:
    stated = Consignment.model_validate(cart(item(), **changes))
    return {one.name: one for one in compare(stated, tariffs)}


def small(folder: Path, *more: str, optional: str = "true") -> Tariffs:
    return write(folder, *LAW, SCHEME.format(optional=optional), *more)


def money(text: str) -> Money:
    return Money.parse(text)


def test_a_cart_is_laid_out_under_every_combination(tmp_path: Path) -> None:
    found = compared(small(tmp_path))
    assert set(found) == {
        f"{through}, {who}: {channel}, {term}"
        for through, role in (("own shop", "seller"), ("platform", "platform"))
        for who in ("not registered", f"{role} registered for ZZ-NR")
        for channel in ("post", "express")
        for term in ("DAP", "DDP")
    }
    assert [name for name, one in found.items() if one.stated] == ["own shop, not registered: express, DAP"]
    assert next(iter(found.values())).stated


def test_each_model_says_who_pays_what_when_and_who_remits_it(tmp_path: Path) -> None:
    # EUR 100, duty 10%, tax 20%: on EUR 110 at the border, on EUR 100 at the sale.
    found = compared(small(tmp_path))
    plain = found["own shop, not registered: express, DAP"]
    assert (plain.at_checkout, plain.at_door, plain.by_seller) == (
        money("0.00 EUR"), money("32.00 EUR"), money("0.00 EUR"),
    )  # fmt: skip
    (carrier,) = plain.remittances
    assert (carrier.collector, carrier.amount, carrier.due, carrier.charges) == (
        "carrier", money("32.00 EUR"), None, ("customs_duty", "vat"),
    )  # fmt: skip
    vendor = found["platform, platform registered for ZZ-NR: post, DAP"]
    assert (vendor.at_checkout, vendor.at_door, vendor.total) == (
        money("20.00 EUR"), money("10.00 EUR"), money("30.00 EUR"),
    )  # fmt: skip
    by = {one.collector: one for one in vendor.remittances}
    assert by["platform"].amount == money("20.00 EUR")
    assert (by["platform"].due, by["platform"].number) == (date(2026, 7, 31), "ZZ000")
    paid = found["own shop, seller registered for ZZ-NR: express, DDP"]
    assert (paid.at_checkout, paid.at_door, paid.by_seller) == (
        money("20.00 EUR"), money("0.00 EUR"), money("10.00 EUR"),
    )  # fmt: skip


def test_a_number_made_up_is_marked_and_a_stated_one_is_used(tmp_path: Path) -> None:
    held = {"country": "CN", "registrations": {"ZZ-NR": "ZZ123"}}
    found = compared(small(tmp_path), seller=held)
    stated = found["own shop, seller registered for ZZ-NR: express, DAP"]
    assert (stated.number, stated.placeholder, stated.stated) == ("ZZ123", False, True)
    made_up = found["platform, platform registered for ZZ-NR: express, DAP"]
    assert (made_up.number, made_up.placeholder, made_up.stated) == ("ZZ000", True, False)
    assert found["own shop, not registered: express, DAP"].number is None


def test_a_malformed_number_is_not_tried_again(tmp_path: Path) -> None:
    held = {"country": "CN", "registrations": {"ZZ-NR": "ZZ1"}}
    found = compared(small(tmp_path), seller=held)
    assert found["own shop, seller registered for ZZ-NR: post, DAP"].number == "ZZ000"
    assert found["own shop, not registered: express, DAP"].stated


def test_a_party_that_must_register_cannot_be_without(tmp_path: Path) -> None:
    found = compared(small(tmp_path, optional="false"))
    bare = found["own shop, not registered: post, DAP"]
    assert [(one.error, one.text) for one in bare.refusals] == [
        ("RegistrationRequired", "VENDOR obliges the seller to register for ZZ-NR (zz/scheme.VENDOR)")
    ]
    platform = found["platform, not registered: post, DAP"]
    assert [one.text for one in platform.refusals] == [
        "VENDOR obliges the platform to register for ZZ-NR (zz/scheme.VENDOR)"
    ]
    assert (platform.total, platform.decision) == (None, "refused")


def test_what_the_tables_refuse_is_kept_by_name(tmp_path: Path) -> None:
    found = compared(small(tmp_path, FREIGHT_ONLY))
    by_post = [one for one in found.values() if one.channel == "post"]
    assert by_post
    for one in by_post:
        assert [why.error for why in one.refusals] == ["NotModelledError"]
        assert "parcels by post" in one.refusals[0].text
        assert one.total is None
    assert all(one.total is not None for one in found.values() if one.channel == "express")


@pytest.mark.parametrize(
    ("changes", "channels", "terms", "ways"),
    [
        ({"channel": "freight"}, {"freight"}, {"DAP", "DDP"}, {"own shop", "platform"}),
        ({"purpose": "gift"}, {"post", "express"}, {"DAP", "DDP"}, {"own shop"}),
        ({"buyer": {"kind": "business"}}, {"post", "express"}, {"DAP", "DDP"}, {"own shop"}),
        (
            {"delivery_term": "FOB", "transport": "1 EUR", "insurance": "1 EUR"},
            {"post", "express"}, {"FOB"}, {"own shop", "platform"},
        ),
    ],
)  # fmt: skip
def test_only_facts_that_the_cart_leaves_open_are_varied(
    tmp_path: Path, changes: dict[str, Any], channels: set[str], terms: set[str], ways: set[str]
) -> None:
    found = compared(small(tmp_path), **changes).values()
    assert {one.channel for one in found} == channels
    assert {one.delivery_term for one in found} == terms
    assert {one.sold_through for one in found} == ways


@pytest.mark.parametrize("name", ["berlin-ioss", "berlin-no-number", "oslo", "sydney", "toronto"])
def test_the_sums_of_a_model_are_those_of_its_assessment(name: str) -> None:
    tariffs = load_tariffs()
    stated = Consignment.model_validate_json((EXAMPLES / f"{name}.json").read_bytes())
    first, *others = compare(stated, tariffs)
    result = assess(stated, tariffs)
    assert first.stated
    assert first.total == result.totals["all"]
    assert any(one.total != first.total or one.at_door != first.at_door for one in others)
    for one in (first, *others):
        assert (one.total is None) == (one.refusals != ())
        if one.at_checkout is None or one.at_door is None or one.by_seller is None or one.total is None:
            continue
        assert one.at_checkout + one.at_door + one.by_seller == one.total
        assert sum((each.amount for each in one.remittances), start=one.total * 0) == one.total


def test_a_destination_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DutycalcError, match="no tables of law"):
        compared(small(tmp_path), destination="QQ")


def test_the_command_prints_what_the_function_returns(capsys: pytest.CaptureFixture[str]) -> None:
    file = EXAMPLES / "oslo.json"
    assert main(["compare", str(file), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    stated = Consignment.model_validate_json(file.read_bytes())
    assert printed["models"] == [one.to_dict() for one in compare(stated, load_tariffs())]
    assert main(["compare", str(file)]) == 0
    text = capsys.readouterr().out
    assert "(as stated)" in text
    assert "(made-up number)" in text


def test_the_command_takes_one_cart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "carts.json"
    text = (EXAMPLES / "oslo.json").read_text(encoding="utf-8")
    file.write_text(f"[{text},{text}]", encoding="utf-8")
    assert main(["compare", str(file)]) == 2
    assert "compare takes one" in capsys.readouterr().err
