"""Units of quantity: one closed table, conversion within a dimension, and the codes that schedules use.

A *measure* is what a duty is charged per: a unit (`kg`), a unit with a qualifier that says what of the
goods is measured (`kg/drained`), or a product of these (`%vol/hl`). A qualified measure is another
quantity than the plain one: the net mass never stands in for the drained mass.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, Inexact
from functools import lru_cache
from typing import Final, NamedTuple

from dutycalc.errors import FactsError
from dutycalc.money import EXACT, QUOTIENTS, plain
from dutycalc.values import Frozen
from dutycalc.words import near


class Unit(Frozen):
    """A unit of quantity; `factor` of its dimension's own unit, `code` of UN/CEFACT Recommendation 20.

    The code is empty where Recommendation 20 has none.
    """

    word: str
    code: str
    dimension: str
    factor: Decimal
    description: str


_TABLE: Final = """
item     | NAR | count             | 1             | article, piece
hundred  | CEN | count             | 100           | hundred articles
thousand | MIL | count             | 1000          | thousand articles
doz      | DZN | count             | 12            | dozen articles
gross    | GRO | count             | 144           | twelve dozen articles
head     | HEA | count             | 1             | one animal
pair     | NPR | pairs             | 1             | pair
dozpair  | DPR | pairs             | 12            | dozen pairs
jewel    | JWL | jewels            | 1             | jewel of a watch or clock movement
cell     | NCL | cells             | 1             | electrolytic cell
pack     | NMP | packs             | 1             | pack
line     |     | button size       | 1             | fortieth of an inch, by which buttons are sized
kg       | KGM | mass              | 1             | kilogram, net where nothing else is said
g        | GRM | mass              | 0.001         | gram
t        | TNE | mass              | 1000          | tonne
ct       | CTM | mass              | 0.0002        | metric carat
lb       | LBR | mass              | 0.45359237    | avoirdupois pound
l        | LTR | volume            | 1             | litre
hl       | HLT | volume            | 100           | hectolitre
kl       | K6  | volume            | 1000          | kilolitre
ml       | MLT | volume            | 0.001         | millilitre
m3       | MTQ | volume            | 1000          | cubic metre
cm3      | CMQ | volume            | 0.001         | cubic centimetre
bbl      | BLL | volume            | 158.987294928 | barrel of 42 United States gallons
lpa      | LPA | pure alcohol      | 1             | litre of pure alcohol
pfl      | PFL | pure alcohol      | 0.5           | United States proof litre, half of it pure alcohol
%vol     | ASV | alcoholic strength| 1             | alcoholic strength by volume, in percent
%sacchar |     | sucrose content   | 1             | sucrose by weight, other sugars as sucrose, in percent
degree   |     | polarisation      | 1             | degree of polarisation of sugar
m        | MTR | length            | 1             | metre
cm       | CMT | length            | 0.01          | centimetre
km       | KMT | length            | 1000          | kilometre
m2       | MTK | area              | 1             | square metre
cm2      | CMK | area              | 0.0001        | square centimetre
kWh      | KWH | electricity       | 1             | kilowatt hour
MWh      | MWH | electricity       | 1000          | megawatt hour
TJ       | D30 | heat              | 1             | terajoule, gross calorific value
W        | WTT | power             | 1             | watt
kW       | KWT | power             | 1000          | kilowatt
GBq      | GBQ | radioactivity     | 1             | gigabecquerel
Ci       | CUR | radioactivity     | 37            | curie
GT       | GRT | gross tonnage     | 1             | gross tonnage of a ship
cct      | CCT | carrying capacity | 1             | carrying capacity in tonnes
spr      |     | producer relief   | 1             | small producers' discount for each litre of pure alcohol
euro     |     | surveyed value    | 1             | euro of value, counted for statistical surveillance
%aluminium|    | aluminium content | 1             | share of the aluminium in the customs value, in percent
%steel   |     | steel content     | 1             | share of the steel in the customs value, in percent
%copper  |     | copper content    | 1             | share of the copper in the customs value, in percent
%non_us  |     | foreign content   | 1             | share of the value from outside the country, in percent
"""

UNITS: Final[dict[str, Unit]] = {
    word: Unit(word, code, dimension, Decimal(factor), description)
    for word, code, dimension, factor, description in (
        [cell.strip() for cell in line.split("|")] for line in _TABLE.strip().splitlines()
    )
}
"""Every unit of quantity, by its word."""

QUALIFIERS: Final[dict[str, tuple[str, str]]] = {
    "drained": ("mass", "net mass without the liquid (égoutté)"),
    "gross": ("mass", "mass with the packing"),
    "dry": ("mass", "net mass of the dry matter"),
    "dry 90%": ("mass", "mass of the substance, nine tenths of it dry"),
    "air dry": ("mass", "mass of the substance air dry"),
    "live": ("mass", "live weight"),
    "clean": ("mass", "clean yield of wool or hair"),
    "contents": ("mass", "entire contents of the container"),
    "contents and container": ("mass", "contents and container together"),
    "lactic matter": ("mass", "milk solids"),
    "dry lactic matter": ("mass", "dry milk solids"),
    "standard quality": ("mass", "sugar or cereal of the standard quality"),
    "raw sugar": ("mass", "as raw sugar"),
    "polarised": ("mass", "corrected by polarisation"),
    "total sugars": ("mass", "total sugars"),
    "common wheat": ("mass", "common wheat"),
    "tobacco": ("mass", "tobacco content"),
    "alcohol": ("mass, volume", "total alcohol"),
    "biodiesel": ("mass", "biodiesel content"),
    "bioethanol": ("mass", "bioethanol content"),
    "fuel": ("mass", "fuel content"),
    "diesel": ("volume", "diesel content"),
    "ethanol": ("volume", "ethanol content"),
    "engine": ("volume", "engine capacity"),
    "antimony": ("mass", "antimony content"),
    "chromium": ("mass", "chromium content"),
    "cobalt": ("mass", "cobalt content"),
    "copper": ("mass", "copper content"),
    "gold": ("mass", "gold content"),
    "lead": ("mass", "lead content"),
    "magnesium": ("mass", "magnesium content"),
    "manganese": ("mass", "manganese content"),
    "molybdenum": ("mass", "molybdenum content"),
    "nickel": ("mass", "nickel content"),
    "platinum": ("mass", "platinum content"),
    "silicon": ("mass", "silicon content"),
    "silver": ("mass", "silver content"),
    "tungsten": ("mass", "tungsten content"),
    "vanadium": ("mass", "vanadium content"),
    "zinc": ("mass", "zinc content"),
    "uranium": ("mass", "uranium"),
    "fissile": ("mass", "fissile isotopes"),
    "nitrogen": ("mass", "nitrogen"),
    "K2O": ("mass", "potassium oxide"),
    "KCl": ("mass", "potassium chloride"),
    "KOH": ("mass", "potassium hydroxide"),
    "NaOH": ("mass", "sodium hydroxide"),
    "P2O5": ("mass", "diphosphorus pentaoxide"),
    "H2O2": ("mass", "hydrogen peroxide"),
    "anhydrous morphine": ("mass", "anhydrous morphine content"),
    "choline chloride": ("mass", "choline chloride"),
    "dihydrostreptomycin": ("mass", "dihydrostreptomycin"),
    "methylamines": ("mass", "methylamines"),
    "recording surface": ("area", "recording surface"),
    "immediate container": ("count", "immediate containers"),
    "per flask": ("count", "articles in each flask"),
}
"""What of the goods a qualified measure counts: its dimensions and a plain description."""


def unit(word: str) -> Unit:
    """Return the unit of this word; FactsError, naming near words, where the table lacks it."""
    found = UNITS.get(word)
    if found is None:
        raise FactsError(f"unknown unit {word!r}{near(word, UNITS)}", fact=word)
    return found


class Measure(NamedTuple):
    """A unit of the goods as a whole, or of what the qualifier names in them."""

    unit: Unit
    qualifier: str

    @property
    def name(self) -> str:
        """Return the measure as it is written: `kg`, `kg/drained`."""
        return f"{self.unit.word}/{self.qualifier}" if self.qualifier else self.unit.word


@lru_cache(maxsize=1024)
def factors(name: str) -> tuple[Measure, ...]:
    """Return the measures whose product the name states: one for `kg/drained`, two for `%vol/hl`.

    A word after a unit is its qualifier where the unit's dimension has that one (`kg/gross`), and
    otherwise a further unit (`line/gross`).
    """
    found: list[Measure] = []
    for word in name.split("/"):
        last = found[-1] if found else None
        fits = last is not None and word in QUALIFIERS and _fits(word, last.unit)
        if last and fits and not last.qualifier:
            found[-1] = Measure(last.unit, word)
        elif fits or (word in QUALIFIERS and word not in UNITS):
            raise FactsError(f"{name!r}: nothing before {word!r} can be measured so", fact=name)
        elif word in UNITS:
            found.append(Measure(UNITS[word], ""))
        else:
            raise FactsError(f"unknown unit {word!r}{near(word, [*UNITS, *QUALIFIERS])}", fact=name)
    return tuple(found)


def _fits(qualifier: str, unit: Unit) -> bool:
    return unit.dimension in QUALIFIERS[qualifier][0].split(", ")


def _single(name: str) -> Measure:
    found = factors(name)
    if len(found) != 1:
        raise FactsError(f"{name!r} is a product of measures: state each by itself", fact=name)
    return found[0]


def ratio(from_word: str, to_word: str) -> tuple[Decimal, Decimal]:
    """Return what a quantity is multiplied and then divided by to be in another unit of the same measure.

    The divisor is 1 wherever the quotient has an end in decimals; where it has none, dividing last keeps
    twelve articles exactly one dozen. FactsError across dimensions.
    """
    origin, target = _single(from_word), _single(to_word)
    if (origin.unit.dimension, origin.qualifier) != (target.unit.dimension, target.qualifier):
        raise FactsError(
            f"{from_word} cannot be turned into {to_word}: they measure different things", fact=to_word
        )
    try:
        return EXACT.divide(origin.unit.factor, target.unit.factor), _ONE
    except Inexact:
        return origin.unit.factor, target.unit.factor


_ONE: Final = Decimal(1)


def convert(quantity: Decimal, from_word: str, to_word: str) -> Decimal:
    """Return the quantity in another unit of the same measure; FactsError across dimensions.

    Exact where the quotient has an end in decimals, otherwise cut as every quotient is.
    """
    multiplier, divisor = ratio(from_word, to_word)
    product = EXACT.multiply(quantity, multiplier)
    return product if divisor == 1 else QUOTIENTS.divide(product, divisor)


_OWN: Final = {one.dimension: one.word for one in UNITS.values() if one.factor == 1 and one.word != "head"}


def _own(measure: Measure) -> str:
    """Return the same measure in its dimension's own unit."""
    return Measure(UNITS[_OWN[measure.unit.dimension]], measure.qualifier).name


