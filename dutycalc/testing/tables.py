"""Tables under test: what a keeper's tables hold that no golden case and no check would miss.

`lint` names what looks wrong in tables that load. `mutate` nudges each record, one thing at a time, and runs
the golden cases that could notice: a nudge that nothing catches is law that nothing tests.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from dutycalc.assessment import Assessment
from dutycalc.cross_checks import faults_across
from dutycalc.errors import DutycalcError
from dutycalc.goods import Consignment
from dutycalc.law import Provision, Series
from dutycalc.loader import File, Tariffs, Territory
from dutycalc.money import quantum
from dutycalc.schedules import Schedule
from dutycalc.stages.tracing import LineProgram, WholeProgram
from dutycalc.tables import FAMILIES, Limit, Scheme, Scoped, ValueRule
from dutycalc.testing.edges import lawful_destinations, next_to
from dutycalc.testing.golden import Case
from dutycalc.testing.nudges import Nudge, nudges, same_law
from dutycalc.values import Frozen, Thing

PROBED: Final = 12
"""Carts that are tried for a nudge which no case catches, before it is held to show nowhere."""

_BESIDE_THE_PRICE: Final = frozenset({"transport", "insurance", "discount", "prices_include"})
_COSTS: Final = {"transport": "17", "insurance": "3"}
_UNEVEN: Final = (1237, 9999, 123455)
"""Prices in minor units that come out uneven at most rates."""

Key = tuple[str, date, date, str]
"""A record: its name, first day, the day since which it is known, and its reading."""


def key_of(record: Provision[Any]) -> Key:
    """Return what tells a record from all others, also where only a part of it is at hand."""
    folder, _, name = record.record.partition("/")
    family, _, rest = name.partition(".")
    own = f".{rest.partition('.')[0]}" if rest and FAMILIES[family][1] else ""
    return f"{folder}/{family}{own}", record.valid_from, record.known_from, record.variant


def named(record: Provision[Any]) -> str:
    """Return a record's name and first day, as answers have them."""
    return f"{record.record}@{record.valid_from}{f'~{record.variant}' if record.variant else ''}"


# Lint


class Finding(Frozen):
    """Something that looks wrong: the rule that finds it, the record, and why."""

    rule: str
    record: str
    text: str

    def to_dict(self) -> dict[str, str]:
        """Return it as plain JSON values."""
        return {"rule": self.rule, "record": self.record, "text": self.text}


def lint(tariffs: Tariffs, *, codes: Iterable[str] = ()) -> list[Finding]:
    """Return what looks wrong in tables: every fault of `tables check`, and what loads and does nothing.

    `fault`: the files break the format. `unread`: a limit, value or registration that no record names.
    `repeated`: a record says the same as the one before it. `never`: it ends before the tables begin.
    `unseen`: a source was published after the file was last checked. `unsaid`: a record is unverified, and no
    note says why.
    """
    found = [Finding("fault", getattr(one, "record", ""), str(one)) for one in tariffs.check()]
    for code in tuple(codes) or tariffs.codes:
        try:
            territory = tariffs.territory(code)
        except DutycalcError:
            continue  # Its faults stand above.
        read = set(_names_read(tariffs, code))
        for file in territory.files:
            for series in _series(file):
                found += _of_series(series, file, read)
    return found


def _of_series(series: Series[Any], file: File, read: set[tuple[str, str]]) -> Iterator[Finding]:
    family, _, name = series.name.partition("/")[2].partition(".")
    stands_in = all(getattr(one.value, "of", None) for one in series)  # A value in place of another.
    if family in ("limit", "value", "registration") and (family, name) not in read and not stands_in:
        yield Finding("unread", series.name, f"no record names this {family}")
    previous: dict[str, Provision[Any]] = {}
    for one in series:
        before = previous.get(one.variant)
        held = before is not None and (not before.stated_end or before.valid_until >= one.valid_from)
        if held and before is not None and before.valid_from < one.valid_from and same_law(before, one):
            text = f"says what the record of {before.valid_from} says"
            yield Finding("repeated", named(one), text)
        previous[one.variant] = one
        if one.valid_until < file.header.covered_from:
            text = f"ends on {one.valid_until}, and the tables begin on {file.header.covered_from}"
            yield Finding("never", named(one), text)
        if one.confidence == "unverified" and not one.note:
            yield Finding("unsaid", named(one), "is unverified, and no note says why")
        for cite in one.citations:
            if cite.published > file.header.checked_on:
                text = (
                    f"{cite.source} is of {cite.published}; the file was checked on {file.header.checked_on}"
                )
                yield Finding("unseen", named(one), text)


