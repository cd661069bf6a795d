"""Values: frozen classes of named fields, made without generating code, so that importing them is free.

`class Point(Frozen): x: int; y: int = 0` behaves as a frozen, slotted dataclass would.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Named(type):
    """Makes slots of the annotated fields of a class, and keeps their defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Named:
        fields: list[str] = []
        defaults: dict[str, Any] = {}
        for base in bases:
            fields += getattr(base, "_fields", ())
            defaults |= getattr(base, "_defaults", {})
        own = [
            field
            for field, kind in body.get("__annotations__", {}).items()
            if not str(kind).startswith("ClassVar")
        ]
        defaults |= {field: body.pop(field) for field in own if field in body}
        body.setdefault("__slots__", tuple(own))
        body["_fields"], body["_defaults"] = (*fields, *own), defaults
        body["__match_args__"] = body["_fields"]
        return super().__new__(cls, name, bases, body)


class Frozen(metaclass=Named):
    """Fields by position or name; equal where class and fields are; never changed."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self._fields
        if len(values) > len(fields):
            raise TypeError(f"{type(self).__name__} has {len(fields)} fields, {len(values)} are given")
        put = object.__setattr__
        for field, value in zip(fields, values, strict=False):
            put(self, field, value)
        for field in fields[len(values) :]:
            if field in named:
                put(self, field, named.pop(field))
            elif field in self._defaults:
                put(self, field, self._defaults[field])
            else:
                raise TypeError(f"{type(self).__name__} lacks {field}")
        if named:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(named))}, or has it twice")

    def replaced(self, **changed: Any) -> Any:
        """Return the same with some fields changed."""
        return type(self)(**{field: getattr(self, field) for field in self._fields} | changed)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is not changed once made: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is not changed once made: {name}")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in self._fields)

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and other._values() == self._values())

    def __hash__(self) -> int:
        return hash((type(self), *self._values()))

    def __repr__(self) -> str:
        said = ", ".join(f"{field}={getattr(self, field)!r}" for field in self._fields)
        return f"{type(self).__name__}({said})"

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), self._values()


class Thing(Frozen):
    """A value that is equal to nothing but itself."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__
