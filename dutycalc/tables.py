"""The shapes of the files in `tariffs/`: every record of law, field by field.

One TOML file holds the records of one territory (`docs/tables.md` explains them with examples). A record
is a table in an array: `[[family]]` or `[[family.name]]`. The records of one family and name form a
series in time: each starts on `valid_from` and ends on the day before the next one starts.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from dutycalc.errors import DutycalcError
from dutycalc.expressions import Expression, parse
from dutycalc.law import Confidence
from dutycalc.money import Mode, Money, read_decimal
from dutycalc.shapes import Guard, Shape
from dutycalc.units import UNITS
from dutycalc.words import (
    BuyerKind,
    Channel,
    ChargeKind,
    DeliveryTerm,
    HistoryOf,
    HistoryPeriod,
    Model,
    Moment,
    Purpose,
    Role,
    TaxClass,
    TransportMode,
)

_CODE: Final = re.compile(r"[A-Z]{2,4}(-[A-Z0-9]{1,3})?", re.ASCII)
_PREFIX: Final = re.compile(r"[0-9]{2,12}(-[0-9]{2,12})?", re.ASCII)
_PREFIXES: Final = re.compile(r"\s*(?:[0-9]{2,12}\s+)*(?:[0-9]{2,12})?", re.ASCII)
_SLUG: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def _shaped(pattern: re.Pattern[str], what: str) -> Guard:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is no {what}")
        return text

    return Guard(after=check)


def _range(text: str) -> str:
    first, _, last = text.partition("-")
    if not _PREFIX.fullmatch(text) or (last and (len(first) != len(last) or first >= last)):
        raise ValueError(f"{text!r} is no commodity code, prefix, or range from a lower to a higher one")
    return text


def _codes(text: str) -> str:
    """Check every entry of a list of goods; tell those that are none."""
    if _PREFIXES.fullmatch(text):
        return text
    faults = [one for one in text.split() if not _is_range(one)]
    if faults:
        raise ValueError(f"{', '.join(faults[:5])}: no commodity codes, prefixes, or ranges of them")
    return text


def _is_range(text: str) -> bool:
    try:
        _range(text)
    except ValueError:
        return False
    return True


def _percentage(text: object) -> Decimal:
    if not isinstance(text, str) or not text.endswith("%"):
        raise ValueError(f'{text!r} is no percentage: write "25%"')
    number = read_decimal(text[:-1])
    if number < 0:
        raise ValueError(f"{text!r} is below zero")
    return number / 100


Code = Annotated[str, _shaped(_CODE, "ISO 3166 code")]
Prefix = Annotated[str, Guard(after=_range)]
Slug = Annotated[str, _shaped(_SLUG, "name (small letters, digits, underscores)")]
Percentage = Annotated[Decimal, Guard(instead=_percentage)]
Names = Annotated[list[Slug], Guard(least=1)]
Digits = Annotated[int, Guard(least=0, most=12)]


def _listed(value: object) -> object:
    """Read one entry as a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


class Source(Shape):
    """Where law is written, at article level."""

    title: Annotated[str, Guard(least=3)]
    url: Annotated[str, Guard(pattern=r"^https?://\S+$")]
    published: date


