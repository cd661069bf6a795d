"""Anybody's calculator against dutycalc: generated carts, and the smallest one on which the two differ.

A calculator is a function of one cart, as plain JSON values, to its answer, as plain JSON values:
`{"charges": {"vat": "4.75 EUR"}, "collectors": {"vat": "platform"}}`. docs/testing-a-calculator.md has the
contract in full.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import CurrencyError, DutycalcError, FactsError
from dutycalc.goods import Consignment
from dutycalc.loader import Tariffs
from dutycalc.money import Money
from dutycalc.render import explain
from dutycalc.testing.edges import lawful_destinations
from dutycalc.values import Frozen
from dutycalc.words import near

Calculate = Callable[[dict[str, Any]], Any]
"""A calculator: one cart in, its answer out; None or `{"refused": "why"}` where it declines."""

PROFILES: Final[Mapping[str, int]] = {"quick": 100, "ci": 1_000, "audit": 20_000}
"""How many carts each profile asks about."""

_SHOWN: Final = 3
"""Charges whose working is shown one by one; where more differ, all of the working is."""


class StoppedError(FactsError):
    """The calculator cannot be asked any more: it is gone, silent, or answers with what cannot be read."""


class Difference(Frozen):
    """A field on which two answers differ: its place, both values as text, and the charge it is about."""

    place: str
    yours: str
    ours: str
    charge: str = ""

    def __str__(self) -> str:
        return f"{self.place}: yours {self.yours}, dutycalc {self.ours}"


class Agreement(Frozen):
    """How many carts were asked about: compared, declined by both, and by one of the two only.

    What only one of the two declines is passed over, unless refusals are compared.
    """

    compared: int
    both_declined: int
    you_declined: int
    dutycalc_declined: int

    def __str__(self) -> str:
        asked = self.compared + self.both_declined + self.you_declined + self.dutycalc_declined
        return (
            f"{asked:,} carts: {self.compared:,} compared and equal; "
            f"declined by both {self.both_declined:,}, "
            f"by the calculator only {self.you_declined:,}, by dutycalc only {self.dutycalc_declined:,}"
        )


class DisagreementError(AssertionError):
    """A calculator and dutycalc differ: `cart` is the smallest cart found, `differences` are the fields.

    As text: the cart as JSON, the differences, and dutycalc's working of what differs.
    """

    def __init__(
        self, text: str, *, cart: Mapping[str, Any] | None = None, differences: Sequence[Difference] = ()
    ) -> None:
        super().__init__(text)
        self.cart = cart
        self.differences = tuple(differences)


def assert_agrees(
    calculate: Calculate,
    tariffs: Tariffs,
    *,
    destinations: Sequence[str] | None = None,
    days: Sequence[date] | None = None,
    max_items: int = 8,
    max_examples: int = PROFILES["quick"],
    fields: Sequence[str] = ("charges", "collectors"),
    compare_refusals: bool = False,
    seed: int = 0,
) -> Agreement:
    """Return how many carts a calculator agrees on; DisagreementError shows the smallest on which it differs.

    The carts are those of `strategies.consignments`; the same seed gives the same ones. `fields` are
    names of FIELDS. A calculator that raises differs. One that declines is not compared, nor is a cart
    that dutycalc refuses or holds to be prohibited; with `compare_refusals` both must decline the same
    carts. DisagreementError too where nothing could be compared; FactsError for an unknown field.
    """
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 # optional
    from hypothesis import seed as seeded  # noqa: PLC0415
    from hypothesis.errors import HypothesisException  # noqa: PLC0415

    from dutycalc.testing.strategies import consignments  # noqa: PLC0415

    _check_fields(fields)
    counts = dict.fromkeys(Agreement._fields, 0)
    found: list[_Compared] = []

    def ask(consignment: Consignment) -> None:
        one = _compare(calculate, consignment, tariffs, fields, compare_refusals)
        if one.differences:
            found[:] = [one]
            raise _DiffersError
        counts[one.outcome] += 1

    carts = consignments(tariffs, destinations=destinations, days=days, max_items=max_items)
    run = settings(
        max_examples=max_examples, deadline=None, database=None, print_blob=False,
        report_multiple_bugs=False, phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )(given(carts)(ask))  # fmt: skip
    try:
        seeded(seed)(run)()
    except _Stopped as stopped:
        raise stopped.fault from None
    except (_DiffersError, HypothesisException) as fault:
        if not found:
            raise
        raise _disagreement(found[0], steady=isinstance(fault, _DiffersError)) from None
    agreement = Agreement(**counts)
    if not agreement.compared:
        raise DisagreementError(f"nothing was compared; {agreement}")
    return agreement


def chosen(codes: str | None, tariffs: Tariffs) -> Sequence[str] | None:
    """Return the destinations that an option names, with commas between them; FactsError for others."""
    if codes is None:
        return None
    known = lawful_destinations(tariffs)
    found = list(dict.fromkeys(one.strip().upper() for one in codes.split(",") if one.strip()))
    wrong = [f"{one!r}{near(one, known)}" for one in found if one not in known]
    if wrong or not found:
        raise FactsError(f"destinations: no goods can be sent to {', '.join(wrong) or 'nowhere'}")
    return found


class _DiffersError(Exception):
    """The two differ on a cart: Hypothesis looks for the smallest."""


class _Stopped(BaseException):  # so that Hypothesis lets it through
    """Carries a StoppedError out of the run, since nothing smaller can be looked for."""

    def __init__(self, fault: StoppedError) -> None:
        self.fault = fault


class _Compared(Frozen):
    """What came of one cart: which count it goes to, how the answers differ, and dutycalc's answer."""

    cart: str
    outcome: str
    differences: tuple[Difference, ...]
    ours: Assessment | DutycalcError


