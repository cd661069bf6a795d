"""The working as steps, and the assessment as JSON text, from templates made once for each program.

The shape of the JSON is `to_dict()` of the answer's parts. A template is such a part with marks where
values go, written once; an assessment only fills the marks in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any, Final

from dutycalc.answer import Charge, Collection, Missing, Notice, Step, TariffOption, law_dict, reference
from dutycalc.decided import Decided, collected_of, in_units, stated_of, unknown
from dutycalc.money import EXACT, Rounding, plain
from dutycalc.profile import path_of
from dutycalc.stages.tracing import LineProgram, WholeProgram
from dutycalc.steps import STATED, Fitting, Program, Sharing, maybe_unknown
from dutycalc.steps import Step as Operation

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment

FORMAT: Final = "dutycalc.assessment/1"
"""The name of the JSON form; it changes with any change that a reader would notice."""

MARK: Final = "\ue000"
"""Stands in a template where a value goes."""


def text_of(value: Any, unit: str) -> str | None:
    """Return a step's value as text: a plain number, a percentage, yes or no; None where it is unknown."""
    if isinstance(value, Decimal):
        if value != value:
            return None
        if unit != "%":
            return f"{value:f}"
        text = plain(EXACT.multiply(value, 100))
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return " | ".join(text_of(one, unit) or "" for one in value)
    return None


def step_of(one: Assessment, program: Program, n: int, line: int | None, value: Any) -> Step:
    """Return one step of the working with its value."""
    found = _bare_step(one, program, n, "C" if line is None else f"L{line + 1}", line)
    return Step(value=text_of(value, found["unit"]), **found)


def _bare_step(one: Assessment, program: Program, n: int, prefix: str, line: int | None) -> dict[str, Any]:
    step = program.steps[n]
    inputs = [f"{prefix}.{k + 1}" for k in program.inputs[n]]
    return {
        "id": f"{prefix}.{n + 1}",
        "label": step.label,
        "op": step.op,
        "inputs": (*inputs, *_crossing_inputs(one, step)),
        "unit": step.unit,
        "fact": path_of(step.constant, one.consignment, line) if step.op == "given" else None,
        "law": step.law,
        "detail": _detail(one, step),
    }


def _detail(one: Assessment, step: Operation) -> str | None:
    """Return what else a reader needs to do the step again: the rounding, or how lines take part."""
    constant = step.constant
    if isinstance(constant, Rounding):
        return str(constant)
    if isinstance(constant, Sharing):
        text = f"in units of {plain(constant.unit)}, by {' '.join(_gathered_from(one, constant.weight))}"
        return f"{text}, within {' '.join(_gathered_from(one, constant.group))}" if constant.group else text
    if isinstance(constant, Fitting):
        values, quantities = (_gathered_from(one, name) for name in (constant.value, constant.quantity))
        return f"values {' '.join(values)}, quantities {' '.join(quantities)}"
    return None


def _crossing_inputs(one: Assessment, step: Operation) -> list[str]:
    """Return the ids of the steps on the other side that a crossing step reads."""
    constant = step.constant
    match step.op:
        case "part" | "whole":
            return [f"C.{one.whole.program.names[constant] + 1}"]
        case "total" | "count_distinct" | "any_line":
            names = [constant]
        case "split":
            names = [constant.weight, *([constant.group] if constant.group else [])]
        case "fit":
            names = [constant.value, constant.quantity]
        case _:
            return []
    return [step for name in names for step in _gathered_from(one, name)]


def _gathered_from(one: Assessment, name: str) -> list[str]:
    """Return the ids of the steps that have a named value, line by line."""
    return [
        f"L{place + 1}.{line.program.names[name] + 1}"
        for place, line in enumerate(one.lines)
        if name in line.program.names
    ]


Fill = Callable[[list[Any]], str]
"""Writes the steps of one phase with their values."""


def _number_or_null(value: Any) -> str:
    return f'"{value:f}"' if value == value else "null"


def _yes_or_no(value: Any) -> str:
    return '"yes"' if value else '"no"'


def _parts(values: Any) -> str:
    return f'"{" | ".join([f"{value:f}" for value in values])}"'


def _anything(unit: str) -> Callable[[Any], str]:
    def write_value(value: Any) -> str:
        return json.dumps(text_of(value, unit), ensure_ascii=False)

    return write_value


_TESTS: Final = frozenset({"at_most", "below", "all", "any", "not", "any_line"})


