"""Limits and who is inside them: reliefs, special rates, waivers, and whether a record applies at all."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from dutycalc.errors import MissingFactError
from dutycalc.law import Provision
from dutycalc.money import Money, read_decimal
from dutycalc.stages.context import (
    VALUED,
    Applies,
    Line,
    Point,
    Trace,
    Whole,
    label_of,
    mismatch,
    names_goods,
    possible,
    unsettled_by,
)
from dutycalc.stages.valuation import measured
from dutycalc.steps import (
    Fitting,
    Step,
    Unknown,
    add,
    all_of,
    any_line,
    any_of,
    at_most,
    because,
    below,
    decide,
    divide,
    fit,
    greatest,
    missing,
    negate,
    subtract,
    times,
)
from dutycalc.tables import Condition, FurtherMeasure, Limit, Relief, Scoped, Waiver

POINTS: tuple[Point, Point] = ("sale", "import")
WEIGHED = "gross_mass_kg"
MASSES = frozenset({WEIGHED, "net_mass_kg"})
ONE = Decimal(1)
OTHER_GOODS = "other goods"
SCOPED = (
    "value",
    "charge",
    "relief",
    "special",
    "waiver",
    "scheme",
    "unmodelled",
    "prohibition",
    "notice",
    "border",
)
"""Families whose records may turn on a limit."""


def test_limits(whole: Whole) -> None:
    """Test every limit on the consignment as a whole that a record may turn on."""
    tested: dict[tuple[str, Any], Step] = {}
    for point in POINTS:
        law = whole.laws[point]
        for name in _limits_in_question(whole, point):
            provision: Provision[Limit] = law.on("limit", name)
            if provision.value.per == "consignment":
                key = (provision.record, provision.valid_from)
                if key not in tested:
                    tested[key] = _whole_test(whole, provision, point)
                whole.exports[f"limit:{name}@{point}"] = tested[key]


def _limits_in_question(whole: Whole, point: Point) -> list[str]:
    found: dict[str, None] = {}
    for family in SCOPED:
        for provision in whole.laws[point].all(family).values():
            record: Scoped = provision.value
            if possible(record, whole):
                found.update(
                    dict.fromkeys(name for name in (record.within, record.above) if name is not None)
                )
    return list(found)


def _whole_test(whole: Whole, provision: Provision[Limit], point: Point) -> Step:
    limit = provision.value
    parts = [_gathered(whole, one, point) for one in limit.measure]
    if limit.history is not None:
        parts += _earlier(whole, provision, "value")
    label = f"{_measures(limit.measure)} of the consignment"
    value = add(label, *parts) if len(parts) > 1 else parts[0]
    tests = [_compared(whole, provision, limit, value)]
    for further in limit.also:
        mass = _gathered(whole, further.measure, point)
        before = _earlier(whole, provision, further.measure) if further.measure == WEIGHED else []
        mass = add(f"{mass.label}, with earlier ones", mass, *before) if before else mass
        tests.append(_compared(whole, provision, further, mass))
    tests += _counted(whole, provision)
    return all_of(f"within the limit: {label_of(provision)}", *tests, law=provision)


def _measures(names: Iterable[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def _gathered(whole: Whole, measure: str, point: Point) -> Step:
    label = f"{_measures([measure])} of all lines"
    unit = "kg" if measure in MASSES else "item" if measure == "quantity" else None
    return whole.sum(label, f"measure:{measure}@{point}", VALUED, unit)


def _earlier(whole: Whole, provision: Provision[Limit], field: str) -> list[Step]:
    """Return the value or mass of what has already come in the period that a limit adds up, where stated."""
    limit = provision.value
    if limit.history is None:
        return []
    unit = "kg/gross" if field == WEIGHED else ""
    return _stated_before(whole, provision, limit.history, limit.history_of, field, unit)


def _stated_before(
    trace: Trace, provision: Provision[Limit], period: str, of: str, field: str, unit: str
) -> list[Step]:
    """Return a fact of earlier consignments: nothing where there were none, unknown if not stated."""
    words = period.replace("_", " ")
    past = trace.profile.history.get((period, of))
    if past is None or past.none:
        told = "are stated" if past is None else "came"
        text = f"no earlier consignments of the same {words} {told}"
        trace.reasons.append(because(text, True, provision))
        return []
    known = {"value": past.currency is not None, "count": past.counted, WEIGHED: past.weighed}[field]
    label = f"{_FIELDS[field]} in the {words}"
    if not known:
        reason = f"the law adds up what comes in a {words}: state the {field} of the earlier consignments"
        unknown = Unknown("fact", f"history.{field}", reason)
        return [missing(label, unknown, provision, trace.currency if field == "value" else unit)]
    name = f"history[{period} of {of}, {field}]"
    if field != "value":
        return [trace.fact(label, name, unit)]
    assert past.currency is not None
    return [trace.converted(label, trace.fact(label, name, past.currency))]


_FIELDS: Final = {"value": "earlier", "count": "earlier consignments", WEIGHED: "earlier mass"}


def _counted(trace: Trace, provision: Provision[Limit]) -> list[Step]:
    """Return the tests that no more consignments of a period have come than a limit is for."""
    tests: list[Step] = []
    for one in provision.value.counts:
        words = one.per.replace("_", " ")
        earlier = _stated_before(trace, provision, one.per, one.of, "count", "")
        if not earlier:
            continue
        this = trace.leaf("this consignment", provision, ONE, "")
        count = add(f"consignments of the {words}, with this one", *earlier, this)
        name = f"consignments of a {words}: {label_of(provision)}"
        most = trace.leaf(name, provision, Decimal(one.at_most), "")
        tests.append(at_most(f"consignments of the {words} do not exceed {one.at_most}", count, most))
    return tests


def _compared(
    trace: Trace,
    provision: Provision[Limit],
    limit: Limit | FurtherMeasure,
    value: Step,
    times_quantity: Step | None = None,
) -> Step:
    text = limit.at_most or limit.below or ""
    number, _, unit = text.rpartition(" ")
    name = f"limit: {label_of(provision)}"
    if unit in ("kg", "item"):
        bound = trace.leaf(name, provision, read_decimal(number), unit)
    else:
        bound = trace.sum_of_law(name, Money.parse(text), provision)
    if times_quantity is not None:
        bound = times(f"{name}, for the quantity", bound, times_quantity)
    if limit.at_most is not None:
        return at_most(f"{value.label} does not exceed {text}", value, bound)
    return below(f"{value.label} is below {text}", value, bound)


def limit_test(line: Line, name: str, point: Point) -> Step:
    """Return the test of a limit for one line: the consignment's, or the line's own, or for one item."""
    provision: Provision[Limit] = line.laws[point].on("limit", name)
    limit = provision.value
    if limit.per == "consignment":
        return line.from_whole(
            f"limit:{name}@{point}", f"consignment within the limit: {label_of(provision)}"
        )
    key = f"limit:{name}@{point}"
    if key not in line.values:
        quantity = line.fact("quantity", "quantity", "item") if limit.per == "item" else None
        parts = [measured(line, one, point) for one in limit.measure]
        value = add(f"{_measures(limit.measure)} of the line", *parts) if len(parts) > 1 else parts[0]
        tests = [_compared(line, provision, limit, value, quantity)]
        for further in limit.also:
            tests.append(
                _compared(line, provision, further, measured(line, further.measure, point), quantity)
            )
        tests += _counted(line, provision)
        line.values[key] = all_of(
            f"{limit.per} within the limit: {label_of(provision)}", *tests, law=provision
        )
    return line.values[key]


def whole_limit(whole: Whole, name: str) -> Step:
    """Return the consignment's own test of a limit at the border."""
    return whole.exports[f"limit:{name}@import"]


