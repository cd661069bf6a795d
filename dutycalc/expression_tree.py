"""The forms of a duty expression: what each says, and the steps that compute it.

`dutycalc.expressions` reads and documents the notation; `str()` of a form writes it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, Literal

from dutycalc.errors import NotInForceError
from dutycalc.expression_working import COMPONENTS, Expression, Reading
from dutycalc.money import EXACT, QUOTIENTS, Money, plain
from dutycalc.steps import Step, Unknown, add, divide, greatest, least, missing, subtract, times
from dutycalc.units import counted
from dutycalc.values import Frozen

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def number(value: Decimal) -> str:
    """Return the number in its shortest plain notation: `12`, `0.36`."""
    text = plain(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


class Rate(Expression):
    """A form that stands in sums and under limits."""

    __slots__ = ()


class Free(Rate):
    """No duty, as the schedule states it."""

    @property
    def ad_valorem(self) -> Decimal | None:
        return Decimal(0)

    def step(self, label: str, reading: Reading) -> Step:
        return reading.number(label, Decimal(0), reading.value.unit)

    def wording(self, value: str) -> str:
        return "free of duty"

    def __str__(self) -> str:
        return "free"


class AdValorem(Rate):
    """A percentage of the value, or of the value of a part of the goods.

    `percent / divisor` is the percentage, so that 33 1/3% is exactly 100 / 3; the divisor is 1 wherever
    the percentage has an end in decimals.
    """

    percent: Decimal
    divisor: int = 1
    part: str = ""

    @property
    def ad_valorem(self) -> Decimal | None:
        if self.part:
            return None
        return self.percent if self.divisor == 1 else QUOTIENTS.divide(self.percent, Decimal(self.divisor))

    def step(self, label: str, reading: Reading) -> Step:
        base = reading.measure(self.part) if self.part else reading.value
        if self.divisor == 1:
            return times(label, base, self._rate(reading), unit=reading.value.unit)
        multiple = times(
            f"{number(self.percent)}% of the {base.label}", base, self._rate(reading), unit=reading.value.unit
        )
        return divide(label, multiple, reading.number("divisor", Decimal(self.divisor)))

    def _rate(self, reading: Reading) -> Step:
        return reading.number(f"rate of {number(self.percent)}%", self.percent.scaleb(-2, EXACT), "%")

    def wording(self, value: str) -> str:
        return f"{self._percentage()} of the {self.part or value}"

    def _percentage(self) -> str:
        if self.divisor == 1:
            return f"{number(self.percent)}%"
        whole, rest = divmod(int(self.percent), self.divisor)
        return f"{whole} {rest}/{self.divisor}%" if whole else f"{rest}/{self.divisor}%"

    def __str__(self) -> str:
        return f"{self._percentage()} on {self.part}" if self.part else self._percentage()

    def own_needs(self) -> frozenset[str]:
        return frozenset([self.part]) if self.part else frozenset()


class Per(Frozen):
    """A measure that an amount is multiplied by: in tens, hundreds …, or beyond a number of it.

    Past `over`, or short of `under`, only the difference counts, and never less than nothing.
    """

    measure: str
    multiple: Decimal = Decimal(1)
    over: Decimal | None = None
    under: Decimal | None = None

    @property
    def counted(self) -> tuple[str, Decimal]:
        """Return the measure that is asked for, and what the amount is divided by for it."""
        bounded = self.over is not None or self.under is not None
        return (self.measure, Decimal(1)) if bounded else counted(self.measure)

    def step(self, reading: Reading) -> Step:
        """Return the steps of the quantity that is charged, in the measure that is asked for."""
        asked, _ = self.counted
        quantity = reading.measure(asked)
        if self.over is not None:
            bound = reading.number("counted from", self.over, quantity.unit)
            quantity = self._never_negative(reading, subtract(self.wording(), quantity, bound))
        elif self.under is not None:
            bound = reading.number("counted below", self.under, quantity.unit)
            quantity = self._never_negative(reading, subtract(self.wording(), bound, quantity))
        if self.multiple == 1:
            return quantity
        words = number(self.multiple)
        part = reading.neutral(f"one in {words}", EXACT.divide(Decimal(1), self.multiple))
        label = f"quantity in {words} {asked.replace('/', ' ')}"
        return times(label, quantity, part, unit=f"{words} {asked}")

    def _never_negative(self, reading: Reading, difference: Step) -> Step:
        nothing = reading.neutral("nothing", Decimal(0), difference.unit)
        return greatest(f"{difference.label}, at least nothing", difference, nothing)

    def wording(self) -> str:
        """Return the measure in words: `100 kg drained`, `jewel over 7`."""
        words = self.measure.replace("/", " ")
        if self.multiple != 1:
            words = f"{number(self.multiple)} {words}"
        return f"{words}{self._bound()}"

    def _bound(self) -> str:
        if self.over is not None:
            return f" over {number(self.over)}"
        return f" under {number(self.under)}" if self.under is not None else ""

    def __str__(self) -> str:
        return f"{'' if self.multiple == 1 else number(self.multiple)}{self.measure}{self._bound()}"


class Specific(Rate):
    """An amount of money per measure; flat where `per` is empty."""

    amount_per: Decimal
    currency: str
    per: tuple[Per, ...] = ()

    def step(self, label: str, reading: Reading) -> Step:
        money = Money(self.amount_per, self.currency)
        if not self.per:
            return reading.money(money, label)
        rate = reading.money(money, f"rate of {self.wording('')}")
        quantities = [one.step(reading) for one in self.per]
        divisors = [(one, divisor) for one in self.per for asked, divisor in [one.counted] if divisor != 1]
        if not divisors:
            return times(label, rate, *quantities)
        amount = times(f"{label}, before division", rate, *quantities)
        for one, divisor in divisors:
            amount = divide(label, amount, reading.neutral(f"{one.counted[0]} in one {one.measure}", divisor))
        return amount

    def wording(self, value: str) -> str:
        amount = f"{number(self.amount_per)} {self.currency}"
        return " per ".join((amount, *(one.wording() for one in self.per)))

    def __str__(self) -> str:
        return "/".join([f"{number(self.amount_per)} {self.currency}", *map(str, self.per)])

    def own_units(self) -> frozenset[str]:
        return frozenset(one.counted[0] for one in self.per)


class Component(Rate):
    """An agricultural component or an additional duty, a fact in money per 100 kg of net mass."""

    name: str

    def step(self, label: str, reading: Reading) -> Step:
        mass = Per("kg", Decimal(100)).step(reading)
        return times(label, reading.measure(self.name), mass, unit=reading.value.unit)

    def wording(self, value: str) -> str:
        return f"{COMPONENTS[self.name]} ({self.name})"

    def __str__(self) -> str:
        return self.name

    def own_units(self) -> frozenset[str]:
        return frozenset(["kg"])

    def own_needs(self) -> frozenset[str]:
        return frozenset([self.name])


class Sum(Rate):
    """The terms added up, less those of `minus`."""

    terms: tuple[Rate, ...]
    minus: tuple[Rate, ...] = ()

    def inside(self) -> tuple[Expression, ...]:
        return (*self.terms, *self.minus)

    def step(self, label: str, reading: Reading) -> Step:
        if not self.minus:
            return add(label, *(_worded(one, reading) for one in self.terms), law=reading.law)
        gross = self.terms[0] if len(self.terms) == 1 else Sum(self.terms)
        less = [_worded(one, reading) for one in self.minus]
        return subtract(label, _worded(gross, reading), *less, law=reading.law)

    def wording(self, value: str) -> str:
        more = " plus ".join(one.wording(value) for one in self.terms)
        return " less ".join([more, *(one.wording(value) for one in self.minus)])

    def __str__(self) -> str:
        more = " + ".join(_within(one, (Sum, Limit)) for one in self.terms)
        return " - ".join([more, *(_within(one, (Sum, Limit)) for one in self.minus)])


class Limit(Rate):
    """An amount kept at most (`MAX`) or at least (`MIN`) another; `word` is the schedule's."""

    word: Literal["MIN", "MAX"]
    rate: Rate
    limit: Rate

    def inside(self) -> tuple[Expression, ...]:
        return (self.rate, self.limit)

    def step(self, label: str, reading: Reading) -> Step:
        choose = least if self.word == "MAX" else greatest
        return choose(label, _worded(self.rate, reading), _worded(self.limit, reading), law=reading.law)

    def wording(self, value: str) -> str:
        bound = "not more than" if self.word == "MAX" else "not less than"
        return f"{self.rate.wording(value)}, {bound} {self.limit.wording(value)}"

    def __str__(self) -> str:
        return f"{self.rate} {self.word} {_within(self.limit, (Limit,))}"


