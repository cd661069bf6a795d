"""The engine: runs the programs of a consignment and its lines, and gives the assessment."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Final, NoReturn

from dutycalc.assessment import Assessment
from dutycalc.borders import check_crossing
from dutycalc.errors import DutycalcError, FactsError, Refusals, refuse
from dutycalc.goods import Consignment, GoodsItem
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.money import EXACT
from dutycalc.profile import Getter, consignment_key, consignment_profile, getter, item_key, item_profile
from dutycalc.stages.duty import CLASSIFICATIONS, Classification, look_up
from dutycalc.stages.tracing import LineProgram, WholeProgram, trace_line, trace_whole
from dutycalc.steps import Fitting, Program, Sharing, Step, Unknown, Value, careful, fitted, shares
from dutycalc.values import Thing
from dutycalc.words import near

ZERO: Final = Decimal(0)

PROGRAMS_KEPT: Final = 65_536
"""Programs that one set of tables keeps; it forgets them all when there are more."""


def assess(
    consignment: Consignment,
    tariffs: Tariffs,
    *,
    known_on: date | None = None,
    variants: Iterable[str] = (),
    partial: bool = False,
    classification: Classification = "strict",
) -> Assessment:
    """Return what is due on every line, under which law, and who collects it.

    `known_on` answers as a careful reader would have on that day; `variants` choose named readings of
    disputed rules. What cannot be calculated is refused, all of it at once (MissingFactError,
    NotModelledError, NotInForceError, CurrencyError, FactsError); with `partial` such charges are marked
    instead, and the assessment says that its totals are partial.

    A commodity code whose lines bear different duties is refused, with its candidates; `classification`
    `"lowest"` or `"highest"` takes the lowest or highest of their duties on this line instead. A notice
    then names the candidates, and the working shows every one.
    """
    if classification not in CLASSIFICATIONS:
        known = ", ".join(CLASSIFICATIONS)
        raise FactsError(f"classification: {classification!r} is none of {known}", fact="classification")
    territory = tariffs.territory(consignment.destination)
    chosen = frozenset(variants)
    if chosen:
        _check_variants(chosen, territory)
    whole = _whole(consignment, territory, known_on, chosen)
    lines, faults = _lines(consignment, territory, whole, tariffs, classification)
    if faults:
        more = _faults_of_the_rest(consignment, tariffs, territory, whole, lines, faults)
        refuse("the consignment cannot be assessed", [*faults.values(), *more])
    result = _assessed(consignment, tariffs, territory, whole, lines)
    unknown = result.careful
    if (unknown or result.lacks_something()) and not partial:
        missing = result.missing
        if missing:
            refuse("the consignment cannot be assessed", [one.refusal() for one in missing])
    return result


def _assessed(
    one: Consignment, tariffs: Tariffs, territory: Territory, whole: _Whole, lines: Sequence[_Line]
) -> Assessment:
    values, found, unknown = _run(one, whole, lines)
    laws = [each.law for each in lines]
    return Assessment(one, tariffs, territory, whole.law, laws, values, found, unknown)


def _faults_of_the_rest(
    one: Consignment,
    tariffs: Tariffs,
    territory: Territory,
    whole: _Whole,
    lines: Sequence[_Line],
    faults: Container[str],
) -> Sequence[DutycalcError]:
    """Return what the lines lack whose law was found, so that no fault waits until another is mended."""
    items = tuple(item for item in one.items if item.id not in faults)
    if not items:
        return ()
    try:
        rest = one.with_items(items)
        result = _assessed(rest, tariffs, territory, whole, lines)
    except DutycalcError as fault:
        every = fault.exceptions if isinstance(fault, Refusals) else (fault,)
        return [each for each in every if isinstance(each, DutycalcError)]
    return [each.refusal() for each in result.missing if each.item]


class _Whole(Thing):
    law: WholeProgram
    getters: tuple[Getter, ...]
    gathered: dict[tuple[_Line, ...], Gathered]


class _Line(Thing):
    law: LineProgram
    getters: tuple[Getter, ...]


def _check_variants(chosen: frozenset[str], territory: Territory) -> None:
    known = territory.variants()
    for name in sorted(chosen - known.keys()):
        raise FactsError(f"variants: {territory.code} has no reading {name!r}{near(name, known)}")


def _check_registrations(one: Consignment, sale: Law, border: Law, tariffs: Tariffs) -> None:
    """Refuse a registration key that no table knows: a slip in it would have tax taken twice."""
    for role in ("seller", "platform", "redeliverer", "payment_service", "buyer"):
        party = getattr(one, role)
        for key in party.registrations if party is not None else ():
            if sale.find("registration", key) or border.find("registration", key):
                continue
            if key not in tariffs.registrations:
                known = tariffs.registrations
                raise FactsError(
                    f"{role}.registrations: no table knows the scheme {key!r}{near(key, known)}",
                    fact=f"{role}.registrations",
                )


def _keep(programs: dict[Any, Any], key: Any, program: Any) -> Any:
    if len(programs) >= PROGRAMS_KEPT:
        programs.clear()
    programs[key] = program
    return program


def _getters(program: Program) -> tuple[Getter, ...]:
    return tuple(getter(name) for name in program.facts)


def _whole(one: Consignment, territory: Territory, known_on: date | None, chosen: frozenset[str]) -> _Whole:
    sold, imported = territory.epoch(one.sold_on), territory.epoch(one.import_day)
    key = (known_on, chosen, consignment_key(one, sold, imported))
    programs = territory.tariffs.programs
    found: _Whole | None = programs.get(key)
    if found is None:
        sale = territory.law(one.sold_on, known_on=known_on, variants=chosen)
        border = territory.law(one.import_day, known_on=known_on, variants=chosen)
        check_crossing(one, border, territory)
        _check_registrations(one, sale, border, territory.tariffs)
        law = trace_whole(consignment_profile(one, known_on, chosen), sale, border)
        found = _keep(programs, key, _Whole(law, _getters(law.program), {}))
    return found


def _lines(
    one: Consignment,
    territory: Territory,
    whole: _Whole,
    tariffs: Tariffs,
    classification: Classification,
) -> tuple[list[_Line], dict[str, DutycalcError]]:
    """Return the program of every line whose law can be found, and the faults of the others by their ids."""
    programs = tariffs.programs
    schedule = territory.schedule()
    day = one.import_day if schedule is not None else None
    found: list[_Line] = []
    faults: dict[str, DutycalcError] = {}
    for item in one.items:
        key = (whole, day, classification, item_key(item))
        line = programs.get(key)
        if line is None:
            try:
                profile = item_profile(item)
                tariff = look_up(schedule, profile, one.import_day, classification)
                law = trace_line(whole.law, profile, one.import_day, tariff)
            except DutycalcError as fault:
                faults[item.id] = _on_item(fault, item)
                continue
            line = _keep(programs, key, _Line(law, _getters(law.program)))
        found.append(line)
    return found, faults


def _on_item(fault: DutycalcError, item: GoodsItem) -> DutycalcError:
    """Return the refusal with the item named."""
    fault.args = (f"item {item.id}: {fault}",)
    if hasattr(fault, "item"):
        fault.item = item.id
    return fault


Gathered = dict[str, tuple[int | None, ...]]
"""Where each line, in order, has a value that the whole gathers; None where it takes no part."""


class Crossing:
    """What passes between the lines and the whole while their programs run."""

    __slots__ = ("found", "gathered", "order", "values")

    def __init__(self, gathered: Gathered, values: list[list[Any]], order: Sequence[tuple[int, str]]) -> None:
        self.gathered = gathered
        self.values = values
        self.order = order
        self.found: dict[str, Any] = {}

    def gather(self, name: str) -> list[Any]:
        """Return a named value of each line, None where a line takes no part."""
        return [
            None if place is None else values[place]
            for place, values in zip(self.gathered[name], self.values, strict=True)
        ]

    def total(self, name: str) -> Decimal:
        """Return the sum of a named value over the lines that have it."""
        whole = ZERO
        for place, values in zip(self.gathered[name], self.values, strict=True):
            if place is not None:
                whole = whole + values[place]
        return whole

    def count_distinct(self, name: str) -> Decimal:
        """Return how many different keys the lines have."""
        return Decimal(len({key for key in self.gather(name) if key is not None}))

    def any_line(self, name: str) -> bool:
        """Return whether a named test holds on any line."""
        return any(self.gather(name))

    def split(self, sharing: Sharing, amount: Decimal) -> tuple[Decimal, ...]:
        """Return each line's part of an amount."""
        if amount != amount:
            raise InvalidOperation
        groups = self.gather(sharing.group) if sharing.group else None
        weights = self.gather(sharing.weight)
        for weight in weights:
            if weight is not None and weight < 0:
                self.refuse_discounts(weights)
        return shares(amount, weights, groups, sharing.unit, self.order)

    def refuse_discounts(self, prices: Sequence[Any]) -> NoReturn:
        """Refuse every line whose discounts are above its price, all at once."""
        refuse("the consignment cannot be assessed", [
            FactsError(f"item {item}: the discounts are above the price", fact="discount", item=item)
            for price, (_, item) in zip(prices, self.order, strict=True) if price is not None and price < 0
        ])  # fmt: skip

    def fit(self, fitting: Fitting, limit: Decimal) -> tuple[Decimal, ...]:
        """Return how many whole items of each line fit within a limit."""
        return fitted(limit, self.gather(fitting.value), self.gather(fitting.quantity), self.order)

    def carefully(self, step: Step, *inputs: Any) -> Any:
        """Return what a crossing step finds; unknown where a line's share in it is unknown."""
        if step.op in ("part", "whole"):
            return self.found[step.constant]
        constant = step.constant
        if isinstance(constant, Sharing):
            names = [constant.weight, *([constant.group] if constant.group else [])]
        else:
            names = [constant.value, constant.quantity] if isinstance(constant, Fitting) else [constant]
        for name in names:
            found = self.gather(name)
            if step.op == "any_line" and any(value is True for value in found):
                return True
            for value in found:
                if isinstance(value, Unknown):
                    return value
        return getattr(self, step.op)(constant, *inputs)


