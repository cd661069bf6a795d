"""The additional duties of the United States: the sweep against the engine, and what no layer may do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

import pytest
import us_sweep
import us_validation
from hypothesis import assume, given
from hypothesis import strategies as st

from dutycalc import Consignment, DutycalcError, assess, load_tariffs
from dutycalc.errors import Refusals
from dutycalc.money import EXACT
from dutycalc.profile import ItemProfile
from dutycalc.stages.context import Whole
from dutycalc.stages.layers import Stack, amounts, bearing

US = load_tariffs()
DAYS = us_sweep.DAYS


@lru_cache(maxsize=32)
def law_of(day: date) -> us_sweep.Day:
    return us_sweep.Day(US, day)


CODES = us_sweep.lines(law_of(DAYS[-1]).schedule)

lines = st.sampled_from(CODES)
origins = st.sampled_from(us_sweep.ORIGINS)
days = st.sampled_from(DAYS)
years = st.sampled_from(DAYS[6:])


def assessed(code: str, origin: str, day: date) -> us_sweep.Cell:
    """Return a cell of the sweep as the engine has it: the duties of one line, or that it refuses; excise is stated."""
    cart = us_sweep.consignment(day, origin).model_dump(exclude_unset=True)
    units = {unit: str(one) for unit, one in us_sweep.MEASURES.items() if unit not in ("item", "kg")}
    line = {
        "id": "1", "commodity": code, "origin": origin, "quantity": "100", "unit_price": "100.00 USD",
        "net_mass_kg": "100", "measures": units, "stated_charges": [{"kind": "excise", "amount": "0 USD"}],
    }  # fmt: skip
    try:
        found = assess(Consignment.model_validate({**cart, "items": [line]}), US)
    except (DutycalcError, Refusals):
        return us_sweep.Cell(None, "refused")
    if found.decision == "prohibited":
        return us_sweep.Cell(None, "prohibited")
    duties = ("customs_duty", "additional_duty")
    sums = [one.amount.amount for one in found.items[0].charges if one.kind in duties and one.amount]
    return us_sweep.Cell(sum(sums, Decimal(0)), "")


@given(lines, origins, days)
def test_the_sweep_says_what_the_engine_says(code: str, origin: str, day: date) -> None:
    law = law_of(day)
    kind, item = law.kind_of(code)
    with localcontext(EXACT):
        swept = us_sweep.cell(law, code, kind, item, origin)
    assert assessed(code, origin, day).amount == swept.amount, swept.refusal


def without(whole: Whole, name: str) -> Whole:
    """Return the same consignment under a law that lacks one layer."""
    return us_sweep.under(whole, {key: one for key, one in whole.border.all("layer").items() if key != name})


def total(whole: Whole, stack: Stack, duty: Decimal) -> Decimal:
    with localcontext(EXACT):
        return sum(amounts(whole, stack, us_sweep.VALUE, duty, us_sweep.MEASURES).values(), Decimal(0))


def stacked(code: str, origin: str, day: date) -> tuple[Whole, ItemProfile, Stack]:
    """Return the layers of a line; the example is passed over where they are refused."""
    law = law_of(day)
    _, item = law.kind_of(code)
    item = item.replaced(origin=origin)
    try:
        return law.whole(origin), item, bearing(law.whole(origin), item)
    except DutycalcError:
        assume(False)
        raise


@given(lines, origins, days, st.data())
def test_an_added_layer_never_lowers_the_total_unless_it_displaces_another(
    code: str, origin: str, day: date, data: st.DataObject
) -> None:
    whole, item, stack = stacked(code, origin, day)
    charging = {
        name: one for name, one in stack.items() if one.value.kind != "exempt"
    }  # fmt: skip
    assume(charging)
    charge = data.draw(st.sampled_from(sorted(charging)))
    name = charging[charge].record.rpartition(".")[2]
    displaced = {name, charge}
    every = whole.border.all("layer").values()
    assume(not any(displaced.intersection((*one.value.yields_to, *one.value.outside)) for one in every))
    fewer = bearing(without(whole, name), item)
    for duty in (Decimal(0), Decimal(650)):
        assert total(whole, stack, duty) >= total(whole, fewer, duty)


@given(lines, origins, days, st.randoms())
def test_the_order_of_layers_does_not_matter(code: str, origin: str, day: date, random: Any) -> None:
    whole, item, stack = stacked(code, origin, day)
    layers = list(whole.border.all("layer").items())
    random.shuffle(layers)
    assert bearing(us_sweep.under(whole, dict(layers)), item) == stack


@lru_cache(maxsize=1)
def outcomes() -> list[us_validation.Outcome]:
    """Return what became of every row of the peers, computed once."""
    return list(us_validation.outcomes(US))


def test_every_row_of_the_peers_is_exact_or_listed_with_its_reason() -> None:
    apart = {one.row["case_id"] for one in outcomes() if one.kind != "exact"}
    assert apart == us_validation.DIFFERENCES.keys()


def test_the_page_of_the_peers_says_what_the_command_says() -> None:
    page = us_validation.PAGE.read_text(encoding="utf-8")
    assert us_validation.table(outcomes()) in page
    for one in outcomes():
        if one.kind != "exact":
            name = one.row["case_id"]
            found = one.found if one.kind == "differs" else "refused"
            assert f"| {name} | {one.expected} | {found} | {us_validation.DIFFERENCES[name]} |" in page


@pytest.mark.parametrize("day", DAYS)
def test_the_page_of_the_sweep_says_how_many_lines_there_are(day: date) -> None:
    page = us_sweep.PAGE.read_text(encoding="utf-8")
    assert f"{len(CODES):,} tariff lines" in page
    assert str(day) in page
