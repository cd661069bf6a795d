"""Circles: charges, values and classes that rest on each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

from dutycalc.cross_checks.bearing import Rules, fault_in, readings_of, told_reading
from dutycalc.errors import DutycalcError, TableError
from dutycalc.law import Provision
from dutycalc.tables import Charge, Scheme, Special, Take, ValueRule

if TYPE_CHECKING:
    from dutycalc.loader import Territory


def circles(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every circle among charges, values and tax classes."""
    for family in ("charge", "value", "tax_class"):
        if _circle(_graph(family, _all_records(rules))) is None:
            continue
        readings = readings_of(rule for found in rules.values() for rule in found)
        days = [territory.covered_from, *(day for day in territory.changes if day > territory.covered_from)]
        for reading, day in product(readings, days):
            in_force = territory.law(day, variants=reading).families
            circle = _circle(_graph(family, _records_in(in_force)))
            if circle is not None:
                yield _told_circle(family, circle, day, reading, rules)
                break


def _all_records(rules: Rules) -> Iterator[tuple[str, str, Provision[Any]]]:
    for (family, name), found in rules.items():
        for rule in found:
            for provision in rule.series:
                yield family, name, provision


def _records_in(
    families: Mapping[str, Mapping[str, Provision[Any]]],
) -> Iterator[tuple[str, str, Provision[Any]]]:
    for family, named in families.items():
        for name, provision in named.items():
            yield family, name, provision


def _graph(family: str, records: Iterable[tuple[str, str, Provision[Any]]]) -> dict[str, list[str]]:
    """Return what each name of a family rests on."""
    found: dict[str, list[str]] = {}
    for kind, name, provision in records:
        record = provision.value
        if kind == family:
            found.setdefault(name, [])
        if family == "charge" and isinstance(record, (Charge, Special)):
            found.setdefault(record.of if isinstance(record, Special) else name, []).extend(record.base)
        elif family == "charge" and isinstance(record, Scheme):
            for charge, take in record.takes.items():
                found.setdefault(charge, []).extend(take.base if isinstance(take, Take) else ())
        elif family == "value" and isinstance(record, ValueRule):
            found.setdefault(record.of or name, []).extend(record.parts)
        elif kind == family == "tax_class" and record.like is not None:
            found[name].append(record.like)
    return found


def _circle(graph: Mapping[str, list[str]]) -> list[str] | None:
    """Return names that rest on each other, the first one again at the end; None where there are none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for other in graph.get(name, ()):
                found = visit(other, [*path, name])
                if found is not None:
                    return found
            done.add(name)
        return None

    return next((found for name in graph if (found := visit(name, [])) is not None), None)


def _told_circle(
    family: str, circle: list[str], day: date, reading: frozenset[str], rules: Rules
) -> TableError:
    bearing = [rule for name in circle for rule in rules.get((family, name), ())]
    rule = next((one for one in bearing if one.own), bearing[0])
    provision = next(
        (one.provision for one in rule.spans(reading) if one.first <= day <= one.last), rule.series.records[0]
    )
    text = f"rest on each other on {day}{told_reading(reading)}: {', '.join(circle)}"
    return fault_in(rule.path, rule.label, provision, text)
