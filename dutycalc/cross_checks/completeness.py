"""What a country's tables need on every day that they cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dutycalc.cross_checks.bearing import ORDINARY, Rule, Rules, days_in_force, first_gap
from dutycalc.errors import DutycalcError, TableError
from dutycalc.law import ALWAYS

if TYPE_CHECKING:
    from dutycalc.loader import Territory


def incomplete(territory: Territory, rules: Rules) -> list[DutycalcError]:
    """Return a fault for everything that a country's tables lack on a day that they cover."""
    found = [] if _is_union(territory.code) else list(_lacks(territory, rules))
    if found and any(code.startswith(f"{territory.code}-") for code in territory.tariffs.codes):
        return []  # Its subdivisions complete it.
    return found


def _is_union(code: str) -> bool:
    """Tell whether a code is no country's: ISO 3166 reserves EU, other unions go by their own letters."""
    return code == "EU" or len(code.partition("-")[0]) != 2


def _lacks(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    path = territory.files[0].path
    charges = [rule for (family, _), found in rules.items() if family == "charge" for rule in found]
    needs: dict[str, list[Rule]] = {
        "currency": rules.get(("currency", ""), []),
        "value.customs_value": rules.get(("value", "customs_value"), []),
        "charge": charges,
    }
    for label, found in needs.items():
        day = first_gap((territory.covered_from, ALWAYS), days_in_force(found))
        if day is not None:
            yield TableError(f"{path}: no {label} is in force on {day}", file=path, record=label)
    standard = days_in_force(rules.get(("tax_class", "standard"), []))
    for first, last, one in (span for rule in charges for span in rule.spans(ORDINARY)):
        day = first_gap((first, last), standard) if one.value.rate == "tax_class" else None
        if day is not None:
            name = one.record.partition("/")[2]
            text = f"tax_class.standard is not in force on {day}, and {name} bears the rate of a class"
            yield TableError(f"{path}: {text}", file=path, record="tax_class.standard")