@lru_cache(maxsize=1024)
def counted(name: str) -> tuple[str, Decimal]:
    """Return the measure in which a quantity is stated without a cut, and what it is then divided by.

    Seven articles are no number of dozens that has an end: they are counted as articles, and what is
    reckoned from them is divided by 12 at last.
    """
    own = _own(_single(name))
    _, divisor = ratio(own, name)
    return (name, _ONE) if divisor == 1 else (own, divisor)


def normal(measures: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the measures in their dimensions' own units (`kg`, `l`, `item` …).

    FactsError for an unknown name, a product, or two statements of one measure that disagree.
    """
    found: dict[str, Decimal] = {}
    stated: dict[str, str] = {}
    for name, quantity in measures.items():
        own = _own(_single(name))
        amount = convert(quantity, name, own)
        if found.setdefault(own, amount) != amount:
            first = stated[own]
            stated_twice = f"{plain(measures[first])} {first} and {plain(quantity)} {name}"
            raise FactsError(f"{stated_twice} contradict each other", fact=name)
        stated.setdefault(own, name)
    return found


def find_measure(measures: Mapping[str, Decimal], wanted: str) -> Decimal | None:
    """Return the quantity of the wanted measure, converted within its dimension; None where it is not given.

    A product (`%vol/hl`) is multiplied together from its factors.
    """
    if wanted in measures:
        return measures[wanted]
    product: Decimal | None = None
    for measure in factors(wanted):
        quantity = _find(measures, measure)
        if quantity is None:
            return None
        product = quantity if product is None else EXACT.multiply(product, quantity)
    return product


def _find(measures: Mapping[str, Decimal], wanted: Measure) -> Decimal | None:
    """Return the quantity of one measure; FactsError where two statements of it disagree."""
    if wanted.name in measures:
        return measures[wanted.name]
    same = {name: quantity for name, quantity in measures.items() if _measures_alike(name, wanted)}
    if not same:
        return None
    normal(same)
    name, quantity = next(iter(same.items()))
    return convert(quantity, name, wanted.name)


def _measures_alike(name: str, wanted: Measure) -> bool:
    found = factors(name) if name.split("/", 1)[0] in UNITS else ()
    return (
        len(found) == 1
        and found[0].unit.dimension == wanted.unit.dimension
        and found[0].qualifier == wanted.qualifier
    )


class Measurement(NamedTuple):
    """A measure as a schedule counts it: `multiplier` of `unit`, of what `qualifier` names in the goods.

    The unit is a product where the schedule multiplies two (`%vol/hl`).
    """

    multiplier: Decimal
    unit: str
    qualifier: str = ""

    @property
    def measure(self) -> str:
        """Return the measure's name, such as `kg/drained`."""
        return f"{self.unit}/{self.qualifier}" if self.qualifier else self.unit

    def __str__(self) -> str:
        return f"{'' if self.multiplier == 1 else plain(self.multiplier)}{self.measure}"


_CODES: Final[dict[str, tuple[int, str, str]]] = {
    "ASV": (1, "%vol", ""),
    "ASVX": (1, "%vol/hl", ""),
    "BRX": (1, "%sacchar", ""),
    "CCT": (1, "cct", ""),
    "CEN": (100, "item", ""),
    "CTM": (1, "ct", ""),
    "DAP": (10000, "kg", "polarised"),
    "DHS": (1, "kg", "dihydrostreptomycin"),
    "DTN": (100, "kg", ""),
    "DTNZ": (100, "kg/%sacchar", ""),
    "EUR": (1, "euro", ""),
    "GFI": (1, "g", "fissile"),
    "GRM": (1, "g", ""),
    "GRT": (1, "GT", ""),
    "HLT": (1, "hl", ""),
    "HMT": (100, "m", ""),
    "KCC": (1, "kg", "choline chloride"),
    "KCL": (1, "t", "KCl"),
    "KGM": (1, "kg", ""),
    "KLT": (1000, "l", ""),
    "KMA": (1, "kg", "methylamines"),
    "KMT": (1, "km", ""),
    "KNI": (1, "kg", "nitrogen"),
    "KNS": (1, "kg", "H2O2"),
    "KPH": (1, "kg", "KOH"),
    "KPO": (1, "kg", "K2O"),
    "KPP": (1, "kg", "P2O5"),
    "KSD": (1, "kg", "dry 90%"),
    "KSH": (1, "kg", "NaOH"),
    "KUR": (1, "kg", "uranium"),
    "KWH": (1, "kWh", ""),
    "LPA": (1, "lpa", ""),
    "LTR": (1, "l", ""),
    "MIL": (1000, "item", ""),
    "MPR": (1000, "pair", ""),
    "MTK": (1, "m2", ""),
    "MTQ": (1, "m3", ""),
    "MTQC": (1000, "m3", ""),
    "MTR": (1, "m", ""),
    "MWH": (1000, "kWh", ""),
    "NAR": (1, "item", ""),
    "NCL": (1, "cell", ""),
    "NPR": (1, "pair", ""),
    "RET": (1, "retail price", ""),
    "SPQ": (1, "lpa/spr", ""),
    "SPQLPA": (1, "lpa/spr", ""),
    "SPQLTR": (1, "%vol/hl/spr", ""),
    "SPR": (1, "spr", ""),
    "TJO": (1, "TJ", ""),
    "TNE": (1, "t", ""),
    "TNEZ": (1, "t/%sacchar", ""),
    "WAT": (1, "W", ""),
}

_LETTERS: Final = {
    "A": "alcohol",
    "B": "per flask",
    "E": "drained",
    "F": "common wheat",
    "G": "gross",
    "I": "biodiesel",
    "J": "fuel",
    "K": "bioethanol",
    "L": "live",
    "M": "dry",
    "P": "lactic matter",
    "R": "standard quality",
    "S": "raw sugar",
    "T": "dry lactic matter",
}


def measurement(code: str) -> Measurement:
    """Return what a measurement unit of TARIC or HMRC counts: `DTN`, `DTN E`, `DTNE`, `SPQLPA`.

    Gives the multiplier, the unit and the qualifier: `DTN E` is 100 `kg`, `drained`. The retail price
    (`RET`) is no quantity of goods; it comes back under that name. FactsError for an unknown code.
    """
    letters = code.replace(" ", "")
    base, letter = letters[:3], letters[3:]
    found = _CODES.get(letters) or _CODES.get(base)
    if found is None:
        raise FactsError(f"unknown code of a unit {code!r}{near(code, _CODES)}", fact=code)
    multiplier, word, qualifier = found
    if letters not in _CODES:
        qualifier = _LETTERS.get(letter, "")
        if found[2] or not qualifier or not _fits(qualifier, unit(word)):
            raise FactsError(f"{code!r}: {base} has no qualifier {letter!r}", fact=code)
    return Measurement(Decimal(multiplier), word, qualifier)
