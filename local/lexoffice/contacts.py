"""`/v1/contacts` (https://developers.lexware.io/docs/#contacts-endpoint): customers and vendors, never deleted."""

import html
import re

from local.lexoffice import problems
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.contact_rules import read_contact
from local.lexoffice.paging import Paging
from local.lexoffice.problems import RefusedError, Violation
from local.lexoffice.reading import Reader
from local.lexoffice.resources import action_result, find
from local.lexoffice.voucher_records import StoredContact
from local.lexoffice.wire import LexofficeAnswer

_FIRST_CUSTOMER, _FIRST_VENDOR = 10001, 70001
_SHORTEST_FILTER = 3


def create(call: LexofficeCall) -> LexofficeAnswer:
    """Store a contact. Its numbers, which lexoffice assigns, are only shown when it is read."""
    reader = Reader(call.json_object())
    version = reader.whole("version", required=call.world.switches.contact_version == "required")
    if version not in {None, 0}:
        reader.refuse("version", "invalid_value", "muss 0 sein")
    now = call.world.clock.now()
    contact = StoredContact(
        organization_id=call.organization.id, content=read_contact(reader), created=now, modified=now, version=1
    )
    _number(call, contact)
    call.world.contacts[contact.id] = contact
    answer = action_result(call, contact, collection="contacts", version=contact.version)
    return LexofficeAnswer(200, answer.body, {"Location": call.location(f"contacts/{contact.id}")})


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return one contact."""
    return LexofficeAnswer(200, as_json(find(call, call.world.contacts, "Contact")))


def update(call: LexofficeCall) -> LexofficeAnswer:
    """Replace a contact. A stale version is a 406 here, unlike elsewhere."""
    contact = find(call, call.world.contacts, "Contact")
    reader = Reader(call.json_object())
    version = reader.whole("version", required=True)
    content = read_contact(reader)
    if version != contact.version:
        raise problems.invalid(Violation("invalid_value", "version", "ist veraltet"))
    contact.content = content
    contact.version += 1
    contact.modified = call.world.clock.now()
    _number(call, contact)
    return action_result(call, contact, collection="contacts", version=contact.version)


def search(call: LexofficeCall) -> LexofficeAnswer:
    """List contacts by parts of name and e-mail address, by number and role."""
    for name in ("name", "email"):
        if len(call.query.get(name, "   ")) < _SHORTEST_FILTER:
            raise RefusedError(400, "bad_request_error", [Violation("bad_request_error", "size", "zu kurz")])
    number = call.query.get("number")
    if number is not None and not number.isdecimal():
        raise RefusedError(400, "invalid_value", [Violation("invalid_value", "number", "keine Zahl")])
    paging = Paging.of(call).sorted_by("name", ascending=True)
    found = [contact for contact in call.world.contacts_of(call.organization.id) if _fits(call, contact)]
    found.sort(key=lambda contact: contact.name)
    return LexofficeAnswer(200, paging.envelope([as_json(contact) for contact in found]))


def _number(call: LexofficeCall, contact: StoredContact) -> None:
    """Assign the numbers of new roles."""
    others = call.world.contacts_of(call.organization.id)
    roles = contact.content["roles"]
    assert isinstance(roles, dict)  # noqa: S101 - read_contact has checked it
    if "customer" in roles and contact.customer_number is None:
        contact.customer_number = max((other.customer_number or 0 for other in others), default=0) + 1
        contact.customer_number = max(contact.customer_number, _FIRST_CUSTOMER)
    if "vendor" in roles and contact.vendor_number is None:
        contact.vendor_number = max((other.vendor_number or 0 for other in others), default=0) + 1
        contact.vendor_number = max(contact.vendor_number, _FIRST_VENDOR)


def _fits(call: LexofficeCall, contact: StoredContact) -> bool:
    query = call.query
    numbers = {str(contact.customer_number), str(contact.vendor_number)}
    return (
        (query.get("number") is None or query["number"] in numbers)
        and _has_role(query.get("customer"), contact.customer_number)
        and _has_role(query.get("vendor"), contact.vendor_number)
        and _contains(contact.name, query.get("name"))
        and any(_contains(email, query.get("email")) for email in _emails(contact))
    )


def _has_role(wanted: str | None, number: int | None) -> bool:
    return wanted is None or (wanted == "true") == (number is not None)


def _emails(contact: StoredContact) -> list[str]:
    addresses = contact.content.get("emailAddresses")
    lists = addresses.values() if isinstance(addresses, dict) else ()
    return [str(email) for emails in lists for email in emails] or [""]


def _contains(text: str, pattern: str | None) -> bool:
    """Search like lexoffice: case-insensitive, `_` and `%` as wildcards, in the HTML-encoded text."""
    if pattern is None:
        return True
    wildcards = {"_": ".", "%": ".*"}
    regex = "".join(wildcards.get(letter, re.escape(letter)) for letter in pattern)
    return re.search(regex, html.escape(text, quote=False), re.IGNORECASE) is not None


def as_json(contact: StoredContact) -> dict[str, object]:
    """Return a contact with the numbers of its roles. Like real answers, it contains no dates."""
    numbers = {"customer": contact.customer_number, "vendor": contact.vendor_number}
    return {
        "id": contact.id,
        "organizationId": contact.organization_id,
        "version": contact.version,
        **contact.content,
        "roles": {role: {"number": number} for role, number in numbers.items() if number is not None},
        "archived": contact.archived,
    }


_ONE = "/v1/contacts/{id}"
ENDPOINTS = (
    Endpoint(method="POST", path="/v1/contacts", scope="contacts.write", serve=create),
    Endpoint(method="GET", path="/v1/contacts", scope="contacts.read", serve=search),
    Endpoint(method="GET", path=_ONE, scope="contacts.read", serve=read),
    Endpoint(method="PUT", path=_ONE, scope="contacts.write", serve=update),
)
