"""Golden cases: worked examples of authorities and of the law itself, exact to the last minor unit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dutycalc import Assessment, Consignment, DutycalcError, Money, Tariffs, assess, load_tariffs

CASES = [
    json.loads(line)
    for file in sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
    for line in file.read_text(encoding="utf-8").splitlines()
    if line.strip()
]


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tariffs: Tariffs) -> None:
    """A worked example comes out as its source has it."""
    if "refuses" in case:
        with pytest.raises(DutycalcError) as refusal:
            _assess(case, tariffs)
        one = refusal.value
        names = {type(one).__name__, *(type(inner).__name__ for inner in getattr(one, "exceptions", ()))}
        assert case["refuses"]["error"] in names
        assert case["refuses"].get("names", "") in str(one)
        return
    result = _assess(case, tariffs)
    assert _wrong(case["expect"], result) == []


def _assess(case: dict[str, Any], tariffs: Tariffs) -> Assessment:
    from datetime import date

    known_on = date.fromisoformat(case["known_on"]) if case.get("known_on") else None
    consignment = Consignment.model_validate(case["consignment"])
    return assess(consignment, tariffs, known_on=known_on, variants=case.get("variants", ()))


def _wrong(expect: dict[str, Any], result: Assessment) -> list[str]:
    """Return every difference between what was expected and what came out."""
    found: list[str] = []

    def compare(place: str, wanted: str | None, got: Money | None) -> None:
        if (Money.parse(wanted) if wanted is not None else None) != got:
            found.append(f"{place}: expected {wanted}, got {got}")

    if expect.get("decision", result.decision) != result.decision:
        found.append(f"decision: expected {expect['decision']}, got {result.decision}")
    by_id = {item.id: item for item in result.items}
    for item_id, amounts in expect.get("items", {}).items():
        item = by_id[item_id]
        known: dict[str, Money | None] = dict(item.values)
        known.update({charge.name: charge.amount for charge in item.charges})
        for name, wanted in amounts.items():
            compare(f"item {item_id} {name}", wanted, known.get(name, Money.parse(f"0 {result.currency}")))
    for name, wanted in expect.get("charges", {}).items():
        amounts = [charge.amount for _, charge in result.all_charges() if charge.name == name]
        total = Money.parse(f"0 {result.currency}")
        for amount in amounts:
            assert amount is not None
            total = total + amount
        compare(f"charge {name}", wanted, total)
    for name, wanted in expect.get("totals", {}).items():
        totals = result.totals
        got = (
            totals["all"]
            if name == "all"
            else totals["by_kind"].get(name, Money.parse(f"0 {result.currency}"))
        )
        compare(f"total {name}", wanted, got)
    for item_id, charges in expect.get("collection", {}).items():
        for name, fields in charges.items():
            charge = next(
                (one for one in (by_id[item_id].charges if item_id else result.charges) if one.name == name),
                None,
            )
            if charge is None:
                found.append(f"item {item_id}: no charge {name}")
                continue
            outcome = charge.collection.to_dict()
            for field, wanted in fields.items():
                if outcome[field] != wanted:
                    found.append(f"item {item_id} {name} {field}: expected {wanted}, got {outcome[field]}")
    return found