def _compare(
    calculate: Calculate, one: Consignment, tariffs: Tariffs, fields: Sequence[str], refusals: bool
) -> _Compared:
    cart = _written(one)
    ours: Assessment | DutycalcError
    try:
        ours = assess(one, tariffs)
    except DutycalcError as refusal:
        ours = refusal
    try:
        yours = calculate(json.loads(cart))  # its own copy: it may change it
    except StoppedError as fault:
        raise _Stopped(fault) from None
    except Exception as fault:  # whatever a calculator raises is no answer
        return _Compared(
            cart, "compared", (Difference("the answer", f"raised {fault!r}", _brief(ours)),), ours
        )
    declined = yours is None or (isinstance(yours, Mapping) and "refused" in yours)
    refused = isinstance(ours, DutycalcError) or ours.decision == "prohibited"
    if declined or refused:
        outcome = ("both_declined" if refused else "you_declined") if declined else "dutycalc_declined"
        told = str(yours["refused"]) if declined and yours is not None else "no answer"
        apart = Difference("the answer", f"declines ({told})" if declined else "an answer", _brief(ours))
        return _Compared(cart, outcome, (apart,) if refusals and declined != refused else (), ours)
    assert isinstance(ours, Assessment)
    return _Compared(cart, "compared", tuple(differences(yours, ours, fields)), ours)


def _written(one: Consignment) -> str:
    """Return a cart as JSON text, without what is not stated."""
    stated = json.loads(one.model_dump_json())
    return json.dumps({name: value for name, value in stated.items() if value not in (None, [], {})})


def _brief(ours: Assessment | DutycalcError) -> str:
    if isinstance(ours, DutycalcError):
        return f"refuses ({ours})"
    return "holds it to be prohibited" if ours.decision == "prohibited" else f"answers {ours.totals['all']}"


def differences(yours: Any, ours: Assessment, fields: Sequence[str]) -> Iterator[Difference]:
    """Yield the fields on which an answer differs from an assessment; one that cannot be read differs."""
    _check_fields(fields)
    if not isinstance(yours, Mapping):
        yield Difference("the answer", f"{yours!r}, which is no mapping", _brief(ours))
        return
    for field in fields:
        if field not in yours:
            yield Difference(field, "left out", _shown(FIELDS[field](ours)))
        else:
            yield from _apart(field, yours[field], FIELDS[field](ours))


def _apart(place: str, yours: Any, ours: Any) -> Iterator[Difference]:
    """Yield where two values differ; of mappings every name of either, one left out being nothing."""
    if isinstance(ours, dict):
        if not isinstance(yours, Mapping):
            yield Difference(place, f"{yours!r}, which is no mapping", _shown(ours))
            return
        for name in dict.fromkeys((*ours, *map(str, yours))):
            yield from _apart(f"{place}.{name}", yours.get(name), ours.get(name))
        return
    try:
        read = _read(yours, like=ours, place=place)
    except (FactsError, CurrencyError) as fault:
        yield Difference(place, f"{yours!r} ({fault})", _shown(ours), _charge_of(place))
        return
    if read != ours and not (_is_nothing(read) and _is_nothing(ours)):
        yield Difference(place, _shown(read), _shown(ours), _charge_of(place))


