"""One cart under every lawful collection model: what the buyer pays when, and who remits what by when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, get_args

from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, Refusals
from dutycalc.goods import Consignment, Party
from dutycalc.loader import Law, Tariffs
from dutycalc.money import Money
from dutycalc.number_checks import check_number, placeholder
from dutycalc.stages.context import place_in
from dutycalc.tables import Condition, Scheme
from dutycalc.values import Frozen
from dutycalc.words import BUYER_PAYS_CARRIAGE, Channel, DeliveryTerm, Role

PARCELS: Final[tuple[Channel, ...]] = tuple(one for one in get_args(Channel) if one != "freight")
TERMS: Final[tuple[DeliveryTerm, ...]] = ("DAP", "DDP")
SELLERS: Final[tuple[Role, ...]] = ("seller", "platform", "redeliverer")


class Remittance(Frozen):
    """What one collector remits: charges by name, their sum, under which scheme and number, by which day.

    `due` is None where no return period is in the tables: at the border, with the declaration.
    """

    collector: Role
    scheme: str | None
    number: str | None
    charges: tuple[str, ...]
    amount: Money
    due: date | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "collector": self.collector, "scheme": self.scheme, "number": self.number,
            "charges": list(self.charges), "amount": str(self.amount),
            "due": self.due.isoformat() if self.due is not None else None,
        }  # fmt: skip


class Refused(Frozen):
    """Why a model does not answer for the cart: the refusal's name, and its words."""

    error: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"error": self.error, "text": self.text}


