"""Measure what `assess()` costs against the same sums by hand, in one run: `python tests/benchmarks`.

Each row is the median of ratios taken pair by pair, so that a machine that slows down slows both sides.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import Line, cart
from carts import BERLIN, BERLIN_JSON

from dutycalc import Consignment, assess, load_tariffs

PAIRS = 60
CALLS = 40
PROCESSES = 9


def timed(work: Callable[[], object], calls: int) -> float:
    """Return the seconds of one call."""
    start = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - start) / calls


def in_process() -> dict[str, tuple[float, float]]:
    """Return the ratio to the floor and the microseconds of each row that runs in one process."""
    tariffs = load_tariffs()
    consignment = Consignment.model_validate_json(BERLIN_JSON)
    lines: list[Line] = [
        (item["commodity"], Decimal(item["quantity"]), Decimal(item["unit_price"].split()[0]))
        for item in BERLIN["items"]
    ]
    transport = Decimal(BERLIN["transport"].split()[0])
    floor = [(value, duty, tax) for value, duty, tax in cart(lines, transport)]
    answer = assess(consignment, tariffs)
    found = [
        (item.customs_value, item.charge("customs_duty").amount, item.charge("vat").amount)
        for item in answer.items
    ]
    assert [tuple(one.amount for one in row if one is not None) for row in found] == floor

    def by_hand() -> object:
        return cart(lines, transport)

    rows: dict[str, Callable[[], object]] = {
        "assess() of a validated cart, warm": lambda: assess(consignment, tariffs),
        "the same from JSON bytes to JSON bytes": lambda: assess(
            Consignment.model_validate_json(BERLIN_JSON), tariffs
        ).to_json(),
    }
    measured = {}
    for name, work in rows.items():
        pairs = [(timed(work, CALLS), timed(by_hand, CALLS)) for _ in range(PAIRS)]
        measured[name] = (median(a / b for a, b in pairs), median(a for a, _ in pairs) * 1e6)
    measured["floor: by hand"] = (1.0, median(timed(by_hand, CALLS) for _ in range(PAIRS)) * 1e6)
    return measured


def first_answer() -> tuple[float, float]:
    """Return the ratio of a fresh process's first answer to importing pydantic, and its milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cart.json")
        path.write_bytes(BERLIN_JSON)
        answer = [sys.executable, str(Path(__file__).parent / "first_answer.py"), str(path)]
        floor = [sys.executable, "-c", "import pydantic"]

        def run(command: list[str]) -> float:
            start = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return perf_counter() - start

        run(answer), run(floor)  # writes the bytecode, as an installation does
        pairs = [(run(answer), run(floor)) for _ in range(PROCESSES)]
    return median(a / b for a, b in pairs), median(a for a, _ in pairs) * 1e3


def main() -> None:
    """Print each row with its bar."""
    rows = in_process()
    first = first_answer()
    print(f"{'what':44} {'ratio':>7} {'bar':>6}   time")
    for name, bar in (
        ("assess() of a validated cart, warm", 5),
        ("the same from JSON bytes to JSON bytes", 15),
    ):
        ratio, time = rows[name]
        print(f"{name:44} {ratio:7.2f} {bar:6.1f}   {time:.0f} us")
    print(f"{'first answer of a fresh process':44} {first[0]:7.2f} {2.5:6.1f}   {first[1]:.0f} ms")
    print(f"{'floor: the sums by hand':44} {1:7.2f} {'':6}   {rows['floor: by hand'][1]:.0f} us")


if __name__ == "__main__":
    main()
