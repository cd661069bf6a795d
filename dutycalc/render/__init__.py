"""Assessments for readers: summaries and workings as text, Markdown, HTML or JSON.

Babel formats amounts, percentages and days, and nothing outside this folder imports it. It is slow to
import, and most who import dutycalc lay out no page: so all that makes pages is left until one is made.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dutycalc.answer import Step
    from dutycalc.assessment import Assessment
    from dutycalc.render.pages import Page

__all__ = [
    "FORMATS",
    "Format",
    "explain",
    "page_of_explanation",
    "page_of_summary",
    "page_of_working",
    "summarize",
]

Format = Literal["text", "markdown", "html", "json"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def explain(
    assessment: Assessment,
    *,
    format: Format = "text",
    locale: str = "en",
    item: str | None = None,
    charge: str | None = None,
) -> str:
    """Return the working of every charge: the steps really taken, with values, law and facts.

    `item` keeps one line's charges and `charge` those of one name; FactsError where there is none, or no
    such locale. JSON holds exact strings; the other forms are formatted for `locale`.
    """
    if format == "json":
        from dutycalc.render.outline import explain_json

        return explain_json(assessment, item=item, charge=charge)
    from dutycalc.render.markup import write

    return write(page_of_explanation(assessment, locale=locale, item=item, charge=charge), format)


def page_of_explanation(
    assessment: Assessment, *, locale: str = "en", item: str | None = None, charge: str | None = None
) -> Page:
    """Return the working as a page, to be laid out."""
    from dutycalc.render.explanation import explain_page
    from dutycalc.render.formats import Formats

    return explain_page(assessment, Formats(locale), item=item, charge=charge)


def summarize(assessment: Assessment, *, format: Format = "text", locale: str = "en") -> str:
    """Return what is due on every line, at what rate, under which law, who collects it, and the sums."""
    if format == "json":
        return assessment.to_json()
    from dutycalc.render.markup import write

    return write(page_of_summary(assessment, locale=locale), format)


def page_of_summary(assessment: Assessment, *, locale: str = "en") -> Page:
    """Return the summary as a page, to be laid out."""
    from dutycalc.render.formats import Formats
    from dutycalc.render.summary import summary_page

    return summary_page(assessment, Formats(locale))


def page_of_working(title: str, working: Sequence[Step], *, locale: str = "en") -> Page:
    """Return steps that end in the one asked for as a page, to be laid out."""
    from dutycalc.render.explanation import working_page
    from dutycalc.render.formats import Formats

    return working_page(title, working, Formats(locale))
