"""Limits on how many there are: of one kind on a line, or in the consignment."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import LAW, amounts, assessed, item, write

LIMIT = """
[[limit.few]]
valid_from = 2020-01-01
measure = "quantity"
per = "{per}"
at_most = "6 item"
cite = ["act"]

[[relief.few]]
valid_from = 2020-01-01
of = ["customs_duty"]
within = "few"
cite = ["act"]
"""


@pytest.mark.parametrize(
    ("per", "quantities", "free"),
    [
        ("line", ("6", "6"), (True, True)),
        ("line", ("6", "7"), (True, False)),
        ("consignment", ("3", "3"), (True, True)),
        ("consignment", ("3", "3.5"), (False, False)),
    ],
)
def test_a_limit_counts_items(
    tmp_path: Path, per: str, quantities: tuple[str, str], free: tuple[bool, bool]
) -> None:
    lines = [item(id=name, quantity=one) for name, one in zip("ab", quantities, strict=True)]
    due = amounts(assessed(write(tmp_path, *LAW, LIMIT.format(per=per)), *lines))
    assert tuple(due[f"{name} customs_duty"] == "0.00 EUR" for name in "ab") == free
