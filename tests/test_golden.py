"""Golden cases: worked examples of authorities and of the law itself, exact to the last minor unit."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dutycalc import Consignment, Tariffs, load_tariffs
from dutycalc.testing.golden import Case

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
    assert "refuses" in case or "expect" in case
    assert read(case).differences(tariffs) == []


def read(case: dict[str, Any]) -> Case:
    """Return a case of a file, its cart read anew."""
    return Case(
        case["id"], Consignment.model_validate(case["consignment"]), case.get("expect", {}), case.get("refuses"),
        date.fromisoformat(case["known_on"]) if case.get("known_on") else None, tuple(case.get("variants", ())),
    )  # fmt: skip