def applies(line: Line, provision: Provision[Any], point: Point = "import") -> Applies | None:
    """Return the tests under which a record applies to a line, or None where its categories do not fit."""
    record: Scoped = provision.value
    found = Applies(provision)
    excluded = _outside(line, provision, point)
    if getattr(record, "mixed", "line") == "consignment":
        name = f"outside:{provision.record}"
        if excluded:
            _tell(line, provision, excluded)
            return None
        outside = line.from_whole(name, f"a line of the consignment is outside: {label_of(provision)}")
        found.tests.append(negate("no line of the consignment is outside", outside, provision))
    elif excluded:
        _tell(line, provision, excluded)
        return None
    if record.when:
        ways = [_way(line, one) for one in record.when if not mismatch(one, line, line.item)]
        ways = [way for way in ways if way is not None]
        if not ways:
            return None
        if all(ways):
            found.tests.append(
                any_of(
                    "in one of the ways", *(all_of("in this way", *way) for way in ways if way), law=provision
                )
            )
    if record.within is not None:
        found.tests.append(limit_test(line, record.within, point))
    if record.above is not None:
        inside = limit_test(line, record.above, point)
        found.tests.append(negate(f"above the limit: {record.above.replace('_', ' ')}", inside, inside.law))
    return found


def _tell(line: Line, provision: Provision[Any], excluded: str) -> None:
    """Say in the working that goods are shut out of a record that would otherwise have reached them."""
    if excluded != OTHER_GOODS and possible(provision.value, line):
        line.reasons.append(
            because(f"{label_of(provision)}: not for these goods ({excluded})", False, provision)
        )


