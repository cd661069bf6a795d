"""Shapes: classes whose fields are read and guarded by pydantic's core, built when first used.

A shape is a class with annotated fields. pydantic's core validates them; its front, which costs more to
import than a whole assessment takes, is loaded only to write a JSON Schema.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Self,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from pydantic_core import CoreSchema, SchemaSerializer, SchemaValidator, core_schema

from dutycalc.values import Frozen


class _Required:
    """Marks a field that must be stated."""


REQUIRED: Final = _Required()


class Guard(Frozen):
    """How a field's value is read: by a pattern, bounds, or a function put before, after or instead."""

    pattern: str | None = None
    least: int | None = None
    most: int | None = None
    before: Callable[[Any], Any] | None = None
    after: Callable[[Any], Any] | None = None
    instead: Callable[[Any], Any] | None = None
    written: Callable[[Any], str] | None = None


class Field(Frozen):
    """A field of a shape: its default, and the name under which it is written where that differs."""

    default: Any = REQUIRED
    alias: str | None = None

    def is_required(self) -> bool:
        """Tell whether the field must be stated."""
        return self.default is REQUIRED

    def get_default(self, *, call_default_factory: bool = False) -> Any:
        """Return what the field holds where it is not stated."""
        return self.default


def named(alias: str) -> Any:
    """Return a required field written under another name, such as a word that Python reserves."""
    return Field(alias=alias)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(named,))
class Shaped(type):
    """Gathers a shape's fields from its annotations and defaults."""

    model_fields: dict[str, Field]

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Shaped:
        own: dict[str, Field] = {}
        for base in reversed(bases):
            own.update(getattr(base, "model_fields", {}))
        for field, kind in body.get("__annotations__", {}).items():
            if not field.startswith("_") and not str(kind).startswith("ClassVar"):
                default = body.pop(field, REQUIRED)
                own[field] = default if isinstance(default, Field) else Field(default)
        body["model_fields"] = own
        body.setdefault("__slots__", ())
        return super().__new__(cls, name, bases, body)


