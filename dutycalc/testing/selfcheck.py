"""The engine held against the invariants: generated consignments to every territory, in several processes.

The same seed, tables and code give the same consignments, however many processes share the work.
"""

from __future__ import annotations

import gc
import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs, load_tariffs
from dutycalc.testing.edges import lawful_destinations
from dutycalc.testing.invariants import INVARIANTS, Violation, examine
from dutycalc.values import Frozen

PROFILES: Final[Mapping[str, int]] = {"quick": 1_000, "ci": 20_000, "audit": 200_000}
"""How many consignments each profile examines."""

ROUNDS: Final = 8
"""How often a territory is begun anew where its consignments give out before their number is reached."""

ENOUGH_BROKEN: Final = 5
"""Territories with a violation after which the rest is not waited for: one fault often breaks them all."""


class Tables(Frozen):
    """Which tables are examined: the bundled ones, some laid over them, or others instead."""

    over: str | None = None
    instead: str | None = None


class Share(Frozen):
    """What one process does at a time: so many consignments to one destination, from a seed."""

    destination: str
    examples: int
    seed: int
    tables: Tables


class Broken(Frozen):
    """The smallest consignment found that breaks an invariant, as JSON text, and what it breaks."""

    cart: str
    violations: tuple[Violation, ...]


class Tally(Frozen):
    """What was found on consignments to one destination, or to all of them.

    `answered` were assessed in full; `refusals` counts the others by the name of each refusal, `held` the
    consignments on which each invariant was tested and holds, by its number.
    """

    consignments: int
    answered: int
    refusals: Mapping[str, int]
    held: Mapping[int, int]
    broken: tuple[Broken, ...]


def shares(
    tariffs: Tariffs,
    *,
    destinations: Sequence[str] | None = None,
    examples: int,
    seed: int = 0,
    tables: Tables = Tables(),  # noqa: B008 # it is frozen
) -> list[Share]:
    """Return the work, so many consignments as near as can be to each destination, in all `examples`."""
    places = list(destinations or lawful_destinations(tariffs))
    each, more = divmod(examples, len(places))
    found = [Share(place, each + (n < more), seed, tables) for n, place in enumerate(places)]
    return [one for one in found if one.examples]


def selfcheck(work: Iterable[Share], *, processes: int) -> Iterator[Tally]:
    """Yield the tally of each share, in order; none after the fifth share with a violation."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 # dear to read, and read by no other
    from multiprocessing import get_context  # noqa: PLC0415

    broken = 0
    # A process that begins anew has read the same modules as every other: Hypothesis draws from them.
    executor = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        for one in executor.map(_tally, work):
            yield one
            broken += bool(one.broken)
            if broken == ENOUGH_BROKEN:
                return
    finally:
        executor.shutdown(cancel_futures=True)


def together(tallies: Iterable[Tally]) -> Tally:
    """Return one tally for several."""
    found = list(tallies)
    refusals: Counter[str] = Counter()
    held: Counter[int] = Counter({one.number: 0 for one in INVARIANTS})
    for one in found:
        refusals.update(one.refusals)
        held.update(one.held)
    return Tally(
        consignments=sum(one.consignments for one in found),
        answered=sum(one.answered for one in found),
        refusals=dict(sorted(refusals.items())),
        held=dict(sorted(held.items())),
        broken=tuple(broken for one in found for broken in one.broken),
    )


def tally(share: Share, tariffs: Tariffs) -> Tally:
    """Examine one share; what breaks an invariant is shrunk to the smallest consignment that does."""
    from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: PLC0415 # optional
    from hypothesis.errors import HypothesisException  # noqa: PLC0415

    from dutycalc.testing.strategies import consignments  # noqa: PLC0415

    counted = answered = 0
    refusals: Counter[str] = Counter()
    held: Counter[int] = Counter()
    broken: list[Broken] = []

    def examine_one(consignment: Consignment) -> None:
        nonlocal counted, answered
        found = examine(consignment, tariffs)
        if not broken:  # what comes after is shrinking
            counted += 1
            answered += not found.refusals
            refusals.update(found.refusals)
            held.update(found.held)
        if found.violations:
            broken[:] = [Broken(consignment.model_dump_json(), found.violations)]
            raise _BrokenError

    for n in range(ROUNDS):
        if broken or counted >= share.examples:
            break
        run = given(consignments(tariffs, destinations=[share.destination]))(examine_one)
        run = settings(
            max_examples=share.examples - counted, deadline=None, database=None, print_blob=False,
            report_multiple_bugs=False, phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )(run)  # fmt: skip
        try:
            seed(f"{share.seed} {share.destination} {n}")(run)()
        except (_BrokenError, HypothesisException):
            if not broken:
                raise
    return Tally(counted, answered, dict(refusals), dict(held), tuple(broken))


class _BrokenError(Exception):
    """A consignment breaks an invariant: Hypothesis looks for the smallest."""


def _tally(share: Share) -> Tally:
    tariffs = _prepared(share.tables)
    found = tally(share, tariffs)
    tariffs.programs.clear()  # no other destination reads them
    return found


@cache
def _prepared(tables: Tables) -> Tariffs:
    """Return the tables, once every module is read and the collector of garbage told to leave them be."""
    import pkgutil  # noqa: PLC0415

    for one in pkgutil.walk_packages([str(Path(__file__).parents[1])], "dutycalc."):
        if not one.name.endswith("__main__"):
            with suppress(ImportError):  # a module made of an extra that is not installed
                importlib.import_module(one.name)
    found = load_tariffs(tables.instead)
    found = found if tables.over is None else load_tariffs(tables.over, over=found)
    lawful_destinations(found)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    return found
