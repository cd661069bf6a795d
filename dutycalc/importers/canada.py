"""The customs tariff of Canada: the most-favoured-nation rate, and the preferences by treatment code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expressions import Reference
from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.importers.numbers import plain_number, read_number
from dutycalc.measures import Column, Entry

UNITS: Final = {
    "kg": "kg", "tonne": "t", "litre": "l", "hl": "hl", "dozen": "doz",
    "litre of absolute ethyl alcohol": "lpa",
}  # fmt: skip

GENERAL: Final = str(Reference("General Tariff"))
"""What origins without most-favoured-nation treatment pay; the table does not give it."""

_NUMBER: Final = r"\d+(?:\.\d+)?"
_PERCENT: Final = re.compile(rf"{_NUMBER}%", re.ASCII)
_MONEY: Final = re.compile(rf"(?:\$({_NUMBER})|({_NUMBER})¢)/({'|'.join(UNITS)})", re.ASCII)
_CODE: Final = re.compile(r"\d{4}\.\d\d\.\d\d", re.ASCII)
_FREE: Final = re.compile(r"((?:[A-Z]{2,5}, )*[A-Z]{2,5}): Free(?: |$)", re.ASCII)
_ONE: Final = re.compile(r"([A-Z]{2,5}) ([^ ].*)", re.ASCII)
_NEXT: Final = re.compile(r", (?=[A-Z]{2,5} )", re.ASCII)


def translate(text: str) -> str:
    """Return the canonical notation of a rate."""
    if text == "Free":
        return "free"
    if text == "N/A":
        return "not covered"
    # "a but not less than b plus c": the addition is for goods in small packages, on top of either.
    floored, plus, more = text.partition(" plus ")
    rate, _, floor = floored.partition(" but not less than ")
    least, _, most = floor.partition(" or more than ")
    found = _term(rate)
    if least:
        found = f"{found} MIN {_term(least)}"
    if most:
        found = f"{found} MAX {_term(most)}"
    if plus:
        found = f"({found}) + {_term(more)}"
    return found


def _term(text: str) -> str:
    if _PERCENT.fullmatch(text):
        return text
    money = _MONEY.fullmatch(text)
    if money is None:
        raise FactsError(f"{text!r} is no rate that is known")
    dollars, cents, unit = money.groups()
    amount = read_number(dollars) if dollars else read_number(cents).scaleb(-2)
    return f"{plain_number(amount)} CAD/{UNITS[unit]}"


def read(file: Path, draft: Draft) -> None:
    """Gather the tariff items with their preferences."""
    draft.columns = [
        Column("mfn", "third_country"),
        Column("general", "column_2", "GT"),
        Column("preferences", "set"),
    ]
    draft.names = ["code", "unit", "mfn", "general", "preferences"]
    for row in rows(file, ("code", "mfn", "preferences", "unit")):
        draft.record()
        code = row["code"].replace(".", "")
        if not _CODE.fullmatch(row["code"]):
            draft.drop(row["code"], "code", row["code"], "no tariff item of eight digits")
            continue
        mfn = draft.expression("mfn", row["mfn"].strip(), record=code)
        entries = draft.set_of(_preferences(code, row["preferences"].strip(), draft))
        draft.lines.append((code, row["unit"].strip("- "), mfn, GENERAL, entries))
    draft.lines.sort()


def _preferences(code: str, text: str, draft: Draft) -> Iterator[Entry]:
    """Yield the measures of a text such as `UST, MXT: Free GPT 3%, AUT 5%`; N/A gives none."""
    free = _FREE.match(text)
    if free:
        yield (
            "preference",
            tuple(free[1].split(", ")),
            draft.expression("preferences", "Free", record=code),
            "",
        )
        text = text[free.end() :]
    for part in _NEXT.split(text) if text else ():
        one = _ONE.fullmatch(part.removeprefix("null "))
        if one is None:
            draft.drop(code, "preferences", part, "names no treatment")
            continue
        rate = draft.expression("preferences", one[2], record=code)
        if rate != "not covered":
            yield ("preference", (one[1],), rate, "")