def _gathered(whole: _Whole, lines: Sequence[_Line]) -> Gathered:
    """Return where the lines have what the whole gathers; found once for each set of lines."""
    key = tuple(lines)
    found = whole.gathered.get(key)
    if found is None:
        found = {
            name: tuple(line.law.program.names.get(name) for line in lines) for name in whole.law.trace.wanted
        }
        if len(whole.gathered) >= GATHERED_KEPT:
            whole.gathered.clear()
        whole.gathered[key] = found
    return found


GATHERED_KEPT: Final = 4_096
"""Sets of lines for which one consignment's program remembers where they have what it gathers."""


def _run(one: Consignment, whole: _Whole, lines: Sequence[_Line]) -> tuple[list[Any], list[list[Any]], bool]:
    """Return the values of every step, of the whole and of each line; and whether something was missing."""
    items = one.items
    order = [(len(item.id), item.id) for item in items]
    facts = [[get(one, item) for get in line.getters] for item, line in zip(items, lines, strict=True)]
    own = [get(one, items[0]) for get in whole.getters]
    program = whole.law.program
    programs = [line.law.program for line in lines]
    phases = max(program.phases, *[each.phases for each in programs])
    values: list[Any] = []
    found: list[list[Any]] = [[] for _ in lines]
    crossing = Crossing(_gathered(whole, lines), found, order)
    exports = program.exported_in
    try:
        with localcontext(EXACT):
            for phase in range(phases):
                for place, each in enumerate(programs):
                    segment = each.segments[phase] if phase < each.phases else None
                    if segment is not None:
                        known = found[place]
                        known += segment(known, each.constants, facts[place], crossing, place)
                segment = program.segments[phase] if phase < program.phases else None
                if segment is not None:
                    values += segment(values, program.constants, own, crossing, 0)
                    for name, at in exports[phase]:
                        crossing.found[name] = values[at]
    except InvalidOperation:
        return (*_run_carefully(one, whole, lines, facts, own, phases), True)
    for line, known in zip(lines, found, strict=True):
        price = known[line.law.price]
        if price == price and price < 0:
            _refuse_prices(items, lines, found)
        for place in line.law.doubtful:
            if known[place] != known[place]:
                return (*_run_carefully(one, whole, lines, facts, own, phases), True)
    return values, found, False


