"""Faults across the records of a territory: names that nothing bears, circles, conditions never read.

A record is right or wrong only among the others of its day, and in each disputed reading. So every name
is followed from the days on which it is used to the days on which something bears it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from dutycalc.errors import DutycalcError, TableError
from dutycalc.law import ALWAYS, Provision, Series
from dutycalc.tables import (
    BorderCollection,
    Charge,
    Limit,
    Relief,
    RoundingRule,
    Scheme,
    Scoped,
    Special,
    Take,
    TaxClassRule,
    ValueRule,
    Waiver,
)
from dutycalc.words import TaxClass, near

if TYPE_CHECKING:
    from dutycalc.loader import Territory

STATED: Final = frozenset({"price", "transport", "insurance", "retail_price"})
"""Values that the facts give, and no record."""

MEASURED: Final = STATED | {"gross_mass_kg", "net_mass_kg"}
"""What the facts give for a limit to measure."""

CLASSES: Final = frozenset(get_args(TaxClass))
"""Classes of goods that an item can be stated to be of."""


ORDINARY: Final[frozenset[str]] = frozenset()
"""The reading of whoever chooses no variant."""

_A_DAY: Final = timedelta(days=1)
_OF_GOODS: Final = ("origin", "not_origin", "facts")
_OF_SCHEMES: Final = ("scheme", "not_scheme")

Key = tuple[str, str]
Days = tuple[date, date]
"""The first and the last of a stretch of days."""


class Span(NamedTuple):
    """A record, and the first and last day on which it is in force."""

    first: date
    last: date
    provision: Provision[Any]


class Reference(NamedTuple):
    """A name used in a field: a record of one of the families bears it, on all the days or on some."""

    field: str
    name: str
    families: tuple[str, ...]
    always: bool = True
    among: frozenset[str] = frozenset()
    """Further names that may stand there."""


class Rule:
    """A series as it bears on a territory: its own, or one that lies under it on the days of a membership."""

    def __init__(
        self, key: Key, path: str, series: Series[Any], days: tuple[Days, ...], *, own: bool
    ) -> None:
        self.family, self.name = key
        self.path = path
        self.series = series
        self.days = days
        self.own = own
        self._spans: dict[frozenset[str], list[Span]] = {}

    @property
    def label(self) -> str:
        """Return the name of the series, as its records' heads have it."""
        return f"{self.family}.{self.name}" if self.name else self.family

    @cached_property
    def variants(self) -> set[str]:
        """Return the disputed readings that the series holds."""
        return {one.variant for one in self.series if one.variant}

    @cached_property
    def steady_from(self) -> date:
        """Return the day from which some record is in force for ever, whatever the reading; else no day."""
        first = next((one.valid_from for one in self.series if not one.variant), ALWAYS)
        if len(self.days) != 1 or self.days[0][1] != ALWAYS or any(one.stated_end for one in self.series):
            return ALWAYS
        return max(first, self.days[0][0])

    def spans(self, reading: frozenset[str]) -> list[Span]:
        """Return the records of a reading with the days on which they are in force here."""
        reading = reading & self.variants
        if reading not in self._spans:
            self._spans[reading] = self._found(reading)
        return self._spans[reading]

    def _found(self, reading: frozenset[str]) -> list[Span]:
        found: list[Span] = []
        for first in sorted(self.series.change_days()):
            one = self.series.find(first, variants=reading)
            if one is not None and (not found or found[-1].last < first):
                found.append(Span(first, one.valid_until, one))
        return [
            Span(max(first, start), min(last, end), one)
            for first, last, one in found
            for start, end in self.days
            if first <= end and last >= start
        ]


Rules = dict[Key, list[Rule]]


