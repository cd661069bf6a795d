"""Every way in which the library refuses to answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NoReturn, Self


class DutycalcError(Exception):
    """Group all refusals under one name; only its subclasses are raised."""

    def __init__(self, message: str) -> None:
        if type(self) is DutycalcError:
            raise TypeError("DutycalcError is a family name: raise one of its subclasses")
        super().__init__(message)


class FactsError(DutycalcError, ValueError):
    """The statement of the goods is impossible; `item` and `fact` name the place."""

    def __init__(self, message: str, *, fact: str = "", item: str = "") -> None:
        super().__init__(message)
        self.fact = fact
        self.item = item


class MissingFactError(FactsError):
    """The law needs a fact that was not given: `fact`, of `item` where it belongs to one."""


class TableError(DutycalcError, ValueError):
    """A file of law breaks the format; `file` and `record` name the place."""

    def __init__(self, message: str, *, file: str = "", record: str = "") -> None:
        super().__init__(message)
        self.file = file
        self.record = record


class NotInForceError(DutycalcError, LookupError):
    """No record of `table` is law on `day`."""

    def __init__(self, message: str, *, table: str = "", day: date | None = None) -> None:
        super().__init__(message)
        self.table = table
        self.day = day


class ConflictError(DutycalcError, LookupError):
    """Two records of equal rank are law at once; `records` names them."""

    def __init__(self, message: str, *, records: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.records = tuple(records)


class CurrencyError(DutycalcError, ValueError):
    """Amounts in different currencies meet without a stated rate."""

    def __init__(self, message: str, *, currencies: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.currencies = tuple(currencies)


class NotModelledError(DutycalcError, LookupError):
    """The law is known to exist and is not in the tables; `item` names the line, `subject` the law."""

    def __init__(self, message: str, *, subject: str = "", item: str = "") -> None:
        super().__init__(message)
        self.subject = subject
        self.item = item


class Refusals(ExceptionGroup[DutycalcError], DutycalcError):
    """Several refusals at once; `except DutycalcError` and `except*` both see it."""

    def __init__(self, message: str, refusals: Sequence[DutycalcError]) -> None:
        """Hold the refusals; the group itself is made by `__new__` of ExceptionGroup."""

    def derive(self, excs: Sequence[DutycalcError]) -> Self:  # type: ignore[override]
        return type(self)(self.message, excs)

    def __str__(self) -> str:
        return f"{self.message}: " + "; ".join(str(one) for one in self.exceptions)


def refuse(message: str, refusals: Iterable[DutycalcError]) -> NoReturn:
    """Raise the refusal, or all of them together where there are several."""
    found = list(refusals)
    if len(found) == 1:
        raise found[0]
    raise Refusals(message, found)