def _names_read(tariffs: Tariffs, code: str) -> Iterator[tuple[str, str]]:
    """Yield the limits, values and registrations that some record of the territory, or of a member, names."""
    for other in tariffs.codes:
        if other != code and code not in tariffs.unions_of(other):
            continue
        try:
            territories = _chain(tariffs.territory(other))
        except DutycalcError:
            continue
        for one in (one for each in territories for series in each.series() for one in series):
            yield from _names_in(one.value)


def _names_in(record: Any) -> Iterator[tuple[str, str]]:
    if isinstance(record, Scoped):
        yield from (("limit", name) for name in (record.within, record.above) if name is not None)
        for condition in record.when:
            yield from (("registration", name) for name in (*condition.registered, *condition.not_registered))
    yield "value", "customs_value"
    bases: list[str] = list(getattr(record, "base", ())) + list(getattr(record, "parts", ()))
    if isinstance(record, Limit):
        bases += [*record.measure, *(each.measure for each in record.also)]
    if isinstance(record, Scheme):
        bases += [name for take in record.takes.values() if not isinstance(take, str) for name in take.base]
        if record.registration is not None:
            yield "registration", record.registration
    if isinstance(record, ValueRule) and record.of is not None:
        yield "value", record.of
    yield from (("value", name) for name in bases)


# Tables with one record nudged


class NudgedTariffs(Tariffs):
    """Tables in which one record of one territory is another; the files are not read again."""

    def __init__(
        self, sound: Tariffs, code: str, record: Provision[Any], changed: Provision[Any] | None
    ) -> None:
        super().__init__(sound.layers)
        self.sound = sound
        self.codes, self.registrations = sound.codes, sound.registrations
        files = tuple(_with(file, record, changed) for file in sound.territory(code).files)
        self._territories[code] = Territory(code, files, self)

    def territory(self, code: str) -> Territory:
        """Return a territory of the sound tables, over the one that is nudged."""
        found = self._territories.get(code)
        if found is None:
            found = self._territories[code] = Territory(code, self.sound.territory(code).files, self)
        return found

    def schedule(self, code: str) -> Schedule | None:
        """Return the tariff of the sound tables: its rows are not nudged."""
        return self.sound.schedule(code)

    def unions_of(self, code: str) -> frozenset[str]:
        """Return the unions of the sound tables."""
        return self.sound.unions_of(code)


def _with(file: File, record: Provision[Any], changed: Provision[Any] | None) -> File:
    """Return a file with one record replaced, or left out; itself where it does not hold the record."""
    for family, among in file.records.items():
        for name, series in among.items():
            if not any(one is record for one in series):
                continue
            kept = [changed if one is record else one for one in series]
            left = [one for one in kept if one is not None]
            others = {each: one for each, one in among.items() if each != name or left}
            if left:
                others[name] = Series(series.name, left)
            return file.replaced(records=file.records | {family: others})  # type: ignore[no-any-return]
    return file


def _series(file: File) -> Iterator[Series[Any]]:
    for among in file.records.values():
        yield from among.values()


def _chain(territory: Territory) -> tuple[Territory, ...]:
    """Return a territory and all whose records lie under its own."""
    return (territory, *(one for parent in territory.parents for one in _chain(parent)))


# The golden cases as readers


class Reader(Thing):
    """A golden case that holds: the territories whose law it reads, its days, the records it meets.

    `cited` are the records that its answer rests on; `in_force` all those that it could have met.
    """

    case: Case
    codes: frozenset[str]
    days: frozenset[date]
    cited: frozenset[Key]
    in_force: frozenset[Key]


def _reader(case: Case, tariffs: Tariffs) -> Reader | str:
    """Return the case as a reader, or what makes it no witness: it does not hold on the sound tables."""
    wrong = case.differences(tariffs)
    if wrong:
        return f"{case.id}: {wrong[0]}"
    try:
        territory = tariffs.territory(case.consignment.destination)
    except DutycalcError:
        return Reader(case, frozenset(), frozenset(), frozenset(), frozenset())
    days = frozenset({case.consignment.sold_on, case.consignment.import_day})
    in_force: set[Key] = set()
    for day in days:
        if day >= territory.covered_from:
            law = territory.law(day, known_on=case.known_on, variants=frozenset(case.variants))
            in_force |= {key_of(one) for each in law.families.values() for one in each.values()}
    try:
        cited = frozenset(_cited(case.assessed(tariffs)))
    except DutycalcError:
        cited = frozenset(in_force)  # A refusal names no records; any of them may be why.
    return Reader(case, frozenset(one.code for one in _chain(territory)), days, cited, frozenset(in_force))