def faults_across(territory: Territory) -> list[DutycalcError]:
    """Return what is wrong between the records of a territory and those under it, each fault once.

    What a union or country declares whole is checked there; its members answer for what they replace.
    """
    if not territory.files:
        return []
    faults = _of_membership(territory, ())
    if faults:
        return faults
    rules = _rules(territory)
    return [
        *_unborne(territory, rules),
        *_foreign_roundings(territory, rules),
        *_unheeded(territory, rules),
        *_incomplete(territory, rules),
        *_circles(territory, rules),
    ]


def _of_membership(territory: Territory, below: tuple[str, ...]) -> list[DutycalcError]:
    """Return why the records that lie under a territory cannot be read."""
    path = territory.files[0].path if territory.files else territory.code
    for one in territory.own.get("member_of", {}).get("", ()):
        code = one.value.code
        chain = (*below, territory.code, code)
        if code in chain[:-1]:
            text = f"territories are members of each other: {', '.join(chain)}"
            return [_fault(path, "member_of", one, text)]
        try:
            found = _of_membership(territory.tariffs.territory(code), chain[:-1])
        except DutycalcError as fault:
            found = [_fault(path, "member_of", one, f"the tables of {code} cannot be read: {fault}")]
        if found:
            return found
    return []


def _fault(path: str, label: str, one: Provision[Any], text: str) -> TableError:
    record = f"{label} of {one.valid_from}"
    reading = f" (variant {one.variant})" if one.variant else ""
    return TableError(f"{path}: {record}{reading}: {text}", file=path, record=record)


def _rules(territory: Territory) -> Rules:
    """Return every series that bears on a territory, with the days on which it does."""
    since = territory.covered_from
    found: Rules = {}
    for file in territory.files:
        for family, named in file.records.items():
            for name, series in named.items():
                found[family, name] = [Rule((family, name), file.path, series, ((since, ALWAYS),), own=True)]
    membership = found.get(("member_of", ""))
    for span in membership[0].spans(ORDINARY) if membership else ():
        parent = territory.tariffs.territory(span.provision.value.code)
        for key, rules in _rules(parent).items():
            if key[1] in territory.own.get(key[0], {}):
                continue
            for rule in rules:
                days = tuple(_common(rule.days, ((span.first, span.last),)))
                found.setdefault(key, []).append(Rule(key, rule.path, rule.series, days, own=False))
    return found


def _common(some: Iterable[Days], others: Iterable[Days]) -> Iterator[Days]:
    for first, last in some:
        for start, end in others:
            if first <= end and last >= start:
                yield max(first, start), min(last, end)


# Names that nothing bears


