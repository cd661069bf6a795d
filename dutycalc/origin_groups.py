"""Groups of origins: the countries that an agreement, a symbol or a tariff column stands for, and when.

A file `origin_groups.csv` begins with records `#source,SLUG,TITLE,URL,PUBLISHED` and has one line for each
member of each group. A member `*` is every origin. A group whose members are not in the tables has one
line without a member: it is known by name, and a claim on it is refused by name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final, Self, get_args

from dutycalc.errors import FactsError, NotInForceError, NotModelledError, TableError
from dutycalc.law import ALWAYS, Citation, Confidence
from dutycalc.values import Frozen
from dutycalc.words import near

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FIELDS: Final = (
    "group", "programme", "title", "member", "valid_from", "valid_until", "requires", "confidence", "source"
)  # fmt: skip

_REMEMBERED: Final = 4096


class Membership(Frozen):
    """One origin within one group, from its first day to its last."""

    group: str
    programme: str
    title: str
    member: str
    valid_from: date
    valid_until: date
    requires: str
    confidence: Confidence
    citation: Citation

    def on(self, day: date) -> bool:
        """Return whether the membership is law on the day."""
        return self.valid_from <= day <= self.valid_until


class OriginGroups:
    """The groups of one territory's tariff."""

    __slots__ = ("_groups", "_of_origin", "_programmes", "territory")

    def __init__(self, territory: str, memberships: Iterable[Membership]) -> None:
        self.territory = territory
        self._groups: dict[str, dict[str, list[Membership]]] = {}
        self._programmes: dict[str, list[str]] = {}
        self._of_origin: dict[tuple[str, date], frozenset[str]] = {}
        for one in memberships:
            self._groups.setdefault(one.group, {}).setdefault(one.member, []).append(one)
            for name in {one.programme, one.group, one.title} - {""}:
                symbols = self._programmes.setdefault(name.casefold(), [])
                if one.group not in symbols:
                    symbols.append(one.group)

    @classmethod
    def read(cls, path: Traversable, territory: str) -> Self:
        """Return the groups of a file; TableError where it breaks the format."""
        sources: dict[str, Citation] = {}
        found: list[Membership] = []
        with path.open(encoding="utf-8") as stream:
            for line in csv.reader(stream):
                try:
                    if line[0] == "#source":
                        slug, title, url, published = line[1:5]
                        sources[slug] = Citation(slug, title, url, date.fromisoformat(published))
                    elif line != list(FIELDS):
                        found.append(_membership(line, sources))
                except (KeyError, ValueError, IndexError) as fault:
                    raise TableError(f"{path.name}: {line}: {fault}", file=str(path)) from None
        return cls(territory, found)

    def __iter__(self) -> Iterator[Membership]:
        return (one for members in self._groups.values() for ones in members.values() for one in ones)

    def __contains__(self, group: str) -> bool:
        return group in self._groups

    def knows(self, programme: str) -> bool:
        """Return whether a claim may call a group by this symbol or name."""
        return programme in self._groups or programme.casefold() in self._programmes

    def of(self, origin: str, day: date) -> frozenset[str]:
        """Return the groups that the origin is in on the day, itself included unless a group has its code."""
        key = (origin, day)
        found = self._of_origin.get(key)
        if found is None:
            # A symbol may look like a country (`NP`): then its own days decide, not the likeness.
            itself = {origin} - self._groups.keys()
            found = frozenset(group for group in self._groups if self.member(group, origin, day)) | itself
            if len(self._of_origin) >= _REMEMBERED:
                self._of_origin.clear()
            self._of_origin[key] = found
        return found

    def member(self, group: str, origin: str, day: date) -> Membership | None:
        """Return the membership of the origin in the group on the day, or None."""
        return next((one for one in self._of(group, origin) if one.on(day)), None)

    def modelled(self, group: str) -> bool:
        """Return whether the members of the group are in the tables."""
        return group in self._groups and "" not in self._groups[group]

    def named(self, programme: str) -> tuple[str, ...]:
        """Return the groups that a claim means, by symbol or name; FactsError with near names if none."""
        if programme in self._groups:
            return (programme,)
        found = self._programmes.get(programme.casefold())
        if found is None:
            names = {one.programme for one in self} | set(self._groups)
            raise FactsError(
                f"{programme!r} is no programme of the tariff of {self.territory.upper()}"
                + near(programme, names),
                fact="claims",
            )
        return tuple(found)

    def check(self, groups: Iterable[str], origin: str, day: date) -> tuple[str, ...]:
        """Return the groups of which the origin is a member on the day; refuse with the reason if none."""
        groups = tuple(groups)
        found = tuple(group for group in groups if self.member(group, origin, day))
        if found:
            return found
        name = self._title(groups[0])
        ended = [one for group in groups for one in self._of(group, origin) if one.valid_until < day]
        if ended:
            last = max(one.valid_until for one in ended)
            raise NotInForceError(
                f"{name} lapsed for {origin} on {last}: it cannot be claimed on {day}",
                table=f"{self.territory}/{groups[0]}",
                day=day,
            )
        later = [one for group in groups for one in self._of(group, origin)]
        if later:
            first = min(one.valid_from for one in later)
            raise NotInForceError(
                f"{name} holds for {origin} from {first}: it cannot be claimed on {day}",
                table=f"{self.territory}/{groups[0]}",
                day=day,
            )
        unknown = [group for group in groups if not self.modelled(group)]
        if unknown:
            raise NotModelledError(
                f"the origins of {self._title(unknown[0])} are not in the tables: no claim can be checked",
                subject=f"{self.territory}/{unknown[0]}",
            )
        raise FactsError(f"origin {origin} is not a member of {name} on {day}", fact="claims")

    def _of(self, group: str, origin: str) -> list[Membership]:
        members = self._groups.get(group, {})
        return [*members.get(origin, ()), *members.get("*", ())]

    def _title(self, group: str) -> str:
        one = next(iter(self._groups[group].values()))[0]
        return f"{group} ({one.title})" if one.title and one.title != group else group


def _membership(line: list[str], sources: Mapping[str, Citation]) -> Membership:
    group, programme, title, member, first, last, requires, confidence, source = line
    if confidence not in get_args(Confidence):
        raise ValueError(f"{confidence!r} is no degree of confidence")
    return Membership(
        group=group,
        programme=programme,
        title=title,
        member=member,
        valid_from=date.fromisoformat(first) if first else date.min,
        valid_until=date.fromisoformat(last) if last else ALWAYS,
        requires=requires,
        confidence=confidence,  # type: ignore[arg-type]
        citation=sources[source],
    )
