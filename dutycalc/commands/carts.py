"""`dutycalc assess` and `dutycalc explain`: carts in, answers out, one or very many."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

from pydantic_core import from_json

from dutycalc.assessment import Assessment
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command, add_reading
from dutycalc.commands.terminal import (
    DONE,
    FINDINGS,
    faults_in,
    progress,
    write_faults,
    write_page,
)
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, FactsError
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs, load_tariffs
from dutycalc.render import FORMATS, Format, explain, page_of_explanation, page_of_summary, summarize
from dutycalc.render.pages import Page
from dutycalc.stages.duty import CLASSIFICATIONS

REFUSAL: Final = "dutycalc.refusal/1"
"""The name of the JSON form of a cart that was refused."""

STDIN: Final = "-"

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Cart:
    """One cart as it came: the bytes of JSON, or what an array held; `place` counts lines or elements."""

    stated: Any
    place: int
    read: int = 0


@dataclass(frozen=True, slots=True)
class Carts:
    """One cart, lines of them, or an array of them; `size` in bytes where it is known."""

    form: Literal["one", "lines", "array"]
    carts: Iterator[Cart]
    size: int | None


def read_tables(options: Namespace) -> Tariffs:
    """Return the tables that the options name."""
    if options.only_tables is not None:
        return load_tariffs(options.only_tables)
    bundled = load_tariffs()
    return bundled if options.tables is None else load_tariffs(options.tables, over=bundled)


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Give the bytes of a file, or of stdin for `-`; FactsError where it cannot be read."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115
    except OSError as fault:
        raise FactsError(f"{name}: {(fault.strerror or str(fault)).lower()}") from None
    with stream:
        yield stream


def read_carts(stream: BinaryIO) -> Carts:
    """Tell one cart, JSON Lines and an array apart by what stands there."""
    size = _size_of(stream)
    head: list[tuple[int, bytes]] = []
    for place, line in enumerate(stream, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if place == 1 else line
        if text.strip():
            head.append((place, text))
        if len(head) == 2:
            break
    if not head:
        raise FactsError("no cart: the input is empty")
    if head[0][1].lstrip().startswith(b"["):
        return Carts("array", _elements(b"".join(line for _, line in head) + stream.read()), size)
    if len(head) == 2 and (_whole_object(head[0][1]) or head[1][1].startswith(b"{")):
        return Carts("lines", _lines(head, stream), size)
    whole = b"".join(line for _, line in head) + stream.read()
    return Carts("one", iter([Cart(whole, 1)]), size)


def _size_of(stream: BinaryIO) -> int | None:
    if not stream.seekable():
        return None
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return end


def _whole_object(line: bytes) -> bool:
    try:
        return isinstance(from_json(line), dict)
    except ValueError:
        return False


def _lines(head: list[tuple[int, bytes]], stream: BinaryIO) -> Iterator[Cart]:
    read = 0
    for place, line in head:
        read += len(line)
        yield Cart(line, place, read)
    for place, line in enumerate(stream, start=head[-1][0] + 1):
        read += len(line)
        if line.strip():
            yield Cart(line, place, read)


def _elements(data: bytes) -> Iterator[Cart]:
    """Return the elements of an array; FactsError, before any is answered, where it is none."""
    try:
        stated = from_json(data)
    except ValueError as fault:
        raise FactsError(f"the array is no JSON: {fault}") from None
    return iter([Cart(one, place) for place, one in enumerate(stated, start=1)])


def run(options: Namespace) -> int:
    """Answer every cart of the file as the options say; return the exit code."""
    tariffs = read_tables(options)
    with opened(options.file) as stream:
        batch = read_carts(stream)
        if batch.form == "one":
            _answer_one(options, tariffs, next(batch.carts))
            return DONE
        form: Format = options.format or "json"
        if form == "html":
            raise FactsError("a page of HTML holds one cart: ask for text, markdown or json")
        return _answer_many(options, tariffs, batch, form)


def _assessed(options: Namespace, tariffs: Tariffs, cart: Cart) -> Assessment:
    if isinstance(cart.stated, bytes):
        consignment = Consignment.model_validate_json(cart.stated)
    elif isinstance(cart.stated, dict):
        consignment = Consignment.model_validate(cart.stated)
    else:
        raise FactsError("the cart is no JSON object")
    return assess(
        consignment,
        tariffs,
        known_on=options.known_on,
        variants=options.variant,
        partial=options.partial,
        classification=options.classification,
    )


def _answer_one(options: Namespace, tariffs: Tariffs, cart: Cart) -> None:
    result = _assessed(options, tariffs, cart)
    form: Format = options.format or "text"
    if form == "text":
        write_page(_page(options, result))
    else:
        text = _writer(options, form)(result)
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _page(options: Namespace, result: Assessment) -> Page:
    if options.command == "explain":
        return page_of_explanation(result, locale=options.locale, item=options.item, charge=options.charge)
    return page_of_summary(result, locale=options.locale)


def _writer(options: Namespace, form: Format) -> Callable[[Assessment], str]:
    if options.command == "explain":
        return lambda one: explain(
            one, format=form, locale=options.locale, item=options.item, charge=options.charge
        )
    return lambda one: summarize(one, format=form, locale=options.locale)


_FRAMES: Final = {
    ("lines", "json"): ("", "\n", "\n"),
    ("array", "json"): ("[", ",\n", "]\n"),
}
"""What stands before, between and after the answers to many carts."""


def _answer_many(options: Namespace, tariffs: Tariffs, batch: Carts, form: Format) -> int:
    """Write one result or refusal for each cart, in order; none stops the next."""
    write = _writer(options, form)
    unit = "line" if batch.form == "lines" else "cart"
    before, between, after = _FRAMES.get((batch.form, form), ("", "\n", ""))
    refused = False
    sys.stdout.write(before)
    with progress("carts", batch.size) as told:
        for count, cart in enumerate(batch.carts, start=1):
            try:
                text = write(_assessed(options, tariffs, cart))
            except DutycalcError as fault:
                refused = True
                faults = list(faults_in(fault))
                told.end()
                write_faults(faults, f"{unit} {cart.place}")
                text = _refusal_text(faults, unit, cart.place, form)
            sys.stdout.write(text if count == 1 else between + text)
            told.tell(count, cart.read or None)
    sys.stdout.write(after)
    return FINDINGS if refused else DONE


def _refusal_text(faults: list[DutycalcError], unit: str, place: int, form: Format) -> str:
    if form == "json":
        return json.dumps(refusal(faults, unit, place), ensure_ascii=False, separators=(",", ":"))
    return f"{unit} {place}: refused\n"


def refusal(faults: list[DutycalcError], unit: str, place: int) -> dict[str, Any]:
    """Return a refused cart as plain JSON values: where it stood, and every fault with its attributes."""
    return {
        "format": REFUSAL,
        unit: place,
        "decision": "refused",
        "errors": [
            {"error": type(one).__name__, "text": str(one)}
            | {
                name: str(value) if not isinstance(value, tuple) else list(value)
                for name, value in vars(one).items()
                if value and not name.startswith("_")
            }
            for one in faults
        ],
    }


_ASSESS: Final = """
    Say what is due on a cart: per line the customs value and every charge with its
    rate, amount and law, who collects it and when; the sums; what the buyer pays at
    checkout and at the door.

    FILE holds one cart as JSON, JSON Lines (a cart on each line) or a JSON array of
    carts, and is told apart by what stands in it. One cart is answered as text,
    several as JSON: one result, or one object with the errors, for each cart.