class Shape(metaclass=Shaped):
    """Facts or law as fields: nothing unknown, nothing changed once read."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

    model_fields: ClassVar[dict[str, Field]]
    model_config: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    _built: ClassVar[tuple[SchemaValidator, SchemaSerializer]]
    _schema: ClassVar[CoreSchema]

    def __init__(self, **fields: Any) -> None:
        """Read the fields from keywords."""
        self._core()[0].validate_python(fields, self_instance=self)

    @classmethod
    def _core(cls) -> tuple[SchemaValidator, SchemaSerializer]:
        built = cls.__dict__.get("_built")
        if built is None:
            schema = schema_of(cls)
            built = cls._built = (SchemaValidator(schema), SchemaSerializer(schema))
        return built

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Return the shape read from a mapping; ValidationError names every fault."""
        found: Self = cls._core()[0].validate_python(obj)
        return found

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray) -> Self:
        """Return the shape read from JSON text; ValidationError names every fault."""
        found: Self = cls._core()[0].validate_json(json_data)
        return found

    @property
    def model_fields_set(self) -> set[str]:
        """Return the fields that were stated."""
        stated: set[str] = object.__getattribute__(self, "__pydantic_fields_set__")
        return stated

    def model_dump(
        self, *, exclude_unset: bool = False, exclude: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Return the fields as a mapping, shapes within as mappings too."""
        found: dict[str, Any] = self._core()[1].to_python(
            self, exclude_unset=exclude_unset, exclude=set(exclude), by_alias=True
        )
        return found

    def model_dump_json(self, *, exclude_unset: bool = True) -> str:
        """Return the fields as JSON text, as `model_validate_json` reads it."""
        return self._core()[1].to_json(self, exclude_unset=exclude_unset, by_alias=True).decode()

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of the shape."""
        from pydantic.json_schema import GenerateJsonSchema  # noqa: PLC0415 (the front that this avoids)

        return dict(GenerateJsonSchema(by_alias=True).generate(schema_of(cls), mode="validation"))

    def check(self) -> None:
        """Raise ValueError where fields contradict each other."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is not changed once read: {name}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(_hashable(one) for one in self.__dict__.values())))

    def __repr__(self) -> str:
        stated = ", ".join(f"{name}={getattr(self, name)!r}" for name in sorted(self.model_fields_set))
        return f"{type(self).__name__}({stated})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._core()[0].validate_python(self._by_alias(state), self_instance=self)

    @classmethod
    def _by_alias(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {cls.model_fields[name].alias or name: value for name, value in fields.items()}


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted((name, _hashable(one)) for name, one in value.items()))
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _checked(shape: Shape) -> Shape:
    shape.check()
    return shape


def schema_of(cls: type[Shape]) -> CoreSchema:
    """Return the schema of a shape for pydantic's core."""
    found: CoreSchema | None = cls.__dict__.get("_schema")
    if found is None:
        found = cls._schema = _made(cls)
    return found


def _made(cls: type[Shape]) -> CoreSchema:
    fields: dict[str, core_schema.ModelField] = {}
    for base in reversed(cls.__mro__):
        for name, text in get_annotations(base).items():
            field = cls.model_fields.get(name)
            if field is not None:
                fields[name] = _field(field, _read(base.__module__, text))
    inner = core_schema.model_fields_schema(fields, model_name=cls.__name__, extra_behavior="forbid")
    config = core_schema.CoreConfig(
        title=cls.__name__, hide_input_in_errors=True, validate_by_name=True, validate_by_alias=True
    )
    found: CoreSchema = core_schema.model_schema(cls, inner, config=config)
    return (
        found if cls.check is Shape.check else core_schema.no_info_after_validator_function(_checked, found)
    )


def _field(field: Field, schema: CoreSchema) -> core_schema.ModelField:
    default = field.default
    if isinstance(default, (list, dict)):
        schema = core_schema.with_default_schema(schema, default_factory=type(default))
    elif not field.is_required():
        schema = core_schema.with_default_schema(schema, default=default)
    return core_schema.model_field(schema, validation_alias=field.alias, serialization_alias=field.alias)


@cache
def _read(module: str, text: str) -> CoreSchema:
    """Return the schema of an annotation as it is written; each is evaluated once."""
    return _schema(eval(text, vars(sys.modules[module])))


_PLAIN: Final[dict[Any, Callable[[], CoreSchema]]] = {
    str: core_schema.str_schema,
    int: lambda: core_schema.int_schema(strict=True),
    bool: lambda: core_schema.bool_schema(strict=True),
    date: core_schema.date_schema,
    Decimal: core_schema.decimal_schema,
    Any: core_schema.any_schema,
}


def _schema(kind: Any) -> CoreSchema:
    """Return the schema of one annotation, from the few forms that shapes use."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]()
    if origin is Annotated:
        return _guarded(arguments[0], arguments[1:])
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    if origin in (Union, UnionType):
        return _either(arguments)
    if origin is list:
        return core_schema.list_schema(_schema(arguments[0]))
    if origin is tuple:
        return core_schema.tuple_variable_schema(_schema(arguments[0]))
    if origin is dict:
        return core_schema.dict_schema(_schema(arguments[0]), _schema(arguments[1]))
    if isinstance(kind, type) and issubclass(kind, Shape):
        return schema_of(kind)
    own = getattr(kind, "__get_pydantic_core_schema__", None)
    if own is None:
        raise TypeError(f"no shape reads {kind!r}")
    found: CoreSchema = own(kind, None)
    return found


def _either(arguments: tuple[Any, ...]) -> CoreSchema:
    choices = [_schema(one) for one in arguments if one is not NoneType]
    found = choices[0] if len(choices) == 1 else core_schema.union_schema(list(choices), mode="left_to_right")
    return core_schema.nullable_schema(found) if NoneType in arguments else found


def _guarded(kind: Any, guards: tuple[Any, ...]) -> CoreSchema:
    merged = [one for one in guards if isinstance(one, Guard)]
    if kind is str and len(merged) == 1 and merged[0].before is merged[0].after is merged[0].instead is None:
        one = merged[0]
        return core_schema.str_schema(pattern=one.pattern, min_length=one.least, max_length=one.most)
    found = _bounded(kind, merged[0]) if merged else _schema(kind)
    for one in merged:
        writer = (
            core_schema.plain_serializer_function_ser_schema(one.written, when_used="json")
            if one.written
            else None
        )
        if one.instead is not None:
            shown = core_schema.str_schema(pattern=one.pattern)
            found = core_schema.no_info_plain_validator_function(
                one.instead, serialization=writer, json_schema_input_schema=shown
            )
        if one.before is not None:
            found = core_schema.no_info_before_validator_function(one.before, found)
        if one.after is not None:
            found = core_schema.no_info_after_validator_function(one.after, found)
    return found


def _bounded(kind: Any, guard: Guard) -> CoreSchema:
    """Return the schema of a kind with the guard's bounds: a length, or a range."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is str:
        return core_schema.str_schema(pattern=guard.pattern, min_length=guard.least, max_length=guard.most)
    if kind is int:
        return core_schema.int_schema(strict=True, ge=guard.least, le=guard.most)
    if origin is list:
        return core_schema.list_schema(_schema(arguments[0]), min_length=guard.least, max_length=guard.most)
    if origin is tuple:
        inside = _schema(arguments[0])
        return core_schema.tuple_variable_schema(inside, min_length=guard.least, max_length=guard.most)
    if origin is dict:
        inside = _schema(arguments[1])
        return core_schema.dict_schema(_schema(arguments[0]), inside, min_length=guard.least)
    return _schema(kind)
