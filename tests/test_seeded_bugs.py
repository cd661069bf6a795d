"""Bugs planted in the engine, one at a time: for each the case or the invariant that decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from seeded_bugs import BUGS, broken_cases, planted
from test_golden import CASES
from test_invariants import SEEN_BY_INVARIANTS

DECISIVE = {
    "each line rounded where law rounds the total": "ID-002",
    "half to even for half up": "TT-001",
    "half up for down": "KR-006",
    "cents in every currency": "CL-41-over",
    "rate of exchange inverted": "MX-001",
    "freight shared by count, not by value": "GB-002",
    "customs value without freight": "MX-freight-counts",
    "discounts forgotten": "DE-discounts-within",
    "limit on the price compared with the customs value": "IE-001",
    "limit for gifts used for sales": "TT-gift",
    "channel ignored": "MX-001-before",
    "the buyer's business status ignored": "BR-business",
    "the whole charged where law charges the excess": "BR-phase-4-over",
    "relief from duty leaks to VAT": "BR-002",
    "one line outside does not spoil the consignment": "CL-mixed",
    "goods shut out of a relief let in": "BR-medicine-at",
    "earlier consignments forgotten": "PE-history",
    "sums too small to collect are collected": "CH-001a",
    "`MAX` of an expression ignored": "HK-express-cap",
    "`MIN` of an expression ignored": "SA-1000-at",
    "minimum fee for each article, not each entry": "SA-two-lines",
    "fixed amount for each line, not each tariff line": "EU-LINES-01",
    "standard rate for every tax class": "BR-books",
    "tax left out of its own base": "BR-001",
    "gross mass for net mass": "GB-net-mass",
    "scheme taken without a registration": "BR-no-programme",
    "seller before platform": "BR-both-certified",
    "turnover ignored": "MY-liable-none",
    "delivered duty paid read as unpaid": "DE-delivered-duty-paid",
    "a record ends a day early": "MX-2024-50-at",
    "the end of a record ignored": "MX-simplified-at",
    "`known_on` ignored": "CO-known-before",
    "law of the day of sale for the day of importation": "EU-DAY-03",
}
"""The golden case that comes out wrong; test_invariants has the bugs that invariants catch."""


def test_every_planted_bug_has_what_catches_it() -> None:
    assert {*DECISIVE, *SEEN_BY_INVARIANTS} == set(BUGS)


@pytest.mark.parametrize("bug", DECISIVE)
def test_a_planted_bug_is_caught_by_a_golden_case(bug: str) -> None:
    cases = [case for case in CASES if case["id"] == DECISIVE[bug]]
    with planted(bug) as tariffs:
        assert broken_cases(tariffs, cases=cases) == [DECISIVE[bug]]


def test_the_page_of_tests_names_every_planted_bug_and_what_caught_it() -> None:
    page = (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")
    rows = [[one.strip() for one in line.strip("|").split(" | ")] for line in page.splitlines()]
    told = {row[0]: row[1:] for row in rows if len(row) == 3 and row[0] in BUGS}
    assert list(told) == list(BUGS)
    assert all(invariants != "none" or not cases.startswith("0 of") for invariants, cases in told.values())