def _cited(answer: Assessment) -> Iterator[Key]:
    laws: tuple[WholeProgram | LineProgram, ...] = (answer.whole, *answer.lines)
    for law in laws:
        for step in law.program.steps:
            if step.law is not None and "/" in step.law.record and not _of_tariff(step.law):
                yield key_of(step.law)
        for traced in law.charges:
            yield key_of(traced.provision)
            for way in (*traced.ways, *(way for _, _, way in traced.taken)):
                yield from (key_of(one) for one in way.provisions if not _of_tariff(one))
            for outcome in (traced.border, *(outcome for _, outcome, _ in traced.taken)):
                if outcome.provision is not None:
                    yield key_of(outcome.provision)


def _of_tariff(record: Provision[Any]) -> bool:
    """Tell whether a record is a row of a tariff, which is in a table and not among the records."""
    return record.record.partition("/")[2].partition(".")[0] not in FAMILIES


# Mutation


class Outcome(Frozen):
    """What became of one nudge.

    `caught_by` is the id of the golden case that came out otherwise, or `check` where the tables no longer
    pass their own checks; nothing where neither noticed. `read` tells whether any golden case's answer rests
    on the record. `cart` is one that the nudge changes, where one was found: worked out by hand, it is the
    golden case that is missing.
    """

    code: str
    record: str
    kind: str
    says: str
    caught_by: str = ""
    read: bool = False
    cart: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {field: getattr(self, field) for field in self._fields}


class Report(Frozen):
    """Every nudge and what caught it; the cases that do not hold as it is; records that have no nudge."""

    outcomes: tuple[Outcome, ...]
    unsound: tuple[str, ...] = ()
    unmoved: tuple[str, ...] = ()

    @property
    def missed(self) -> tuple[Outcome, ...]:
        """Return the nudges that nothing caught."""
        return tuple(one for one in self.outcomes if not one.caught_by)

    @property
    def untested(self) -> tuple[str, ...]:
        """Return the records none of whose nudges was caught, in the order of the tables."""
        caught = {one.record for one in self.outcomes if one.caught_by}
        return tuple(dict.fromkeys(one.record for one in self.outcomes if one.record not in caught))

    @property
    def unread(self) -> tuple[str, ...]:
        """Return the records on which no golden case's answer rests."""
        return tuple(dict.fromkeys(one.record for one in self.outcomes if not one.read))

    def shares(self, field: str = "code") -> dict[str, tuple[int, int]]:
        """Return how many nudges were caught, and how many there were, by `code` or by `kind`."""
        all_, caught = Counter[str](), Counter[str]()
        for one in self.outcomes:
            all_[getattr(one, field)] += 1
            caught[getattr(one, field)] += bool(one.caught_by)
        return {name: (caught[name], number) for name, number in all_.items()}


def mutate(
    tariffs: Tariffs,
    cases: Iterable[Case],
    *,
    codes: Iterable[str] = (),
    probe: bool = True,
    tell: Callable[[int], None] = lambda count: None,
) -> Report:
    """Return what catches each nudge of each record, for all territories or those of `codes`.

    Each nudge is tried alone: on the golden cases that rest on the record, then on those that could have
    met it, until one comes out otherwise; then by the checks of the tables. With `probe`, carts next to the
    golden ones are tried for a nudge that nothing catches. `tell` is given the number of nudges done.
    TableError for faulty tables.
    """
    read = [_reader(case, tariffs) for case in cases]
    readers = [one for one in read if isinstance(one, Reader)]
    outcomes: list[Outcome] = []
    unmoved: list[str] = []
    for code in tuple(codes) or tariffs.codes:
        territory = tariffs.territory(code)
        here = [one for one in readers if code in one.codes]
        for series in territory.series():
            for record in series:
                found = list(nudges(record, series, covered_from=_begins(territory, series)))
                unmoved += [] if found else [named(record)]
                for nudge in found:
                    outcomes.append(_tried(tariffs, code, record, nudge, here, readers if probe else ()))
                    tell(len(outcomes))
    return Report(tuple(outcomes), tuple(one for one in read if isinstance(one, str)), tuple(unmoved))


def _begins(territory: Territory, series: Series[Any]) -> date:
    """Return the first day covered by the file that holds a series."""
    for file in territory.files:
        if any(one is series for one in _series(file)):
            return file.header.covered_from
    return territory.covered_from


