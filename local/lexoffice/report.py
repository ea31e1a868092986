"""The answer of `GET /control/state`: all that a test may check, without tokens."""

from dataclasses import asdict

from local.lexoffice import accounts, clock, contacts, faults, subscriptions, transactions, voucher_control
from local.lexoffice.records import Organization
from local.lexoffice.world import LexofficeWorld


def state(world: LexofficeWorld, organization_id: str | None) -> dict[str, object]:
    """Return the whole state, with one organisation or with all."""
    return {
        "now": clock.berlin_text(world.clock.now()),
        "outage": world.outage,
        "switches": world.switches.as_dict(),
        "token_calls": world.token_calls,
        "token_calls_refused": world.token_calls_refused,
        "faults": [faults.shown(order) for order in world.faults.orders],
        "organizations": [
            _organization(world, item) for item in world.organizations.values() if organization_id in {None, item.id}
        ],
    }


def lines(world: LexofficeWorld, organization_id: str | None) -> list[dict[str, object]]:
    """Return transactions in the order they arrived, of one organisation or of all."""
    wanted = world.transactions.values() if organization_id is None else world.transactions_of(organization_id)
    return [{"organizationId": line.organization_id, **transactions.as_json(line)} for line in wanted]


def _organization(world: LexofficeWorld, organization: Organization) -> dict[str, object]:
    traffic = organization.traffic
    return {
        "id": organization.id,
        "companyName": organization.company_name,
        "taxType": organization.tax_type,
        "smallBusiness": organization.small_business,
        "businessFeatures": organization.business_features,
        "denied_status": organization.denied_status,
        "outage": organization.outage,
        "connections": [
            {"id": item.id, "name": item.name, "scopes": item.scopes, "revoked": item.revoked}
            for item in world.connections_of(organization.id)
        ],
        "calls": {
            "accepted": traffic.accepted,
            "refused": traffic.too_many,
            "by_route": dict(traffic.by_route),
        },
        "token_refreshes": traffic.token_refreshes,
        "silent_duplicates": traffic.silent_duplicates,
        "arrivals": [asdict(arrival) for arrival in traffic.arrivals],
        "accounts": [accounts.as_json(item) for item in world.accounts_of(organization.id)],
        "transactions": [transactions.as_json(line) for line in world.transactions_of(organization.id)],
        "vouchers": voucher_control.voucher_list(world, organization.id),
        "hints": voucher_control.hints(world, organization.id),
        "contacts": [contacts.as_json(item) for item in world.contacts_of(organization.id)],
        "subscriptions": [
            subscriptions.as_json(item)
            for item in world.events.subscriptions.values()
            if item.organization_id == organization.id
        ],
    }
