"""What is due, on one page: every line and charge, the sums, who pays them, what to know, the law."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from dutycalc.answer import AssessedItem, Charge, Missing, Notice
from dutycalc.assessment import Assessment
from dutycalc.goods import GoodsItem
from dutycalc.law import Provision
from dutycalc.money import Money
from dutycalc.render.collection import MOMENTS, in_a_cell, numbers_to_declare
from dutycalc.render.formats import Formats
from dutycalc.render.options import options_in_words
from dutycalc.render.pages import (
    Block,
    Column,
    Heading,
    Note,
    Notes,
    Page,
    Paragraph,
    Section,
    Table,
    numbers,
)
from dutycalc.wording import joined

NOT_CALCULABLE: Final = "not calculable"

_CHANNELS: Final = {"post": "by post", "express": "by express", "freight": "as freight"}

_KINDS: Final = {"vat": "VAT", "gst": "GST"}

_LACKING: Final = {"fact": "", "exchange_rate": "the rate of exchange ", "law": "the law on "}
"""What stands before the subject of something missing, by its kind."""

_COLUMNS: Final = (
    Column("charge", wraps=True),
    Column("rate", wraps=True),
    Column("on", right=True),
    Column("amount", right=True),
    Column("who collects it, when", wraps=True),
    Column("law"),
)


class Cited:
    """The acts and articles that a page names, in short, each with its number."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def numbers(self, records: Iterable[Provision[Any]]) -> list[int]:
        """Return the numbers of what the records cite."""
        found = []
        for one in records:
            text = "; ".join(dict.fromkeys(short(cite.title) for cite in one.citations)) or one.record
            found.append(self.texts.setdefault(text, len(self.texts) + 1))
        return found


def summary_page(assessment: Assessment, formats: Formats) -> Page:
    """Return the page of an assessment."""
    cited = Cited()
    sections = [_line(stated, item, formats, cited) for stated, item in
                zip(assessment.consignment.items, assessment.items, strict=True)]  # fmt: skip
    if assessment.charges:
        sections.append(Section(_rows(assessment.charges, formats, cited), "On the consignment as a whole"))
    blocks: list[Block] = [Paragraph(_circumstances(assessment, formats))]
    if assessment.decision == "prohibited":
        blocks.append(
            Paragraph("PROHIBITED: these goods may not be imported; the notices say which and why.")
        )
    blocks.append(Table(_COLUMNS, tuple(sections)))
    if not undetermined(assessment):
        blocks += _totals(assessment, formats)
    duties = numbers_to_declare(assessment, formats)
    if duties:
        blocks += [Heading("Schemes"), Paragraph(bullets=duties)]
    if assessment.missing:
        blocks += [Heading("Not calculable"), Paragraph(bullets=tuple(map(_missing, assessment.missing)))]
    options = options_in_words(assessment, formats)
    if options:
        blocks += [Heading("Options not taken"), Paragraph(bullets=options)]
    if assessment.notices:
        blocks += [Heading("Notices"), Paragraph(bullets=_notices(assessment.notices))]
    if cited.texts:
        notes = tuple(Note(number, text) for text, number in cited.texts.items())
        blocks += [Heading("Law"), Notes(notes)]
    blocks.append(Paragraph(tables_read(assessment, formats)))
    return Page(_title(assessment, formats), tuple(blocks))


def _title(assessment: Assessment, formats: Formats) -> str:
    stated = assessment.consignment
    way = f"{formats.place(stated.dispatch)} to {formats.place(stated.destination)}"
    return f"{way}: {total(assessment, formats)}"


def total(assessment: Assessment, formats: Formats) -> str:
    """Return the sum of all charges, marked where it is partial; or that nothing can be determined."""
    if undetermined(assessment):
        return f"nothing can be determined: {_lacking(assessment)}"
    whole: Money = assessment.totals["all"]
    partial = " at least (partial: some charges are not calculable)" if assessment.missing else ""
    return f"{formats.money(whole)} due{partial}"


def undetermined(assessment: Assessment) -> bool:
    """Tell whether something is missing and no charge is known to be due: a sum of nothing would mislead."""
    return bool(assessment.missing) and not any(
        charge.amount is not None and charge.amount.amount for _, charge in assessment.all_charges()
    )


