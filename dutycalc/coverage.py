"""Coverage: what the tables hold of each territory on a day, and how sure each part of it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final, Literal, get_args

from dutycalc.errors import NotInForceError, NotModelledError
from dutycalc.law import Confidence, Provision
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.tables import FAMILIES
from dutycalc.values import Frozen

Standing = Literal["confirmed", "secondary", "unverified", "absent"]
Area = Literal["duty", "tax", "limits", "collection", "fees", "schedule"]

AREAS: Final[tuple[Area, ...]] = get_args(Area)
_SURENESS: Final[tuple[Confidence, ...]] = get_args(Confidence)

_FAMILIES: Final[dict[str, Area | None]] = {
    "tax_class": "tax", "limit": "limits", "relief": "limits", "waiver": "limits",
    "scheme": "collection", "registration": "collection", "border": "collection",
    "charge": None, "special": None, "general_rate": "duty",
}  # fmt: skip
"""Where the records of a family count; those of charges, and of special rates, by the charge's kind."""

_KINDS: Final[dict[str, Area]] = {
    "customs_duty": "duty", "additional_duty": "duty", "trade_defence": "duty",
    "excise": "tax", "vat": "tax", "gst": "tax", "sales_tax": "tax", "composite": "tax", "fee": "fees",
}  # fmt: skip


class Coverage(Frozen):
    """What the tables hold of one territory: the standing of each area, and the records behind it.

    The standing is that of the weakest record in force; `records` counts them. `checked_on` is the oldest
    day on which a file that bears on the territory was compared with its sources. `not_modelled` names law
    that is known and not in the tables; `note` says why nothing is in force.
    """

    code: str
    name: str
    standing: dict[Area, Standing]
    records: dict[Area, int]
    checked_on: date | None
    not_modelled: tuple[str, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "code": self.code, "name": self.name, "standing": dict(self.standing),
            "records": dict(self.records),
            "checked_on": self.checked_on.isoformat() if self.checked_on is not None else None,
            "not_modelled": list(self.not_modelled), "note": self.note or None,
        }  # fmt: skip


def coverage(tariffs: Tariffs, *, on: date) -> tuple[Coverage, ...]:
    """Return what the tables hold of every territory on a day, in the order of their codes.

    TableError for a territory whose files are faulty. Records of disputed readings do not count, and a
    territory that is not covered on the day has every area absent, with a note.
    """
    return tuple(_of(tariffs, code, on) for code in tariffs.codes)


def _of(tariffs: Tariffs, code: str, day: date) -> Coverage:
    try:
        territory = tariffs.territory(code)
    except NotModelledError:
        return _of_schedule_alone(tariffs, code, day)
    try:
        law = territory.law(day)
    except NotInForceError as fault:
        return _absent(code, territory.name, str(fault))
    found: dict[Area, list[Confidence]] = {area: [] for area in AREAS}
    for area, record in _records(law):
        found[area].append(record.confidence)
    found["schedule"] = _schedule(territory, day)
    unmodelled = dict.fromkeys(one.value.subject for one in law.all("unmodelled").values())
    schedule = territory.schedule()
    if schedule is not None and not schedule.publication.complete:
        unmodelled["lines of the tariff that its table leaves out"] = None
    return Coverage(
        code, territory.name, _standing(found), {area: len(each) for area, each in found.items()},
        territory.checked_on, tuple(unmodelled),
    )  # fmt: skip


def _standing(found: dict[Area, list[Confidence]]) -> dict[Area, Standing]:
    return {area: max(each, key=_SURENESS.index) if each else "absent" for area, each in found.items()}


def _absent(code: str, name: str, note: str) -> Coverage:
    return Coverage(code, name, dict.fromkeys(AREAS, "absent"), dict.fromkeys(AREAS, 0), None, (), note)


def _records(law: Law) -> Iterator[tuple[Area, Provision[Any]]]:
    """Yield the records in force with the area in which each counts."""
    charges = law.all("charge")
    for family in FAMILIES:
        if family not in _FAMILIES:
            continue
        for record in law.all(family).values():
            area = _FAMILIES[family]
            if area is None:
                charge = record if family == "charge" else charges.get(record.value.of)
                if charge is None:
                    continue
                area = _KINDS[charge.value.kind]
            yield area, record


def _schedule(territory: Territory, day: date) -> list[Confidence]:
    """Return how sure the tariff is that bears on the territory, where one covers the day."""
    schedule = territory.schedule()
    if schedule is None:
        return []
    editions = [table.publication for table in schedule.tables]
    return [one.confidence for one in editions if one.covered_from <= day]


def _of_schedule_alone(tariffs: Tariffs, code: str, day: date) -> Coverage:
    schedule = tariffs.schedule(code)
    if schedule is None:
        return _absent(code, code, "no tables of law")
    edition = schedule.publication
    found: dict[Area, list[Confidence]] = {area: [] for area in AREAS}
    found["schedule"] = [edition.confidence] if day >= edition.covered_from else []
    return Coverage(
        code, code, _standing(found), {area: len(each) for area, each in found.items()},
        edition.checked_on, (), "a tariff without other law",
    )  # fmt: skip
