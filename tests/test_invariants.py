"""The invariants: they hold of generated consignments to every territory, and each of them can fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seeded_bugs import broken_invariants, planted
from small_tables import LAW, LIMIT, RELIEF, cart, item, write

from dutycalc import Assessment, Consignment, Money, Tariffs, engine, load_tariffs, money, steps, writing
from dutycalc.steps import shares
from dutycalc.testing.invariants import INVARIANTS, check
from dutycalc.testing.strategies import consignments


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


@settings(max_examples=115, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_generated_consignment_breaks_an_invariant(tariffs: Tariffs, data: st.DataObject) -> None:
    found = check(data.draw(consignments(tariffs)), tariffs)
    assert not found, "\n".join(map(str, found))


def test_each_invariant_is_a_sentence_with_its_own_number() -> None:
    assert [one.number for one in INVARIANTS] == list(range(1, len(INVARIANTS) + 1))
    for one in INVARIANTS:
        assert one.sentence[0].isupper()
        assert one.sentence.endswith(".")


# Each invariant can fail

CART = cart(*(item(id=one, quantity="2", unit_price="60.00 EUR") for one in "123"), transport="3.34 EUR")


@pytest.fixture
def small(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW, LIMIT, RELIEF)


def broken(tariffs: Tariffs) -> set[int]:
    steps._compiled.cache_clear()
    found = {one.number for one in check(Consignment.model_validate(CART), tariffs)}
    steps._compiled.cache_clear()
    return found


def test_nothing_is_broken_where_nothing_is_wrong(small: Tariffs) -> None:
    assert broken(small) == set()


def changed_charge(change: Callable[[Assessment, Any], dict[str, Any]]) -> Any:
    """Return a patch that changes every charge as it is shown."""
    made = Assessment._charge

    def charge(self: Assessment, *arguments: Any) -> Any:
        found = made(self, *arguments)
        return found.replaced(**change(self, found))

    return patch.object(Assessment, "_charge", charge)


def dearer_is_cheaper(one: Assessment, charge: Any) -> dict[str, Any]:
    return {"amount": Money(1000 - one.consignment.items[0].unit_price.amount, "EUR")}


FAULTS: dict[int, Callable[[], Any]] = {
    1: lambda: patch.object(engine.Crossing, "total", lambda *_: Decimal(7)),
    2: lambda: patch.object(writing, "path_of", lambda *_: "items[1].unit_price"),
    4: lambda: patch.object(Assessment, "sums", (Decimal(1), {}, {}, {})),
    5: lambda: changed_charge(lambda _, one: {"collection": one.collection.replaced(collector=None)}),
    6: lambda: patch.object(
        engine, "shares", lambda amount, weights, groups, unit, order: shares(amount, weights, groups, unit, range(len(order)))
    ),
    7: lambda: patch.object(
        engine.Crossing, "total", lambda self, name: next(one for one in self.gather(name) if one is not None)
    ),
    8: lambda: changed_charge(lambda one, charge: {"rate": f"{charge.rate} {one.consignment.sold_on.day}"}),
    9: lambda: changed_charge(dearer_is_cheaper),
    10: lambda: patch.dict(money.MODES, {"half_up": ROUND_UP}),
    11: lambda: patch.object(Assessment, "to_json", lambda one: str(id(one))),
    12: lambda: patch.object(engine, "_run", lambda *_: next(iter(()))),
}  # fmt: skip
"""A fault for each invariant; the third and the thirteenth have theirs below."""


@pytest.mark.parametrize("number", FAULTS)
def test_an_invariant_can_be_broken(number: int, small: Tariffs) -> None:
    with FAULTS[number]():
        assert number in broken(small)


def test_a_record_out_of_force_breaks_the_third(small: Tariffs) -> None:
    series = small.territory("ZZ").own["charge"]["vat"]
    series.records = tuple(one.replaced(valid_until=date(2021, 1, 1)) for one in series.records)
    with patch.object(type(series), "find", lambda self, *_, **__: self.records[0] if len(self) else None):
        assert 3 in broken(small)


# The seeded bugs

SEEN_BY_INVARIANTS = {
    "`<` for `<=`": {1},
    "the first record always wins": {3},
    "today for the declared day": {3},
    "VAT base without duty": {13},
    "consignment value of the first line only": {1},
    "a record before its start day": {3},
}


EXAMPLES = {"a record before its start day": 200}
"""It shows only on the day before a change."""


@pytest.mark.parametrize("bug", SEEN_BY_INVARIANTS)
def test_a_seeded_bug_is_caught(bug: str) -> None:
    """The first bugs each break an invariant; `test_seeded_bugs` has a golden case for all others."""
    sound = load_tariffs()
    with planted(bug) as tariffs:
        found = broken_invariants(
            tariffs, sound, examples=EXAMPLES.get(bug, 25), destinations=["CH", "NO", "AU", "SG"]
        )
    assert SEEN_BY_INVARIANTS[bug] <= set(found)