def _worded(rate: Rate, reading: Reading) -> Step:
    return rate.step(rate.wording(reading.value.label), reading)


def _within(rate: Rate, kinds: tuple[type[Rate], ...]) -> str:
    return f"({rate})" if isinstance(rate, kinds) else str(rate)


class Reference(Rate):
    """A rate that the schedule states in words, by pointing elsewhere; kept, and never a number."""

    text: str

    def step(self, label: str, reading: Reading) -> Step:
        return reading.refused(label, self.text, f"the schedule states the rate in words: {self.text}")

    def wording(self, value: str) -> str:
        return f"“{self.text}”"

    def __str__(self) -> str:
        return 'ref "{}"'.format(self.text.replace('"', '""'))


class EntryPrice(Rate):
    """A duty that depends on the entry price of the consignment, by a ladder not in the tables."""

    def step(self, label: str, reading: Reading) -> Step:
        reason = "the duty follows the entry price, and its ladder is not in the tables"
        return reading.refused(label, "entry price", reason)

    def wording(self, value: str) -> str:
        return "duty by entry price"

    def __str__(self) -> str:
        return "entry price"


class NotCovered(Expression):
    """No rate for these goods in this column: another column's rate applies."""

    def step(self, label: str, reading: Reading) -> Step:
        return reading.refused(label, "not covered", "this column of the schedule does not cover the goods")

    def wording(self, value: str) -> str:
        return "not covered"

    def __str__(self) -> str:
        return "not covered"


