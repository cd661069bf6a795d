"""The rate texts of the United States schedule, turned into the canonical notation."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expressions import Reference
from dutycalc.importers.numbers import plain_number

UNITS: Final[dict[str, str]] = {
    "kg": "kg", "g": "g", "t": "t", "liter": "l", "pf. liter": "pfl", "pf.liter": "pfl", "bbl": "bbl",
    "m": "m", "lin. m": "m", "m2": "m2", "m3": "m3", "doz.": "doz", "pr.": "pair", "gross": "gross",
    "head": "head", "jewel": "jewel", "pack": "pack", "article": "item", "1000": "1000item",
    "1,000": "1000item", "1000 pins": "1000item", "1,000 pins": "1000item", "thousand": "1000item",
    "clean kg": "kg/clean", "line/gross": "line/gross",
}  # fmt: skip
"""What a rate is counted by."""

QUALIFIED: Final[dict[str, str]] = {
    "on drained weight": "drained",
    "on contents and container": "contents and container",
    "including weight of container": "contents and container",
    "on entire contents of container": "contents",
    "of total sugars": "total sugars",
    "of anhydrous morphine content": "anhydrous morphine",
    "of recording surface": "recording surface",
    "of immediate containers": "immediate container",
    "on ethyl alcohol content": "",
    **{f"on {metal} content": metal for metal in
       ("copper", "lead", "zinc", "tungsten", "molybdenum", "manganese", "magnesium", "silicon")},
}  # fmt: skip
"""What of the goods is measured. A proof litre is one of ethyl alcohol anyway."""

PARTS: Final[dict[str, str]] = {
    "on the case": "case value",
    "on the strap, band or bracelet": "strap band or bracelet value",
    "on the case and strap, band or bracelet": "case and strap band or bracelet value",
    "on case and strap, band or bracelet": "case and strap band or bracelet value",
    "on the battery": "battery value",
    "on thebattery": "battery value",
    "on the movement": "movement value",
    "on the movement and case": "movement and case value",
    "on the apparatus": "apparatus value",
    "on the entire set": "set value",
    "on the value of the lead content": "lead content value",
    "on the value of the rifle": "rifle value",
    "on the value of the telescopic sight, if any": "telescopic sight value",
}
"""Parts of the goods on whose value a percentage is charged."""

REFERENCES: Final[tuple[tuple[str, str], ...]] = (
    (r"free, under bond(?:, as prescribed in u\.s\. note \d+ to this subchapter)?", "free under bond"),
    (r"free, for such temporary periods as .*", "free for a time"),
    (r"no change\.?", "no change"),
    (r"the duty provided in ?the applicable subheading ?(?:\+|plus) ?(?:a duty of )?([\d.]+%)",
     "the applicable subheading + {}"),
    (r"the duty provided in the applicable subheading\.?", "the applicable subheading"),
    (r"the duty provided in .* \+ (?:a duty of )?([\d.]+%).*", "another subheading + {}"),
    (r"the duty rate provided in such subheading minus ([\d.]+%)", "such subheading - {}"),
    (r"the rate applicable in the absence of this (?:sub)?heading.*", "in the absence of this heading"),
    (r"a duty .*", "a duty stated in words"),
    (r"([\d.]+) percent of the cost of .*", "{}% of a cost"),
    (r"see additional u\.s\. note (\d+)", "additional U.S. note {}"),
    (r"the rate applicable to each garment in the (?:in the )?ensemble if [a-z]+ [a-z]+",
     "each garment of the ensemble"),
    (r"the rate of duty applicable to that article in the set subject to the highest rate of duty",
     "the article of the set with the highest rate"),
    (r"the rate applicable to the natural juice in heading (\d{4})", "the natural juice of heading {}"),
    (r"the rate applicable to the article of which it is a part or accessory", "the article it is a part of"),
    (r"the rate applicable to the article of which it is an accessory", "the article it is an accessory of"),
    (r"the rate applicable to the complete, assembled(?: movement)?", "the complete movement"),
    (r"the rate applicable,? to each article in the absence of this subheading", "each article by itself"),
    (r"[\d.]+% \+ [\d.]+¢/jewel \+ [\d.]+¢ for each other piece or part, but if .*", "parts of movements"),
    # A point too many ("99.19.04.14") spoils no key: nothing is computed from it.
    (r"see ((?:98|99)\d\d\.\d\d(?:\.\d\d)?(?:(?:-|, )(?:\d{4}|\d\d\.\d\d)\.\d\d(?:\.\d\d)?)*)", "{}"),
)  # fmt: skip
"""Rates that the schedule states by pointing elsewhere, and the short key that stands for each."""

_REFERENCES: Final = [(re.compile(pattern, re.IGNORECASE), key) for pattern, key in REFERENCES]
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?"
_RETAIL: Final = re.compile(r"([\d.]+) percent of the fair retail value", re.ASCII)
_PERCENT: Final = re.compile(rf"(?P<number>{_NUMBER}|\d+ \d/\d)%(?: ?(?P<on>on .+))?", re.ASCII)
_MONEY: Final = re.compile(
    rf"(?P<dollar>\$)?(?P<number>{_NUMBER})(?(dollar)| ?¢) ?(?P<per>each|/ ?.+)", re.ASCII
)
_OVER: Final = re.compile(r"jewel over (\d+)", re.ASCII)
_SUGAR: Final = re.compile(
    rf"({_NUMBER})¢ ?/kg less ({_NUMBER})¢ ?/kg for each degree under (\d+) degrees "
    rf"\(and fractions of a degree in proportion\) but not less (?:than )?({_NUMBER})¢ ?/kg",
    re.ASCII,
)
_LIST: Final = re.compile(r"\((?:PA (?=\(PA\)))?\(?([A-Z+*]{1,3}(?: ?, ?[A-Z+*]{1,3})*)\)?", re.ASCII)
"""A list of symbols; one is printed as `(PA (PA)`."""


def tidy(text: str) -> str:
    """Return the text without line breaks, hyphens at their ends, and double spaces."""
    joined = re.sub(r"(?<=[a-z])- (?=[a-z])", "", " ".join(text.replace("\xa0", " ").split()))
    return joined.replace("²", "2").replace("³", "3")


def split_special(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each rate of the special column with the symbols of the programmes that it is for."""
    found: list[tuple[str, tuple[str, ...]]] = []
    place = 0
    while place < len(text):
        where = _LIST.search(text, place)
        if where is None:
            raise FactsError(f"{text[place:]!r} names no programme")
        rate = text[place : where.start()].strip(" .")
        if not rate:
            raise FactsError(f"{where[0]!r} has no rate before it")
        found.append((rate, tuple(symbol.strip() for symbol in where[1].split(","))))
        place = where.end()
        while text[place : place + 1] == " ":
            place += 1
    return found


