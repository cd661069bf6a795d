"""The self-test: the same consignments whoever does the work, all that were asked for, and each fault shown small."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from small_tables import LAW, LIMIT, RELIEF, write

from dutycalc import Consignment, Tariffs, engine, load_tariffs, steps
from dutycalc.cli import main
from dutycalc.commands import selftest
from dutycalc.testing.edges import lawful_destinations
from dutycalc.testing.invariants import INVARIANTS, Violation, examine
from dutycalc.testing.selfcheck import (
    PROFILES,
    Broken,
    Share,
    Tables,
    Tally,
    selfcheck,
    shares,
    tally,
    together,
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write(folder, *LAW, LIMIT, RELIEF)
    return folder


@pytest.fixture(scope="module")
def tariffs(tables: Path) -> Tariffs:
    return Tariffs((tables,))


def share(examples: int, seed: int = 0) -> Share:
    return Share("ZZ", examples, seed, Tables())


def test_the_ci_profile_is_spent_on_every_destination() -> None:
    bundled = load_tariffs()
    work = shares(bundled, examples=PROFILES["ci"])
    assert PROFILES["ci"] >= 20_000
    assert [one.destination for one in work] == list(lawful_destinations(bundled))
    assert sum(one.examples for one in work) == PROFILES["ci"]
    assert max(one.examples for one in work) - min(one.examples for one in work) <= 1


def test_fewer_examples_than_destinations_leave_some_out() -> None:
    work = shares(load_tariffs(), destinations=["DE", "CH", "NO"], examples=2)
    assert [(one.destination, one.examples) for one in work] == [("DE", 1), ("CH", 1)]


def test_as_many_are_examined_as_were_asked_for_and_all_hold(tariffs: Tariffs) -> None:
    found = tally(share(60), tariffs)
    assert (found.consignments, found.answered, found.broken) == (60, 60, ())
    everywhere = {1, 2, 3, 4, 5, 10, 11, 12, 13}
    assert {number for number, count in found.held.items() if count == 60} >= everywhere
    assert set(found.held) == {one.number for one in INVARIANTS}


def test_the_seed_alone_decides_what_is_examined(tariffs: Tariffs) -> None:
    assert tally(share(40), tariffs) == tally(share(40), tariffs)
    assert tally(share(40), tariffs) != tally(share(40, seed=1), tariffs)


def test_any_number_of_processes_examines_the_same(tables: Path) -> None:
    write(tables, *LAW, LIMIT, RELIEF)
    work = [Share("ZZ", 15, seed, Tables(instead=str(tables))) for seed in range(3)]
    assert list(selfcheck(work, processes=1)) == list(selfcheck(work, processes=2))


def test_a_fault_in_the_engine_is_shown_on_one_line_of_goods(tariffs: Tariffs) -> None:
    def first_line_only(self: engine.Crossing, name: str) -> Decimal:
        return next((one for one in self.gather(name) if one is not None), Decimal(0))

    def seven(self: engine.Crossing, name: str) -> Decimal:
        return Decimal(7)

    for fault, lines in ((seven, 1), (first_line_only, 2)):
        tariffs.programs.clear()
        steps._compiled.cache_clear()
        with patch.object(engine.Crossing, "total", fault):
            (broken,) = tally(share(100), tariffs).broken
            cart = Consignment.model_validate_json(broken.cart)
            assert len(cart.items) == lines
            assert tuple(examine(cart, tariffs).violations) == broken.violations
        assert 1 in {one.number for one in broken.violations}
        tariffs.programs.clear()
        steps._compiled.cache_clear()
        assert examine(cart, tariffs).violations == ()


def test_refusals_are_counted_by_name() -> None:
    found = tally(Share("CH", 25, 0, Tables()), load_tariffs())
    assert found.answered < found.consignments == 25
    assert "NotModelledError" in found.refusals
    assert sum(found.refusals.values()) >= found.consignments - found.answered


BROKEN = Broken('{"destination":"ZZ"}', (Violation(6, "The order of the lines changes nothing.", "it does"),))


def test_tallies_add_up() -> None:
    one = Tally(10, 8, {"NotModelledError": 2}, {1: 10, 6: 4}, ())
    other = Tally(5, 4, {"FactsError": 1, "NotModelledError": 1}, {1: 4}, (BROKEN,))
    found = together([one, other])
    assert (found.consignments, found.answered, found.broken) == (15, 12, (BROKEN,))
    assert found.refusals == {"FactsError": 1, "NotModelledError": 3}
    assert (found.held[1], found.held[6], found.held[13]) == (14, 4, 0)


def test_the_command_says_what_was_examined(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--only-tables", str(tables), "--max-examples", "20", "--processes", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("20 consignments to 1 destinations, seed 0: no violation\n")
    assert all(one.sentence in said for one in INVARIANTS)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_shows_what_is_broken(
    tables: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = Tally(7, 7, {}, {1: 7}, (BROKEN,))
    with patch.object(selftest, "selfcheck", lambda work, processes: iter([one])):
        assert main(["selftest", "--only-tables", str(tables), "--format", form]) == 1
    said = capsys.readouterr().out
    if form == "json":
        (broken,) = json.loads(said)["broken"]
        assert broken == {
            "consignment": {"destination": "ZZ"},
            "violations": [{"number": 6, "sentence": BROKEN.violations[0].sentence, "text": "it does"}],
        }
    else:
        assert "(6) The order of the lines changes nothing. it does" in said
        assert '"destination": "ZZ"' in said


@pytest.mark.parametrize(
    "options", [["--processes", "0"], ["--max-examples", "-1"], ["--destinations", "DE"]]
)
def test_options_that_cannot_be_are_refused(
    tables: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["selftest", "--only-tables", str(tables), *options]) == 2
    assert capsys.readouterr().err.startswith("error: ")
