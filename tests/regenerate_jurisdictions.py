"""The pages made from the tables of law: one for each territory, their index, coverage, golden cases.

`python tests/regenerate_jurisdictions.py` writes docs/jurisdictions/, docs/coverage.md and the list of cases in
docs/golden.md anew. The law shown is that of the latest day on which any file of the tables was compared with
its sources.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from dutycalc import Tariffs, load_tariffs  # noqa: E402
from dutycalc.commands.records import Change, as_written, changes  # noqa: E402
from dutycalc.coverage import AREAS, Coverage, coverage  # noqa: E402
from dutycalc.errors import NotModelledError  # noqa: E402
from dutycalc.law import ALWAYS, Citation, Provision  # noqa: E402
from dutycalc.limits import LimitCarts, carts_around, last_day_of_use  # noqa: E402
from dutycalc.loader import Law, Territory  # noqa: E402
from dutycalc.render.limits import limit_blocks  # noqa: E402
from dutycalc.render.markup import write_markdown  # noqa: E402
from dutycalc.render.pages import Page  # noqa: E402
from dutycalc.tables import FAMILIES  # noqa: E402
from dutycalc.testing.edges import lawful_destinations  # noqa: E402
from dutycalc.wording import record_in_words, spaced  # noqa: E402

MADE_ELSEWHERE: Final = frozenset({"us-validation.md", "us-sweep.md"})
"""Pages of the folder that other commands make."""

FOLDER: Final = ROOT / "docs" / "jurisdictions"
COVERAGE: Final = ROOT / "docs" / "coverage.md"
GOLDEN: Final = ROOT / "docs" / "golden.md"
CASES: Final = ROOT / "tests" / "golden"

HEADINGS: Final = {
    "currency": "Currency", "member_of": "Union", "exchange_rate": "Rate of exchange", "value": "Values",
    "tax_class": "Rates of tax by class of goods", "charge": "Charges", "limit": "Limits",
    "relief": "Reliefs", "special": "Special rates", "waiver": "Sums not collected",
    "scheme": "Collection schemes", "registration": "Registrations", "border": "At the border by default",
    "goods_list": "Lists of goods", "layer": "Duties on top of the tariff's",
    "general_rate": "General rates of duty", "unmodelled": "Known and not in the tables",
    "prohibition": "Prohibitions", "refund": "Refunds", "notice": "Notices",
}  # fmt: skip

_MADE: Final = "<!-- made by tests/regenerate_jurisdictions.py: change the tables, not this page -->"
_LISTED: Final = "<!-- made by tests/regenerate_jurisdictions.py: change the cases, not this list -->"


ROUND_RATES: Final = {
    "EUR/DKK": "7.5", "EUR/KZT": "600", "EUR/RON": "5", "EUR/TRY": "50", "EUR/UAH": "50", "USD/ARS": "1000",
    "USD/BRL": "5", "USD/CLP": "1000", "USD/COP": "4000", "USD/IDR": "16000", "USD/ILS": "4",
    "USD/JMD": "160", "USD/KRW": "1400", "USD/MXN": "20", "USD/NGN": "1500",
}  # fmt: skip
"""What carts around a limit state where the law converts it: round figures, and no day's rates."""

_RATES: Final = {
    (pair.partition("/")[0], pair.partition("/")[2]): Decimal(rate) for pair, rate in ROUND_RATES.items()
}

_CARTS: Final = (
    "What the engine makes of one item sent under, at and over each limit: one minor unit of its price (one "
    "gram, one item, one consignment) apart. The duty is stated, so that tables can be held beside each other; rates of "
    "exchange are round figures stated for these carts. A limit that is history is shown on the last day on "
    "which anything turned on it."
)


class Sources:
    """The sources that a page cites, each with its number."""

    def __init__(self) -> None:
        self.numbers: dict[Citation, int] = {}

    def marks(self, cites: Iterable[Citation]) -> str:
        """Return the numbers of sources in brackets."""
        return "".join(f"[{self.numbers.setdefault(one, len(self.numbers) + 1)}]" for one in cites)

    def lines(self) -> Iterator[str]:
        """Yield the sources in the order of their numbers."""
        for one, number in self.numbers.items():
            yield f"{number}. {one.title}. <{one.url}>, {one.published}"


def shown_day(tariffs: Tariffs) -> date:
    """Return the latest day on which a file of law was compared with its sources."""
    return max(file.header.checked_on for one in territories(tariffs) for file in one.files)


def territories(tariffs: Tariffs) -> list[Territory]:
    """Return every territory that has law of its own in the tables."""
    found = []
    for code in tariffs.codes:
        try:
            found.append(tariffs.territory(code))
        except NotModelledError:
            continue
    return found


def pages(tariffs: Tariffs) -> dict[Path, str]:
    """Return every page by its place."""
    day = shown_day(tariffs)
    each = territories(tariffs)
    found = {FOLDER / f"{one.code.lower()}.md": page_of(one, day, limits_on(one, day)) for one in each}
    found[FOLDER / "README.md"] = index_of(each, day)
    found[GOLDEN] = golden_page(GOLDEN.read_text(encoding="utf-8"))
    found[COVERAGE] = coverage_page(coverage(tariffs, on=day), {one.code for one in each}, day)
    return found