def translate(text: str) -> str:
    """Return the canonical notation of one rate; FactsError where the text is not wholly understood."""
    text = tidy(text)
    if text == "Free":
        return "free"
    for pattern, key in _REFERENCES:
        found = pattern.fullmatch(text)
        if found:
            return str(Reference(key.format(*found.groups())))
    retail = _RETAIL.fullmatch(text)
    if retail:
        return f"{retail[1]}% on fair retail value"
    sugar = _SUGAR.fullmatch(text)
    if sugar:
        most, less, degrees, least = sugar.groups()
        return (
            f"{_cents(most)} USD/kg - {_cents(less)} USD/kg/degree under {degrees} MIN {_cents(least)} USD/kg"
        )
    return " + ".join(_term(one.strip()) for one in text.split("+"))


def _cents(number: str) -> str:
    return plain_number(Decimal(number.replace(",", "")).scaleb(-2))


def _term(text: str) -> str:
    percent = _PERCENT.fullmatch(text)
    if percent:
        if percent["on"] is None:
            return f"{percent['number']}%"
        if percent["on"] in PARTS:
            return f"{percent['number']}% on {PARTS[percent['on']]}"
    money = _MONEY.fullmatch(text)
    if money and money["number"]:
        amount = money["number"].replace(",", "") if money["dollar"] else _cents(money["number"])
        return f"{plain_number(Decimal(amount))} USD/{_per(money['per'])}"
    raise FactsError(f"{text!r} is no rate that is known")


def _per(text: str) -> str:
    if text == "each":
        return "item"
    text = text[1:].strip().replace("/ ", "/")
    over = _OVER.fullmatch(text)
    if over:
        return f"jewel over {over[1]}"
    for words, qualifier in QUALIFIED.items():
        if text.endswith(words) and words not in UNITS:
            unit = UNITS.get(text.removesuffix(words).strip(" ,"))
            if unit is not None:
                return f"{unit}/{qualifier}" if qualifier else unit
    if text in UNITS:
        return UNITS[text]
    raise FactsError(f"{text!r} is no unit of the schedule that is known")
