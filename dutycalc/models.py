"""Collection models: every scheme in force for a destination on a day, and who collects where none does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from dutycalc.answer import law_dict
from dutycalc.decided import due_day
from dutycalc.errors import FactsError
from dutycalc.law import Provision
from dutycalc.loader import Law, Tariffs
from dutycalc.number_checks import has_check_digits
from dutycalc.tables import BorderCollection, Limit, Registration, Scheme, Scoped, Take
from dutycalc.values import Frozen
from dutycalc.wording import (
    limit_in_words,
    percentage,
    returns_in_words,
    scope_in_words,
    take_in_words,
    turnover_in_words,
)
from dutycalc.words import Model, Role, near


class NumberNeeded(Frozen):
    """The registration that a scheme needs: its key, its title and the pictures of its number.

    In a picture `#` is a digit, `@` a letter, `*` either. `check_digits` tells whether the extra `ids` can
    reckon them.
    """

    key: str
    title: str
    pictures: tuple[str, ...]
    check_digits: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "key": self.key, "title": self.title, "pictures": list(self.pictures),
            "check_digits": self.check_digits,
        }  # fmt: skip


class ModelLimit(Frozen):
    """A limit that a scheme turns on: its name, whether the scheme is within or above it, and its words."""

    name: str
    side: str
    measure: tuple[str, ...]
    per: str
    comparator: str
    bound: str
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "name": self.name, "side": self.side, "measure": list(self.measure), "per": self.per,
            "comparator": self.comparator, "bound": self.bound, "words": self.words,
        }  # fmt: skip


class SchemeModel(Frozen):
    """One way in which charges are collected: a scheme, or (`default`) what holds at the border without one.

    `conditions` are phrases that must all hold. `liable` are the roles in the law's order; the first that
    can be bound is, with `first_present` only the first that is a party to the sale. `optional` schemes are
    used by whoever holds the registration; others bind a party that must register. `takes_at_sale`,
    `takes_at_border`, `relieved` and `left_at_delivery` are names of charges; the last are those that the
    scheme leaves as ever to the border. `due` is the last day for remitting what is taken on the day asked
    for. `provision` is the record of the scheme itself, `law` it and the records of its limits and its
    registration.
    """

    name: str
    default: bool
    model: Model
    tax_point: str
    conditions: tuple[str, ...]
    limits: tuple[ModelLimit, ...]
    liable: tuple[Role, ...]
    collector: Role | None
    optional: bool
    first_present: bool
    registration: NumberNeeded | None
    turnover: str
    returns: str
    due: date | None
    takes_at_sale: tuple[str, ...]
    takes_at_border: tuple[str, ...]
    relieved: tuple[str, ...]
    left_at_delivery: tuple[str, ...]
    taking: tuple[str, ...]
    declare: bool
    print: bool
    provision: Provision[Any]
    law: tuple[Provision[Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON values."""
        return {
            "name": self.name, "default": self.default, "model": self.model, "tax_point": self.tax_point,
            "conditions": list(self.conditions), "limits": [one.to_dict() for one in self.limits],
            "liable": list(self.liable), "collector": self.collector, "optional": self.optional,
            "first_present": self.first_present,
            "registration": None if self.registration is None else self.registration.to_dict(),
            "turnover": self.turnover or None, "returns": self.returns or None,
            "due": None if self.due is None else self.due.isoformat(),
            "takes_at_sale": list(self.takes_at_sale), "takes_at_border": list(self.takes_at_border),
            "relieved": list(self.relieved), "left_at_delivery": list(self.left_at_delivery),
            "taking": list(self.taking), "declare": self.declare, "print": self.print,
            "law": [law_dict(one) for one in self.law],
        }  # fmt: skip


