"""Faults across the records of a territory: names that nothing bears, circles, sums in a foreign currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dutycalc.errors import DutycalcError

if TYPE_CHECKING:
    from dutycalc.loader import Territory


def faults_across(territory: Territory) -> list[DutycalcError]:
    """Return what is wrong between the records of a territory and those under it."""
    found: list[Any] = []
    return found
