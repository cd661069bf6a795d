"""Amounts, percentages, numbers, days and places, as Babel writes them in a locale."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern

from dutycalc.errors import FactsError
from dutycalc.money import LOOSE, MINOR_UNITS, Money

_TOUCHING: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where a digit touches a letter of a currency's code, which Babel does not set apart as CLDR asks."""

_PERCENTAGE: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?%", re.ASCII)


@lru_cache(maxsize=64)
def read_locale(name: str) -> Locale:
    """Return the locale of a name such as `de`, `pt_BR` or `pt-BR`; FactsError where Babel has none."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise FactsError(f"{name!r} is no locale: write one such as 'de' or 'pt_BR'", fact="locale") from None


class Formats:
    """How one locale writes what an assessment holds."""

    def __init__(self, locale: str) -> None:
        self.locale = read_locale(locale)
        self._patterns: dict[int, NumberPattern] = {}

    def money(self, money: Money) -> str:
        """Return the amount with its currency: the minor units of ISO 4217, and more where it has more."""
        finest = -int(money.amount.normalize(LOOSE).as_tuple().exponent)
        digits = max(MINOR_UNITS[money.currency], finest)
        pattern = self._patterns.get(digits)
        if pattern is None:
            pattern = parse_pattern(self.locale.currency_formats["standard"].pattern)
            pattern.frac_prec = (digits, digits)
            self._patterns[digits] = pattern
        with localcontext(LOOSE):
            text = pattern.apply(money.amount, self.locale, currency=money.currency, currency_digits=False)
        return _TOUCHING.sub("\u00a0", text)

    def rate(self, text: str) -> str:
        """Return a rate: a bare percentage as the locale writes it, any other notation as it stands."""
        if not _PERCENTAGE.fullmatch(text):
            return text
        with localcontext(LOOSE):
            share = Decimal(text[:-1]) / 100
            return format_percent(share, locale=self.locale, decimal_quantization=False)

    def number(self, number: Decimal) -> str:
        """Return a plain number with all its digits."""
        with localcontext(LOOSE):
            return format_decimal(number, locale=self.locale, decimal_quantization=False)

    def day(self, day: date) -> str:
        """Return a day."""
        return format_date(day, "medium", locale=self.locale)

    def place(self, code: str) -> str:
        """Return the name of a country; a subdivision keeps its code beside its country's name."""
        country, _, part = code.partition("-")
        name: str = self.locale.territories.get(country, country)
        return f"{name} ({code})" if part else name

    def value(self, text: str, unit: str) -> str:
        """Return the value of a step: its text is an amount, a percentage, a number, yes or no."""
        return " | ".join(self._one_value(one, unit) for one in text.split(" | "))

    def _one_value(self, text: str, unit: str) -> str:
        if unit == "%":
            return self.rate(text)
        try:
            number = Decimal(text)
        except ArithmeticError:
            return text
        if unit in MINOR_UNITS:
            return self.money(Money(number, unit))
        return f"{self.number(number)} {unit}".rstrip()