def models(
    tariffs: Tariffs,
    destination: str,
    day: date,
    *,
    known_on: date | None = None,
    variants: Iterable[str] = (),
) -> tuple[SchemeModel, ...]:
    """Return every collection scheme in force on the day, then who collects at the border by default.

    `known_on` and `variants` choose the reading of the law as for `assess`. NotModelledError for a
    destination without tables, NotInForceError for a day that they do not cover, FactsError for a reading
    that there is not.
    """
    territory = tariffs.territory(destination)
    chosen = frozenset(variants)
    known = territory.variants()
    for name in sorted(chosen - known.keys()):
        raise FactsError(f"variants: {territory.code} has no reading {name!r}{near(name, known)}")
    law = territory.law(day, known_on=known_on, variants=chosen)
    found = [_of_scheme(name, one, law, day) for name, one in law.all("scheme").items()]
    found += [_of_border(name, one, law) for name, one in law.all("border").items()]
    return tuple(found)


def _of_scheme(name: str, provision: Provision[Scheme], law: Law, day: date) -> SchemeModel:
    scheme = provision.value
    taken: dict[str, list[str]] = {"sale": [], "border": [], "relieved": []}
    for charge, take in scheme.takes.items():
        taken[take.at if isinstance(take, Take) else take].append(charge)
    registration: Provision[Registration] | None = (
        law.find("registration", scheme.registration) if scheme.registration is not None else None
    )
    return SchemeModel(
        name=name,
        default=False,
        model=scheme.model,
        tax_point=scheme.tax_point,
        conditions=(*scope_in_words(scheme), *_share(scheme)),
        limits=_limits(scheme, law),
        liable=tuple(scheme.liable),
        collector=scheme.collector,
        optional=scheme.optional,
        first_present=scheme.first_present,
        registration=_number(scheme.registration, registration),
        turnover=turnover_in_words(scheme.turnover) if scheme.turnover is not None else "",
        returns=returns_in_words(scheme.returns) if scheme.returns is not None else "",
        due=due_day(scheme.returns, day) if scheme.returns is not None else None,
        takes_at_sale=tuple(taken["sale"]),
        takes_at_border=tuple(taken["border"]),
        relieved=tuple(taken["relieved"]),
        left_at_delivery=tuple(one for one in law.all("charge") if one not in scheme.takes),
        taking=tuple(take_in_words(charge, take) for charge, take in scheme.takes.items()),
        declare=scheme.declare,
        print=scheme.print,
        provision=provision,
        law=(provision, *_limit_records(scheme, law), *([registration] if registration is not None else [])),
    )


def _of_border(name: str, provision: Provision[BorderCollection], law: Law) -> SchemeModel:
    rule = provision.value
    charges = tuple(law.all("charge"))
    return SchemeModel(
        name=name,
        default=True,
        model=rule.model,
        tax_point="import",
        conditions=scope_in_words(rule),
        limits=_limits(rule, law),
        liable=(rule.liable,),
        collector=rule.collector,
        optional=False,
        first_present=False,
        registration=None,
        turnover="",
        returns="",
        due=None,
        takes_at_sale=(),
        takes_at_border=charges,
        relieved=(),
        left_at_delivery=charges,
        taking=(),
        declare=False,
        print=False,
        provision=provision,
        law=(provision, *_limit_records(rule, law)),
    )


def _share(scheme: Scheme) -> tuple[str, ...]:
    if scheme.low_value_share is None:
        return ()
    return (f"at least {percentage(scheme.low_value_share)} of the party's supplies are of low value",)


def _number(key: str | None, provision: Provision[Registration] | None) -> NumberNeeded | None:
    if key is None:
        return None
    title = provision.value.title if provision is not None else key
    pictures = tuple(provision.value.pictures) if provision is not None else ()
    return NumberNeeded(key, title, pictures, has_check_digits(key))


def _limit_records(record: Scoped, law: Law) -> list[Provision[Limit]]:
    return [law.on("limit", name) for name in (record.within, record.above) if name is not None]


def _limits(record: Scoped, law: Law) -> tuple[ModelLimit, ...]:
    found = []
    for side in ("within", "above"):
        name = getattr(record, side)
        if name is not None:
            limit: Limit = law.on("limit", name).value
            found.append(
                ModelLimit(
                    name, side, tuple(limit.measure), limit.per,
                    "<=" if limit.at_most is not None else "<", limit.at_most or limit.below or "",
                    limit_in_words(limit),
                )
            )  # fmt: skip
    return tuple(found)
