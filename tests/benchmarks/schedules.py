"""Measure what the tariff schedules cost: `python tests/benchmarks/schedules.py [WHEEL]`.

Each time is the median of several runs in one process; memory is the peak that `tracemalloc` sees, which slows
the reading it watches, so that time and memory come from separate readings. With a wheel its size is shown.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from dutycalc import expression_measures, expressions
from dutycalc.schedules import Schedule, load_schedule
from dutycalc.shipped import tariffs_folder

RUNS = 9
CODES = 2_000
DAYS = {"us": "2026-08-03", "eu": "2026-01-01", "gb": "2022-06-01"}


def territories() -> list[str]:
    """Return every territory whose tariff is in the tables."""
    return sorted(
        folder.name for folder in tariffs_folder().iterdir() if folder.joinpath("measures.csv").is_file()
    )


def milliseconds(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the median time of one call, each after `before`."""
    times = []
    for _ in range(RUNS):
        before()
        gc.collect()
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times) * 1e3


def peak(work: Callable[[], object]) -> float:
    """Return the megabytes that the work takes at its peak."""
    tracemalloc.start()
    kept = work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return found / 1e6


def lookup(schedule: Schedule) -> float:
    """Return the microseconds of a warm lookup, over many codes."""
    day = date.fromisoformat(DAYS.get(schedule.territory, str(schedule.publication.covered_from)))
    first, last = schedule.publication.chapters
    codes = [code for code in schedule.main.codes if first <= code[:2] <= last and schedule.main.rows(code)]
    answered = []
    for code in codes[:: max(1, len(codes) // CODES)]:
        try:
            schedule.lookup(code, "CN", day)
        except LookupError:
            continue
        except ValueError:
            continue
        answered.append(code)

    def every() -> None:
        for code in answered:
            schedule.lookup(code, "CN", day)

    return milliseconds(every) * 1e3 / len(answered)


def forget() -> None:
    """Empty what parsing remembers, so that every text is read anew."""
    for module in (expressions, expression_measures):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def parsing(schedule: Schedule) -> tuple[int, float]:
    """Return how many distinct expressions a schedule has, and the milliseconds of parsing them all."""
    texts = sorted({one.expression_text for one in schedule.measures()})

    def every() -> None:
        for text in texts:
            expressions.parse(text)

    return len(texts), milliseconds(every, forget)


def main() -> None:
    """Print a row for each territory, and the bars."""
    print(f"{'tariff':8} {'lines':>7} {'load':>8} {'peak':>8} {'texts':>7} {'parse all':>10} {'lookup':>8}")
    print(f"{'bar':8} {'':7} {'100 ms':>8} {'40 MB':>8} {'':7} {'150 ms':>10} {'2 us':>8}")
    for territory in territories():
        folder = tariffs_folder().joinpath(territory)
        loading = milliseconds(lambda: load_schedule(folder))  # noqa: B023
        memory = peak(lambda: load_schedule(folder))  # noqa: B023
        schedule = load_schedule(folder)
        texts, parsed = parsing(schedule)
        print(
            f"{territory:8} {len(schedule.main):7,} {loading:5.0f} ms {memory:5.1f} MB {texts:7,} "
            f"{parsed:7.0f} ms {lookup(schedule):5.2f} us"
        )
    for name in sys.argv[1:]:
        print(f"{Path(name).name}: {Path(name).stat().st_size / 1e6:.1f} MB (bar: 15 MB)")


if __name__ == "__main__":
    main()
