"""Control of organisations, accounts, lines, consent, time, limits and switches."""

from decimal import Decimal

from local.lexoffice import clock, matching
from local.lexoffice.orders import FLAG, TEXT, LexofficeOrder, RejectedError, found, optional, organization_of
from local.lexoffice.reading import euros
from local.lexoffice.records import LexofficeAccount, Organization, RefusalRule
from local.lexoffice.settings import LexofficeSwitches
from local.lexoffice.world import LexofficeWorld
from local.standin import control
from local.standin.control import Command
from local.standin.shape import Field, anything, flag, list_of, number, one_of, text

_TAXES = {"taxType": optional(one_of("net", "gross", "vatfree")), "smallBusiness": FLAG}
_REFUSAL = ("purpose_contains", "external_reference", "voucher_number")


def add_organization(order: LexofficeOrder) -> object:
    """Add an organisation."""
    organization = Organization(company_name=order.body["companyName"], created=order.world.clock.now())
    _set_taxes(organization, order)
    if (features := order.body.get("businessFeatures")) is not None:
        organization.business_features = features
    order.world.add_organization(organization)
    return {"id": organization.id}


def change_organization(order: LexofficeOrder) -> object:
    """Change how an organisation is taxed."""
    organization = found(order.world.organizations, order.params["id"], "organization")
    _set_taxes(organization, order)
    return {"id": organization.id}


def _set_taxes(organization: Organization, order: LexofficeOrder) -> None:
    organization.tax_type = order.body.get("taxType") or organization.tax_type
    if (small_business := order.body.get("smallBusiness")) is not None:
        organization.small_business = small_business


def set_outage(order: LexofficeOrder) -> object:
    """Start or end an outage of everything or of one organisation."""
    on = order.body["on"]
    if order.body.get("organization_id") is None:
        order.world.outage = on
    else:
        organization_of(order).outage = on
    return {"outage": on}


def refuse(order: LexofficeOrder) -> object:
    """Refuse matching transactions or vouchers from now on."""
    criteria = {name: order.body.get(name) for name in _REFUSAL}
    if all(value is None for value in criteria.values()):
        raise RejectedError("purpose_contains, external_reference or voucher_number is needed")
    rules = organization_of(order).refusal_rules
    message = order.body.get("message") or "Der Zeitraum ist festgeschrieben"
    rules.append(RefusalRule(message=message, violation=order.body.get("violation") or "PERIOD_CLOSED", **criteria))
    return {"rules": len(rules)}


def stop_refusing(order: LexofficeOrder) -> object:
    """Remove all refusal rules."""
    for organization in order.world.organizations.values():
        organization.refusal_rules.clear()
    return {}


def touch_account(order: LexofficeOrder) -> object:
    """Change an account as its owner can in the app. Each change makes a partner's lock version stale."""
    account = found(order.world.accounts, order.params["id"], "account")
    if order.body.get("delete"):
        order.world.delete_account(account)
        return {"deleted": account.id}
    _edit(order, account)
    return {"id": account.id, "lockVersion": account.lock_version}


def _edit(order: LexofficeOrder, account: LexofficeAccount) -> None:
    if (deactivated := order.body.get("deactivated")) is not None:
        account.deactivated = deactivated
    account.name = order.body.get("name") or account.name
    account.lock_version += 1
    account.modified = order.world.clock.now()


def touch_transaction(order: LexofficeOrder) -> object:
    """Change a line as a bookkeeper can: hide it, delete it, or settle it with a voucher (partly: `open`)."""
    line = found(order.world.transactions, order.params["id"], "transaction")
    if order.body.get("delete"):
        del order.world.transactions[line.id]
        return {"deleted": line.id}
    if (invisible := order.body.get("invisible")) is not None:
        line.invisible = invisible
    if voucher_id := order.body.get("voucher_id"):
        line.assignments.append((voucher_id, "voucher"))
        line.open_amount = euros(Decimal(str(order.body.get("open") or 0)))
    if order.body.get("unassign"):
        matching.unassign(order.world, line)
    line.lock_version += 1
    return {"id": line.id, "state": line.state}


