"""Conditions that no stage reads: they would be passed over in silence, were they let stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

from dutycalc.cross_checks.bearing import Rule, Rules, fault_in
from dutycalc.errors import DutycalcError
from dutycalc.law import Provision
from dutycalc.tables import (
    BorderCollection,
    Charge,
    GeneralRate,
    Relief,
    Scheme,
    Scoped,
    Special,
    ValueRule,
    Waiver,
)
from dutycalc.words import TaxClass, near

if TYPE_CHECKING:
    from dutycalc.loader import Territory

CLASSES: Final = frozenset(get_args(TaxClass))
"""Classes of goods that an item can be stated to be of."""

_OF_GOODS: Final = ("origin", "not_origin", "facts")
_OF_SCHEMES: Final = ("scheme", "not_scheme")


def unheeded(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every condition that would be passed over in silence, were it let stand."""
    fees = {
        name for (family, name), found in rules.items()
        if family == "charge" and any(_per_consignment(one.value) for rule in found for one in rule.series)
    }  # fmt: skip
    order = _order_of_schemes(rules)
    for found in rules.values():
        for rule in found:
            if not rule.own:
                continue
            if rule.family == "tax_class" and rule.name not in CLASSES:
                text = f"no goods can be stated to be of the class {rule.name!r}{near(rule.name, CLASSES)}"
                yield fault_in(rule.path, rule.label, rule.series.records[0], text)
            for provision in rule.series:
                if isinstance(provision.value, GeneralRate) and not _has_tariff_charge(provision, rules):
                    text = "no charge has the rate of the tariff (rate = schedule) on any day of its use"
                    yield fault_in(rule.path, rule.label, provision, text)
                for text in _unread(provision.value, fees):
                    yield fault_in(rule.path, rule.label, provision, text)
                if _reaches_fees(provision.value, fees):
                    yield from _limits_of_lines(rule, provision, rules)
                if isinstance(provision.value, Scheme):
                    yield from _not_yet_settled(rule, provision, order)


def _has_tariff_charge(provision: Provision[Any], rules: Rules) -> bool:
    """Tell whether some charge on a day of a record's use takes its rate from the tariff."""
    return any(
        one.value.rate == "schedule" and one.valid_from <= provision.valid_until
        and one.valid_until >= provision.valid_from
        for (family, _), found in rules.items() if family == "charge" for rule in found for one in rule.series
    )  # fmt: skip


def _per_consignment(record: Any) -> bool:
    return isinstance(record, Charge) and record.per == "consignment"


def _reaches_fees(record: Any, fees: set[str]) -> bool:
    return _per_consignment(record) or (isinstance(record, Relief) and bool(fees.intersection(record.of)))


def _unread(record: Any, fees: set[str]) -> Iterator[str]:
    if not isinstance(record, Scoped):
        return
    if _reaches_fees(record, fees):
        why = "a charge on the consignment as a whole knows no goods"
        yield from _stated(record, ("only_for", "not_for"), _OF_GOODS, why)
    elif isinstance(record, ValueRule):
        why = "a value is reckoned before limits and schemes"
        yield from _stated(record, ("within", "above"), _OF_SCHEMES, why)
    elif isinstance(record, BorderCollection):
        why = "who collects at the border is settled for the consignment, by its categories"
        fields = ("within", "above", "only_for", "not_for")
        yield from _stated(record, fields, (*_OF_GOODS, *_OF_SCHEMES), why)
    if isinstance(record, Special):
        for name in sorted(fees.intersection((record.of, *record.replaces))):
            yield f"{name} is charged per consignment and bears no special rate"
    if isinstance(record, Waiver):
        for name in sorted(fees.intersection(record.charges)):
            yield f"charges: {name} is charged per consignment and is never waived"


def _stated(record: Scoped, fields: Iterable[str], categories: Iterable[str], why: str) -> Iterator[str]:
    for field in fields:
        if getattr(record, field) is not None:
            yield f"{field}: {why}"
    for condition in record.when:
        for category in categories:
            if getattr(condition, category):
                yield f"when.{category}: {why}"


def _limits_of_lines(rule: Rule, provision: Provision[Any], rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every limit per line or item on which a charge on the consignment turns."""
    for field in ("within", "above"):
        name = getattr(provision.value, field)
        for target in rules.get(("limit", name), ()) if name is not None else ():
            narrow = next((one.value.per for one in target.series if one.value.per != "consignment"), None)
            if narrow is not None:
                text = f"{field}: limit {name!r} counts per {narrow}, and the charge is per consignment"
                yield fault_in(rule.path, rule.label, provision, text)


def _order_of_schemes(rules: Rules) -> dict[str, int]:
    """Return the order in which schemes are settled: those of the sale first, then those that lie below."""
    schemes = [rule for (family, _), found in rules.items() if family == "scheme" for rule in found]
    ordered = sorted(schemes, key=lambda rule: (rule.series.records[0].value.tax_point != "sale", rule.own))
    return {rule.name: n for n, rule in enumerate(ordered)}


def _not_yet_settled(
    rule: Rule, provision: Provision[Any], order: Mapping[str, int]
) -> Iterator[DutycalcError]:
    """Yield a fault for every scheme on which a scheme turns before that one has taken its lines."""
    for condition in provision.value.when:
        for field in _OF_SCHEMES:
            for name in getattr(condition, field):
                if order.get(name, -1) >= order[rule.name]:
                    text = f"when.{field}: scheme {name!r} is settled after {rule.name!r}: write it first"
                    yield fault_in(rule.path, rule.label, provision, text)
