"""Nudges: a record of law changed a little, as a slip of its keeper would change it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from dutycalc.errors import DutycalcError
from dutycalc.expressions import parse
from dutycalc.law import ALWAYS, Provision, Series
from dutycalc.money import Mode, Money, quantum
from dutycalc.shapes import Shape
from dutycalc.tables import (
    BorderCollection,
    Charge,
    Currency,
    FurtherMeasure,
    Limit,
    Registration,
    Relief,
    RoundingRule,
    Scheme,
    Scoped,
    Special,
    Take,
    TaxClassRule,
    Turnover,
    ValueRule,
    Waiver,
)
from dutycalc.units import UNITS
from dutycalc.values import Frozen
from dutycalc.words import Role

A_DAY: Final = timedelta(days=1)

SILENT: Final = frozenset({"exchange_rate", "notice", "refund"})
"""Families that change no charge, of which golden cases say nothing."""

_NUMBER: Final = re.compile(r"(?<![A-Z0-9./])([0-9]+(?:\.[0-9]+)?)(?= ?%| [A-Z]{3}\b)")
_FLAT: Final = re.compile(r"[0-9.]+ [A-Z]{3}")
"""A sum of money as a rate: it has no fraction to round."""

_ABOUT: Final = frozenset(
    {"valid_from", "valid_until", "known_from", "end_known_from", "cite", "confidence", "note"}
)
"""Fields that say when and where a record is law, and not what it says."""

_MODES: Final[dict[Mode, Mode]] = {
    "half_up": "down", "half_down": "up", "half_even": "down", "up": "down", "down": "up",
}  # fmt: skip

_BESIDE: Final[dict[Role, Role]] = {
    "seller": "platform", "platform": "seller", "buyer": "declarant", "declarant": "buyer",
    "carrier": "post", "post": "carrier",
}  # fmt: skip
"""The role that is most easily written for another; for the rest, the buyer."""


class Nudge(Frozen):
    """A record with one thing changed, or left out (`changed` is None).

    `kind` is a word of `KINDS`, `says` what was changed from what to what. `days` are the only days whose
    law the nudge can change; none means all days on which the record is in force. `edge` is the sum next to
    which the nudge shows, where it is on a limit.
    """

    kind: str
    says: str
    changed: Provision[Any] | None
    days: tuple[date, ...] = ()
    edge: Money | None = None


KINDS: Final = (
    "first day", "last day", "rate", "comparator", "limit", "rounding", "base", "party", "due day",
    "currency", "number", "left out",
)  # fmt: skip


def altered(shape: Any, **changes: Any) -> Any:
    """Return a shape with some fields changed and not read again; ValueError where it contradicts itself."""
    found = object.__new__(type(shape))
    found.__dict__.update(shape.__dict__ | changes)
    for name in ("__pydantic_extra__", "__pydantic_private__"):
        object.__setattr__(found, name, getattr(shape, name, None))
    object.__setattr__(found, "__pydantic_fields_set__", shape.model_fields_set | changes.keys())
    if isinstance(found, Shape):
        found.check()
    return found


def same_law(one: Provision[Any], other: Provision[Any]) -> bool:
    """Tell whether two records say the same, whenever and wherever they say it."""
    return _said(one) == _said(other)


def _said(one: Provision[Any]) -> dict[str, Any]:
    return {name: value for name, value in one.value.__dict__.items() if name not in _ABOUT}


def nudges(
    record: Provision[Any], among: Series[Any] | None = None, *, covered_from: date = date.min
) -> Iterator[Nudge]:
    """Yield the record with one thing changed at a time: a day, a rate, a comparator, a limit, a party.

    `among` is the series that holds the record, `covered_from` the first day of its tables. A day is not
    moved where that changes nothing: at or before the first day of the tables, onto or past a neighbour, or
    where the neighbour says the same. Records that only speak to readers have no nudges.
    """
    family = record.record.partition("/")[2].partition(".")[0]
    if family in SILENT:
        return
    yield from _days(record, among if among is not None else Series(record.record, (record,)), covered_from)
    seen = {record.value}
    for kind, says, value, edge in _values(record.value):
        if value not in seen:
            seen.add(value)
            yield Nudge(kind, says, record.replaced(value=value), edge=edge)
    if isinstance(record.value, Scoped) and not isinstance(record.value, (Charge, ValueRule)):
        yield Nudge("left out", "the record left out", None)


def _days(record: Provision[Any], among: Series[Any], covered_from: date) -> Iterator[Nudge]:
    rivals = [one for one in among if one.variant == record.variant]
    before = [one for one in rivals if one.valid_from < record.valid_from]
    after = [one.valid_from for one in rivals if one.valid_from > record.valid_from]
    first, last = record.valid_from, record.valid_until
    previous = before[-1] if before else None
    ended = previous is None or (previous.stated_end and previous.valid_until < first - A_DAY)
    if first > covered_from and (ended or previous is None or not same_law(previous, record)):
        earlier, later = first - A_DAY, first + A_DAY
        if previous is None or previous.valid_from < earlier:
            yield Nudge("first day", f"first day {first} -> {earlier}", _from(record, earlier), (earlier,))
        if later <= last and later not in after:
            yield Nudge("first day", f"first day {first} -> {later}", _from(record, later), (first,))
    followed = any(day <= last + A_DAY for day in after) if last != ALWAYS else True
    if record.stated_end and not followed and last >= covered_from:
        longer, shorter = last + A_DAY, last - A_DAY
        yield Nudge("last day", f"last day {last} -> {longer}", _until(record, longer), (longer,))
        if last > max(first, covered_from):
            yield Nudge("last day", f"last day {last} -> {shorter}", _until(record, shorter), (last,))


def _from(record: Provision[Any], day: date) -> Provision[Any]:
    return record.replaced(valid_from=day, value=altered(record.value, valid_from=day))  # type: ignore[no-any-return]


def _until(record: Provision[Any], day: date) -> Provision[Any]:
    return record.replaced(valid_until=day, value=altered(record.value, valid_until=day))  # type: ignore[no-any-return]


_Found = tuple[str, str, Any, Money | None]


def _values(one: Any) -> Iterator[_Found]:
    """Yield kind, words, the record changed, and the edge."""
    match one:
        case TaxClassRule():
            yield from _of_class(one)
        case Charge():
            yield from _text(one, "rate")
            if not _FLAT.fullmatch(one.rate):
                yield from _rounding(one, "rounding")
            yield from _rounding(one, "base_rounding")
            yield from _without(one, "base")
            yield from _role(one, "liable")
            yield from _role(one, "collector")
            if one.inclusive:
                yield "base", "the base without the charge itself", altered(one, inclusive=False), None
        case Special():
            yield from _text(one, "rate")
            for place, bucket in enumerate(one.buckets):
                for kind, says, changed, edge in _text(bucket, "rate"):
                    yield kind, says, altered(one, buckets=_put(one.buckets, place, changed)), edge
            if one.less is not None:
                more = _raised(one.less)
                yield "rate", f"less {one.less} -> {more}", altered(one, less=more), None
            yield from _rounding(one, "rounding")
            yield from _without(one, "base")
        case Limit():
            yield from _bounds(one)
            for place, further in enumerate(one.also):
                for kind, says, changed, edge in _bounds(further):
                    yield kind, says, altered(one, also=_put(one.also, place, changed)), edge
            yield from _without(one, "measure")
        case Waiver():
            yield from _bounds(one)
            yield from _without(one, "charges")
        case ValueRule():
            yield from _without(one, "parts")
            if one.factor is not None:
                factor = one.factor + _step(one.factor * 100) / 100
                yield "rate", f"factor {one.factor} -> {factor}", altered(one, factor=factor), None
            yield from _rounding(one, "rounding")
        case Relief():
            yield from _without(one, "of")
        case Scheme():
            yield from _of_scheme(one)
        case BorderCollection():
            yield from _role(one, "liable")
            yield from _role(one, "collector")
        case Currency():
            code = "EUR" if one.code != "EUR" else "USD"
            yield "currency", f"currency {one.code} -> {code}", altered(one, code=code), None
        case Registration() if one.pictures:
            longer = [f"{picture}#" for picture in one.pictures]
            yield "number", "its number one digit longer", altered(one, pictures=longer), None
        case Scoped() if isinstance(getattr(one, "rate", None), str):
            yield from _text(one, "rate")


def _of_class(one: TaxClassRule) -> Iterator[_Found]:
    if one.rate is not None:
        share = one.rate * 100
        more = share + _step(share)
        yield (
            "rate",
            f"rate {share.normalize():f}% -> {more.normalize():f}%",
            altered(one, rate=more / 100),
            None,
        )
    elif one.like != "standard":
        yield "rate", f"like {one.like} -> like standard", altered(one, like="standard"), None
    else:
        yield "rate", "like standard -> rate 0%", altered(one, like=None, rate=Decimal(0)), None


def _of_scheme(one: Scheme) -> Iterator[_Found]:
    if len(one.liable) > 1:
        turned = one.liable[::-1]
        yield "party", f"liable {_listed(one.liable)} -> {_listed(turned)}", altered(one, liable=turned), None
    else:
        other = _other(one.liable[0])
        yield "party", f"liable {one.liable[0]} -> {other}", altered(one, liable=[other]), None
    yield from _role(one, "collector")
    if one.turnover is not None:
        for kind, says, changed, edge in _turnover(one.turnover):
            yield kind, says, altered(one, turnover=changed), edge
    if one.returns is not None:
        months = one.returns.months_after
        later = altered(one.returns, months_after=months + 1)
        yield "due day", f"months_after {months} -> {months + 1}", altered(one, returns=later), None
        day = one.returns.day
        if isinstance(day, int):
            changed = altered(one.returns, day=day - 1 or day + 1)
            yield "due day", f"day {day} -> {changed.day}", altered(one, returns=changed), None
    for name, take in one.takes.items():
        if not isinstance(take, Take):
            continue
        for kind, says, changed, edge in (*_without(take, "base"), *_rounding(take, "rounding")):
            yield kind, f"takes.{name}: {says}", altered(one, takes=one.takes | {name: changed}), edge


def _text(one: Any, field: str) -> Iterator[_Found]:
    """Yield a rate's text with each of its numbers raised by one step."""
    text = getattr(one, field)
    for number in _NUMBER.finditer(text or ""):
        figure = Decimal(number[1])
        changed = f"{text[: number.start()]}{figure + _step(figure)}{text[number.end() :]}"
        try:
            parse(changed)
        except DutycalcError:
            continue
        yield "rate", f"{field} {text} -> {changed}", altered(one, **{field: changed}), None