def _writers(program: Program, careful: bool) -> list[Callable[[Any], str] | None]:
    """Return what writes each step's value; None for a number that is always known."""
    found: list[Callable[[Any], str] | None] = []
    doubtful = program.resting_on(maybe_unknown)
    for n, step in enumerate(program.steps):
        if step.op in ("split", "fit") and not careful:
            found.append(_parts)
        elif careful or step.unit == "%" or step.op in STATED:
            found.append(_anything(step.unit))
        elif step.op in _TESTS or (step.op == "whole" and not step.unit):
            found.append(_yes_or_no)
        else:
            found.append(_number_or_null if n in doubtful else None)
    return found


def _templates(one: Assessment, program: Program, line: int | None) -> list[Fill]:
    """Return, for each phase, what writes the program's steps: one expression of literals and values."""
    writers = _writers(program, one.careful)
    prefix = "C" if line is None else f"L{line + 1}"
    names: dict[str, Any] = {"YES": "yes", "NO": "no"}
    found: list[Fill] = []
    for phase in range(program.phases):
        text: list[str] = ["''"]
        for n in program.phase(phase):
            step = program.steps[n]
            stated = step.op in STATED
            value = text_of(step.constant, step.unit) if stated else MARK
            bare = Step(value=value, **_bare_step(one, program, n, prefix, line))
            written = json.dumps(bare.to_dict(), ensure_ascii=False, separators=(",", ":")) + ","
            if stated:
                text.append(repr(written))
                continue
            first, last = written.split(f'"{MARK}"')
            writer = writers[n]
            if writer is _yes_or_no:
                text += [repr(first + '"'), f"f'{{YES if v[{n}] else NO}}'", repr('"' + last)]
            elif writer is None:
                text += [repr(first + '"'), f"f'{{v[{n}]:f}}'", repr('"' + last)]
            else:
                names[f"w{n}"] = writer
                text += [repr(first), f"f'{{w{n}(v[{n}])}}'", repr(last)]
        found.append(eval(f"lambda v: ({' '.join(text)})", names))
    return found


def write(one: Assessment) -> str:
    """Return the assessment as JSON text."""
    items = ",".join([_item(one, place) for place in range(len(one.lines))])
    head = (
        f'{{"format":"{FORMAT}","destination":"{one.consignment.destination}","currency":"{one.currency}",'
        f'"decision":"{one.decision}","items":[{items}],'
        f'"charges":[{",".join(_charges(one, None))}],"totals":{_totals(one)},'
        f'"notices":{_list(one.notices)},"missing":{_list(one.missing)},"tables":{_tables(one)},"law":'
    )
    return "".join((head, _law(one), ',"working":[', *_working(one), "]}"))


def _tables(one: Assessment) -> str:
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in one.tables.items()) + "}"


def _list(parts: tuple[Notice, ...] | tuple[Missing, ...]) -> str:
    return f"[{','.join(map(_part, parts))}]"


@lru_cache(maxsize=4096)
def _part(part: Notice | Missing) -> str:
    return json.dumps(part.to_dict(), ensure_ascii=False, separators=(",", ":"))


def _totals(one: Assessment) -> str:
    currency = one.currency
    whole, kinds, collectors, moments = one.sums

    def group(sums: dict[str, Decimal]) -> str:
        return ",".join(f'"{name}":"{each:f} {currency}"' for name, each in sums.items())

    return (
        f'{{"all":"{whole:f} {currency}","by_kind":{{{group(kinds)}}},'
        f'"by_collector":{{{group(collectors)}}},"by_moment":{{{group(moments)}}}}}'
    )


def _law(one: Assessment) -> str:
    """Return every record that the working names, once."""
    whole: str = _kept(one.whole.kept, ("law", *one.lines), lambda: _records(one))
    return whole


def _records(one: Assessment) -> str:
    found: dict[str, str] = {}
    laws: tuple[WholeProgram | LineProgram, ...] = (one.whole, *one.lines)
    for law in laws:
        kept = law.kept.get("law")
        if kept is None:
            provisions = {reference(step.law): step.law for step in law.program.steps if step.law is not None}
            for traced in law.charges:
                for way in (*traced.ways, *(way for _, _, way in traced.taken)):
                    provisions.update((reference(each), each) for each in way.provisions)
                outcomes = (traced.border, *(outcome for _, outcome, _ in traced.taken))
                provisions.update(
                    (reference(each.provision), each.provision) for each in outcomes if each.provision
                )
            kept = law.kept["law"] = {
                name: json.dumps({name: law_dict(each)}, ensure_ascii=False, separators=(",", ":"))[1:-1]
                for name, each in provisions.items()
            }
        found.update(kept)
    return "{" + ",".join(found.values()) + "}"


