"""Faults across the records of a territory: names that nothing bears, circles, conditions never read.

A record is right or wrong only among the others of its day, and in each disputed reading. So every name
is followed from the days on which it is used to the days on which something bears it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dutycalc.cross_checks.bearing import fault_in, rules_of
from dutycalc.cross_checks.circles import circles
from dutycalc.cross_checks.completeness import incomplete
from dutycalc.cross_checks.conditions import unheeded
from dutycalc.cross_checks.names import unborne
from dutycalc.cross_checks.roundings import foreign_roundings
from dutycalc.errors import DutycalcError

if TYPE_CHECKING:
    from dutycalc.loader import Territory


def faults_across(territory: Territory) -> list[DutycalcError]:
    """Return what is wrong between the records of a territory and those under it, each fault once.

    What a union or country declares whole is checked there; its members answer for what they replace.
    """
    if not territory.files:
        return []
    faults = _of_membership(territory, ())
    if faults:
        return faults
    rules = rules_of(territory)
    return [
        *unborne(territory, rules),
        *foreign_roundings(territory, rules),
        *unheeded(territory, rules),
        *incomplete(territory, rules),
        *circles(territory, rules),
    ]


def _of_membership(territory: Territory, below: tuple[str, ...]) -> list[DutycalcError]:
    """Return why the records that lie under a territory cannot be read."""
    path = territory.files[0].path if territory.files else territory.code
    for one in territory.own.get("member_of", {}).get("", ()):
        code = one.value.code
        chain = (*below, territory.code, code)
        if code in chain[:-1]:
            text = f"territories are members of each other: {', '.join(chain)}"
            return [fault_in(path, "member_of", one, text)]
        try:
            found = _of_membership(territory.tariffs.territory(code), chain[:-1])
        except DutycalcError as fault:
            found = [fault_in(path, "member_of", one, f"the tables of {code} cannot be read: {fault}")]
        if found:
            return found
    return []
