"""The JSON Schemas of a consignment and of an assessment, made from the code."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from dutycalc import answer
from dutycalc.goods import Consignment
from dutycalc.law import Citation, Confidence
from dutycalc.money import Money
from dutycalc.steps import Op
from dutycalc.words import Decision
from dutycalc.writing import FORMAT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
AMOUNT: Final = {"$ref": "#/$defs/Money"}
TEXT: Final = {"type": "string"}
DAY: Final = {"type": "string", "format": "date"}
NULL: Final = {"type": "null"}


def consignment_schema() -> dict[str, Any]:
    """Return the schema of the facts, as pydantic states it; the dialect and a title stand first."""
    found = Consignment.model_json_schema()
    return {
        "$schema": DIALECT,
        "title": "Consignment",
        **{key: one for key, one in found.items() if key != "title"},
    }


def assessment_schema() -> dict[str, Any]:
    """Return the schema of the answer, from the dataclasses that hold it."""
    amounts = _map(AMOUNT)
    return {
        "$schema": DIALECT,
        "title": "Assessment",
        "description": "What is due on a consignment, line by line, with its working; amounts are exact.",
        **_object(
            {
                "format": {"const": FORMAT},
                "destination": {"type": "string"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "decision": _of(Decision),
                "items": _array("AssessedItem"),
                "charges": _array("Charge"),
                "totals": _object(
                    {"all": AMOUNT, "by_kind": amounts, "by_collector": amounts, "by_moment": amounts}
                ),
                "notices": _array("Notice"),
                "missing": _array("Missing"),
                "tables": _object(
                    {"digest": {"type": "string"}, "territory": {"type": "string"}, "checked_on": DAY}
                ),
                "law": _map({"$ref": "#/$defs/Law"}),
                "working": _array("Step"),
            }
        ),
        "$defs": {
            "AssessedItem": _dataclass(answer.AssessedItem),
            "Charge": _charge(),
            "Citation": _dataclass(Citation),
            "Collection": _dataclass(answer.Collection),
            "Law": _law(),
            "Missing": _dataclass(answer.Missing),
            "Money": {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)? [A-Z]{3}$"},
            "Notice": _dataclass(answer.Notice),
            "Step": _step(),
            "TariffOption": _option(),
        },
    }


def _charge() -> dict[str, Any]:
    """Return the schema of a charge, which names its records of law as steps do."""
    found = _dataclass(answer.Charge)
    found["properties"]["records"] = {"type": "array", "items": {"type": "string"}}
    return found


def _option() -> dict[str, Any]:
    """Return the schema of an option, whose rank is text as every number is."""
    found = _dataclass(answer.TariffOption)
    found["properties"]["rank"] = {"type": "string", "pattern": "^[1-3]$"}
    return found


def _step() -> dict[str, Any]:
    """Return the schema of a step; a fact, a law or a detail that it lacks is left out of it."""
    found = _dataclass(answer.Step, leave={"fact", "law", "detail"})
    found["properties"] |= {
        "op": _of(Op), "fact": {"type": "string"}, "detail": {"type": "string"}, "law": {"type": "string"},
    }  # fmt: skip
    return found


def _law() -> dict[str, Any]:
    """Return the schema of a record of law; charges and steps refer to it by its name."""
    found = _object(
        {
            "record": {"type": "string"},
            "valid_from": DAY,
            "valid_until": {"anyOf": [DAY, NULL]},
            "known_from": DAY,
            "confidence": _of(Confidence),
            "cite": _array("Citation"),
        }
    )
    found["properties"] |= {"variant": {"type": "string"}, "note": {"type": "string"}}
    return found


def _dataclass(one: type, leave: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    hints = {name: hint for name, hint in get_type_hints(one).items() if name not in leave and name[0] != "_"}
    said = " ".join((one.__doc__ or "").split())
    return {"description": said, **_object({name: _of(hint) for name, hint in hints.items()})}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _array(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


_PLAIN: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"}, bool: {"type": "boolean"}, int: {"type": "integer"}, date: DAY, Money: AMOUNT,
    Decimal: {"type": "string"}, types.NoneType: NULL, Any: {},
}  # fmt: skip


def _of(hint: Any) -> dict[str, Any]:
    """Return the schema of a type, as `to_dict` writes its values."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one) for one in arguments]}
    if origin in (tuple, list):
        return {"type": "array", "items": _of(arguments[0])}
    if origin is dict:
        return _map(_of(arguments[1]))
    return {"$ref": f"#/$defs/{hint.__name__}"}


SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "consignment.schema.json": consignment_schema,
    "assessment.schema.json": assessment_schema,
}
"""The schemas by the name of their file in `docs/schema`."""


def schema_text(name: str) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