def page_of(territory: Territory, day: date, carts: Iterable[LimitCarts] = ()) -> str:
    """Return the page of a territory: its own law on the day, carts around its limits, what changed, sources."""
    sources = Sources()
    lines = [f"# {territory.name} ({territory.code})", "", _MADE, "", *_about(territory, day), ""]
    lines += [f"## Law on {day}", ""]
    if day < territory.covered_from:
        lines += [f"The tables begin on {territory.covered_from}.", ""]
    else:
        lines += list(_in_force(territory, territory.law(day), sources))
    blocks = tuple(limit_blocks(carts))
    if blocks:
        told = write_markdown(Page("", blocks)).partition("\n\n")[2]
        lines += ["## Carts around the limits", "", _CARTS, "", told.rstrip().replace("## ", "### "), ""]
    history = list(_history(territory, sources))
    if history:
        lines += ["## Changes", "", *history, ""]
    disputed = list(_disputed(territory, sources))
    if disputed:
        lines += ["## Disputed readings", "", "A caller chooses one by its name.", "", *disputed, ""]
    lines += ["## Sources", "", *sources.lines()]
    return "\n".join(lines) + "\n"


def own_limits(territory: Territory) -> list[str]:
    """Return the names of the territory's own limits, and of its waivers as `waiver.name`, past ones too."""
    own = territory.own
    return [*own.get("limit", {}), *(f"waiver.{name}" for name in own.get("waiver", {}))]


def where_sent(territory: Territory, day: date) -> Territory:
    """Return where the carts go: to the territory, or where tax differs by part, to the first of its parts.

    A part in whose own currency the territory's law is written comes before others.
    """
    tariffs = territory.tariffs
    if territory.law(max(day, territory.covered_from)).find("tax_class", "standard") is not None:
        return territory
    parts = [
        tariffs.territory(code)
        for code in lawful_destinations(tariffs)
        if code != territory.code and territory.code in tariffs.unions_of(code)
    ]
    limits = [series.records[-1].value for series in territory.own.get("limit", {}).values()]
    sums = {str(one.at_most or one.below).rpartition(" ")[2] for one in limits}
    parts.sort(key=lambda one: (one.law(day).on("currency").value.code not in sums, one.code))
    return parts[0] if parts else territory


def limits_on(territory: Territory, day: date) -> list[LimitCarts]:
    """Return the carts around a territory's own limits, those of the past on their last day of use."""
    names = own_limits(territory)
    if not names:
        return []
    place = where_sent(territory, day)
    found: list[LimitCarts] = []
    for name in names:
        last = last_day_of_use(place, name, day)
        if last is not None:
            found += carts_around(territory.tariffs, place.code, last, name, rates=_RATES)
    return found


def _about(territory: Territory, day: date) -> Iterator[str]:
    folder = territory.code.lower()
    checked = min(file.header.checked_on for file in territory.files)
    yield (
        f"From the tables in `tariffs/{folder}/`, which cover the law since {territory.covered_from} and were "
        f"last compared with their sources on {checked}. `dutycalc tables show {territory.code} --on {day}` "
        "prints what the tables say, field by field."
    )
    for parent in territory.parents:
        yield ""
        yield (
            f"Whatever does not stand here is the law of [{parent.name}]({parent.code.lower()}.md), "
            "of which it is a part."
        )
    schedule = territory.schedule()
    if schedule is not None:
        edition = schedule.publication
        yield ""
        yield f"Tariff in the tables: {edition.title}, published {edition.published} (<{edition.url}>)."
    else:
        yield ""
        general = "or the general rate stands in for it" if territory.own.get("general_rate") else ""
        stated = "the duty on the goods is stated by the caller"
        yield f"No tariff is in the tables: {', '.join(one for one in (stated, general) if one)}."


def _own(one: Provision[Any], territory: Territory) -> bool:
    return one.record.startswith(f"{territory.code.lower()}/")


def _in_force(territory: Territory, law: Law, sources: Sources) -> Iterator[str]:
    for family in FAMILIES:
        named = {name: one for name, one in law.all(family).items() if _own(one, territory)}
        if named:
            yield f"### {HEADINGS[family]}"
            yield ""
            for name, one in named.items():
                yield f"* {_sentence(family, name, one, sources)}"
            yield ""


def _sentence(family: str, name: str, one: Provision[Any], sources: Sources) -> str:
    until = "" if one.valid_until == ALWAYS else f" to {one.valid_until}"
    sure = "" if one.confidence == "confirmed" else f", {one.confidence}"
    note = f" {one.note}" if one.note else ""
    words = record_in_words(family, name, one)
    return (
        f"{words}{note} (`{_label(one)}`, from {one.valid_from}{until}{sure}) {sources.marks(one.citations)}"
    )


def _label(one: Provision[Any]) -> str:
    return one.record.partition("/")[2]