class Record(Shape):
    """What every record of law carries.

    `known_from` is the first day on which the record could be known (default: the day on which its first
    source was published), `end_known_from` that of its end, where the end was made law later.
    """

    valid_from: date
    valid_until: date | None = None
    known_from: date | None = None
    end_known_from: date | None = None
    cite: Annotated[list[str], Guard(least=1)]
    confidence: Confidence = "confirmed"
    note: str = ""
    variant: str = ""

    def check(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(f"ends on {self.valid_until}, before it starts on {self.valid_from}")


class Goods(Shape):
    """Goods that a rule names: any one field that fits is enough; within a field any one entry.

    `lists` are the territory's lists of goods (`goods_list`).
    """

    commodities: list[Prefix] = []
    lists: list[Slug] = []
    tax_classes: list[TaxClass] = []
    origins: list[Code] = []
    facts: dict[str, list[str]] = {}


class Condition(Shape):
    """Categories in which a rule applies: every field that is given must fit, with any of its entries.

    `scheme` and `not_scheme` name schemes that do, or do not, take the line; `claims` are programmes whose
    preference the item claims; `facts` are stated facts of the item; `elected` and `not_elected` name
    options that the law leaves to the parties.
    """

    channel: list[Channel] = []
    transport_mode: list[TransportMode] = []
    purpose: list[Purpose] = []
    buyer: list[BuyerKind] = []
    not_sender: list[BuyerKind] = []
    delivery_term: list[DeliveryTerm] = []
    dispatch: list[Code] = []
    not_dispatch: list[Code] = []
    origin: list[Code] = []
    not_origin: list[Code] = []
    scheme: list[str] = []
    not_scheme: list[str] = []
    registered: list[str] = []
    not_registered: list[str] = []
    elected: list[Slug] = []
    not_elected: list[Slug] = []
    claims: list[str] = []
    facts: dict[str, list[str]] = {}


class RoundingRule(Shape):
    """To a multiple of `to`, in a mode; per line, or once on the consignment's sum and shared.

    `to` is money in the currency of the charges, or `minor_unit`: whatever that currency's smallest is.
    `carries` says on what other charges rest: on this one as rounded, or as it was before.
    """

    to: Money | Literal["minor_unit"]
    mode: Mode
    per: Literal["line", "consignment"] = "line"
    carries: Literal["rounded", "unrounded"] = "rounded"

    def check(self) -> None:
        """Refuse a rounding to nothing."""
        if isinstance(self.to, Money) and self.to.amount <= 0:
            raise ValueError(f"a rounding to a multiple of {self.to} is none")


class Scoped(Record):
    """A record that applies in some circumstances only.

    `when` is one condition or a list of them, any of which is enough. `within` and `above` name limits.
    """

    when: Annotated[list[Condition], Guard(before=_listed)] = []
    within: Slug | None = None
    above: Slug | None = None
    not_for: Goods | None = None
    only_for: Goods | None = None


class Currency(Record):
    """The currency in which charges are reckoned."""

    code: Annotated[str, Guard(pattern="^[A-Z]{3}$")]


class MemberOf(Record):
    """The union or country whose records lie under this territory's own."""

    code: Code


class ValueRule(Scoped):
    """A value of the goods: the sum of its parts, times a factor.

    Parts are `price` (what is paid for the goods, less discounts, without taxes), `transport`,
    `insurance`, `retail_price`. With `of`, this record replaces that value where its conditions hold.
    """

    parts: Names
    factor: Percentage | None = None
    of: Slug | None = None
    rounding: RoundingRule | None = None


class TaxClassRule(Record):
    """The rate that a class of goods bears: a rate, or the name of the class whose rate it shares."""

    rate: Percentage | None = None
    like: TaxClass | None = None

    def check(self) -> None:
        super().check()
        if (self.rate is None) == (self.like is None):
            raise ValueError("needs either a rate or `like`")


NAMED_RATES: Final = frozenset({"schedule", "tax_class", "stated", "layers"})
"""Rates of a charge that are found elsewhere than in its own record."""


class Charge(Scoped):
    """A charge: what it is reckoned on, at which rate, how it is rounded.

    `base` names values and other charges. `rate` is `schedule` (the tariff, or the item's stated duty),
    `tax_class`, `stated` (only what the caller states), `layers` (the one of its layers that bears on the
    line) or an expression such as `25%` or `2 EUR/item`. What law says of the charge that it `goes_with`
    (reliefs, special rates that replace it) it says of this one, too.
    `per` says on what the rate is applied: each `line`, the `consignment` as a whole, or each
    `tariff_line` (different code of `digits` digits). With `inclusive` the base includes the charge. With
    `excess_of` a charge on the consignment is laid on what exceeds that limit, in value and in mass, or what
    earlier consignments have left of it.
    """

    kind: ChargeKind
    base: list[Slug] = []
    rate: str
    title: str = ""
    type_code: str = ""
    per: Literal["line", "consignment", "tariff_line"] = "line"
    digits: Digits = 0
    inclusive: bool = False
    base_rounding: RoundingRule | None = None
    rounding: RoundingRule
    liable: Role | None = None
    collector: Role | None = None
    excess_of: Slug | None = None
    goes_with: Slug | None = None

    def check(self) -> None:
        super().check()
        if self.rate not in NAMED_RATES:
            _read_rate(self.rate)
        if (self.per == "tariff_line") != (self.digits > 0):
            raise ValueError("`digits` goes with per = tariff_line")
        if self.excess_of is not None and self.per != "consignment":
            raise ValueError("`excess_of` goes with per = consignment")
        if self.per != "line" and self.rate in NAMED_RATES:
            raise ValueError(f"rate = {self.rate} is reckoned per line")


def _read_rate(text: str) -> Expression:
    try:
        return parse(text)
    except DutycalcError as fault:
        raise ValueError(str(fault)) from None


class Limit(Record):
    """A limit: what is measured, per what, how it is compared, in which currency.

    `measure` names values, charges or masses (`gross_mass_kg`, `net_mass_kg`), added up, or the `quantity`
    in items. `per` is `consignment`, `line`, or `item` (one unit of a line). `at_most` is "not exceeding",
    `below` is strict. `also` are further measures that must be within, too. `history` adds what has already
    come in the period, to the same consignee (`history_of`: all, or what this sender sent). `counts` are
    how many consignments of a period, this one among them, the limit is for; the rest are outside.
    """

    measure: Annotated[list[Slug], Guard(before=_listed)]
    per: Literal["consignment", "line", "item"]
    at_most: str | None = None
    below: str | None = None
    also: list[FurtherMeasure] = []
    history: HistoryPeriod | None = None
    history_of: HistoryOf = "consignee"
    counts: list[Count] = []
    not_for: Goods | None = None

    def check(self) -> None:
        super().check()
        _one_comparison(self.at_most, self.below)
        if self.history is not None and self.per != "consignment":
            raise ValueError("`history` goes with per = consignment")
        if self.history is None and self.history_of != "consignee":
            raise ValueError("`history_of` goes with `history`")


class Count(Shape):
    """How many consignments of a period a limit is for, this one among them; of whom, as in `history_of`."""

    per: HistoryPeriod
    at_most: Annotated[int, Guard(least=1)]
    of: HistoryOf = "consignee"


class FurtherMeasure(Shape):
    """A second measure of a limit, such as a mass."""

    measure: Slug
    at_most: str | None = None
    below: str | None = None

    def check(self) -> None:
        _one_comparison(self.at_most, self.below)


def _one_comparison(at_most: str | None, below: str | None) -> None:
    if (at_most is None) == (below is None):
        raise ValueError("needs either at_most or below")
    text = at_most or below or ""
    unit = text.rpartition(" ")[2]
    if unit in UNITS:
        read_decimal(text.rpartition(" ")[0])
    else:
        Money.parse(text)


class Relief(Scoped):
    """Charges that are not due.

    On the `whole`, only on the part within the limit (the `excess` is charged), or on the `whole_items`
    that fit within it. `mixed` says whether one line outside takes the whole consignment out.
    """

    of: Names
    portion: Literal["whole", "excess", "whole_items"] = "whole"
    mixed: Literal["line", "consignment"] = "line"

    def check(self) -> None:
        super().check()
        if self.portion != "whole" and self.within is None:
            raise ValueError(f"portion = {self.portion} needs a limit (`within`)")


class Bucket(Shape):
    """A rate for some goods; without goods, for all others."""

    commodities: list[Prefix] = []
    rate: str

    def check(self) -> None:
        _read_rate(self.rate)


class Special(Scoped):
    """A rate that replaces the ordinary one of a charge: flat amounts, flat rates, buckets by goods.

    `replaces` are further charges that are then not due. `less` is taken off once. `mixed` says
    whether one line outside takes the whole consignment out.
    """

    of: Slug
    replaces: list[Slug] = []
    rate: str | None = None
    buckets: list[Bucket] = []
    less: Money | None = None
    base: list[Slug] = []
    per: Literal["line", "tariff_line"] = "line"
    digits: Digits = 0
    rounding: RoundingRule | None = None
    mixed: Literal["line", "consignment"] = "line"

    def check(self) -> None:
        super().check()
        if (self.rate is None) == (not self.buckets):
            raise ValueError("needs either a rate or buckets")
        if self.rate is not None:
            _read_rate(self.rate)
        if (self.per == "tariff_line") != (self.digits > 0):
            raise ValueError("`digits` goes with per = tariff_line")


class Waiver(Scoped):
    """Sums too small to collect: the charges together, per consignment or line, at most or below."""

    charges: Names
    at_most: Money | None = None
    below: Money | None = None
    per: Literal["consignment", "line"] = "consignment"

    def check(self) -> None:
        super().check()
        if (self.at_most is None) == (self.below is None):
            raise ValueError("needs either at_most or below")


class Take(Shape):
    """How a scheme takes a charge: at the sale on its own base, or at the border by its collector.

    `moment` is when the buyer pays, where that is not the sale for the one and delivery for the other.
    """

    at: Literal["sale", "border"]
    base: list[Slug] = []
    rounding: RoundingRule | None = None
    moment: Moment | None = None


class Returns(Shape):
    """The period of a scheme's return and the day it is due: `day` of the n-th month after, or `last`.

    `ends` are the months in which periods end; empty: those of the calendar year. `but` are periods with a
    due day of their own. `business_day` is the n-th business day of that month instead of a `day`: Monday to
    Friday, but for the `holidays`.
    """

    every: Literal["month", "two_months", "quarter", "half_year", "year"]
    months_after: Digits
    day: int | Literal["last"] = "last"
    ends: tuple[int, ...] = ()
    but: list[DueOtherwise] = []
    business_day: Annotated[int, Guard(least=1, most=20)] | None = None
    holidays: tuple[date, ...] = ()

    def check(self) -> None:
        """Refuse two days at once, and an exception to a period that there is not."""
        if self.business_day is not None and self.day != "last":
            raise ValueError("needs either day or business_day")
        if self.holidays and self.business_day is None:
            raise ValueError("`holidays` goes with business_day")
        if len({one.ends_in for one in self.but}) < len(self.but):
            raise ValueError("two exceptions to one period")


class DueOtherwise(Shape):
    """The due day of the periods that end in one month, where it is another than that of the rest."""

    ends_in: Annotated[int, Guard(least=1, most=12)]
    months_after: Digits
    day: int | Literal["last"] = "last"


class Turnover(Shape):
    """The turnover from which a party must register; with `world_above`, that everywhere, too."""

    at_least: Money | None = None
    above: Money | None = None
    world_above: Money | None = None

    def check(self) -> None:
        if (self.at_least is None) == (self.above is None):
            raise ValueError("needs either at_least or above")


class Scheme(Scoped):
    """A collection scheme: who takes which charges from whom, under which number, remitted when.

    `liable` are the roles that the law makes liable, in its order. An `optional` scheme is used by
    whoever holds the registration; any other binds a party that must register (`turnover`), whether it
    has or not. `takes` maps each charge to how it is taken, or to `relieved`; charges not named are
    charged at the border as ever. `low_value_share` is the least share of low value in its supplies with
    which a party may use the scheme, as the party states it. With `first_present` only the first of the
    `liable` that is a party to the
    sale may use the scheme: another's number does not serve. `mixed` says whether one line outside takes
    all out.
    """

    tax_point: Literal["sale", "import"] = "sale"
    model: Model
    liable: Annotated[list[Role], Guard(least=1)]
    collector: Role | None = None
    registration: str | None = None
    optional: bool = False
    first_present: bool = False
    turnover: Turnover | None = None
    low_value_share: Percentage | None = None
    takes: Annotated[dict[Slug, Take | Literal["relieved"]], Guard(least=1)]
    returns: Returns | None = None
    declare: bool = False
    print: bool = False
    mixed: Literal["line", "consignment"] = "line"


class Registration(Record):
    """A kind of registration: its title and the picture of its number.

    `#` is a digit, `@` a letter, `*` either; other characters stand for themselves; several pictures are
    alternatives.
    """

    title: str
    pictures: list[str] = []


class BorderCollection(Scoped):
    """Who collects at the border, by default, on one channel."""

    model: Model
    liable: Role
    collector: Role


class ExchangeRule(Record):
    """Which rate of exchange the law prescribes, in words; the caller states the rate."""

    rule: str


class GoodsList(Record):
    """A list of goods that layers and other records name: codes, prefixes and ranges, apart by blanks."""

    codes: Annotated[str, Guard(least=2, after=_codes)]


LayerKind = Literal["on_top", "up_to", "exempt"]


class Layer(Scoped):
    """A duty that lies on top of the tariff's own, under the heading by which it is declared.

    It belongs to the charge `of`, of which at most one layer bears on a line. `on_top` adds the rate;
    `up_to` is what lacks to the rate once customs duty is counted; `exempt` takes the goods out of the
    charge, before all others. It is not laid where a layer or charge bears to which it `yields_to`.
    `content` is the unit of the share of the value on which it is laid (not stated: the whole); what the
    charges named `outside` are laid on is left out of its base.
    """

    of: Slug
    heading: Annotated[str, Guard(least=1)]
    rate: str = "0%"
    kind: LayerKind = "on_top"
    yields_to: list[Slug] = []
    content: str = ""
    outside: list[Slug] = []

    def check(self) -> None:
        super().check()
        _read_rate(self.rate)
        if self.content and self.content not in UNITS:
            raise ValueError(f"content: {self.content!r} is no unit")
        if self.within or self.above:
            raise ValueError("a layer turns on categories, not on limits")


class GeneralRate(Scoped):
    """The rate of a charge whose rate is the `schedule`, where no tariff is in the tables and none is stated.

    The first record that fits the goods counts. Goods that may bear another rate have an `unmodelled` record
    of the charge's kind, and are refused. `exceptions` says in words what else may differ: every assessment
    that reads the record carries it as a notice.
    """

    rate: str
    exceptions: Annotated[str, Guard(least=3)]

    def check(self) -> None:
        super().check()
        _read_rate(self.rate)
        if self.within or self.above or any(one.scheme or one.not_scheme for one in self.when):
            raise ValueError("a general rate turns on categories, not on limits or schemes")


class Unmodelled(Scoped):
    """Law that exists and is not in the tables: the goods that may bear it are refused by name.

    With `charge`, a stated charge of that kind makes the line calculable.
    """

    subject: str
    kind: ChargeKind | None = None


class Prohibition(Scoped):
    """Goods that may not be imported in these circumstances."""

    subject: str


class Refund(Scoped):
    """What may be claimed back of charges that are due, why, by whom, from whom and by when.

    `where` is `taken_twice` (the charge bears a risk of double collection) or `goods_returned`. The last
    day is `within_days` or `within_months` after the `counted_from` day; without either, none is told.
    `payer` is who pays back (`collector`: whoever took it), `at_least` the least sum paid back, of all these
    charges together, `proof` what the claim needs. It changes nothing of what is due.
    """

    of: Names
    where: Literal["taken_twice", "goods_returned"]
    claimant: Role
    payer: Role | Literal["collector", "tax_authority"]
    at_least: Money | None = None
    within_days: Annotated[int, Guard(least=1)] | None = None
    within_months: Annotated[int, Guard(least=1)] | None = None
    counted_from: Literal["sale", "import"] = "import"
    proof: str = ""

    def check(self) -> None:
        super().check()
        if self.within_days is not None and self.within_months is not None:
            raise ValueError("needs either within_days or within_months")
        if self.within is not None or self.above is not None:
            raise ValueError("a refund turns on categories, not on limits")


class Notice(Scoped):
    """A fact that whoever reads the assessment should know."""

    text: str


FAMILIES: Final[dict[str, tuple[type[Record], bool]]] = {
    "currency": (Currency, False),
    "member_of": (MemberOf, False),
    "exchange_rate": (ExchangeRule, False),
    "value": (ValueRule, True),
    "tax_class": (TaxClassRule, True),
    "charge": (Charge, True),
    "limit": (Limit, True),
    "relief": (Relief, True),
    "special": (Special, True),
    "waiver": (Waiver, True),
    "scheme": (Scheme, True),
    "registration": (Registration, True),
    "border": (BorderCollection, True),
    "goods_list": (GoodsList, True),
    "layer": (Layer, True),
    "general_rate": (GeneralRate, True),
    "unmodelled": (Unmodelled, True),
    "prohibition": (Prohibition, True),
    "refund": (Refund, True),
    "notice": (Notice, True),
}
"""Families of records, their shape, and whether each record of the family has a name."""


class Header(Shape):
    """What stands at the top of a file."""

    code: Code
    name: Annotated[str, Guard(least=2)]
    covered_from: date
    checked_on: date
    sources: dict[str, Source] = {}