def _lacking(assessment: Assessment) -> str:
    """Return what is missing, each once, with the lines that lack it."""
    found: dict[str, list[str]] = {}
    for one in assessment.missing:
        subject = f"{_LACKING[one.kind]}{one.subject}" if one.kind in _LACKING else one.subject
        found.setdefault(subject, []).extend([one.item] if one.item else [])
    told = [f"{what} (line {', '.join(items)})" if items else what for what, items in found.items()]
    return f"missing {'is' if len(told) == 1 else 'are'} {joined(told)}"


def _circumstances(assessment: Assessment, formats: Formats) -> str:
    stated = assessment.consignment
    words = [
        f"{stated.purpose.capitalize()} of {formats.day(stated.sold_on)} to a {stated.buyer.kind}",
        _CHANNELS[stated.channel],
    ]
    if stated.imported_on is not None and stated.imported_on != stated.sold_on:
        words.append(f"imported {formats.day(stated.imported_on)}")
    if stated.delivery_term is not None:
        words.append(stated.delivery_term)
    return ", ".join(words) + "."


def _line(stated: GoodsItem, item: AssessedItem, formats: Formats, cited: Cited) -> Section:
    words = f"Line {item.id}: {stated.commodity} from {formats.place(stated.origin)}, "
    words += f"{formats.number(stated.quantity)} at {formats.money(stated.unit_price)}"
    values = [
        f"{name.replace('_', ' ')} {formats.money(value) if value is not None else NOT_CALCULABLE}"
        for name, value in item.values.items()
    ]
    return Section(_rows(item.charges, formats, cited), "; ".join([words, *values]))


def _rows(charges: tuple[Charge, ...], formats: Formats, cited: Cited) -> tuple[tuple[str, ...], ...]:
    if not charges:
        return (("no charge", "", "", "", "", ""),)
    return tuple(
        (
            one.title,
            formats.rate(one.rate),
            formats.money(one.base) if one.base is not None and one.base.amount else "",
            formats.money(one.amount) if one.amount is not None else NOT_CALCULABLE,
            in_a_cell(one.collection),
            numbers(cited.numbers(one.records)),
        )
        for one in charges
    )


def _totals(assessment: Assessment, formats: Formats) -> list[Block]:
    totals = assessment.totals
    money = formats.money
    kinds = tuple(
        (_KINDS.get(kind, kind.replace("_", " ")), money(sum_)) for kind, sum_ in totals["by_kind"].items()
    )
    collectors = tuple((role, money(sum_)) for role, sum_ in totals["by_collector"].items())
    due = "Due in all" + (" (partial)" if assessment.missing else "")
    sections = [
        Section((*kinds, ("all", money(totals["all"]))), due),
        Section(_paid(assessment, formats), "Who pays"),
    ]
    if collectors:
        sections.append(Section(collectors, "Who collects"))
    return [Heading("Totals"), Table((Column(), Column(right=True)), tuple(sections))]


def _paid(assessment: Assessment, formats: Formats) -> tuple[tuple[str, str], ...]:
    """Return what the buyer pays at checkout and at the door, and what others pay."""
    nothing = assessment.totals["all"] * 0
    found = {f"the buyer, {words}": nothing for words in MOMENTS.values()}
    for _, charge in assessment.all_charges():
        taken = charge.collection
        if charge.amount is None or taken.payer is None:
            continue
        who = "the seller (delivered duty paid)" if taken.payer == "seller" else f"the {taken.payer}"
        if taken.payer == "buyer" and taken.moment is not None:
            who += f", {MOMENTS[taken.moment]}"
        found[who] = found.get(who, nothing) + charge.amount
    return tuple((who, formats.money(sum_)) for who, sum_ in found.items())


def _missing(one: Missing) -> str:
    return f"line {one.item}: {one.reason}" if one.item else one.reason


def _notices(notices: tuple[Notice, ...]) -> tuple[str, ...]:
    """Return every text once, with the lines that it concerns."""
    found: dict[str, list[str]] = {}
    for one in notices:
        found.setdefault(one.text, []).extend([one.item] if one.item else [])
    return tuple(
        f"{'line' if len(items) == 1 else 'lines'} {', '.join(items)}: {text}" if items else text
        for text, items in found.items()
    )


def short(title: str) -> str:
    """Return the part of a title that names the act and its article, without the words on its content."""
    head = title.partition(": ")[0]
    return head if any(one.isdigit() for one in head) else title


def tables_read(assessment: Assessment, formats: Formats) -> str:
    """Return which tables were read, when they were checked, and their digest."""
    tables = assessment.tables
    return f"Tables of {tables['territory']}, last checked {tables['checked_on']}, {tables['digest']}"
