"""Money: exact amounts, minor units of ISO 4217, rounding as law states it, and sharing without loss."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final, Literal, Self

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from dutycalc.errors import CurrencyError, FactsError
from dutycalc.values import Frozen

DIGITS: Final = 120
"""Significant digits of every exact operation; more than any product of stated facts and law needs."""

QUOTIENT_DIGITS: Final = 34
"""Significant digits at which a quotient is cut, half to even: those of the decimal128 of IEEE 754."""

EXACT: Final = Context(
    prec=DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Inexact]
)
"""The arithmetic of what the law has not rounded: a lost digit is an error."""

LOOSE: Final = Context(prec=DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation])
"""The arithmetic of a rounding."""

QUOTIENTS: Final = Context(
    prec=QUOTIENT_DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation]
)
"""The arithmetic of a quotient."""

Mode = Literal["half_up", "half_down", "half_even", "up", "down"]

MODES: Final[dict[Mode, str]] = {
    "half_up": ROUND_HALF_UP,
    "half_down": ROUND_HALF_DOWN,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}

_NO_MINOR: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_TWO: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN
UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""

MINOR_UNITS: Final[dict[str, int]] = {
    code: digits
    for digits, codes in ((2, _TWO), (0, _NO_MINOR), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""ISO 4217 minor units (list one, and HRK for the days before Croatia's euro)."""

_AMOUNT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_MONEY: Final = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) ([A-Z]{3})", re.ASCII)
_LONGEST: Final = 40
"""Characters of the longest amount that is read: longer ones are no statement of a price."""


def plain(number: Decimal) -> str:
    """Return the number in plain notation, never with an exponent."""
    return f"{number:f}"


def quantum(currency: str) -> Decimal:
    """Return the smallest unit of a currency, such as 0.01; CurrencyError where ISO 4217 lacks it."""
    try:
        return _QUANTA[currency]
    except KeyError:
        raise CurrencyError(f"currency {currency!r} is not in ISO 4217", currencies=(currency,)) from None


_ONE: Final = Decimal(1)

_QUANTA: Final = {code: Decimal(1).scaleb(-digits) for code, digits in MINOR_UNITS.items()}


def read_decimal(text: object) -> Decimal:
    """Return the exact number written in plain ASCII digits; FactsError for anything else."""
    if isinstance(text, (bool, float)):
        raise FactsError(f"{text!r} is no exact number: write it as a string")
    if isinstance(text, int):
        return Decimal(text)
    if isinstance(text, Decimal):
        if not text.is_finite():
            raise FactsError(f"{text} is no finite number")
        return text
    if not isinstance(text, str) or len(text) > _LONGEST or not _AMOUNT.fullmatch(text):
        raise FactsError(f"{text!r} is no number: write digits, with a point for the fraction")
    return Decimal(text)


def round_to(amount: Decimal, unit: Decimal, mode: Mode) -> Decimal:
    """Return the amount as a whole number of units (0.01, 0.05, 1000 …), rounded as `mode` says."""
    if unit.as_tuple().digits == (1,) and unit <= 1:
        return amount.quantize(unit, MODES[mode], LOOSE)
    whole = LOOSE.divide(amount, unit).quantize(Decimal(1), MODES[mode], LOOSE)
    return EXACT.multiply(whole, unit)


class Rounding(Frozen):
    """A rounding that law states: to a multiple of `unit`, in `mode`."""

    unit: Decimal
    mode: Mode

    def apply(self, amount: Decimal) -> Decimal:
        """Return the amount rounded."""
        return round_to(amount, self.unit, self.mode)

    def __str__(self) -> str:
        return f"{self.mode.replace('_', ' ')} to {plain(self.unit)}"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one ISO 4217 currency, never rounded by itself.

    >>> Money.parse("12.50 EUR") + Money.parse("0.005 EUR")
    Money('12.505 EUR')
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not Decimal or not self.amount.is_finite():
            raise FactsError(f"{self.amount!r} is no exact amount: Money takes a finite Decimal")
        quantum(self.currency)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Return the amount written as `"12.50 EUR"`; FactsError for numbers and other shapes."""
        found = _MONEY.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
        if found is None:
            raise FactsError(f'{text!r} is no amount of money: write a string such as "12.50 EUR"')
        return cls(Decimal(found[1]), found[2])

    def rounded(self, rounding: Rounding) -> Money:
        """Return the amount rounded as law states it."""
        return Money(rounding.apply(self.amount), self.currency)

    def split(self, weights: Sequence[Decimal]) -> list[Money]:
        """Return shares in proportion to the weights that add up to the amount, in minor units.

        The largest remainders take the units left over; ties go to the earlier place.
        """
        return [Money(part, self.currency) for part in split(self.amount, weights, quantum(self.currency))]

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise CurrencyError(
                f"{self} and {other} are in different currencies",
                currencies=(self.currency, other.currency),
            )
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(EXACT.multiply(self.amount, Decimal(factor)), self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self}')"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        def read(value: object) -> Money:
            if isinstance(value, Money):
                return value
            try:
                return cls.parse(value)
            except (FactsError, CurrencyError) as fault:
                raise PydanticCustomError("money", "{text}", {"text": str(fault)}) from None

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.to_string_ser_schema(),
            json_schema_input_schema=core_schema.str_schema(
                pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]+)? [A-Z]{3}$"
            ),
        )


def split(
    amount: Decimal,
    weights: Sequence[Decimal],
    unit: Decimal,
    order: Sequence[object] | None = None,
) -> list[Decimal]:
    """Return parts of `amount` in proportion to `weights`, multiples of `unit` that add up exactly.

    Largest remainder; ties go to the lower key of `order` (default: the earlier place). A negative
    amount is shared as the mirror of the positive one. Where every weight is zero, each place counts
    alike. An amount finer than the unit leaves its fraction with the largest remainder.
    """
    if not weights:
        raise FactsError("nothing to share over: no weights")
    if min(weights) < 0:
        raise FactsError("a share needs weights of zero or more")
    if len(weights) == 1:
        return [amount]
    whole = EXACT.create_decimal(0)
    for weight in weights:
        whole = EXACT.add(whole, weight)
    if not whole:
        weights, whole = [_ONE] * len(weights), Decimal(len(weights))
    size = amount.copy_abs()
    units = LOOSE.divide_int(size, unit)
    rest = EXACT.subtract(size, EXACT.multiply(units, unit))
    parts: list[Decimal] = []
    remainders: list[Decimal] = []
    for weight in weights:
        part, remainder = EXACT.divmod(EXACT.multiply(units, weight), whole)
        parts.append(part)
        remainders.append(remainder)
    left = units
    for part in parts:
        left = EXACT.subtract(left, part)
    key = order if order is not None else range(len(weights))
    ranked = sorted(
        range(len(weights)), key=lambda n: (remainders[n].copy_negate(), weights[n].copy_negate(), key[n])
    )
    for n in ranked[: int(left)]:
        parts[n] = EXACT.add(parts[n], _ONE)
    shares = [EXACT.multiply(part, unit) for part in parts]
    if rest:
        shares[ranked[0]] = EXACT.add(shares[ranked[0]], rest)
    return [share.copy_negate() if share else share for share in shares] if amount < 0 else shares
