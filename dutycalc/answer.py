"""The answer's parts: steps of the working, charges, collection outcomes, notices, what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from dutycalc.errors import CurrencyError, DutycalcError, MissingFactError, NotModelledError
from dutycalc.law import ALWAYS, Citation, Provision
from dutycalc.money import Money
from dutycalc.values import Frozen
from dutycalc.words import Model, Moment, Role


class Step(Frozen):
    """One step of the working: an operation, what it rests on, its value, and its law or its fact.

    `id` is "C.n" for the consignment and "Lm.n" for line m; `inputs` are ids. `value` is money, a plain
    number, a percentage, or yes/no, as text; None where it is unknown.
    """

    id: str
    label: str
    op: str
    inputs: tuple[str, ...]
    value: str | None
    unit: str
    fact: str | None = None
    law: Provision[Any] | None = None
    detail: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the step as plain JSON values; what is empty is left out."""
        found: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "op": self.op,
            "inputs": list(self.inputs),
        }
        found["value"] = self.value
        found["unit"] = self.unit
        if self.fact is not None:
            found["fact"] = self.fact
        if self.detail is not None:
            found["detail"] = self.detail
        if self.law is not None:
            found["law"] = reference(self.law)
        return found


class Collection(Frozen):
    """Who is made to pay a charge: the model, the parties, the moment, the number, the day.

    `declare` is the number to send with the parcel data, `print` whether it may stand on the parcel,
    `due` the day by which the collector must remit, `double_collection_risk` why the charge may be
    taken twice.
    """

    model: Model
    at: str | None
    liable: Role | None
    collector: Role | None
    payer: Role | None
    moment: Moment | None
    scheme: str | None
    declare: str | None
    print: bool
    due: date | None
    double_collection_risk: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "model": self.model, "at": self.at, "liable": self.liable, "collector": self.collector,
            "payer": self.payer, "moment": self.moment, "scheme": self.scheme, "declare": self.declare,
            "print": self.print, "due": self.due.isoformat() if self.due else None,
            "double_collection_risk": self.double_collection_risk,
        }  # fmt: skip


class Charge(Frozen):
    """A charge on a line or a consignment; `amount` is None where it is not calculable."""

    name: str
    kind: str
    title: str
    type_code: str
    base: Money | None
    rate: str
    amount: Money | None
    step: str
    citations: tuple[Citation, ...]
    collection: Collection
    records: tuple[Provision[Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the charge as plain JSON values."""
        return {
            "name": self.name, "kind": self.kind, "title": self.title, "type_code": self.type_code,
            "base": str(self.base) if self.base is not None else None, "rate": self.rate,
            "amount": str(self.amount) if self.amount is not None else None, "step": self.step,
            "citations": [citation_dict(one) for one in self.citations],
            "records": [reference(one) for one in self.records],
            "collection": self.collection.to_dict(),
        }  # fmt: skip


class TariffOption(Frozen):
    """A duty that the tariff offers on a line: of which measure, on which code, and whether it is taken.

    `rank` 1 applies by itself, higher ones must be claimed: `needs` says what, `programme` by which word.
    `reason` says why it is taken, or why not.
    """

    rank: int
    kind: str
    commodity: str
    programme: str
    expression: str
    needs: str
    selected: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the option as plain JSON values."""
        return {name: getattr(self, name) for name in self._fields} | {"rank": str(self.rank)}


class AssessedItem(Frozen):
    """One line: its customs value and other values that law names, its charges, its tariff's options.

    `options` are in rank; there is none where the duty is stated or the tables hold no tariff.
    """

    id: str
    commodity: str
    customs_value: Money | None
    values: dict[str, Money | None]
    charges: tuple[Charge, ...]
    options: tuple[TariffOption, ...] = ()

    def charge(self, name: str) -> Charge:
        """Return the charge of this name; KeyError where the line has none."""
        for one in self.charges:
            if one.name == name:
                return one
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain JSON values."""
        return {
            "id": self.id,
            "commodity": self.commodity,
            "customs_value": str(self.customs_value) if self.customs_value is not None else None,
            "values": {name: str(one) if one is not None else None for name, one in self.values.items()},
            "charges": [one.to_dict() for one in self.charges],
            "options": [one.to_dict() for one in self.options],
        }


class Missing(NamedTuple):
    """What could not be calculated, and what would make it so."""

    item: str
    kind: str
    subject: str
    reason: str

    def refusal(self) -> DutycalcError:
        """Return the refusal that this becomes where no partial answer is asked for."""
        where = f"item {self.item}: {self.reason}" if self.item else self.reason
        if self.kind == "fact":
            return MissingFactError(where, fact=self.subject, item=self.item)
        if self.kind == "exchange_rate":
            return CurrencyError(where, currencies=self.subject.split("/"))
        return NotModelledError(where, subject=self.subject, item=self.item)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"item": self.item, "kind": self.kind, "subject": self.subject, "reason": self.reason}


class Notice(NamedTuple):
    """A fact that whoever reads the assessment should know."""

    code: str
    text: str
    item: str = ""
    record: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"code": self.code, "text": self.text, "item": self.item, "record": self.record}


def reference(one: Provision[Any]) -> str:
    """Return the name by which an answer refers to a record of law: record and first day."""
    return f"{one.record}@{one.valid_from}{f'~{one.variant}' if one.variant else ''}"


def citation_dict(one: Citation) -> dict[str, Any]:
    """Return a citation as plain JSON values."""
    return {"source": one.source, "title": one.title, "url": one.url, "published": one.published.isoformat()}


def law_dict(one: Provision[Any]) -> dict[str, Any]:
    """Return a record of law as plain JSON values: its name, its days, where it is written."""
    found = {
        "record": one.record,
        "valid_from": one.valid_from.isoformat(),
        "valid_until": None if one.valid_until == ALWAYS else one.valid_until.isoformat(),
        "known_from": one.known_from.isoformat(),
        "confidence": one.confidence,
        "cite": [citation_dict(cite) for cite in one.citations],
    }
    if one.variant:
        found["variant"] = one.variant
    if one.note:
        found["note"] = one.note
    return found