class Range(Frozen):
    """Days of every year, first and last included, as (month, day); wraps where the last is the earlier."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: tuple[int, int]) -> bool:
        """Return whether the day, as (month, day), lies in the range."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last

    def __str__(self) -> str:
        return f"{day_of_year(self.first)}-{day_of_year(self.last)}"


def day_of_year(day: tuple[int, int]) -> str:
    """Return the day as it is written: `1 MAY`."""
    return f"{day[1]} {MONTHS[day[0] - 1]}"


class Season(Frozen):
    """A rate and the days of the year on which it is the rate."""

    rate: Rate
    ranges: tuple[Range, ...]

    def holds(self, day: tuple[int, int]) -> bool:
        """Return whether the rate is the rate on the day."""
        return any(one.holds(day) for one in self.ranges)

    def __str__(self) -> str:
        return f"{self.rate} ({', '.join(map(str, self.ranges))})"


class _ByDay(Expression):
    """A form whose rate depends on the day: `on` it must be asked before it is traced."""

    def step(self, label: str, reading: Reading) -> Step:
        unknown = Unknown("fact", "day", f"the rate depends on the day: {self}")
        return missing(label, unknown, reading.law, reading.value.unit)

    def wording(self, value: str) -> str:
        return str(self)


class Seasons(_ByDay):
    """A rate for each part of the year; no two parts share a day, and a day may be in none."""

    parts: tuple[Season, ...]

    def inside(self) -> tuple[Expression, ...]:
        return tuple(one.rate for one in self.parts)

    def on(self, day: date) -> Expression:
        for one in self.parts:
            if one.holds((day.month, day.day)):
                return one.rate
        raise NotInForceError(
            f"{str(self)!r}: no season covers {day_of_year((day.month, day.day))}", table=str(self), day=day
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))


class Dated(_ByDay):
    """What is charged from each day on; each start ends the one before. `first` holds before all of them."""

    first: Expression | None
    steps: tuple[tuple[date, Expression], ...]

    def inside(self) -> tuple[Expression, ...]:
        first = () if self.first is None else (self.first,)
        return (*first, *(one for _, one in self.steps))

    def on(self, day: date) -> Expression:
        found = self.first
        for start, one in self.steps:
            if start <= day:
                found = one
        if found is None:
            raise NotInForceError(f"{str(self)!r}: nothing is stated for {day}", table=str(self), day=day)
        return found.on(day)

    def __str__(self) -> str:
        first = () if self.first is None else (str(self.first),)
        return "; ".join([*first, *(f"{one} from {start}" for start, one in self.steps)])