def _tried(
    tariffs: Tariffs,
    code: str,
    record: Provision[Any],
    nudge: Nudge,
    here: Sequence[Reader],
    probes: Sequence[Reader],
) -> Outcome:
    nudged = NudgedTariffs(tariffs, code, record, nudge.changed)
    key = key_of(record)
    outcome = Outcome(code, named(record), nudge.kind, nudge.says, read=any(key in one.cited for one in here))
    for one in _could_notice(key, nudge, here):
        if _differs(one.case, nudged):
            return outcome.replaced(caught_by=one.case.id)  # type: ignore[no-any-return]
    if faults_across(nudged.territory(code)):
        return outcome.replaced(caught_by="check")  # type: ignore[no-any-return]
    for cart in _carts(tariffs, code, key, nudge, here or probes) if probes else ():
        if _answer(cart, tariffs) != _answer(cart, nudged):
            return outcome.replaced(cart=_stated(cart))  # type: ignore[no-any-return]
    return outcome


def _could_notice(key: Key, nudge: Nudge, here: Sequence[Reader]) -> Iterator[Reader]:
    """Yield the cases whose answer a nudge could change, those that rest on the record first."""
    if nudge.days:
        yield from (one for one in here if one.days.intersection(nudge.days))
        return
    yield from (one for one in here if key in one.cited)
    yield from (one for one in here if key in one.in_force and key not in one.cited)


def _differs(case: Case, nudged: Tariffs) -> bool:
    try:
        return bool(case.differences(nudged))
    except (DutycalcError, ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        return True  # The tables have no sense any more.


# Carts that a nudge could change


def _carts(tariffs: Tariffs, code: str, key: Key, nudge: Nudge, near: Sequence[Reader]) -> Iterator[Case]:
    """Yield carts next to the golden ones: on the day that was moved, at the limit that was."""
    if code not in lawful_destinations(tariffs):
        near = [one for one in near if code in one.codes]
    ordered = sorted(near, key=lambda one: (key not in one.cited, one.case.refuses is not None))
    for one in ordered[:PROBED]:
        stated = _stated(one.case)
        if code not in one.codes:
            stated["destination"] = code
        if nudge.days:
            stated["sold_on"] = stated["imported_on"] = nudge.days[0].isoformat()
        for cart in _dressed(stated, key, nudge):
            try:
                yield one.case.replaced(consignment=Consignment.model_validate(cart))
            except ValueError:
                continue


def _dressed(stated: dict[str, Any], key: Key, nudge: Nudge) -> Iterator[dict[str, Any]]:
    """Yield a cart as it is, then so that the nudge may show: at the limit, of the class, with all costs."""
    yield stated
    first, *others = stated["items"]
    currency = first["unit_price"].rpartition(" ")[2]
    if nudge.edge is not None:
        yield from (_priced(stated, str(price)) for price in next_to(nudge.edge))
    family, _, name = key[0].partition("/")[2].partition(".")
    if family == "tax_class":
        yield stated | {"items": [first | {"tax_class": name}, *others]}
    if nudge.kind in ("base", "rounding"):
        yield stated | {name: f"{number} {currency}" for name, number in _COSTS.items()}
        for units in _UNEVEN:
            yield _priced(stated, f"{units * quantum(currency)} {currency}")
    if nudge.kind == "party":
        parties = {role: {"country": stated["dispatch"]} for role in ("seller", "platform")}
        held = {role: stated[role] for role in parties if stated.get(role)}
        yield stated | parties | held


def _stated(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(case.consignment.model_dump_json())
    return found


def _priced(stated: dict[str, Any], price: str) -> dict[str, Any]:
    """Return the cart as one article of its first line at a price, sent for nothing."""
    item = stated["items"][0] | {"quantity": "1", "unit_price": price}
    kept = {name: value for name, value in stated.items() if name not in _BESIDE_THE_PRICE}
    return kept | {"items": [{name: one for name, one in item.items() if name != "discount"}]}


def _answer(case: Case, tariffs: Tariffs) -> Any:
    """Return what an answer says to whoever pays: amounts, who collects them, or the refusal."""
    try:
        result = case.assessed(tariffs)
        values = [(item.id, name, str(value)) for item in result.items for name, value in item.values.items()]
        charges = [
            (item, one.name, str(one.base), one.rate, str(one.amount), one.collection)
            for item, one in result.all_charges()
        ]
        return result.decision, values, charges
    except DutycalcError as fault:  # Some faults show only when the answer is read.
        return str(fault)