def _read(value: Any, *, like: Any, place: str) -> Any:
    """Return a value of an answer as dutycalc has it: money, or the roles that collect, in order."""
    if isinstance(value, Mapping):
        return {name: _read(one, like=like, place=place) for name, one in value.items()}
    if value is None or isinstance(value, Money):
        return value
    if place.startswith("collectors."):
        if isinstance(value, str):
            return (value,)
        if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
            return tuple(sorted(set(value)))
        raise FactsError("write a role, or a list of roles")
    return Money.parse(value)


def _is_nothing(value: Any) -> bool:
    """Tell whether a value comes to nothing: left out, no sum, nobody, or a mapping of such."""
    if isinstance(value, Money):
        return not value.amount
    return all(map(_is_nothing, value.values())) if isinstance(value, dict) else not value


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(one)}" for name, one in value.items()) + "}"
    if isinstance(value, tuple):
        return " and ".join(value) or "nobody"
    return "nothing" if value is None else str(value)


def _charge_of(place: str) -> str:
    field, _, rest = place.partition(".")
    return {"charges": rest, "collectors": rest, "lines": rest.rpartition(".")[2]}.get(field, "")


# What is compared


def _total(ours: Assessment) -> Money:
    found: Money = ours.totals["all"]
    return found


def _by_charge(ours: Assessment) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for _, charge in ours.all_charges():
        nothing = Money(Decimal(0), ours.currency)
        found[charge.name] = found.get(charge.name, nothing) + (charge.amount or nothing)
    return found


def _by_line(ours: Assessment) -> dict[str, dict[str, Money | None]]:
    return {item.id: {one.name: one.amount for one in item.charges} for item in ours.items}


def _collectors(ours: Assessment) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for _, charge in ours.all_charges():
        if charge.amount is not None and charge.amount.amount:
            found.setdefault(charge.name, set()).add(str(charge.collection.collector))
    return {name: tuple(sorted(roles)) for name, roles in found.items()}


def _group(name: str) -> Callable[[Assessment], dict[str, Money]]:
    return lambda ours: dict(ours.totals[name])


FIELDS: Final[Mapping[str, Callable[[Assessment], Any]]] = {
    "charges": _by_charge,
    "collectors": _collectors,
    "lines": _by_line,
    "total": _total,
    "by_kind": _group("by_kind"),
    "by_collector": _group("by_collector"),
    "by_moment": _group("by_moment"),
}
"""What may be compared: of the whole consignment, but for `lines`, which is by item and charge."""


def _check_fields(fields: Sequence[str]) -> None:
    wrong = [f"{one!r}{near(one, FIELDS)}" for one in fields if one not in FIELDS]
    if wrong or not fields:
        raise FactsError(
            f"fields: {', '.join(wrong) or 'none'}; there are {', '.join(FIELDS)}", fact="fields"
        )


def _disagreement(one: _Compared, *, steady: bool) -> DisagreementError:
    cart = json.loads(one.cart)
    parts = ["the calculator and dutycalc differ; the smallest cart found:"]
    parts += [json.dumps(cart, ensure_ascii=False, indent=2), "\n".join(map(str, one.differences))]
    if not steady:
        parts.append("asked again about the same cart, the calculator answered otherwise")
    if isinstance(one.ours, Assessment):
        parts.append("dutycalc's working:\n\n" + _working(one.ours, one.differences).rstrip())
    return DisagreementError("\n\n".join(parts), cart=cart, differences=one.differences)


def _working(ours: Assessment, found: Sequence[Difference]) -> str:
    """Return the working of the charges that differ; all of it where they are many, or not ours."""
    names = list(dict.fromkeys(one.charge for one in found))
    known = {charge.name for _, charge in ours.all_charges()}
    if len(names) > _SHOWN or not known.issuperset(names):
        return explain(ours)
    return "\n".join(explain(ours, charge=name) for name in names)