def _way(line: Line, condition: Condition) -> list[Step] | None:
    """Return the tests on schemes of one condition; None where a scheme that must take the line cannot."""
    tests: list[Step] = []
    if condition.scheme:
        able = [name for name in condition.scheme if name in line.taken]
        if not able:
            return None
        steps = [line.taken[name] for name in able]
        if all(step is not None for step in steps):
            tests.append(any_of(f"taken by {' or '.join(able)}", *(s for s in steps if s is not None)))
    for name in condition.not_scheme:
        if name in line.taken:
            step = line.taken[name]
            if step is None:
                return None
            tests.append(negate(f"not taken by {name}", step))
    return tests


def _outside(line: Line, provision: Provision[Any], point: Point) -> str:
    """Return why the goods of the line are outside a record, or nothing."""
    record: Scoped = provision.value
    lists = [record.not_for]
    for name in (record.within, record.above):
        if name is not None:
            lists.append(line.laws[point].on("limit", name).value.not_for)
    for goods in (*lists, record.only_for):
        entry = unsettled_by(goods, line.item)
        if entry and not names_goods(goods, line.item) and not _elsewhere(line, record):
            raise MissingFactError(
                f"commodity {line.item.commodity}: {provision.record} turns on {entry}, give more digits",
                fact="commodity",
            )
    if record.only_for is not None and not names_goods(record.only_for, line.item):
        return OTHER_GOODS
    return next((entry for goods in lists if (entry := names_goods(goods, line.item))), "")


def _elsewhere(line: Line, record: Scoped) -> bool:
    """Tell whether a record is for other circumstances anyway, whatever the goods."""
    return bool(record.when) and all(mismatch(one, line, line.item) for one in record.when)


def mark_mixed(whole: Whole) -> None:
    """Test, for each record that one line can spoil for all, whether a line is outside it."""
    for point in POINTS:
        for family in ("relief", "special", "scheme"):
            for provision in whole.laws[point].all(family).values():
                if getattr(provision.value, "mixed", "line") == "consignment":
                    name = f"outside:{provision.record}"
                    whole.wanted[name] = 0
                    whole.exports[name] = any_line(f"a line is outside: {label_of(provision)}", name, 0)


def export_outside(line: Line, name: str) -> Step:
    """Return whether this line is outside a record that one line can spoil for all."""
    record = name.removeprefix("outside:")
    for point in POINTS:
        for family in ("relief", "special", "scheme"):
            for provision in line.laws[point].all(family).values():
                if provision.record == record:
                    why = _outside(line, provision, point)
                    return because(
                        f"the line is outside: {label_of(provision)}{f' ({why})' if why else ''}",
                        bool(why),
                        provision,
                    )
    raise AssertionError(name)


def relieve_parts(whole: Whole) -> None:
    """Find, for each relief of a part, what the lines may set against it."""
    for name, provision in whole.border.all("relief").items():
        relief: Relief = provision.value
        if relief.portion == "whole" or relief.within is None or not possible(relief, whole):
            continue
        limit: Provision[Limit] = whole.border.on("limit", relief.within)
        text = limit.value.at_most or limit.value.below or ""
        bound = _left(whole, limit, whole.sum_of_law(f"limit: {label_of(limit)}", Money.parse(text), limit))
        measure = f"relieved:{name}"
        whole.wanted[measure] = VALUED
        if relief.portion == "excess":
            value = whole.sum(f"value within reach of {label_of(provision)}", measure, VALUED)
            over = greatest(
                "part above the limit",
                subtract("above the limit", value, bound),
                whole.zero("nothing", limit),
                law=limit,
            )
            whole.share(f"part:{name}", "part above the limit, shared", over, measure, VALUED)
        else:
            whole.wanted["quantity"] = 0
            whole.exports[f"part:{name}"] = fit(
                "whole items within the limit", bound, Fitting(measure, "quantity"), VALUED
            )


