"""The rate texts of Japan's schedule, turned into the canonical notation."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expressions import Reference
from dutycalc.importers.numbers import plain_number

UNITS: Final = {
    "kg": "kg", "l": "l", "kl": "kl", "MT": "t", "m2": "m2", "頭": "head", "足": "pair", "枚": "item",
    "本": "item",
}  # fmt: skip

FORMULA: Final = Reference("a formula of the customs value")
"""A share of a difference that has no end in decimals, or the factor of the pork gate price."""

_NUMBER: Final = r"\d[\d,]*(?:\.\d+)?"
_PERCENT: Final = re.compile(rf"{_NUMBER}%", re.ASCII)
_AMOUNT: Final = re.compile(rf"({_NUMBER})(万)?円/(?:(\d[\d,]*))?({'|'.join(UNITS)})")
_GAP: Final = re.compile(
    rf"\(?({_NUMBER})円(?:×({_NUMBER}))?(?:/(kg|頭))?-課税価格(?:/(?:kg|頭))?(?:×({_NUMBER}))?\)?(?:/(kg|頭))?"
)
_SHARE_OF_GAP: Final = re.compile(rf"\(\(({_NUMBER})円-課税価格\)×({_NUMBER})(?:/({_NUMBER}))?\)/(kg|頭)")
_FORMULA: Final = re.compile(r"\(\(課税価格×\(.+\)\+.+円\)-課税価格\)/(?:kg|頭)")
_CHOICE: Final = re.compile(r"(.+?)又は(.+?)のうちいずれか(高い|低い)税率(.*)")
_FLOOR: Final = re.compile(r" ?ただしその税率が(.+?)を下回る場合は(.+)")
_CEILING: Final = re.compile(r"\(ただしその税率が(.+?)を上回る場合は(.+?)とする\)")
_SEVERAL: Final = re.compile(r"[〜~]|又は非譲許|\(一部")
_MARKS: Final = re.compile(r"\*+|[●◎※]|◆\d+")
_WORDS: Final = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def plain(text: str) -> str:
    """Return the text in ordinary letters and digits, without line breaks."""
    normal = unicodedata.normalize("NFKC", text).replace("−", "-").replace("ー円", "-円")
    return re.sub(r"(?<=[円+]) | (?=[/])", "", " ".join(normal.split()))


def translate(text: str) -> str:
    """Return the canonical notation; a text in words becomes a reference, anything else is refused."""
    text = plain(text)
    marks = _MARKS.findall(text)
    if marks:
        return str(Reference(f"marked {' '.join(sorted(set(marks)))} in the publication"))
    if _SEVERAL.search(text):
        return str(Reference("several rates within the line"))
    try:
        return _rate(_without_brackets(text))
    except FactsError:
        if _WORDS.search(_without_rates(text)):
            return str(Reference("rates that depend on a description"))
        raise


def _without_rates(text: str) -> str:
    return re.sub(r"無税|免税|円|頭|足|枚|本|又は|のうちいずれか|高い税率|低い税率|課税価格", "", text)


def bracketed(text: str) -> bool:
    """Return whether the publication puts the whole text in brackets: the rate is not lower."""
    stripped = _MARKS.sub("", plain(text)).strip()
    parts = re.split(r"[〜~]|又は(?=\()|、", stripped)
    return all(part.strip().startswith("(") and part.strip().endswith(")") for part in parts)


def _without_brackets(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]


def _rate(text: str) -> str:
    if text in ("無税", "免税"):
        return "free"
    if text == "非譲許":
        return "not covered"
    if _FORMULA.fullmatch(text):
        return str(FORMULA)
    choice = _CHOICE.fullmatch(text)
    if choice:
        one, other, which, rest = choice.groups()
        word = "MIN" if which == "高い" else "MAX"
        return f"{_operand(one)} {word} {_operand(other)}{_bound(rest)}"
    return _sum(text)


def _operand(text: str) -> str:
    found = _sum(text)
    return f"({found})" if " MIN " in found else found


def _bound(text: str) -> str:
    """Return the floor or the ceiling that a proviso adds."""
    if not text:
        return ""
    for pattern, word in ((_FLOOR, "MIN"), (_CEILING, "MAX")):
        found = pattern.fullmatch(text)
        if found and found[1] == found[2]:
            return f" {word} {_sum(found[1])}"
    raise FactsError(f"{text!r} is no proviso that is known")


def _sum(text: str) -> str:
    share = _SHARE_OF_GAP.fullmatch(text)
    if share:
        return _share_of_difference(share)
    gap = _GAP.fullmatch(text)
    if gap and (gap[3] or gap[5]):
        return _difference(gap)
    return " + ".join(_term(one.strip()) for one in text.split("+"))


def _difference(gap: re.Match[str]) -> str:
    """Return an amount less the customs value, each per unit, and never less than nothing."""
    amount, factor, before, share, after = gap.groups()
    if before and after:
        raise FactsError(f"{gap[0]!r} states its unit twice")
    unit = UNITS[before or after]
    percent = "100" if share is None else _percentage(share)
    if factor is None:
        return f"{_digits(amount)} JPY/{unit} - {percent}% MIN free"
    return f"{_product(amount, factor)} JPY/{unit} - {percent}% MIN free"


def _share_of_difference(found: re.Match[str]) -> str:
    """Return a share of what an amount exceeds the customs value by; a formula where it has no end."""
    amount, over, under, unit = found.groups()
    share = Fraction(_digits(over)) / Fraction(_digits(under or "1"))
    if 10**6 % share.denominator:
        return str(FORMULA)
    part = Decimal(share.numerator) / Decimal(share.denominator)
    most = plain_number(Decimal(_digits(amount)) * part)
    return f"{most} JPY/{UNITS[unit]} - {plain_number(part * 100)}% MIN free"


def _percentage(share: str) -> str:
    return _product(share, "100")


def _product(one: str, other: str) -> str:
    return plain_number(Decimal(_digits(one)) * Decimal(_digits(other)))


def _digits(number: str) -> str:
    return number.replace(",", "")


def _term(text: str) -> str:
    if _PERCENT.fullmatch(text):
        return _digits(text)
    amount = _AMOUNT.fullmatch(text)
    if amount:
        number, ten_thousands, multiple, unit = amount.groups()
        value = _product(number, "10000") if ten_thousands else _digits(number)
        return f"{value} JPY/{_digits(multiple) if multiple else ''}{UNITS[unit]}"
    raise FactsError(f"{text!r} is no rate that is known")
