"""Roundings in another currency than that of the charges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dutycalc.cross_checks.bearing import Rule, Rules, lacking, readings_of
from dutycalc.errors import DutycalcError
from dutycalc.law import Provision
from dutycalc.tables import Charge, RoundingRule, Scheme, Special, Take, ValueRule

if TYPE_CHECKING:
    from dutycalc.loader import Territory


def foreign_roundings(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every rounding in another currency than that of the charges on a day of its use."""
    currencies = rules.get(("currency", ""), [])
    replaced = any(one.own for one in currencies)
    for found in rules.values():
        for rule in found:
            if not rule.own and not replaced:
                continue
            for provision in rule.series:
                for field, to in _roundings(provision.value):
                    yield from _foreign(rule, provision, field, to, currencies)


def _foreign(
    rule: Rule, provision: Provision[Any], field: str, to: str, currencies: list[Rule]
) -> Iterator[DutycalcError]:
    for reading in readings_of([rule, *currencies]):
        for span in rule.spans(reading):
            if span.provision.value is not provision.value:
                continue
            for other in (one for currency in currencies for one in currency.spans(reading)):
                day = max(span.first, other.first)
                code = other.provision.value.code
                if day <= min(span.last, other.last) and code != to:
                    text = f"{field}: rounds in {to}, while charges are in {code} on {day}"
                    yield lacking(rule, provision, currencies, text)
                    return


def _roundings(record: Any) -> Iterator[tuple[str, str]]:
    """Yield the roundings of a record that name a currency."""
    rules: list[tuple[str, RoundingRule | None]] = []
    if isinstance(record, (Charge, Special, ValueRule)):
        rules.append(("rounding", record.rounding))
    if isinstance(record, Charge):
        rules.append(("base_rounding", record.base_rounding))
    if isinstance(record, Scheme):
        takes = ((name, take) for name, take in record.takes.items() if isinstance(take, Take))
        rules += [(f"takes.{name}", take.rounding) for name, take in takes]
    for field, rule in rules:
        if rule is not None and not isinstance(rule.to, str):
            yield field, rule.to.currency