def _refuse_prices(
    items: Sequence[GoodsItem], lines: Sequence[_Line], found: Sequence[list[Any]]
) -> NoReturn:
    """Refuse every line whose price contains less than what is taken out of it, all at once."""
    faults = []
    for item, line, known in zip(items, lines, found, strict=True):
        price = known[line.law.price]
        if price == price and price < 0:
            text = "transport, insurance or discounts are above the price that contains them"
            faults.append(FactsError(f"item {item.id}: {text}", fact="unit_price", item=item.id))
    refuse("the consignment cannot be assessed", faults)


def _run_carefully(
    one: Consignment, whole: _Whole, lines: Sequence[_Line], facts: Any, own: Any, phases: int
) -> tuple[list[Any], list[list[Any]]]:
    """Run step by step, carrying what is unknown to all that rests on it."""
    values: list[Value] = []
    found: list[list[Value]] = [[] for _ in lines]
    order = [(len(item.id), item.id) for item in one.items]
    crossing = Crossing(_gathered(whole, lines), found, order)
    with localcontext(EXACT):
        for phase in range(phases):
            for place, line in enumerate(lines):
                _careful_phase(line.law.program, phase, found[place], facts[place], crossing, place)
            _careful_phase(whole.law.program, phase, values, own, crossing, None)
            for name, at in whole.law.program.exported_in[phase] if phase < whole.law.program.phases else ():
                crossing.found[name] = values[at]
    return values, found


def _careful_phase(
    program: Program,
    phase: int,
    values: list[Value],
    facts: Sequence[Decimal],
    crossing: Crossing,
    place: int | None,
) -> None:
    stated = dict(zip(program.facts, facts, strict=True))

    def cross(step: Step, *inputs: Any) -> Any:
        result = crossing.carefully(step, *inputs)
        mine = step.op == "part" and isinstance(result, tuple) and place is not None
        return result[place] if mine else result

    for n, step in enumerate(program.steps):
        if step.phase == phase:
            values.append(careful(step, [values[k] for k in program.inputs[n]], stated.__getitem__, cross))
