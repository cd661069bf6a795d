"""The README and the docs: every example runs and prints what stands there, every link leads somewhere."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from inspect import get_annotations
from pathlib import Path
from typing import Any

import pytest
from json_schemas import SCHEMAS, assessment_schema, consignment_schema, schema_text
from regenerate_docs import EXAMPLE_TABLES, PAGES, ROOT, example_tables, regenerated

from dutycalc import Assessment, Consignment, Tariffs, assess, load_tariffs, tables

CARTS = sorted((ROOT / "docs" / "examples").glob("*.json"))
AGAIN = "run `python tests/regenerate_docs.py` and read the difference"


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_example_prints_what_stands_there(page: Path) -> None:
    stands = page.read_text(encoding="utf-8")
    printed = regenerated(page)
    difference = "\n".join(difflib.unified_diff(stands.splitlines(), printed.splitlines(), n=1))
    assert printed == stands, f"{AGAIN}\n{difference}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [one.partition("#")[0] for one in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in one]
    assert [one for one in targets if one and not (page.parent / one).exists()] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_stands_as_the_code_makes_it(name: str) -> None:
    assert (ROOT / "docs" / "schema" / name).read_text(encoding="utf-8") == schema_text(name), AGAIN


@pytest.mark.parametrize("cart", CARTS, ids=lambda cart: cart.stem)
def test_a_cart_and_its_answer_fit_their_schemas(cart: Path, tariffs: Tariffs) -> None:
    stated = json.loads(cart.read_text(encoding="utf-8"))
    answer = _assessed(cart, tariffs).to_dict()
    assert faults_against(stated, consignment_schema()) == []
    assert faults_against(answer, assessment_schema()) == []


def test_the_schema_refuses_what_the_library_refuses(tariffs: Tariffs) -> None:
    schema = consignment_schema()
    cart = json.loads(CARTS[0].read_text(encoding="utf-8"))
    faults: list[dict[str, Any]] = [
        {"channel": "pigeon"}, {"transport": 4.9}, {"weight": "3"}, {"items": {}}, {"sold_on": 2026},
    ]  # fmt: skip
    for spoilt in faults:
        assert faults_against(cart | spoilt, schema) != [], spoilt
    assert faults_against({key: one for key, one in cart.items() if key != "channel"}, schema) != []
    answer = _assessed(CARTS[0], tariffs).to_dict()
    assert faults_against(answer | {"decision": "perhaps"}, assessment_schema()) != []
    assert faults_against(answer | {"items": [{}]}, assessment_schema()) != []


def test_the_example_tables_are_those_of_the_page() -> None:
    wanted = example_tables()
    stand = {path: path.read_text(encoding="utf-8") for path in EXAMPLE_TABLES.rglob("*.*")}
    assert stand == wanted, AGAIN


def test_the_example_tables_hold_every_family_and_field() -> None:
    """The page on the format leaves nothing out, so that its reader need not read the code."""
    shown: set[tuple[str, str]] = set()  # each field with the shape that declares it
    families: set[str] = set()
    for path in EXAMPLE_TABLES.rglob("*.toml"):
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        shown |= {("Header", key) for key in data if key in tables.Header.model_fields}
        for source in data["sources"].values():
            shown |= {("Source", key) for key in source}
        for family, (shape, named) in tables.FAMILIES.items():
            body = data.get(family, {} if named else [])
            for record in [one for series in body.values() for one in series] if named else body:
                families.add(family)
                _collect(shape.model_validate(record), shown)
    wanted = {(_declaring(shape, field), field) for shape in _shapes() for field in shape.model_fields}
    assert sorted(tables.FAMILIES.keys() - families) == []
    assert sorted(wanted - shown) == []


def _shapes() -> list[type[Any]]:
    here = [one for one in vars(tables).values() if getattr(one, "__module__", "") == tables.__name__]
    return [one for one in here if getattr(one, "model_fields", None)]


def _declaring(shape: type[Any], field: str) -> str:
    return next(one.__name__ for one in shape.__mro__ if field in get_annotations(one))


def _collect(record: Any, shown: set[tuple[str, str]]) -> None:
    """Note which fields of a record and of the shapes within it are written, not left to a default."""
    for field in record.model_fields_set:
        shown.add((_declaring(type(record), field), field))
        waiting = [getattr(record, field)]
        while waiting:
            one = waiting.pop()
            if hasattr(one, "model_fields_set"):
                _collect(one, shown)
            elif isinstance(one, dict):
                waiting.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(one)


def _assessed(cart: Path, tariffs: Tariffs) -> Assessment:
    return assess(Consignment.model_validate_json(cart.read_bytes()), tariffs)


def faults_against(
    value: Any, schema: dict[str, Any], whole: dict[str, Any] | None = None, at: str = ""
) -> list[str]:
    """Return what in a JSON value breaks a schema, in the words of JSON Schema that the two schemas use."""
    whole = whole or schema
    if "$ref" in schema:
        return faults_against(value, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole, at)
    if "anyOf" in schema:
        each = [faults_against(value, one, whole, at) for one in schema["anyOf"]]
        return [] if [] in each else [f"{at}: {value!r} fits none"]
    found = _faults_of_scalar(value, schema, at)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{at}: lacks {name}" for name in schema.get("required", ()) if name not in value]
        others = schema.get("additionalProperties", {})
        for name, one in value.items():
            place = f"{at}.{name}"
            if name in properties:
                found += faults_against(one, properties[name], whole, place)
            elif others is False:
                found.append(f"{place}: unknown")
            else:
                found += faults_against(one, others, whole, place)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{at}: too few")
        for n, one in enumerate(value):
            found += faults_against(one, schema.get("items", {}), whole, f"{at}[{n}]")
    return found


_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}


def _faults_of_scalar(value: Any, schema: dict[str, Any], at: str) -> list[str]:
    known = {
        "$defs", "$schema", "additionalProperties", "const", "default", "description", "enum", "format",
        "items", "maxItems", "maxLength", "minItems", "minLength", "minimum", "pattern", "properties",
        "required", "title", "type",
    }  # fmt: skip
    assert schema.keys() <= known, f"words that this test does not read: {schema.keys() - known}"
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{at}: {value!r} is no {kind}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not one of the words")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} has another shape")
    if schema.get("format") == "date":
        date.fromisoformat(value)
    return found
