"""The carts around limits as tables: under, at and over, each with its charges and who collects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dutycalc.answer import Charge
from dutycalc.limits import LimitCarts, Outcome
from dutycalc.money import Money
from dutycalc.render.collection import in_a_cell
from dutycalc.render.pages import Block, Column, Heading, Paragraph, Section, Table
from dutycalc.wording import joined, spaced


def limit_blocks(found: Iterable[LimitCarts]) -> Iterator[Block]:
    """Yield for each limit a heading and the carts around it, with exact amounts."""
    told = ""
    for one in found:
        heading = spaced(one.provision.record.partition("/")[2])
        if heading != told:
            yield Heading(f"{heading}, on {one.day}")
            told = heading
        yield Paragraph(f"{_sentence(one.words)}. For the {one.turning}: {one.cart}.")
        yield _table(one)
        refused = _refused(one)
        if refused:
            yield Paragraph(bullets=refused)
        if one.remark:
            yield Paragraph(f"{_sentence(one.remark)}.")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(one: LimitCarts) -> Table:
    titles = dict.fromkeys(title for each in one.outcomes for title in each.charges())
    due = [title for title in titles if any(_sum(each.charges().get(title, ())) for each in one.outcomes)]
    measured = any(each.measured not in ("", each.varied.partition(" in the ")[0]) for each in one.outcomes)
    columns = [Column(""), Column("cart", right=True)]
    columns += [Column("measured", right=True)] if measured else []
    columns += [Column("within"), *(Column(title, right=True) for title in due)]
    columns += [Column("total", right=True), Column("who collects", wraps=True)]
    rows = []
    for each in one.outcomes:
        row = [each.side, each.varied, *([each.measured] if measured else []), _within(each)]
        row += [_shown(each, title) for title in due]
        answer = each.assessment
        row.append("refused" if answer is None else str(answer.totals["all"]))
        row.append(_collected(each))
        rows.append(tuple(row))
    return Table(tuple(columns), (Section(tuple(rows)),))


def _within(each: Outcome) -> str:
    return "" if each.within is None else "yes" if each.within else "no"


def _sum(charges: Iterable[Charge]) -> Money | None:
    """Return what charges come to together, None where that is nothing."""
    found: Money | None = None
    for one in charges:
        if one.amount is not None and one.amount.amount:
            found = one.amount if found is None else found + one.amount
    return found


def _shown(each: Outcome, title: str) -> str:
    if each.assessment is None:
        return ""
    found = _sum(each.charges().get(title, ()))
    return "" if found is None else str(found)


def _collected(each: Outcome) -> str:
    """Return who collects what is due, and when the buyer pays it."""
    if each.assessment is None:
        return ""
    found = [
        in_a_cell(one.collection)
        for _, one in each.assessment.all_charges()
        if one.amount is not None and one.amount.amount
    ]
    return "; ".join(dict.fromkeys(found)) or "nobody"


def _refused(one: LimitCarts) -> tuple[str, ...]:
    """Return why carts are refused, each reason once, with the carts that it concerns."""
    found: dict[str, list[str]] = {}
    for each in one.outcomes:
        for why in each.refusals:
            found.setdefault(f"{why.error}: {why.text}", []).append(each.side)
    return tuple(f"refused {joined(sides)} the limit: {why}" for why, sides in found.items())