def revoke(order: LexofficeOrder) -> object:
    """Revoke the consent as the customer does: one connection, or all of an organisation."""
    connection_id = order.body.get("connection_id")
    if connection_id is None:
        revoked = order.world.connections_of(organization_of(order).id)
    else:
        revoked = [item for item in order.world.grants.grants.values() if item.id == connection_id]
    for connection in revoked:
        order.world.grants.revoke(connection)
    return {"revoked": [connection.id for connection in revoked]}


def downgrade(order: LexofficeOrder) -> object:
    """Remove bookkeeping from the plan (status 402 or 403 on every call but the profile), or restore it (null)."""
    status = order.body.get("status")
    if status not in {None, 402, 403}:
        raise RejectedError("status must be 402, 403 or null")
    organization_of(order).denied_status = status
    return {"denied_status": status}


def expire_access_tokens(order: LexofficeOrder) -> object:
    """End all access tokens early; refresh tokens stay valid."""
    order.world.grants.expire_access_tokens()
    return {}


def move_clock(order: LexofficeOrder) -> object:
    """Advance the clock or set it. The rate limits follow real time."""
    control.move_clock(order.world.clock, order.body)
    return {"now": clock.berlin_text(order.world.clock.now())}


def touch_bucket(order: LexofficeOrder) -> object:
    """Take tokens as another app of the customer would, or change the organisation's rate and capacity."""
    organization = organization_of(order)
    rate, capacity, taken = (order.body.get(name) for name in ("rate", "capacity", "take"))
    organization.bucket_rate = organization.bucket_rate if rate is None else float(rate)
    organization.bucket_capacity = organization.bucket_capacity if capacity is None else float(capacity)
    if taken is not None:
        order.world.drain_buckets(organization, taken)
    return {"rate": organization.bucket_rate, "capacity": organization.bucket_capacity}


def change_switches(order: LexofficeOrder) -> object:
    """Change switches by name and return all of them."""
    order.world.switches.turn(order.body)
    return order.world.switches.as_dict()


_WHOSE = {"organization_id": TEXT}
_AMOUNT = optional(number)
COMMANDS: tuple[Command[LexofficeWorld], ...] = (
    Command(
        "POST",
        "/organizations",
        add_organization,
        {"companyName": Field(text(least=1), required=True), **_TAXES, "businessFeatures": optional(list_of(text()))},
    ),
    Command("POST", "/organizations/{id}", change_organization, _TAXES),
    Command("POST", "/outage", set_outage, {**_WHOSE, "on": Field(flag, required=True)}),
    Command("POST", "/refuse", refuse, _WHOSE | dict.fromkeys((*_REFUSAL, "message", "violation"), TEXT)),
    Command("DELETE", "/refuse", stop_refusing),
    Command("POST", "/accounts/{id}", touch_account, {"deactivated": FLAG, "name": TEXT, "delete": FLAG}),
    Command(
        "POST",
        "/transactions/{id}",
        touch_transaction,
        {"delete": FLAG, "invisible": FLAG, "voucher_id": TEXT, "open": _AMOUNT, "unassign": FLAG},
    ),
    Command("POST", "/revoke", revoke, {**_WHOSE, "connection_id": TEXT}),
    Command("POST", "/downgrade", downgrade, {**_WHOSE, "status": optional(anything)}),
    Command("POST", "/expire-access-tokens", expire_access_tokens),
    Command("POST", "/clock", move_clock, control.CLOCK),
    Command("POST", "/bucket", touch_bucket, {**_WHOSE, "take": _AMOUNT, "rate": _AMOUNT, "capacity": _AMOUNT}),
    Command("POST", "/switches", change_switches, control.switch_shape(LexofficeSwitches)),
    Command("GET", "/switches", change_switches),
)