def _working(one: Assessment) -> list[str]:
    others = (*(line.program for line in one.lines), one.careful)
    whole = _kept(one.whole.kept, others, lambda: _templates(one, one.whole.program, None))
    lines = [
        _kept(line.kept, ("working", place, one.careful), lambda: _templates(one, line.program, place))  # noqa: B023
        for place, line in enumerate(one.lines)
    ]
    found: list[str] = []
    for phase in range(max(len(whole), *(len(each) for each in lines))):
        for place, each in enumerate(lines):
            if phase < len(each):
                found.append(each[phase](one.line_values[place]))
        if phase < len(whole):
            found.append(whole[phase](one.values))
    while not found[-1]:
        found.pop()
    found[-1] = found[-1].rstrip(",")
    return found


KEPT: Final = 256
"""What one program keeps of texts made from it."""


def _kept(kept: dict[Any, Any], key: Any, make: Callable[[], Any]) -> Any:
    """Return what is kept under a key, made now where it is not there yet."""
    found = kept.get(key)
    if found is None:
        found = make()
        if len(kept) < KEPT:
            kept[key] = found
    return found


def _item(one: Assessment, place: int) -> str:
    line, item = one.lines[place], one.consignment.items[place]
    values = one.line_values[place]
    unit, currency = one.whole.trace.unit, one.currency
    customs_value = "null"
    amounts = []
    for name, at in line.values:
        text = _money(values[at], unit, currency)
        amounts.append(f'"{name}":{text}')
        if name == "customs_value":
            customs_value = text
    return (
        f'{{"id":{quoted(item.id)},"commodity":"{item.commodity}",'
        f'"customs_value":{customs_value},"values":{{{",".join(amounts)}}},'
        f'"charges":[{",".join(_charges(one, place))}],"options":{_options(one, place)}}}'
    )


def _options(one: Assessment, place: int) -> str:
    """Return what the tariff offers on a line; written once for each program and each option taken."""
    found = one.options_on(place)
    if not found:
        return "[]"
    text: str = _kept(one.lines[place].kept, ("options as text", id(found)), lambda: _options_text(found))
    return text


def _options_text(options: tuple[TariffOption, ...]) -> str:
    return json.dumps([each.to_dict() for each in options], ensure_ascii=False, separators=(",", ":"))


def _money(value: Any, unit: Decimal, currency: str) -> str:
    return "null" if unknown(value) else f'"{in_units(value, unit):f} {currency}"'


def _charges(one: Assessment, place: int | None) -> list[str]:
    law = one.whole if place is None else one.lines[place]
    values = one.values if place is None else one.line_values[place]
    prefix = "C" if place is None else f"L{place + 1}"
    unit, currency = one.whole.trace.unit, one.currency
    places = law.program.places
    found = []
    for decided in one.decisions_on(place):
        _, outcome, way, amount = decided
        key = (id(outcome), id(way), prefix)
        pieces = law.kept.get(key)
        if pieces is None:
            pieces = _kept(law.kept, key, lambda: _charge_template(decided, law.program, prefix))  # noqa: B023
        base = way.base
        due = one.due_of(outcome) if outcome.returns is not None else None
        number = one.number_of(outcome) if outcome.declare else None
        found.append(
            f"{pieces[0]}{'null' if base is None else _money(values[places[id(base)]], unit, currency)}"
            f"{pieces[1]}{'null' if amount is None else f'{chr(34)}{amount:f} {currency}{chr(34)}'}"
            f"{pieces[2]}{'null' if number is None else quoted(number)}"
            f"{pieces[3]}{'null' if due is None else quoted(due.isoformat())}{pieces[4]}"
        )
    return found


def _charge_template(decided: Decided, program: Program, prefix: str) -> tuple[str, ...]:
    collection = Collection(declare=MARK, due=None, **collected_of(decided.outcome))
    charge = Charge(
        base=None, amount=None, collection=collection,
        step=f"{prefix}.{program.place(decided.traced.amount) + 1}",
        **stated_of(decided.traced, decided.outcome, decided.way),
    )  # fmt: skip
    shape = charge.to_dict()
    shape["base"] = shape["amount"] = shape["collection"]["declare"] = shape["collection"]["due"] = MARK
    text = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return tuple(text.split(f'"{MARK}"'))
