"""What the stages do at the edges: tests that a change of their code in one place must not pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import BORDER, LAW, amounts, assessed, item, write
from test_collection import REGISTRATION, SCHEME, outcome

from dutycalc.errors import MissingFactError


@pytest.mark.parametrize("channel", ["post", "express"])
def test_a_record_of_the_border_holds_where_one_of_its_ways_does(tmp_path: Path, channel: str) -> None:
    ways = BORDER.replace("cite", 'when = [{ channel = ["post"] }, { channel = ["express"] }]\ncite')
    tariffs = write(tmp_path, *LAW[:-1], ways)
    assert outcome(assessed(tariffs, channel=channel)).collector == "carrier"


def test_what_only_the_buyer_could_hold_is_no_risk(tmp_path: Path) -> None:
    scheme = SCHEME.replace('liable = ["platform", "seller"]', 'liable = ["buyer"]')
    tariffs = write(tmp_path, *LAW, REGISTRATION, scheme)
    assert outcome(assessed(tariffs)).double_collection_risk is None


def test_a_quantity_is_read_in_another_unit_of_its_dimension(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW)
    wine = item(stated_duty="10 EUR/hl", measures={"l": "50"})
    assert amounts(assessed(tariffs, wine))["1 customs_duty"] == "5.00 EUR"


def test_a_short_code_is_asked_for_more_digits_only_where_they_could_matter(tmp_path: Path) -> None:
    scheme = SCHEME.replace("cite", 'not_for = { commodities = ["24022090"] }\ncite')
    tariffs = write(tmp_path, *LAW, REGISTRATION, scheme)
    seller = {"country": "CN", "registrations": {"SHOP": "SH1234"}}
    shirt = assessed(tariffs, item(commodity="610910"), seller=seller)
    assert outcome(shirt).scheme == "SHOP"
    with pytest.raises(MissingFactError, match="give more digits"):
        assessed(tariffs, item(commodity="240220"), seller=seller)
