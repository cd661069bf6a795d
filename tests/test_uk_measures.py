"""Amounts that HMRC's calculator and its own tests show, exact to the penny, by the duty expressions alone.

A case has parts, each an expression on a value and measures. A part's value may rest `on` parts before it,
and a part may have a rounding of its own; the sum is shown to the penny. The floor of `SPEC-004` belongs to
the law of the excise on alcohol, not to the expression: so it stands in the case.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dutycalc import Money
from dutycalc.errors import MissingFactError
from dutycalc.expressions import parse
from dutycalc.money import round_to

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "golden" / "schedules" / "uk_measures.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_amount_of_hmrc_comes_out_to_the_penny(case: dict[str, Any]) -> None:
    assert shown(case) == Money.parse(case["expect"])


def test_every_case_is_there_once_and_names_its_source() -> None:
    assert len(CASES) == 228
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"].startswith("trade-tariff/trade-tariff-") for case in CASES)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if any("measures" in part for part in case["parts"])],
    ids=lambda case: case["id"],
)
def test_without_its_measures_there_is_no_amount(case: dict[str, Any]) -> None:
    bare = case | {"parts": [{k: v for k, v in part.items() if k != "measures"} for part in case["parts"]]}
    with pytest.raises(ExceptionGroup) if _several(bare) else pytest.raises(MissingFactError):
        shown(bare)


def shown(case: dict[str, Any]) -> Money:
    """Return what the parts of a case come to, to the penny."""
    rate = case.get("exchange_rate")
    currency = rate["from"] if rate else "GBP"
    amounts: dict[str, Decimal] = {}
    for n, part in enumerate(case["parts"]):
        base = Decimal(part.get("value", "0")) + sum(amounts[name] for name in part.get("on", ()))
        measures = {name: Decimal(number) for name, number in part.get("measures", {}).items()}
        amount = parse(part["expression"]).amount(Money(base, currency), measures).amount
        if rate:
            amount *= Decimal(rate["rate"])
        if "rounding" in part:
            rule = part["rounding"]
            amount = round_to(amount, Money.parse(rule["to"]).amount, rule["mode"])
        amounts[part["name"] if part["name"] not in amounts else f"{part['name']} {n}"] = amount
    return Money(round_to(sum(amounts.values(), Decimal(0)), Decimal("0.01"), "half_up"), "GBP")


def _several(case: dict[str, Any]) -> bool:
    part = next(
        part for part in case["parts"] if parse(part["expression"]).units | parse(part["expression"]).needs
    )
    expression = parse(part["expression"])
    return len(expression.units | expression.needs) > 1