def _unborne(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
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
        yield _fault(rule.path, rule.label, provision, text)
        return
    if any(target.steady_from <= max(provision.valid_from, rule.days[0][0]) for target in targets):
        return
    for reading in _readings([rule, *targets]):
        borne = _borne(targets, reading)
        for first, last, one in rule.spans(reading):
            if one.value is not provision.value:
                continue
            day = _first_gap((first, last), borne) if reference.always else _apart((first, last), borne)
            if day is not None:
                lack = f"{what} {reference.name!r} is not in force on {day}{_told(reading)}"
                yield _lacking(rule, provision, targets, f"{reference.field}: {lack}")
                return


def _lacking(rule: Rule, provision: Provision[Any], targets: list[Rule], text: str) -> TableError:
    """Return the fault of a record; where it lies below, that of the series put in its way."""
    if rule.own:
        return _fault(rule.path, rule.label, provision, text)
    own = next(one for one in targets if one.own)
    needed = f"{rule.path}: {rule.label} of {provision.valid_from}"
    return _fault(own.path, own.label, own.series.records[0], f"does not go with {needed}: {text}")


def _told(reading: frozenset[str]) -> str:
    return f" in the variant {', '.join(reading)}" if reading else ""


def _readings(rules: Iterable[Rule]) -> list[frozenset[str]]:
    """Return the readings in which some of the rules differ: the ordinary one, and each variant alone."""
    variants = sorted({variant for rule in rules for variant in rule.variants})
    return [ORDINARY, *(frozenset({one}) for one in variants)]


def _first_gap(days: Days, borne: Iterable[Days]) -> date | None:
    """Return the first of the days on which nothing is borne, or None."""
    day = days[0]
    for first, last in borne:
        if first > day:
            return day
        if last >= days[1]:
            return None
        day = max(day, last + _A_DAY)
    return day


def _apart(days: Days, borne: Iterable[Days]) -> date | None:
    """Return the first of the days where nothing is borne on any of them, else None."""
    return None if any(first <= days[1] and last >= days[0] for first, last in borne) else days[0]


def _names_in(record: Any) -> Iterator[Reference]:
    """Yield every name that a record uses."""
    if isinstance(record, Scoped):
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
                    yield Reference(f"when.{field}", name, (family,), always=False)
    match record:
        case Charge():
            yield from _in_base("base", record.base)
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
                yield Reference("of", name, ("charge",), always=False)
        case Waiver():
            for name in record.charges:
                yield Reference("charges", name, ("charge",))
        case Special():
            yield Reference("of", record.of, ("charge",), always=False)
            for name in record.replaces:
                yield Reference("replaces", name, ("charge",), always=False)
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
        yield Reference("takes", name, ("charge",), always=False)
        if isinstance(take, Take):
            yield from _in_base(f"takes.{name}.base", take.base)


# Roundings


def _foreign_roundings(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
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
    for reading in _readings([rule, *currencies]):
        for span in rule.spans(reading):
            if span.provision.value is not provision.value:
                continue
            for other in (one for currency in currencies for one in currency.spans(reading)):
                day = max(span.first, other.first)
                code = other.provision.value.code
                if day <= min(span.last, other.last) and code != to:
                    text = f"{field}: rounds in {to}, while charges are in {code} on {day}"
                    yield _lacking(rule, provision, currencies, text)
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


# Conditions that no stage reads


def _unheeded(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
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
                yield _fault(rule.path, rule.label, rule.series.records[0], text)
            for provision in rule.series:
                for text in _unread(provision.value, fees):
                    yield _fault(rule.path, rule.label, provision, text)
                if _reaches_fees(provision.value, fees):
                    yield from _limits_of_lines(rule, provision, rules)
                if isinstance(provision.value, Scheme):
                    yield from _not_yet_settled(rule, provision, order)


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
                yield _fault(rule.path, rule.label, provision, text)


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
                    yield _fault(rule.path, rule.label, provision, text)


# What a territory needs


def _incomplete(territory: Territory, rules: Rules) -> list[DutycalcError]:
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
        day = _first_gap((territory.covered_from, ALWAYS), _borne(found))
        if day is not None:
            yield TableError(f"{path}: no {label} is in force on {day}", file=path, record=label)
    standard = _borne(rules.get(("tax_class", "standard"), []))
    for first, last, one in (span for rule in charges for span in rule.spans(ORDINARY)):
        day = _first_gap((first, last), standard) if one.value.rate == "tax_class" else None
        if day is not None:
            name = one.record.partition("/")[2]
            text = f"tax_class.standard is not in force on {day}, and {name} bears the rate of a class"
            yield TableError(f"{path}: {text}", file=path, record="tax_class.standard")


def _borne(rules: Iterable[Rule], reading: frozenset[str] = ORDINARY) -> list[Days]:
    """Return the stretches of days on which some record of the rules is in force, in order."""
    return sorted((one.first, one.last) for rule in rules for one in rule.spans(reading))


# Circles


def _circles(territory: Territory, rules: Rules) -> Iterator[DutycalcError]:
    """Yield a fault for every circle among charges, values and tax classes."""
    for family in ("charge", "value", "tax_class"):
        if _circle(_graph(family, _all_records(rules))) is None:
            continue
        readings = _readings(rule for found in rules.values() for rule in found)
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
    text = f"rest on each other on {day}{_told(reading)}: {', '.join(circle)}"
    return _fault(rule.path, rule.label, provision, text)
