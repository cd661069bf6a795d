"""Golden cases: carts with exact answers that somebody worked out, one JSON object on a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, FactsError, Refusals, refuse
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs
from dutycalc.money import Money
from dutycalc.values import Frozen
from dutycalc.words import near

FIELDS: Final = frozenset(
    {"id", "source", "note", "variants", "known_on", "consignment", "expect", "refuses"}
)
EXPECTED: Final = frozenset({"decision", "items", "charges", "totals", "collection"})


class Case(Frozen):
    """A cart, how it is to be read, and what is expected of it: amounts and collectors, or a refusal.

    `expect` maps `decision` to a word, `items` to values and charges by item, `charges` to sums over the
    consignment, `totals` to sums by kind (or `all`), `collection` to fields of a charge's collection by
    item, `""` for the consignment's own charges. `refuses` maps `error` to the name of a refusal's class,
    and `names` to words that stand in its text.
    """

    id: str
    consignment: Consignment
    expect: Mapping[str, Any]
    refuses: Mapping[str, str] | None = None
    known_on: date | None = None
    variants: tuple[str, ...] = ()

    def assessed(self, tariffs: Tariffs) -> Assessment:
        """Return the answer of some tables to the cart; DutycalcError where they refuse it."""
        return assess(self.consignment, tariffs, known_on=self.known_on, variants=self.variants)

    def differences(self, tariffs: Tariffs) -> list[str]:
        """Return what comes out otherwise than expected; nothing where the case holds."""
        try:
            result = self.assessed(tariffs)
        except DutycalcError as fault:
            return self._otherwise_refused(fault)
        if self.refuses is not None:
            return [f"expected {self.refuses['error']}, and the cart is assessed"]
        return list(_unlike(self.expect, result))

    def _otherwise_refused(self, fault: DutycalcError) -> list[str]:
        if self.refuses is None:
            return [f"refused: {type(fault).__name__}: {fault}"]
        inner = fault.exceptions if isinstance(fault, Refusals) else ()
        names = {type(one).__name__ for one in (fault, *inner)}
        found = []
        if self.refuses["error"] not in names:
            found.append(f"expected {self.refuses['error']}, got {', '.join(sorted(names))}")
        if self.refuses.get("names", "") not in str(fault):
            found.append(f"the refusal does not name {self.refuses['names']!r}: {fault}")
        return found


def _unlike(expect: Mapping[str, Any], result: Assessment) -> Iterable[str]:
    """Yield every difference between what was expected and what came out."""
    nothing = Money.parse(f"0 {result.currency}")
    if expect.get("decision", result.decision) != result.decision:
        yield f"decision: expected {expect['decision']}, got {result.decision}"
    by_id = {item.id: item for item in result.items}
    for item_id, amounts in expect.get("items", {}).items():
        item = by_id[item_id]
        known = dict(item.values) | {charge.name: charge.amount for charge in item.charges}
        for name, wanted in amounts.items():
            yield from _compared(f"item {item_id} {name}", wanted, known.get(name, nothing))
    for name, wanted in expect.get("charges", {}).items():
        total: Money | None = nothing
        for _, charge in result.all_charges():
            if charge.name == name:
                total = None if total is None or charge.amount is None else total + charge.amount
        yield from _compared(f"charge {name}", wanted, total)
    for name, wanted in expect.get("totals", {}).items():
        sums = result.totals
        yield from _compared(
            f"total {name}", wanted, sums["all"] if name == "all" else sums["by_kind"].get(name, nothing)
        )
    for item_id, charges in expect.get("collection", {}).items():
        here = by_id[item_id].charges if item_id else result.charges
        found = {charge.name: charge.collection.to_dict() for charge in reversed(here)}
        for name, fields in charges.items():
            if name not in found:
                yield f"item {item_id}: no charge {name}"
                continue
            for field, wanted in fields.items():
                if found[name][field] != wanted:
                    yield f"item {item_id} {name} {field}: expected {wanted}, got {found[name][field]}"


def _compared(place: str, wanted: str | None, got: Money | None) -> Iterable[str]:
    if (Money.parse(wanted) if wanted is not None else None) != got:
        yield f"{place}: expected {wanted}, got {got}"


def read_cases(paths: Iterable[str | Path]) -> list[Case]:
    """Return the cases of files of JSON Lines; FactsError names every fault of every file with its line."""
    found: list[Case] = []
    faults: list[DutycalcError] = []
    places: dict[str, str] = {}
    for path in paths:
        for number, line in enumerate(_lines(Path(path), faults), start=1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            told = len(faults)
            case = _read(line, where, faults)
            if case is None or len(faults) > told:
                continue
            if case.id in places:
                faults.append(FactsError(f"{where}: id {case.id!r} stands in {places[case.id]} as well"))
            places.setdefault(case.id, where)
            found.append(case)
    if faults:
        refuse("the golden cases cannot be read", faults)
    return found


def _lines(path: Path, faults: list[DutycalcError]) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        faults.append(FactsError(f"{path}: {getattr(fault, 'strerror', None) or fault}"))
        return []


def _read(line: str, where: str, faults: list[DutycalcError]) -> Case | None:
    try:
        data = json.loads(line)
    except ValueError as fault:
        faults.append(FactsError(f"{where}: no JSON: {fault}"))
        return None
    if not isinstance(data, dict):
        faults.append(FactsError(f"{where}: a golden case is an object of JSON"))
        return None
    faults += [FactsError(f"{where}: {text}") for text in _faults_of(data)]
    try:
        consignment = Consignment.model_validate(data.get("consignment"))
        known_on = date.fromisoformat(data["known_on"]) if data.get("known_on") else None
    except Refusals as several:
        faults += [FactsError(f"{where}: consignment: {one}") for one in several.exceptions]
        return None
    except (DutycalcError, TypeError, ValueError) as fault:
        faults.append(FactsError(f"{where}: {fault}"))
        return None
    return Case(
        str(data.get("id", "")), consignment, data.get("expect", {}), data.get("refuses"), known_on,
        tuple(data.get("variants") or ()),
    )  # fmt: skip


def _faults_of(data: Mapping[str, Any]) -> Iterable[str]:
    """Yield what is wrong in a case beside its cart: an unknown word there would test nothing."""
    for name in sorted(data.keys() - FIELDS):
        yield f"unknown field {name!r}{near(name, FIELDS)}"
    if not isinstance(data.get("id"), str) or not data["id"]:
        yield "id: a text that no other case has is needed"
    expect, refusal = data.get("expect"), data.get("refuses")
    if (expect is None) == (refusal is None):
        yield "needs either `expect` or `refuses`"
    if refusal is not None and not (isinstance(refusal, dict) and isinstance(refusal.get("error"), str)):
        yield "refuses: names no `error`"
    if expect is None:
        return
    if not isinstance(expect, dict):
        yield "expect: an object is needed"
        return
    for name in sorted(expect.keys() - EXPECTED):
        yield f"expect: unknown field {name!r}{near(name, EXPECTED)}"
    cart = data.get("consignment")
    items = cart.get("items") if isinstance(cart, dict) else None
    ids = {str(one.get("id")) for one in items if isinstance(one, dict)} if isinstance(items, list) else set()
    for field, known in (("items", ids), ("collection", ids | {""})):
        for item in expect.get(field, {}):
            if item not in known:
                yield f"expect.{field}: the cart has no item {item!r}"
    amounts = [*expect.get("items", {}).values(), expect.get("charges", {}), expect.get("totals", {})]
    for name, amount in ((name, amount) for each in amounts for name, amount in each.items()):
        try:
            if amount is not None:
                Money.parse(amount)
        except (DutycalcError, ValueError, TypeError, AttributeError) as fault:
            yield f"expect: {name}: {fault}"