"""

_ASSESS_EXAMPLES: Final = """
    examples:

      $ dutycalc assess cart.json
      $ dutycalc assess cart.json --format json | jq .totals
      $ dutycalc assess cart.json --locale de --known-on 2026-06-01
      $ zcat carts.jsonl.gz | dutycalc assess - > answers.jsonl
"""

_EXPLAIN: Final = """
    Show how every charge came about: the steps really taken from the stated facts to
    the amount, each with its value and its law; at a test only the branch taken. The
    records of law, their days and sources stand at the foot.
"""

_EXPLAIN_EXAMPLES: Final = """
    examples:

      $ dutycalc explain cart.json
      $ dutycalc explain cart.json --item 2 --charge vat
      $ dutycalc explain cart.json --format html > working.html
"""


def _add_cart(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of JSON, or - for stdin")
    parser.add_argument("--format", choices=FORMATS, help="default: text for one cart, json for several")
    parser.add_argument(
        "--locale",
        default="en",
        metavar="NAME",
        help="how amounts and days are written, such as de or pt_BR (default: en)",
    )
    parser.add_argument(
        "--partial", action="store_true", help="mark what is not calculable, instead of refusing the cart"
    )
    parser.add_argument(
        "--classification",
        choices=CLASSIFICATIONS,
        default="strict",
        help="of a code whose lines bear different duties: refuse it (the default), or take the duty that is "
        "lowest or highest on this line",
    )
    add_reading(parser)
    add_choice_of_tables(parser)


def add_assess(commands: Commands) -> None:
    """Add `dutycalc assess`."""
    parser = add_command(
        commands,
        "assess",
        "what is due on a cart, under which law, and who collects it",
        _ASSESS,
        _ASSESS_EXAMPLES,
        run,
    )
    _add_cart(parser)


def add_explain(commands: Commands) -> None:
    """Add `dutycalc explain`."""
    parser = add_command(
        commands,
        "explain",
        "the working of every amount, with its law",
        _EXPLAIN,
        _EXPLAIN_EXAMPLES,
        run,
    )
    _add_cart(parser)
    parser.add_argument("--item", metavar="ID", help="only the charges on this line")
    parser.add_argument(
        "--charge", metavar="NAME", help="only charges of this name, such as customs_duty or vat"
    )