class Comparison(Frozen):
    """The cart under one model: the facts that differ, and what they make of it.

    `sold_through` is "own shop" or "platform"; `registered` the key of the registration that `holder` has,
    under `number`, which is made up where `placeholder` says so. `stated` marks the cart as it was given.
    `at_checkout` and `at_door` are what the buyer pays on top of the prices, `by_seller` what the seller
    bears; None, with `refusals`, where the cart is refused so.
    """

    name: str
    stated: bool
    sold_through: str
    registered: str | None
    holder: Role | None
    number: str | None
    placeholder: bool
    channel: Channel
    delivery_term: DeliveryTerm | None
    at_checkout: Money | None = None
    at_door: Money | None = None
    by_seller: Money | None = None
    total: Money | None = None
    remittances: tuple[Remittance, ...] = ()
    risks: tuple[str, ...] = ()
    decision: str = "refused"
    refusals: tuple[Refused, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values; amounts are exact strings."""
        amounts = ("at_checkout", "at_door", "by_seller", "total")
        return (
            {
                "name": self.name, "stated": self.stated, "sold_through": self.sold_through,
                "registered": self.registered, "holder": self.holder, "number": self.number,
                "placeholder": self.placeholder, "channel": self.channel,
                "delivery_term": self.delivery_term, "decision": self.decision,
            }
            | {name: None if (one := getattr(self, name)) is None else str(one) for name in amounts}
            | {
                "remittances": [one.to_dict() for one in self.remittances], "risks": list(self.risks),
                "refusals": [one.to_dict() for one in self.refusals],
            }
        )  # fmt: skip


class Registered(Frozen):
    """A registration that a party may have: whose, under which key and number."""

    holder: Role
    key: str
    number: str
    placeholder: bool


def compare(
    consignment: Consignment,
    tariffs: Tariffs,
    *,
    known_on: date | None = None,
    variants: Iterable[str] = (),
    partial: bool = False,
) -> tuple[Comparison, ...]:
    """Return the cart under every lawful model that its facts leave open, as stated first.

    Varied are, for a sale: platform or own shop, and each registration of a scheme that reaches the cart,
    or none; for a parcel: post or express; and DAP or DDP, unless the stated term leaves the carriage to
    the buyer. A cart without a delivery term counts as DAP; a seller or platform that is not stated is one
    of whom nothing is known. A model under which a party would break a duty to register is refused by name,
    as is whatever `assess` refuses.
    """
    chosen = frozenset(variants)
    territory = tariffs.territory(consignment.destination)
    laws = tuple(
        territory.law(day, known_on=known_on, variants=chosen)
        for day in dict.fromkeys((consignment.sold_on, consignment.import_day))
    )
    term = consignment.delivery_term or TERMS[0]
    given = _changed(consignment, delivery_term=term)
    carts: dict[str, tuple[Consignment, dict[str, Any]]] = {}
    for cart, registered in ((given, _registered_as_stated(given, laws)), *_models(given, laws)):
        facts = _facts(cart, registered, stated=cart is given)
        carts.setdefault(facts["name"], (cart, facts))
    found = []
    for cart, facts in carts.values():
        try:
            result = assess(cart, tariffs, known_on=known_on, variants=chosen, partial=partial)
        except DutycalcError as fault:
            refusals = tuple(Refused(type(one).__name__, str(one)) for one in _each(fault))
            found.append(Comparison(**facts, refusals=refusals))
            continue
        unlawful = tuple(dict.fromkeys(_unlawful(result)))
        found.append(Comparison(**facts, **({"refusals": unlawful} if unlawful else _outcome(result))))
    return tuple(found)


def _models(cart: Consignment, laws: tuple[Law, ...]) -> Iterator[tuple[Consignment, Registered | None]]:
    """Yield the cart in every combination of facts that is open to it, with the registration varied."""
    channels = PARCELS if cart.channel in PARCELS else (cart.channel,)
    terms = (cart.delivery_term,) if cart.delivery_term in BUYER_PAYS_CARRIAGE else TERMS
    schemes = [one for one in _schemes(laws) if _reaches(one, cart)]
    platforms = [cart.platform]
    if cart.purpose == "sale" and any("platform" in one.liable for one in schemes):
        platforms = [None, cart.platform or Party()]
    for platform in platforms:
        sold = _changed(cart, platform=platform)
        if cart.purpose == "sale" and platform is None and cart.seller is None:
            sold = _changed(sold, seller=Party())
        for registered in _registrations(sold, schemes, laws):
            held = _holding(sold, registered, schemes)
            for channel in channels:
                for term in terms:
                    yield _changed(held, channel=channel, delivery_term=term), registered


def _schemes(laws: tuple[Law, ...]) -> list[Scheme]:
    """Return the schemes in force that somebody who sells may be registered for."""
    return [
        one.value
        for law in laws
        for one in law.all("scheme").values()
        if one.value.registration is not None and set(SELLERS).intersection(one.value.liable)
    ]


def _reaches(scheme: Scheme, cart: Consignment) -> bool:
    """Tell whether the facts that no model varies leave the scheme room to take the cart."""
    return not scheme.when or any(_fits(one, cart) for one in scheme.when)


def _fits(condition: Condition, cart: Consignment) -> bool:
    return (
        (not condition.purpose or cart.purpose in condition.purpose)
        and (not condition.buyer or cart.buyer.kind in condition.buyer)
        and (not condition.dispatch or place_in(cart.dispatch, condition.dispatch))
        and not place_in(cart.dispatch, condition.not_dispatch)
    )


def _registrations(
    cart: Consignment, schemes: Iterable[Scheme], laws: tuple[Law, ...]
) -> list[Registered | None]:
    """Return each registration that one who sells may have, the first in the law's order; and none."""
    found: dict[tuple[Role, str], Registered | None] = {}
    for scheme in schemes:
        role = next((one for one in scheme.liable if one in SELLERS and getattr(cart, one) is not None), None)
        key = scheme.registration
        if role is None or key is None or (role, key) in found:
            continue
        pictures = _pictures(key, laws)
        number = getattr(cart, role).registrations.get(key)
        made_up = number is None or check_number(key, number, pictures) == "malformed"
        found[role, key] = Registered(
            role, key, placeholder(pictures) if made_up or number is None else number, made_up
        )
    return [None, *found.values()]


def _holding(cart: Consignment, registered: Registered | None, schemes: Iterable[Scheme]) -> Consignment:
    """Return the cart with this registration and none other of the schemes."""
    keys = {one.registration for one in schemes}
    changes: dict[str, Party] = {}
    for role in SELLERS:
        party: Party | None = getattr(cart, role)
        if party is None:
            continue
        numbers = {key: one for key, one in party.registrations.items() if key not in keys}
        if registered is not None and registered.holder == role:
            numbers[registered.key] = registered.number
        if numbers != party.registrations:
            stated = {name: getattr(party, name) for name in party.model_fields_set}
            changes[role] = Party(**stated | {"registrations": numbers})
    return _changed(cart, **changes)


def _changed(cart: Consignment, **changes: Any) -> Consignment:
    stated = {name: getattr(cart, name) for name in cart.model_fields_set}
    return Consignment(**stated | changes) if any(stated.get(k) != v for k, v in changes.items()) else cart


def _registered_as_stated(cart: Consignment, laws: tuple[Law, ...]) -> Registered | None:
    keys = {one.registration for one in _schemes(laws)}
    for role in ("platform", "seller", "redeliverer"):
        party: Party | None = getattr(cart, role)
        for key, number in party.registrations.items() if party is not None else ():
            if key in keys and check_number(key, number, _pictures(key, laws)) != "malformed":
                return Registered(role, key, number, False)
    return None


def _pictures(key: str, laws: tuple[Law, ...]) -> list[str]:
    found: list[list[str]] = [
        rule.value.pictures for law in laws if (rule := law.find("registration", key)) is not None
    ]
    return found[0] if found else []


def _facts(cart: Consignment, registered: Registered | None, *, stated: bool) -> dict[str, Any]:
    through = "platform" if cart.platform is not None else "own shop"
    who = (
        f"{registered.holder} registered for {registered.key}" if registered is not None else "not registered"
    )
    return {
        "name": f"{through}, {who}: {cart.channel}, {cart.delivery_term}",
        "stated": stated,
        "sold_through": through,
        "registered": registered.key if registered is not None else None,
        "holder": registered.holder if registered is not None else None,
        "number": registered.number if registered is not None else None,
        "placeholder": registered is not None and registered.placeholder,
        "channel": cart.channel,
        "delivery_term": cart.delivery_term,
    }


def _outcome(result: Assessment) -> dict[str, Any]:
    """Return what a model makes of the cart, as fields of Comparison."""
    nothing = result.totals["all"] * 0
    sums = {"at_checkout": nothing, "at_door": nothing, "by_seller": nothing}
    remitted: dict[tuple[Any, ...], tuple[list[str], Money]] = {}
    risks: dict[str, None] = {}
    for _, charge in result.all_charges():
        taken = charge.collection
        if charge.amount is None or not charge.amount.amount:
            continue
        if taken.payer == "seller":
            sums["by_seller"] += charge.amount
        elif taken.payer == "buyer":
            sums["at_checkout" if taken.moment == "checkout" else "at_door"] += charge.amount
        if taken.double_collection_risk is not None:
            risks[f"{charge.title}: {taken.double_collection_risk.replace('_', ' ')}"] = None
        key = (taken.collector, taken.scheme, taken.declare, taken.due)
        names, amount = remitted.setdefault(key, ([], nothing))
        remitted[key] = ([*names, charge.name], amount + charge.amount)
    return {
        **sums,
        "total": result.totals["all"],
        "remittances": tuple(
            Remittance(collector, scheme, number, tuple(dict.fromkeys(names)), amount, due)
            for (collector, scheme, number, due), (names, amount) in remitted.items()
        ),
        "risks": tuple(risks),
        "decision": result.decision,
    }


def _unlawful(result: Assessment) -> Iterator[Refused]:
    """Yield each duty to register that a party would break."""
    for line, values in zip(result.lines, result.line_values, strict=True):
        for one in line.bindings:
            scheme = one.provision.value
            holds = one.test is None or (
                (place := line.program.places.get(id(one.test))) is not None and values[place] is True
            )
            if one.risk is not None and not scheme.optional and holds:
                text = f"{one.name} obliges the {one.role} to register for {scheme.registration}"
                yield Refused("RegistrationRequired", f"{text} ({one.provision.record})")


def _each(fault: DutycalcError) -> Iterator[DutycalcError]:
    if isinstance(fault, Refusals):
        for one in fault.exceptions:
            if isinstance(one, DutycalcError):
                yield from _each(one)
    else:
        yield fault
