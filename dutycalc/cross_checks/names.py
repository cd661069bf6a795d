"""Names in records that nothing bears on a day on which they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from dutycalc.cross_checks.bearing import (
    Days,
    Rule,
    Rules,
    days_in_force,
    fault_in,
    first_gap,
    lacking,
    readings_of,
    told_reading,
)
from dutycalc.errors import DutycalcError
from dutycalc.law import Provision
from dutycalc.tables import (
    Charge,
    Layer,
    Limit,
    Refund,
    Relief,
    Scheme,
    Scoped,
    Special,
    Take,
    TaxClassRule,
    ValueRule,
    Waiver,
)
from dutycalc.words import near

if TYPE_CHECKING:
    from dutycalc.loader import Territory

STATED: Final = frozenset({"price", "transport", "insurance", "retail_price"})
"""Values that the facts give, and no record."""

MEASURED: Final = STATED | {"gross_mass_kg", "net_mass_kg", "quantity"}
"""What the facts give for a limit to measure."""


class Reference(NamedTuple):
    """A name used in a field: a record of one of the families bears it, on all its days, on some, or ever."""

    field: str
    name: str
    families: tuple[str, ...]
    borne: Literal["always", "sometimes", "ever"] = "always"
    among: frozenset[str] = frozenset()
    """Further names that may stand there."""


def unborne(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every name that nothing bears on a day on which it is used."""
    for found in rules.values():
        for rule in found:
            for reference, provision in _references(rule):
                targets = [
                    one for family in reference.families for one in rules.get((family, reference.name), ())
                ]
                if rule.own or any(one.own for one in targets):
                    yield from _unmet(rule, reference, provision, targets, rules)


def _references(rule: Rule) -> Iterator[tuple[Reference, Provision[Any]]]:
    for provision in rule.series:
        for reference in _names_in(provision.value):
            if reference.name not in reference.among:
                yield reference, provision


def _unmet(
    rule: Rule, reference: Reference, provision: Provision[Any], targets: list[Rule], rules: Rules
) -> Iterator[DutycalcError]:
    """Yield the first fault of a reference: nothing bears the name, or not on all days of its use."""
    what = reference.families[0].replace("_", " ")
    if not targets:
        known = {name for family, name in rules if family in reference.families} | reference.among
        text = f"{reference.field}: no {what} bears the name {reference.name!r}{near(reference.name, known)}"
        yield fault_in(rule.path, rule.label, provision, text)
        return
    if reference.borne == "ever":
        return
    if any(target.steady_from <= max(provision.valid_from, rule.days[0][0]) for target in targets):
        return
    for reading in readings_of([rule, *targets]):
        borne = days_in_force(targets, reading)
        for first, last, one in rule.spans(reading):
            if one.value is not provision.value:
                continue
            gap = first_gap if reference.borne == "always" else _apart
            day = gap((first, last), borne)
            if day is not None:
                lack = f"{what} {reference.name!r} is not in force on {day}{told_reading(reading)}"
                yield lacking(rule, provision, targets, f"{reference.field}: {lack}")
                return


def _apart(days: Days, borne: Iterable[Days]) -> date | None:
    """Return the first of the days where nothing is borne on any of them, else None."""
    return None if any(first <= days[1] and last >= days[0] for first, last in borne) else days[0]


def _names_in(record: Any) -> Iterator[Reference]:
    """Yield every name that a record uses."""
    if isinstance(record, Scoped):
        for field in ("not_for", "only_for"):
            goods = getattr(record, field)
            for name in goods.lists if goods is not None else ():
                yield Reference(f"{field}.lists", name, ("goods_list",), "sometimes")
        for field in ("within", "above"):
            name = getattr(record, field)
            if name is not None:
                yield Reference(field, name, ("limit",))
        for condition in record.when:
            for field, family in (
                ("scheme", "scheme"), ("not_scheme", "scheme"),
                ("registered", "registration"), ("not_registered", "registration"),
            ):  # fmt: skip
                for name in getattr(condition, field):
                    yield Reference(f"when.{field}", name, (family,), "sometimes")
    match record:
        case Charge():
            yield from _in_base("base", record.base)
            if record.excess_of is not None:
                yield Reference("excess_of", record.excess_of, ("limit",))
            if record.goes_with is not None:
                yield Reference("goes_with", record.goes_with, ("charge",))
        case Layer():
            yield Reference("of", record.of, ("charge",), "sometimes")
            for name in record.yields_to:
                yield Reference("yields_to", name, ("charge", "layer"), "ever")
            for name in record.outside:
                yield Reference("outside", name, ("charge",), "ever")
        case Limit():
            for name in (*record.measure, *(one.measure for one in record.also)):
                yield Reference("measure", name, ("value", "charge"), among=MEASURED)
        case ValueRule():
            for name in record.parts:
                yield Reference("parts", name, ("value",), among=STATED)
            if record.of is not None:
                yield Reference("of", record.of, ("value",))
        case Relief():
            for name in record.of:
                yield Reference("of", name, ("charge",), "sometimes")
        case Waiver():
            for name in record.charges:
                yield Reference("charges", name, ("charge",))
        case Refund():
            for name in record.of:
                yield Reference("of", name, ("charge",), "sometimes")
        case Special():
            yield Reference("of", record.of, ("charge",), "sometimes")
            for name in record.replaces:
                yield Reference("replaces", name, ("charge",), "sometimes")
            yield from _in_base("base", record.base)
        case Scheme():
            yield from _in_scheme(record)
        case TaxClassRule() if record.like is not None:
            yield Reference("like", record.like, ("tax_class",))


def _in_base(field: str, names: Iterable[str]) -> Iterator[Reference]:
    for name in names:
        yield Reference(field, name, ("value", "charge"), among=STATED)


def _in_scheme(scheme: Scheme) -> Iterator[Reference]:
    if scheme.registration is not None:
        yield Reference("registration", scheme.registration, ("registration",))
    for name, take in scheme.takes.items():
        yield Reference("takes", name, ("charge",), "sometimes")
        if isinstance(take, Take):
            yield from _in_base(f"takes.{name}.base", take.base)
