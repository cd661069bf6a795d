"""The working as steps, and the assessment as JSON text, from templates made once for each program.

The shape of the JSON is `to_dict()` of the answer's parts. A template is such a part with marks where
values go, written once; an assessment only fills the marks in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dutycalc.answer import Charge, Collection, Step, law_dict, reference
from dutycalc.money import Rounding, plain
from dutycalc.profile import path_of
from dutycalc.steps import STATED, Program
from dutycalc.steps import Step as Operation

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment, Decided

FORMAT: Final = "dutycalc.assessment/1"
"""The name of the JSON form; it changes with any change that a reader would notice."""

VALUE, LINE, PLACE = "\ue000", "\ue001", "\ue002"
"""Marks in a template: a value, the prefix of a line's steps, the line's place among the items."""


def text_of(value: Any, unit: str) -> str | None:
    """Return a step's value as text: a plain number, a percentage, yes or no; None where it is unknown."""
    if isinstance(value, Decimal):
        if value != value:
            return None
        if unit != "%":
            return f"{value:f}"
        text = plain(value * 100)
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


def _bare_step(one: Assessment, program: Program, n: int, prefix: str, line: int | str | None) -> dict[str, Any]:
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
        "detail": str(step.constant) if isinstance(step.constant, Rounding) else None,
    }


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
    return [
        f"L{place + 1}.{line.program.names[name] + 1}"
        for name in names
        for place, line in enumerate(one.lines)
        if name in line.program.names
    ]


Row = tuple[str, int, Callable[[Any], str] | None]
"""A piece of text, then the place of the value that follows it and how that is written."""


def _number(value: Any) -> str:
    return f'"{value:f}"' if value == value else "null"


def _other(unit: str) -> Callable[[Any], str]:
    def write_value(value: Any) -> str:
        return json.dumps(text_of(value, unit), ensure_ascii=False)

    return write_value


def _yes_or_no(value: Any) -> str:
    return '"yes"' if value else '"no"'


_TESTS: Final = frozenset({"at_most", "below", "all", "any", "not", "any_line"})
_NUMBERS: Final = frozenset(
    {"given", "add", "subtract", "times", "divide", "least", "greatest", "floor", "round", "decide", "total", "part"}
)


def _writer(step: Operation) -> Callable[[Any], str]:
    if step.op in _TESTS or (step.op == "whole" and not step.unit):
        return _yes_or_no
    return _number if step.op in _NUMBERS and step.unit != "%" else _other(step.unit)


def _template(one: Assessment, program: Program, line: bool) -> list[list[Row]]:
    """Return, for each phase, the rows that write the program's steps."""
    phases: list[list[Row]] = []
    for phase in range(program.phases):
        rows: list[Row] = []
        before = ""
        for n in program.phase(phase):
            step = program.steps[n]
            bare = _bare_step(one, program, n, LINE if line else "C", PLACE if line else None)
            stated = step.op in STATED
            value = text_of(step.constant, step.unit) if stated else VALUE
            text = json.dumps(Step(value=value, **bare).to_dict(), ensure_ascii=False, separators=(",", ":")) + ","
            if stated:
                before += text
            else:
                first, after = text.split(f'"{VALUE}"')
                rows.append((before + first, n, _writer(step)))
                before = after
        rows.append((before, -1, None))
        phases.append(rows)
    return phases


def _fill(rows: list[Row], values: list[Any]) -> str:
    found: list[str] = []
    for text, place, writer in rows:
        found.append(text)
        if writer is not None:
            found.append(writer(values[place]))
    return "".join(found)


def write(one: Assessment) -> str:
    """Return the assessment as JSON text."""
    return (
        f'{{"format":"{FORMAT}","destination":"{one.consignment.destination}","currency":"{one.currency}",'
        f'"decision":"{one.decision}","items":[{",".join(_item(one, place) for place in range(len(one.lines)))}],'
        f'"charges":[{",".join(_charges(one, None))}],"totals":{_totals(one)},'
        f'"notices":{_list(one.notices)},"missing":{_list(one.missing)},"tables":{json.dumps(one.tables)},'
        f'"law":{_law(one)},"working":[{_working(one)}]}}'
    )


def _list(parts: tuple[Any, ...]) -> str:
    return json.dumps([each.to_dict() for each in parts], ensure_ascii=False, separators=(",", ":")) if parts else "[]"


def _totals(one: Assessment) -> str:
    totals = one.totals
    found: dict[str, Any] = {"all": str(totals["all"])}
    for name in ("by_kind", "by_collector", "by_moment"):
        found[name] = {key: str(value) for key, value in totals[name].items()}
    return json.dumps(found, separators=(",", ":"))