def _history(territory: Territory, sources: Sources) -> Iterator[str]:
    """Yield what the territory's own records change, day by day."""
    days: set[date] = set()
    for series in territory.series():
        days |= series.change_days()
    for day in sorted(one for one in days if one > territory.covered_from):
        before = territory.law(max(day - timedelta(days=1), territory.covered_from))
        found = [one for one in changes(before, territory.law(day)) if _own(one.record, territory)]
        for one in found:
            yield f"* {day}: {_change(one, sources)}"


def _change(one: Change, sources: Sources) -> str:
    name = _label(one.record)
    if one.kind != "changes":
        short = spaced(one.kind)
        words = record_in_words(one.family, name.rpartition(".")[2], one.record)
        return f"`{name}` {short}. {words} {sources.marks(one.record.citations)}"
    fields = [
        f"`{field}` {_side(was)} → {_side(now)}" for field, (was, now) in one.fields.items()
        if field not in ("cite", "note")
    ]  # fmt: skip
    told = "; ".join(fields) or "the same, by other sources"
    return f"`{name}` changes: {told} {sources.marks(one.record.citations)}"


def _side(value: Any) -> str:
    return "nothing" if value is None else f"`{as_written(value)}`"


def _disputed(territory: Territory, sources: Sources) -> Iterator[str]:
    for family, named in territory.own.items():
        for name, series in named.items():
            for one in series:
                if one.variant:
                    yield f"* `{one.variant}`: {_sentence(family, name, one, sources)}"


def index_of(each: list[Territory], day: date) -> str:
    """Return the index of the territories."""
    lines = [
        "# Jurisdictions", "", _MADE, "",
        (f"The law that is in the tables, in words, as it was on {day}: one page for each territory, made from "
        "`tariffs/`. How sure each part of it is stands in [coverage](../coverage.md)."), "",
        "| code | territory | part of | covered from | checked on | disputed readings |",
        "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for one in each:
        part = ", ".join(f"[{parent.code}]({parent.code.lower()}.md)" for parent in one.parents)
        readings = ", ".join(
            f"`{name}`" for name, records in one.variants().items() if any(_own(r, one) for r in records)
        )
        lines.append(
            f"| {one.code} | [{one.name}]({one.code.lower()}.md) | {part} | {one.covered_from} | "
            f"{one.checked_on} | {readings} |"
        )
    return "\n".join(lines) + "\n"


def coverage_page(each: Iterable[Coverage], with_page: set[str], day: date) -> str:
    """Return the page on what the tables hold of each territory."""
    lines = [
        "# Coverage", "", _MADE, "",
        (f"What the tables hold of each territory on {day}. The weakest record in force counts: *confirmed* by an "
        "authority's own text, *secondary* by another who reports it, *unverified*, or *absent*: no record. "
        "Where the tariff is absent, the caller states the duty. `dutycalc tables coverage` prints the same "
        "for any day."), "",
        f"| code | territory | {' | '.join(AREAS)} | checked on |",
        f"| --- | --- | {' | '.join('---' for _ in AREAS)} | --- |",
    ]  # fmt: skip
    missing = []
    for one in each:
        name = f"[{one.name}](jurisdictions/{one.code.lower()}.md)" if one.code in with_page else one.name
        standing = " | ".join(one.standing[area] for area in AREAS)
        checked = one.checked_on or ""
        lines.append(f"| {one.code} | {name} | {standing} | {checked} |")
        if one.note:
            missing.append(f"* {one.code}: {one.note}")
        if one.not_modelled:
            missing.append(f"* {one.code}: {'; '.join(one.not_modelled)}")
    lines += ["", "## Known and not in the tables", ""]
    lines += ["Goods that may bear such law are refused by name.", "", *missing]
    return "\n".join(lines) + "\n"


def golden_page(page: str) -> str:
    """Return the page on golden cases with its list of files, sources and cases made anew."""
    begin, end = f"{_LISTED}\n", "<!-- as far as here -->\n"
    before, _, rest = page.partition(begin)
    after = rest.partition(end)[2]
    return f"{before}{begin}\n{''.join(f'{line}{chr(10)}' for line in _cases())}\n{end}{after}"


def _cases() -> Iterator[str]:
    """Yield every file of cases with its sources, and the cases that each source stands for."""
    for file in sorted(CASES.glob("*.jsonl")):
        each = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        sources: dict[tuple[str, str], list[str]] = {}
        for case in each:
            source = case["source"]
            sources.setdefault((source["title"], source["url"]), []).append(case["id"])
        yield f"### [{file.name}](../tests/golden/{file.name}): {len(each)} cases"
        yield ""
        for (title, url), ids in sources.items():
            shown = title.replace("[", "\\[").replace("]", "\\]")
            yield f"* [{shown}](<{url}>): {', '.join(ids)}"
        yield ""
    for file in sorted((CASES / "schedules").iterdir()):
        yield f"* [schedules/{file.name}](../tests/golden/schedules/{file.name}): cases of tariffs alone"


def main() -> None:
    """Write every page anew, and take away those of territories that are no longer in the tables."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages(load_tariffs())
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for path in FOLDER.glob("*.md"):
        if path not in wanted and path.name not in MADE_ELSEWHERE:
            path.unlink()


if __name__ == "__main__":
    main()
