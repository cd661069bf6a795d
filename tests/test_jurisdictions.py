"""The pages made from the tables: they stand as the tables make them, and leave no record in force out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from regenerate_jurisdictions import (
    CASES,
    FOLDER,
    GOLDEN,
    MADE_ELSEWHERE,
    own_limits,
    pages,
    shown_day,
    territories,
    where_sent,
)

from dutycalc import Tariffs, load_tariffs
from dutycalc.limits import last_day_of_use
from dutycalc.tables import FAMILIES, Condition
from dutycalc.wording import condition_in_words, record_in_words, spaced

AGAIN = "run `python tests/regenerate_jurisdictions.py` and read the difference"


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


@pytest.fixture(scope="module")
def made(tariffs: Tariffs) -> dict[Path, str]:
    return pages(tariffs)


def test_every_page_stands_as_the_tables_make_it(made: dict[Path, str]) -> None:
    stale = [
        path.name
        for path, text in made.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], AGAIN


def test_no_page_stands_for_a_territory_that_is_not_in_the_tables(made: dict[Path, str]) -> None:
    assert sorted(path.name for path in FOLDER.glob("*.md")
                  if path not in made and path.name not in MADE_ELSEWHERE) == [], AGAIN  # fmt: skip


def test_a_page_tells_every_record_of_its_own_that_is_in_force(
    tariffs: Tariffs, made: dict[Path, str]
) -> None:
    day = shown_day(tariffs)
    for territory in territories(tariffs):
        page = made[FOLDER / f"{territory.code.lower()}.md"]
        law = territory.law(day)
        for family in FAMILIES:
            for name, one in law.all(family).items():
                if one.record.startswith(f"{territory.code.lower()}/"):
                    assert record_in_words(family, name, one) in page
                    assert all(cite.url in page for cite in one.citations)


def test_a_page_shows_the_carts_around_every_limit_in_use(tariffs: Tariffs, made: dict[Path, str]) -> None:
    day = shown_day(tariffs)
    for territory in territories(tariffs):
        page = made[FOLDER / f"{territory.code.lower()}.md"]
        names = own_limits(territory)
        place = where_sent(territory, day) if names else territory
        for name in names:
            last = last_day_of_use(place, name, day)
            told = spaced(name if "." in name else f"limit.{name}")
            assert (f"### {told}, on {last}\n" in page) == (last is not None), f"{territory.code} {name}"


def test_the_list_of_golden_cases_names_every_file_and_case(made: dict[Path, str]) -> None:
    page = made[GOLDEN]
    for file in CASES.glob("*.jsonl"):
        assert f"(../tests/golden/{file.name})" in page
        for line in filter(None, file.read_text(encoding="utf-8").splitlines()):
            case = json.loads(line)
            assert case["id"] in page
            assert f"(<{case['source']['url']}>)" in page


def test_a_page_names_every_disputed_reading(tariffs: Tariffs, made: dict[Path, str]) -> None:
    for territory in territories(tariffs):
        page = made[FOLDER / f"{territory.code.lower()}.md"]
        for name, records in territory.variants().items():
            own = any(one.record.startswith(f"{territory.code.lower()}/") for one in records)
            assert (f"* `{name}`" in page) == own


def test_every_field_of_a_condition_is_told() -> None:
    entries = {
        "channel": "post", "transport_mode": "air", "purpose": "gift", "buyer": "business",
        "delivery_term": "DDP", "not_sender": "business",
    }  # fmt: skip
    said = set()
    for field in Condition.model_fields:
        if field == "facts":
            continue
        entry = entries.get(field, "CN" if field.endswith(("dispatch", "origin")) else "word")
        words = condition_in_words(Condition.model_validate({field: [entry]}))
        assert entry in words
        said.add(words.replace(entry, ""))
    assert len(said) == len(Condition.model_fields) - 1  # a field and its opposite do not read alike
    facts = condition_in_words(Condition.model_validate({"facts": {"handmade": ["yes"]}}))
    assert facts == "handmade of the goods is yes"
