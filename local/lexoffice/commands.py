"""What the control commands do, apart from faults and categories: customers, accounts, lines, consent, time, limits."""

from datetime import datetime
from decimal import Decimal
from typing import cast

from local.lexoffice import clock, matching
from local.lexoffice.command import Command, RejectedError
from local.lexoffice.reading import euros
from local.lexoffice.records import Account, Organization, RefusalRule, TaxType


def add_organization(command: Command) -> object:
    """Add a customer."""
    organization = Organization(
        company_name=command.need_text("companyName"),
        created=command.world.clock.now(),
        tax_type=_tax_type(command, "net"),
        small_business=command.flag("smallBusiness") or False,
    )
    features = command.body.get("businessFeatures")
    if isinstance(features, list):
        organization.business_features = [str(feature) for feature in features]
    command.world.add_organization(organization)
    return {"id": organization.id}


def change_organization(command: Command) -> object:
    """Change how a customer is taxed."""
    organization = command.world.organizations.get(command.params["id"])
    if organization is None:
        raise RejectedError("no such organization", status=404)
    small_business = command.flag("smallBusiness")
    organization.tax_type = _tax_type(command, organization.tax_type)
    organization.small_business = organization.small_business if small_business is None else small_business
    return {"id": organization.id}


def _tax_type(command: Command, usual: TaxType) -> TaxType:
    tax_type = command.text("taxType") or usual
    if tax_type not in {"net", "gross", "vatfree"}:
        raise RejectedError("taxType must be net, gross or vatfree")
    return cast("TaxType", tax_type)


def set_outage(command: Command) -> object:
    """Switch everything, or one organisation, off and on."""
    on = command.need_flag("on")
    if command.text("organization_id") is None:
        command.world.outage = on
    else:
        command.organization().outage = on
    return {"outage": on}


def refuse(command: Command) -> object:
    """Have the books refuse matching transactions or vouchers."""
    rule = RefusalRule(
        message=command.text("message") or "Der Zeitraum ist festgeschrieben",
        violation=command.text("violation") or "PERIOD_CLOSED",
        purpose_contains=command.text("purpose_contains"),
        external_reference=command.text("external_reference"),
        voucher_number=command.text("voucher_number"),
    )
    if rule.purpose_contains is None and rule.external_reference is None and rule.voucher_number is None:
        raise RejectedError("purpose_contains, external_reference or voucher_number is needed")
    command.organization().refusal_rules.append(rule)
    return {"rules": len(command.organization().refusal_rules)}


def stop_refusing(command: Command) -> object:
    """Withdraw all refusal rules."""
    for organization in command.world.organizations.values():
        organization.refusal_rules.clear()
    return {}


def touch_account(command: Command) -> object:
    """Do to an account what its owner can do in the app; each change makes a partner's lock version stale."""
    account = command.world.accounts.get(command.params["id"])
    if account is None:
        raise RejectedError("no such account", status=404)
    if command.flag("delete"):
        command.world.delete_account(account)
        return {"deleted": account.id}
    _edit(command, account)
    return {"id": account.id, "lockVersion": account.lock_version}


def _edit(command: Command, account: Account) -> None:
    deactivated = command.flag("deactivated")
    account.deactivated = account.deactivated if deactivated is None else deactivated
    account.name = command.text("name") or account.name
    account.lock_version += 1
    account.modified = command.world.clock.now()


def touch_transaction(command: Command) -> object:
    """Do to a line what a bookkeeper can: hide it, delete it, or settle it with a voucher (in part: `open`)."""
    line = command.world.transactions.get(command.params["id"])
    if line is None:
        raise RejectedError("no such transaction", status=404)
    if command.flag("delete"):
        del command.world.transactions[line.id]
        return {"deleted": line.id}
    invisible = command.flag("invisible")
    line.invisible = line.invisible if invisible is None else invisible
    if voucher_id := command.text("voucher_id"):
        line.assignments.append((voucher_id, "voucher"))
        line.open_amount = euros(Decimal(str(command.number("open") or 0)))
    if command.flag("unassign"):
        matching.unassign(command.world, line)
    line.lock_version += 1
    return {"id": line.id, "state": line.state}


def revoke(command: Command) -> object:
    """Let the customer withdraw the consent: one connection, or all of an organisation."""
    connection_id = command.text("connection_id")
    if connection_id is None:
        owner = command.organization().id
        found = [item for item in command.world.grants.connections.values() if item.organization_id == owner]
    else:
        found = [item for item in command.world.grants.connections.values() if item.id == connection_id]
    for connection in found:
        command.world.grants.end(connection)
    return {"revoked": [connection.id for connection in found]}


def downgrade(command: Command) -> object:
    """Take bookkeeping out of the plan (status 402 or 403 on every call but the profile), or restore it (null)."""
    status = command.number("status")
    if status not in {None, 402, 403}:
        raise RejectedError("status must be 402, 403 or null")
    command.organization().denied_status = None if status is None else int(status)
    return {"denied_status": command.organization().denied_status}


def expire_access_tokens(command: Command) -> object:
    """End all access tokens early; refresh tokens live on."""
    for connection in command.world.grants.connections.values():
        connection.access_expires = command.world.clock.now()
    return {}


def move_clock(command: Command) -> object:
    """Advance the clock or set it; the rate limits keep real time."""
    if (now := command.text("now")) is not None:
        moment = datetime.fromisoformat(now)
        if moment.tzinfo is None:
            raise RejectedError("now needs an offset")
        command.world.clock.set(moment)
    command.world.clock.advance(seconds=command.number("advance_seconds") or 0)
    return {"now": clock.berlin_text(command.world.clock.now())}


def touch_bucket(command: Command) -> object:
    """Take tokens as another app of the customer would, or change the organisation's rate and capacity."""
    organization = command.organization()
    rate, capacity = command.number("rate"), command.number("capacity")
    organization.bucket_rate = organization.bucket_rate if rate is None else rate
    organization.bucket_capacity = organization.bucket_capacity if capacity is None else capacity
    if (taken := command.number("take")) is not None:
        command.world.drain_buckets(organization, taken)
    return {"rate": organization.bucket_rate, "capacity": organization.bucket_capacity}


def change_switches(command: Command) -> object:
    """Change switches by name."""
    command.world.switches.turn(command.body)
    return command.world.switches.as_dict()


def clear_faults(command: Command) -> object:
    """Withdraw all ordered faults."""
    command.world.faults.orders.clear()
    return {}
