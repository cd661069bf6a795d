"""Pages as Markdown and as HTML; every word that was stated or read from a table is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final, Literal

from dutycalc.render.pages import (
    Block,
    Branch,
    Heading,
    Note,
    Notes,
    Outline,
    Page,
    Paragraph,
    Section,
    Table,
    clean,
    numbers,
    write_text,
)

_MARKS: Final = re.compile(r"([\\`*_\[\]<>|#~&])")

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 1px solid; } tbody th { padding-top: 1rem; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
ul.working, ul.working ul { list-style: none; padding-left: 1.2rem; border-left: 1px solid #ccc; }
.mark { color: #666; font: .8em ui-monospace, monospace; margin-right: .5em; }
:target { background: #fff3bf; }
"""


def write(page: Page, format: Literal["text", "markdown", "html"]) -> str:
    """Return the page in a form, ending in a line break."""
    match format:
        case "text":
            return write_text(page)
        case "markdown":
            return write_markdown(page)
        case "html":
            return write_html(page)


def write_markdown(page: Page) -> str:
    """Return the page as Markdown: tables as GitHub reads them, notes as footnotes."""
    parts = [f"# {_plain(page.title)}"]
    parts += ["\n".join(_markdown(block)) for block in page.blocks]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", clean(text))


def _markdown(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"## {_plain(text)}"
        case Paragraph(text, bullets):
            if text:
                yield _plain(text)
            if text and bullets:
                yield ""
            yield from (f"- {_plain(one)}" for one in bullets)
        case Table():
            yield from _markdown_table(block)
        case Outline(branches):
            for one in branches:
                yield from _markdown_branch(one, "")
        case Notes(notes):
            for note in notes:
                links = "; ".join(_markdown_link(title, url) for title, url in note.links)
                yield " ".join(
                    filter(None, (f"[^{note.number}]: {_plain(note.text)}.", links, _plain(note.remark)))
                )


def _markdown_link(title: str, url: str) -> str:
    target = clean(url).replace("<", "%3C").replace(">", "%3E")
    return f"[{_plain(title)}](<{target}>)" if target else _plain(title)


def _markdown_table(table: Table) -> Iterator[str]:
    for place, section in enumerate(table.sections):
        if place:
            yield ""
        if section.title:
            yield f"**{_plain(section.title)}**"
            yield ""
        yield _markdown_row(tuple(column.title for column in table.columns))
        yield "|" + "|".join(" ---: " if column.right else " --- " for column in table.columns) + "|"
        for row in section.rows:
            yield _markdown_row(row)


def _markdown_row(row: tuple[str, ...]) -> str:
    return "| " + " | ".join(_plain(text) for text in row) + " |"


def _markdown_branch(branch: Branch, indent: str) -> Iterator[str]:
    mark = f"`{branch.mark}` " if branch.mark else ""
    see = f"; {_plain(branch.see)}" if branch.see else ""
    notes = "".join(f"[^{one}]" for one in branch.notes)
    yield f"{indent}- {mark}{_plain(branch.text)}{see}{notes}"
    for one in branch.inside:
        yield from _markdown_branch(one, indent + "  ")


def write_html(page: Page) -> str:
    """Return the page as one HTML document that needs nothing else."""
    title = escape(clean(page.title))
    head = [
        "<!doctype html>", '<html lang="en">', "<head>",
        '<meta charset="utf-8">', '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", f"<h1>{title}</h1>",
    ]  # fmt: skip
    body = [line for block in page.blocks for line in _html(block)]
    return "\n".join([*head, *body, "</body>", "</html>"]) + "\n"


def _html(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"<h2>{_safe(text)}</h2>"
        case Paragraph(text, bullets):
            if text:
                yield f"<p>{_safe(text)}</p>"
            if bullets:
                yield "<ul>" + "".join(f"<li>{_safe(one)}</li>" for one in bullets) + "</ul>"
        case Table():
            yield from _html_table(block)
        case Outline(branches):
            yield '<ul class="working">'
            for one in branches:
                yield from _html_branch(one)
            yield "</ul>"
        case Notes(notes):
            yield "<ol>"
            yield from (_html_note(note) for note in notes)
            yield "</ol>"


def _safe(text: str) -> str:
    return escape(clean(text))


def _html_table(table: Table) -> Iterator[str]:
    kinds = [' class="right"' if column.right else "" for column in table.columns]
    yield "<table>"
    if any(column.title for column in table.columns):
        cells = zip(table.columns, kinds, strict=True)
        titles = "".join(f"<th{kind}>{_safe(column.title)}</th>" for column, kind in cells)
        yield f"<thead><tr>{titles}</tr></thead>"
    for section in table.sections:
        yield from _html_section(section, kinds)
    yield "</table>"


def _html_section(section: Section, kinds: list[str]) -> Iterator[str]:
    yield "<tbody>"
    if section.title:
        yield f'<tr><th colspan="{len(kinds)}" scope="rowgroup">{_safe(section.title)}</th></tr>'
    for row in section.rows:
        cells = zip(row, kinds, strict=True)
        yield "<tr>" + "".join(f"<td{kind}>{_safe(text)}</td>" for text, kind in cells) + "</tr>"
    yield "</tbody>"


def _html_branch(branch: Branch) -> Iterator[str]:
    place = f' id="{_safe(branch.mark)}"' if branch.anchor else ""
    mark = f'<span class="mark">{_safe(branch.mark)}</span>' if branch.mark else ""
    see = f'; <a href="#{_safe(branch.mark)}">{_safe(branch.see)}</a>' if branch.see else ""
    links = ", ".join(f'<a href="#law-{one}">{one}</a>' for one in branch.notes)
    notes = f' <sup title="law {numbers(branch.notes)}">{links}</sup>' if links else ""
    yield f"<li{place}>{mark}{_safe(branch.text)}{see}{notes}"
    if branch.inside:
        yield "<ul>"
        for one in branch.inside:
            yield from _html_branch(one)
        yield "</ul>"
    yield "</li>"


def _html_note(note: Note) -> str:
    links = "; ".join(
        f'<a href="{escape(url)}">{_safe(title)}</a>'
        if url.startswith(("https://", "http://"))
        else _safe(title)
        for title, url in note.links
    )
    words = " ".join(filter(None, (f"{_safe(note.text)}.", links, _safe(note.remark))))
    return f'<li value="{note.number}" id="law-{note.number}">{words}</li>'
