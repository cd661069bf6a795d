"""What the engine does at the edges: tests that a change of its code in one place must not pass."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from small_tables import LAW, amounts, assessed, item, write

from dutycalc import Tariffs, engine
from dutycalc.errors import DutycalcError, FactsError

REGISTRATION = """
[[registration.ZZ-VAT]]
valid_from = 2020-01-01
title = "Number of the small country"
cite = ["act"]
"""


@pytest.fixture
def small(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW)


def test_a_slip_in_the_second_registration_is_refused_as_one_in_the_first(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, REGISTRATION)
    for numbers in ({"ZZ-VAT": "1", "ZZ-VTA": "2"}, {"ZZ-VTA": "2", "ZZ-VAT": "1"}):
        with pytest.raises(FactsError, match="no table knows the scheme 'ZZ-VTA'"):
            assessed(tariffs, seller={"country": "CN", "registrations": numbers})


def test_programs_are_kept_and_all_forgotten_where_there_are_too_many(small: Tariffs) -> None:
    carts = [item(tax_class=one, stated_duty=rate) for one in ("standard", "books") for rate in ("5%", "7%")]
    kept = [amounts(assessed(small, one)) for one in carts]
    assert len(small.programs) > len(carts)
    small.programs.clear()
    with patch.object(engine, "PROGRAMS_KEPT", 2):
        for one, before in zip([*carts, *carts], [*kept, *kept], strict=True):
            assert amounts(assessed(small, one)) == before
            assert len(small.programs) <= 2


def test_only_the_line_below_nothing_is_refused(small: Tariffs) -> None:
    cheap = item(unit_price="0.50 EUR")
    assert amounts(assessed(small, cheap))["1 customs_duty"] == "0.05 EUR"
    assert amounts(assessed(small, item(unit_price="0.00 EUR")))["1 vat"] == "0.00 EUR"
    free, dear = item(unit_price="0.00 EUR"), item(id="2", unit_price="10.00 EUR")
    with pytest.raises(DutycalcError, match="item 2: .* above the price") as refusal:
        assessed(small, free, dear, transport="20.00 EUR", prices_include=["transport"])
    assert "item 1" not in str(refusal.value)


def test_a_line_without_a_key_is_no_key_of_its_own() -> None:
    crossing = engine.Crossing({"code": (0, None, 0)}, [["6109"], ["6110"], ["4901"]], [])
    assert crossing.count_distinct("code") == 2