def _step(figure: Decimal) -> Decimal:
    """Return one of the last digit that a figure needs: 20 steps by 1, 8.1 by 0.1."""
    exponent = figure.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(0, int(exponent)))


def _raised(amount: Money) -> Money:
    return Money(amount.amount + quantum(amount.currency), amount.currency)


def _bounds(one: Limit | FurtherMeasure | Waiver) -> Iterator[_Found]:
    """Yield a limit with its comparator turned, and one unit higher and lower."""
    field, other = ("at_most", "below") if one.at_most is not None else ("below", "at_most")
    bound: Money | str = getattr(one, field)
    text = str(bound)
    number, _, unit = text.rpartition(" ")
    mass = unit in UNITS
    step = _step(Decimal(number)) if mass else quantum(unit)
    edge = None if mass else Money.parse(text)
    yield "comparator", f"{field} {text} -> {other} {text}", altered(one, **{field: None, other: bound}), edge
    for figure in (Decimal(number) + step, Decimal(number) - step):
        if figure >= 0:
            moved = Money(figure, unit) if isinstance(bound, Money) else f"{figure} {unit}"
            yield "limit", f"{field} {text} -> {moved}", altered(one, **{field: moved}), edge


def _turnover(one: Turnover) -> Iterator[_Found]:
    field, other = ("at_least", "above") if one.at_least is not None else ("above", "at_least")
    bound: Money = getattr(one, field)
    says = f"turnover {field} {bound} -> {other} {bound}"
    yield "comparator", says, altered(one, **{field: None, other: bound}), None
    for step in (1, -1):
        moved = Money(bound.amount + step * quantum(bound.currency), bound.currency)
        if moved.amount >= 0:
            yield "limit", f"turnover {field} {bound} -> {moved}", altered(one, **{field: moved}), None


def _rounding(one: Any, field: str) -> Iterator[_Found]:
    rule: RoundingRule | None = getattr(one, field)
    if rule is not None:
        mode = _MODES[rule.mode]
        yield (
            "rounding",
            f"{field} {rule.mode} -> {mode}",
            altered(one, **{field: altered(rule, mode=mode)}),
            None,
        )


def _without(one: Any, field: str) -> Iterator[_Found]:
    """Yield a list of names with each of them left out, while one stays."""
    names: list[str] = getattr(one, field)
    for place, name in enumerate(names if len(names) > 1 else ()):
        kept = [*names[:place], *names[place + 1 :]]
        yield "base", f"{field} without {name}", altered(one, **{field: kept}), None


def _role(one: Any, field: str) -> Iterator[_Found]:
    role: Role | None = getattr(one, field)
    if role is not None:
        other = _other(role)
        yield "party", f"{field} {role} -> {other}", altered(one, **{field: other}), None


def _other(role: Role) -> Role:
    return _BESIDE.get(role, "buyer")


def _listed(names: list[Role]) -> str:
    return ", ".join(names)


def _put(values: list[Any], place: int, value: Any) -> list[Any]:
    return [*values[:place], value, *values[place + 1 :]]
