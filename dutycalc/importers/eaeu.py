"""The common customs tariff of the Eurasian Economic Union: percentages, amounts in euro and in dollars."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.importers.numbers import plain_number, read_number
from dutycalc.measures import Column

UNITS: Final = {
    "кг": "kg", "л": "l", "м2": "m2", "пару": "pair", "шт": "item", "см3 объема двигателя": "cm3/engine"
}  # fmt: skip
CURRENCIES: Final = {"евро": "EUR", "доллар США": "USD", "доллара США": "USD", "долларов США": "USD"}

_NUMBER: Final = r"\d+(?:,\d+)?"
_PERCENT: Final = re.compile(_NUMBER, re.ASCII)
_MONEY: Final = re.compile(rf"({_NUMBER}) ({'|'.join(CURRENCIES)}) за (\d+) ({'|'.join(UNITS)})")
_AT_LEAST: Final = re.compile(r"(.+), но не менее (.+)")
_PLUS: Final = re.compile(r"(.+) плюс (.+)")
_LOWER: Final = re.compile(r"(.+?), либо (.+), в зависимости от того, какая .+ ниже")
_POWER: Final = re.compile(r"(?<=за 1 )(см|м)(?![²³23\w])")


def translate(text: str) -> str:
    """Return the canonical notation of a rate; the powers of metres must stand in the text."""
    text = " ".join(text.replace("\xa0", " ").replace("²", "2").replace("³", "3").split())
    lower = _LOWER.fullmatch(text)
    if lower:
        return f"{_rate(lower[1])} MAX ({translate(lower[2])})"
    least = _AT_LEAST.fullmatch(text)
    if least:
        return f"{_rate(least[1])} MIN {_rate(least[2])}"
    more = _PLUS.fullmatch(text)
    if more:
        return f"{_rate(more[1])} + {_rate(more[2])}"
    return _rate(text)


def _rate(text: str) -> str:
    if _PERCENT.fullmatch(text):
        return f"{_decimal(text)}%"
    money = _MONEY.fullmatch(text)
    if money is None:
        raise FactsError(f"{text!r} is no rate that is known")
    amount, currency, multiple, unit = money.groups()
    return f"{_decimal(amount)} {CURRENCIES[currency]}/{'' if multiple == '1' else multiple}{UNITS[unit]}"


def _decimal(number: str) -> str:
    return plain_number(read_number(number.replace(",", ".")))


def read(file: Path, draft: Draft) -> None:
    """Gather the lines; a footnote that is not a lost power of metres goes with its line by number."""
    draft.columns = [Column("third_country", "third_country")]
    draft.names = ["code", "unit", "note", "third_country"]
    for row in rows(file, ("code10", "rate_ru", "supp_unit", "footnote")):
        draft.record()
        code, text, footnote = row["code10"], row["rate_ru"], row["footnote"].strip()
        if not code.isdecimal() or len(code) != 10:
            draft.drop(code, "code10", code, "no code of ten digits")
            continue
        if footnote in ("2", "3") and _POWER.search(text):
            # The publication prints "см³" and "м²"; in the text the power has become a footnote's number.
            text, footnote = _POWER.sub(rf"\g<1>{footnote}", text), ""
        unit = "" if row["supp_unit"] == "–" else row["supp_unit"]
        note = f"note {footnote.rstrip(')').replace('С', 'C')}" if footnote else ""
        draft.lines.append((code, unit, note, draft.expression("third_country", text, record=code)))
    draft.lines.sort()
