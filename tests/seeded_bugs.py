"""Plants bugs in the engine, one at a time, and shows which invariants and golden cases catch each.

Run as `python tests/seeded_bugs.py`; docs/testing.md has what it prints.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from test_golden import CASES, _assess, _wrong

from dutycalc import Consignment, DutycalcError, Tariffs, engine, law, load_tariffs, loader, steps
from dutycalc.testing import strategies
from dutycalc.testing.edges import lawful_destinations
from dutycalc.testing.invariants import check


def _less_for_at_most() -> list[Any]:
    code = steps._code
    known = steps._KNOWN | {"at_most": lambda _, value, limit: value < limit}

    def changed(op: Any, n: int, a: Sequence[str], structure: Any) -> str:
        return code("below" if op == "at_most" else op, n, a, structure)

    return [patch.object(steps, "_code", changed), patch.object(steps, "_KNOWN", known)]


def _first_record() -> list[Any]:
    usable = law.Series._usable

    def changed(self: Any, *arguments: Any) -> Any:
        return usable(self, *arguments)[:1]

    return [patch.object(law.Series, "_usable", changed)]


def _today() -> list[Any]:
    today, of_day, epoch = date(2026, 11, 23), loader.Territory.law, loader.Territory.epoch

    def changed(self: Any, day: date, **options: Any) -> Any:
        return of_day(self, today, **options)

    return [
        patch.object(loader.Territory, "law", changed),
        patch.object(loader.Territory, "epoch", lambda self, day: epoch(self, today)),
    ]


def _base_without_duty() -> list[Any]:
    def changed(label: str, *parts: steps.Step, **options: Any) -> steps.Step:
        kept = [one for one in parts if not one.label.startswith("customs duty")]
        return steps.add(label, *(kept if label.startswith("base of") else parts), **options)

    stages = [one for name, one in sys.modules.items() if name.startswith("dutycalc.stages.")]
    return [patch.object(one, "add", changed) for one in stages if hasattr(one, "add")]


def _first_line_only() -> list[Any]:
    def changed(self: engine.Crossing, name: str) -> Decimal:
        return next((one for one in self.gather(name) if one is not None), Decimal(0))

    return [patch.object(engine.Crossing, "total", changed)]


def _before_its_start() -> list[Any]:
    find = law.Series.find

    def changed(self: Any, day: date, **options: Any) -> Any:
        return find(self, day + timedelta(days=1), **options)

    return [patch.object(law.Series, "find", changed)]


BUGS: dict[str, Callable[[], list[Any]]] = {
    "`<` for `<=`": _less_for_at_most,
    "the first record always wins": _first_record,
    "today for the declared day": _today,
    "VAT base without duty": _base_without_duty,
    "consignment value of the first line only": _first_line_only,
    "a record before its start day": _before_its_start,
}


@contextmanager
def planted(bug: str) -> Iterator[Tariffs]:
    """Give tables that nothing has read yet while the bug is in the engine."""
    patches = BUGS[bug]()
    steps._compiled.cache_clear()
    for one in patches:
        one.start()
    try:
        yield load_tariffs()
    finally:
        for one in patches:
            one.stop()
        steps._compiled.cache_clear()


def broken_invariants(
    tariffs: Tariffs, sound: Tariffs, *, examples: int, destinations: Sequence[str] | None = None
) -> Counter[int]:
    """Return how many generated consignments break each invariant."""
    found: Counter[int] = Counter()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategies.consignments(sound, destinations=destinations))
    def run(consignment: Consignment) -> None:
        found.update({one.number for one in check(consignment, tariffs)})

    run()
    return found


def broken_cases(tariffs: Tariffs, *, every: int) -> list[str]:
    """Return the golden cases that come out wrong, of every n-th."""
    found = []
    for case in CASES[::every]:
        if "refuses" in case:
            continue
        try:
            wrong = _wrong(case["expect"], _assess(case, tariffs))
        except (DutycalcError, AssertionError, KeyError) as fault:
            wrong = [str(fault)]
        if wrong:
            found.append(case["id"])
    return found


def main(examples: int = 500, every: int = 1) -> int:
    """Print a table of the bugs and what catches each; return 1 where one is not caught."""
    print(f"| bug | invariants that catch it, in {examples} consignments | golden cases that catch it |")
    print("| --- | --- | --- |")
    missed = 0
    sound = load_tariffs()
    lawful_destinations(sound)
    for bug in BUGS:
        with planted(bug) as tariffs:
            invariants = broken_invariants(tariffs, sound, examples=examples)
            cases = broken_cases(tariffs, every=every)
        told = ", ".join(f"({number}) {count} times" for number, count in sorted(invariants.items()))
        print(f"| {bug} | {told or 'none'} | {len(cases)} of {len(CASES[::every])} |", flush=True)
        missed += not invariants and not cases
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*(json.loads(one) for one in sys.argv[1:])))
