"""Duty expressions: text to tree and back, by one closed grammar.

    expression = dated | seasonal
    dated      = [ seasonal ";" ] seasonal "from" day { ";" seasonal "from" day }
    seasonal   = "not covered" | limited [ season { "," limited season } ]
    season     = "(" range { "," range } ")"
    range      = date "-" date                      1 MAY-31 OCT; may run over the end of the year
    limited    = sum { ( "MIN" | "MAX" ) sum }      from left to right: 8% MIN 3 EUR/item MAX 17%
    sum        = term { ( "+" | "-" ) term }
    term       = "free" | percentage [ "on" part ] | money { "/" per } | component
               | "entry price" | 'ref "' text '"' | "(" limited ")"
    percentage = number "%" | [ whole ] numerator "/" denominator "%"          12.5%, 33 1/3%
    money      = number currency                                               ISO 4217
    per        = [ "10" | "100" | "1000" … ] measure [ ( "over" | "under" ) number ]
    measure    = unit [ "/" qualifier ]             of dutycalc.units: 100kg/drained, %vol, l
    component  = "EA" | "EAR" | "ADSZ" | "ADSZR" | "ADFM" | "ADFMR"
    part       = one of PARTS: case value, retail price …
    day        = year "-" month "-" day

`a MAX b` is at most b, `a MIN b` at least b. `free` is the schedule's word for no duty; `0%` is a rate.
`3 EUR` is charged once, `3 EUR/item` for each item, `0.5 EUR/%vol/hl` for each %vol of each hectolitre.
With `over 7` only what exceeds seven counts, with `under 100` only what falls short of a hundred. Each
start in `5%; 4% from 2027-07-01` ends what stood before. In the text of `ref`, `"` is written twice.

Forms that schedules state in words, in this notation:

    higher of 8.5% and 2400 JPY/pair            8.5% MIN 2400 JPY/pair
    lower of the two, at least 67 JPY/l         15% MAX 125 JPY/l MIN 67 JPY/l
    (393 yen less the customs value) per kg     393 JPY/kg - 100% MIN free
    lower of 20% and (23%, at least 1 EUR/l)    20% MAX (23% MIN 1 EUR/l)
    less 0.2 cents for each degree under 100    0.04 USD/kg - 0.002 USD/kg/degree under 100 MIN 0.03 USD/kg
    on the alcohol above 1.15%                  0.1057 AUD/l/%vol over 1.15

The notations of the British and European publications are read as well: `9.40 EUR / 100 kg / net
drained wt`, `52.00 EUR / 1,000 items`, `1.3€/100kg/br`, `12.400 EUR DTN E`, `(01-30 DEC)`, `NIHIL`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import gcd
from typing import Final, Literal, NoReturn, TypeVar, cast

from dutycalc.errors import FactsError
from dutycalc.expression_measures import NUMBER, read_measures, read_number, read_part
from dutycalc.expression_tree import (
    MONTHS,
    AdValorem,
    Component,
    Dated,
    EntryPrice,
    Free,
    Limit,
    NotCovered,
    Per,
    Range,
    Rate,
    Reference,
    Season,
    Seasons,
    Specific,
    Sum,
    day_of_year,
)
from dutycalc.expression_working import COMPONENTS, PARTS, Expression
from dutycalc.money import EXACT, MINOR_UNITS

__all__ = [
    "COMPONENTS",
    "PARTS",
    "AdValorem",
    "Component",
    "Dated",
    "EntryPrice",
    "Expression",
    "Free",
    "Limit",
    "NotCovered",
    "Per",
    "Range",
    "Rate",
    "Reference",
    "Season",
    "Seasons",
    "Specific",
    "Sum",
    "parse",
]

_PHRASE: Final = r"(?:(?!\b(?:MIN|MAX|from)\b)[^-+(),;\"]|(?<=[0-9]),(?=[0-9]{3}(?![0-9])))*"

_TERM: Final = re.compile(
    rf"""\s*(?:
      (?P<number>{NUMBER})\s*(?:(?P<percent>%)(?:\s*(?:on\b|/)(?P<part>{_PHRASE}))?
                               |(?P<currency>(?!M(?:IN|AX)\b)[A-Z]{{3}}\b|[€£])(?P<per>{_PHRASE}))
    | (?:(?P<whole>[1-9][0-9]{{0,3}})\s+)?(?P<top>[1-9][0-9]{{0,3}})/(?P<bottom>[1-9][0-9]{{0,3}})
      \s*%(?:\s*on\b(?P<of>{_PHRASE}))?
    | (?P<component>EAR?|ADSZR?|ADFMR?|AC|SD|FD)\b
    | (?P<free>(?i:free)\b|NIHIL\b)
    | (?P<open>\()
    | ref\s*"(?P<reference>(?:[^"]|"")*)"
    | (?P<entry>(?i:entry\s+price)\b)
    )\s*""",
    re.VERBOSE,
)
_LIMIT: Final = re.compile(r"(MIN|MAX)\b")
_SIGN: Final = re.compile(r"[-+]")
_RANGE: Final = re.compile(r"\s*([0-9]{1,2})\s*([A-Z]+)?\s*-\s*([0-9]{1,2})\s*([A-Z]+)\s*(?:(,)|\))\s*")
_FROM: Final = re.compile(r"from\s+([0-9]{4}-[0-9]{2}-[0-9]{2})\s*(?:;|$)\s*")
_NOT_COVERED: Final = re.compile(r"\s*(?i:not\s+covered)\b\s*")
_SPACE: Final = re.compile(r"\s*")
_DIGITS: Final = re.compile(r"[0-9][0-9.,]*")

_DEEPEST: Final = 12
"""Brackets within brackets, and limits in a row, of the longest text that is read."""

_LONGEST: Final = 2000
_LONGEST_NUMBER: Final = 30

T = TypeVar("T")

_SYMBOLS: Final = {"€": "EUR", "£": "GBP"}
_SYNONYMS: Final = {"AC": "EA", "SD": "ADSZ", "FD": "ADFM"}
_MONTHS: Final = {name: n for n, name in enumerate(MONTHS, 1)} | {
    "JANUARY": 1, "FEBRUARY": 2, "MARCH": 3, "APRIL": 4, "JUNE": 6, "JULY": 7, "AUGUST": 8,
    "SEPT": 9, "SEPTEMBER": 9, "OCTOBER": 10, "NOVEMBER": 11, "DECEMBER": 12,
}  # fmt: skip
_LAST_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache(maxsize=16384)
def parse(text: str) -> Expression:
    """Return the tree of the whole text; FactsError, naming the text and the position, for anything else.

    >>> str(parse("12.00% + 5.0 EUR / 100 kg MAX 17 %"))
    '12% + 5 EUR/100kg MAX 17%'
    """
    return _Reader(text).expression()


class _Reader:
    """Reads one text from left to right; `at` is where the next word begins."""

    __slots__ = ("at", "depth", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def refuse(self, reason: str, at: int | None = None) -> NoReturn:
        """Refuse the text, naming the position, counted from 1."""
        place = self.at if at is None else at
        raise FactsError(f"{self.text!r} at position {place + 1}: {reason}", fact="expression")

    def take(self, word: re.Pattern[str]) -> re.Match[str] | None:
        """Return the word that stands here and pass it; None where another stands here."""
        found = word.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def expression(self) -> Expression:
        """Read the whole text."""
        if len(self.text) > _LONGEST:
            self.text = self.text[:40]
            self.refuse(f"the text is longer than {_LONGEST} letters")
        first = self.seasonal()
        if self.at == len(self.text):
            return first
        steps: list[tuple[date, Expression]] = []
        before: Expression | None = first
        if self.text[self.at] != ";":
            before = None
            steps.append((self.start(None), first))
        else:
            self.at += 1
        while self.at < len(self.text):
            one = self.seasonal()
            steps.append((self.start(steps[-1][0] if steps else None), one))
        if not steps:
            self.refuse("a rate and the day from which it holds are due")
        return Dated(before, tuple(steps))

    def start(self, after: date | None) -> date:
        """Read the day from which a rate holds."""
        at = self.at
        found = self.take(_FROM)
        if found is None:
            self.refuse(f"{self.rest()} is no part of an expression")
        try:
            day = date.fromisoformat(found[1])
        except ValueError:
            self.refuse(f"{found[1]} is no day", at)
        if after is not None and day <= after:
            self.refuse(f"{day} does not come after {after}", at)
        return day

    def seasonal(self) -> Expression:
        """Read a rate, or the rates of the seasons."""
        if self.take(_NOT_COVERED):
            return NotCovered()
        rate = self.limited()
        if not self.text.startswith("(", self.at):
            if self.text.startswith(",", self.at):
                self.refuse("no season is stated before the comma")
            return rate
        parts = [self.season(rate, ())]
        while self.text.startswith(",", self.at):
            self.at += 1
            at = self.at
            rate = self.limited()
            if not self.text.startswith("(", self.at):
                self.refuse("no season is stated for this part", at + 1)
            parts.append(self.season(rate, tuple(parts)))
        return Seasons(tuple(parts))

    def season(self, rate: Rate, before: tuple[Season, ...]) -> Season:
        """Read the days of the year on which a rate holds."""
        self.at += 1
        ranges: list[Range] = []
        more = True
        while more:
            at = self.at
            found = self.take(_RANGE)
            if found is None:
                self.refuse(f"{self.rest()} is no range of days such as 1 MAY-31 OCT")
            more = found[5] is not None
            last = self.day(found[3], found[4], at)
            one = Range(self.day(found[1], found[2] or found[4], at), last)
            for other in (*ranges, *(old for part in before for old in part.ranges)):
                if other.holds(one.first) or one.holds(other.first):
                    day = one.first if other.holds(one.first) else other.first
                    self.refuse(f"{day_of_year(day)} is stated twice", at)
            ranges.append(one)
        return Season(rate, tuple(ranges))

    def day(self, day: str, month: str, at: int) -> tuple[int, int]:
        """Return a day of the year as (month, day); 29 FEB is one."""
        if month not in _MONTHS:
            self.refuse(f"{month!r} is no month", at)
        found = (_MONTHS[month], int(day))
        if not 1 <= found[1] <= _LAST_DAYS[found[0] - 1]:
            self.refuse(f"{found[1]} {month} is no day of the year", at)
        return found

    def limited(self) -> Rate:
        """Read sums kept at most or at least at others."""
        rate = self.sum()
        limits = 0
        while found := self.take(_LIMIT):
            limits += 1
            if limits > _DEEPEST:
                self.refuse("too many limits")
            rate = Limit(cast("Literal['MIN', 'MAX']", found[1]), rate, self.sum())
        return rate

    def sum(self) -> Rate:
        """Read terms added up and taken away."""
        first = self.term()
        terms = [first]
        minus: list[Rate] = []
        while sign := self.take(_SIGN):
            (terms if sign[0] == "+" else minus).append(self.term())
        return Sum(tuple(terms), tuple(minus)) if len(terms) + len(minus) > 1 else first

    def term(self) -> Rate:
        """Read one term."""
        at = self.at
        found = self.take(_TERM)
        if found is None:
            self.refuse_term()
        if found["number"]:
            if len(found["number"]) > _LONGEST_NUMBER:
                self.refuse("the number is too long", at)
            return self.amount(read_number(found["number"]), found)
        if found["top"]:
            percent, divisor = self.fraction(found)
            return AdValorem(percent, divisor, self.part(found, "of"))
        return self.bracket() if found["open"] else self.word(found)

    def amount(self, number: Decimal, found: re.Match[str]) -> Rate:
        """Return a percentage, or an amount of money per measure."""
        if found["percent"]:
            return AdValorem(number, 1, self.part(found, "part"))
        currency = _SYMBOLS.get(found["currency"], found["currency"])
        if currency not in MINOR_UNITS:
            self.refuse(f"currency {currency!r} is not in ISO 4217", found.start("currency"))
        phrase = found["per"]
        if not phrase or phrase.isspace():
            return Specific(number, currency)
        return Specific(number, currency, self.within(found.start("per"), lambda: read_measures(phrase)))

    def word(self, found: re.Match[str]) -> Rate:
        """Return a term that is a word or a text."""
        if found["free"]:
            return Free()
        if found["entry"]:
            return EntryPrice()
        if found["component"]:
            return Component(_SYNONYMS.get(found["component"], found["component"]))
        return Reference(found["reference"].replace('""', '"'))

    def refuse_term(self) -> NoReturn:
        """Refuse what stands where a term is due."""
        self.take(_SPACE)
        digits = _DIGITS.match(self.text, self.at)
        if self.at == len(self.text):
            self.refuse("a rate is due")
        if digits is None:
            self.refuse(f"{self.rest()} is no rate")
        if re.fullmatch(NUMBER, digits[0]):
            self.refuse(f"{digits[0]} bears neither % nor a currency")
        self.refuse(f"{digits[0]!r} is no number")

    def rest(self) -> str:
        """Return the next few letters, for a refusal."""
        return repr(self.text[self.at : self.at + 24].strip())

    def bracket(self) -> Rate:
        """Read what stands in brackets."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse("too many brackets within brackets")
        rate = self.limited()
        if not self.text.startswith(")", self.at):
            self.refuse("a closing bracket is due")
        self.at += 1
        self.take(_SPACE)
        self.depth -= 1
        return rate

    def fraction(self, found: re.Match[str]) -> tuple[Decimal, int]:
        """Return the percentage as a number and its divisor, which is 1 where it ends in decimals."""
        top, bottom = int(found["top"]), int(found["bottom"])
        if top >= bottom:
            self.refuse(f"{top}/{bottom} is no proper fraction", found.start("top"))
        top += bottom * int(found["whole"] or 0)
        shared = gcd(top, bottom)
        top, bottom = top // shared, bottom // shared
        if 10 ** bottom.bit_length() % bottom == 0:
            return EXACT.divide(Decimal(top), Decimal(bottom)), 1
        return Decimal(top), bottom

    def part(self, found: re.Match[str], group: str) -> str:
        """Return the part of the goods that a percentage is taken of; nothing where it is the goods."""
        if found[group] is None:
            return ""
        return self.within(found.start(group), lambda: read_part(found[group]))

    def within(self, at: int, read: Callable[[], T]) -> T:
        """Return what is read of a phrase; a refusal names the phrase's position."""
        try:
            return read()
        except FactsError as fault:
            self.refuse(str(fault), at + len(_SPACE.match(self.text, at)[0]))  # type: ignore[index]