def excess(whole: Whole, name: str, value: Step, measure: str = "") -> Step:
    """Return what of the consignment's value, or of another measure, exceeds a limit at the border.

    A measure that the limit does not name is returned as it is.
    """
    limit: Provision[Limit] = whole.border.on("limit", name)
    rules = [limit.value] if not measure else [one for one in limit.value.also if one.measure == measure]
    for one in rules:
        number, _, unit = (one.at_most or one.below or "").rpartition(" ")
        label = f"limit: {label_of(limit)}"
        if measure:
            bound = whole.leaf(label, limit, read_decimal(number), unit)
        else:
            bound = whole.sum_of_law(label, Money(read_decimal(number), unit), limit)
        left = _left(whole, limit, bound, measure or "value")
        over = subtract(f"{value.label} above the limit", value, left)
        nothing = _nothing(whole, limit, value.unit)
        value = greatest(f"{value.label} above the limit, if any", over, nothing, law=limit)
    return value


def _nothing(whole: Whole, limit: Provision[Limit], unit: str) -> Step:
    return whole.leaf("nothing", limit, Decimal(0) * whole.unit, unit)


def _left(whole: Whole, limit: Provision[Limit], bound: Step, field: str = "value") -> Step:
    """Return what earlier consignments have left of a limit: nothing once their number is up."""
    nothing = _nothing(whole, limit, bound.unit)
    for earlier in _earlier(whole, limit, field):
        rest = subtract("left of the limit", bound, earlier)
        bound = greatest("left of the limit by earlier consignments", rest, nothing, law=limit)
    tests = _counted(whole, limit)
    if tests:
        told = all_of("consignments of the period are not used up", *tests, law=limit)
        bound = decide("left of the limit", told, bound, nothing, law=limit)
    return bound


def export_relieved(line: Line, name: str) -> Step | None:
    """Return the value that a relief of a part can reach on this line, or None where it does not apply."""
    provision = line.border.on("relief", name)
    if applies_statically(line, provision) is None:
        return None
    limit: Provision[Limit] = line.border.on("limit", provision.value.within)
    parts = [measured(line, one, "import") for one in limit.value.measure]
    return add("value within reach of the relief", *parts) if len(parts) > 1 else parts[0]


def applies_statically(line: Line, provision: Provision[Relief]) -> Applies | None:
    """Return whether the categories of a relief of a part fit the line: its limit is no test, but a sum."""
    record = provision.value
    if _outside(line, provision, "import"):
        return None
    if record.when and all(mismatch(one, line, line.item) for one in record.when):
        return None
    return Applies(provision)


def base_after_relief(line: Line, charge: str, base: Step) -> tuple[Step, Provision[Any] | None]:
    """Return the part of a charge's base that no relief of a part takes away."""
    for name, provision in line.border.all("relief").items():
        relief: Relief = provision.value
        if (
            charge not in relief.of
            or relief.portion == "whole"
            or applies_statically(line, provision) is None
        ):
            continue
        part = line.part_of(f"part:{name}", f"part of {label_of(provision)}")
        if relief.portion == "excess":
            value = export_relieved(line, name)
            assert value is not None
            relieved = subtract("part within the limit", value, part)
            return subtract(
                f"base of {charge.replace('_', ' ')} above the limit", base, relieved, law=provision
            ), provision
        quantity = line.fact("quantity", "quantity", "item")
        left = subtract("items not relieved", quantity, part, law=provision)
        return divide(
            f"base of {charge.replace('_', ' ')} on the items not relieved",
            times("base by items", base, left),
            quantity,
        ), provision
    return base, None


def waivers_of(trace: Trace, charge: str) -> list[tuple[str, Provision[Waiver]]]:
    """Return the waivers that may waive a charge."""
    return [(name, one) for name, one in trace.border.all("waiver").items() if charge in one.value.charges]


def waiver_test(trace: Trace, provision: Provision[Waiver], amount: Step) -> Step:
    """Return the test that a sum is too small to collect."""
    waiver = provision.value
    limit = waiver.at_most or waiver.below
    assert limit is not None
    bound = trace.sum_of_law(f"limit: {label_of(provision)}", limit, provision)
    if waiver.at_most is not None:
        return at_most(f"{amount.label} does not exceed {limit}", amount, bound)
    return below(f"{amount.label} is below {limit}", amount, bound)