def _law(one: Assessment) -> str:
    """Return every record that the working names, once."""
    found: dict[str, str] = {}
    for law in (one.whole, *one.lines):
        kept = law.kept.get("law")
        if kept is None:
            provisions = {reference(step.law): step.law for step in law.program.steps if step.law is not None}
            for traced in law.charges:
                for way in (*traced.ways, *(way for _, _, way in traced.taken)):
                    provisions.update((reference(each), each) for each in way.provisions)
                outcomes = (traced.border, *(outcome for _, outcome, _ in traced.taken))
                provisions.update((reference(each.provision), each.provision) for each in outcomes if each.provision)
            kept = law.kept["law"] = {
                name: f"{json.dumps(name)}:{json.dumps(law_dict(each), ensure_ascii=False, separators=(',', ':'))}"
                for name, each in provisions.items()
            }
        found.update(kept)
    return "{" + ",".join(found.values()) + "}"


def _working(one: Assessment) -> str:
    found: list[str] = []
    others = tuple(line.program for line in one.lines)
    rows = one.whole.kept.get(others)
    if rows is None:
        rows = _template(one, one.whole.program, line=False)
        if len(one.whole.kept) < _KEPT:
            one.whole.kept[others] = rows
    templates = [_line_template(one, place) for place in range(len(one.lines))]
    phases = max(len(rows), *(len(each) for each in templates))
    for phase in range(phases):
        for place, each in enumerate(templates):
            if phase < len(each):
                text = _fill(each[phase], one.line_values[place])
                found.append(text.replace(LINE, f"L{place + 1}").replace(PLACE, str(place)))
        if phase < len(rows):
            found.append(_fill(rows[phase], one.values))
    return "".join(found).rstrip(",")


_KEPT: Final = 256
"""Templates of the working that one consignment's program keeps, one for each set of lines."""


def _line_template(one: Assessment, place: int) -> list[list[Row]]:
    line = one.lines[place]
    found: list[list[Row]] | None = line.kept.get("working")
    if found is None:
        found = line.kept["working"] = _template(one, line.program, line=True)
    return found


def _item(one: Assessment, place: int) -> str:
    line, item = one.lines[place], one.consignment.items[place]
    values = one.line_values[place]
    amounts = {name: _money(one, values[at]) for name, at in line.values}
    each = ",".join(f'"{name}":{text}' for name, text in amounts.items())
    return (
        f'{{"id":{json.dumps(item.id, ensure_ascii=False)},"commodity":"{item.commodity}",'
        f'"customs_value":{amounts.get("customs_value", "null")},"values":{{{each}}},'
        f'"charges":[{",".join(_charges(one, place))}]}}'
    )


def _money(one: Assessment, value: Any) -> str:
    found = one.money(value)
    return "null" if found is None else f'"{found}"'


def _charges(one: Assessment, place: int | None) -> list[str]:
    law = one.whole if place is None else one.lines[place]
    values = one.values if place is None else one.line_values[place]
    prefix = "C" if place is None else f"L{place + 1}"
    found = []
    for decided in one.decisions_on(place):
        key = (decided.traced.name, id(decided.outcome), id(decided.way))
        pieces = law.kept.get(key)
        if pieces is None:
            pieces = law.kept[key] = _charge_template(decided, law.program)
        base = decided.way.base
        due = one.due_of(decided.outcome)
        number = one.number_of(decided.outcome)
        found.append(
            pieces[0] + ("null" if base is None else _money(one, values[law.program.place(base)]))
            + pieces[1] + ("null" if decided.amount is None else f'"{decided.amount:f} {one.currency}"')
            + pieces[2].replace(LINE, prefix) + (json.dumps(number) if number is not None else "null")
            + pieces[3] + (f'"{due.isoformat()}"' if due is not None else "null") + pieces[4]
        )  # fmt: skip
    return found


def _charge_template(decided: Decided, program: Program) -> tuple[str, ...]:
    from dutycalc.assessment import collected_of, stated_of

    collection = Collection(declare=VALUE, due=None, **collected_of(decided.outcome))
    charge = Charge(
        base=None, amount=None, step=f"{LINE}.{program.place(decided.traced.amount) + 1}", collection=collection,
        **stated_of(decided.traced, decided.outcome, decided.way),
    )  # fmt: skip
    shape = charge.to_dict()
    shape["base"] = shape["amount"] = shape["collection"]["declare"] = shape["collection"]["due"] = VALUE
    text = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return tuple(text.split(f'"{VALUE}"'))

