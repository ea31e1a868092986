"""Approved suggestions are learnt from lexoffice's events, which anybody may repeat and nobody may forge."""

import base64
import json
import secrets
from collections import Counter

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512

from .company import Company
from .eavesdropper import Heard, listening, subscribe
from .world import Json

pytestmark = pytest.mark.journey

DOOR = "LexofficeWebhookFunction"


def address(company: Company) -> str:
    return f"{company.world.stack.api_url}/webhooks/lexoffice/{company.connection_id}"


def vouchers(company: Company, count: int = 1) -> list[str]:
    """So many exported expenses whose matches are suggested; their vouchers."""
    company.set_contra_account()
    entries = company.expenses(count)
    items = company.ends(company.export(entries), "completed")
    assert set(company.proposed.values()) == {item["externalId"] for item in items.values()}
    return [item["externalId"] for item in items.values()]


def known(company: Company, voucher_id: str) -> Json:
    """What our ledger knows of a voucher's match."""
    found = company.world.item("LedgerTable", connection_id=company.connection_id, row=f"MATCH#{voucher_id}")
    assert found, "the voucher is not known to be ours"
    return found


def matches(company: Company) -> list[Json]:
    """All that our ledger knows of matches."""
    return [row for row in company.world.partition(company.connection_id) if row["row"].startswith("MATCH#")]


def learnt(company: Company, state: str, *voucher_ids: str) -> None:
    """Waits until this is known of every one of the vouchers, and nothing is left to be looked at."""

    def states() -> Counter[str]:
        return Counter(known(company, voucher_id)["state"] for voucher_id in voucher_ids)

    company.world.eventually(lambda: states() == {state: len(voucher_ids)}, what=f"{state}: {voucher_ids}")
    at_rest(company)
    assert states() == {state: len(voucher_ids)}


def at_rest(company: Company) -> None:
    """Waits until every event was taken or given up, and nothing waits."""

    def delivered() -> bool:
        return all(event["attempts"] for event in sent(company))

    company.world.eventually(delivered, what="every event delivered")
    company.world.at_rest()
    assert not [row for row in matches(company) if "work" in row]


def sent(company: Company) -> list[Json]:
    """The events lexoffice sent to our address of this company, with the answers."""
    events = company.world.lexoffice("/events", "GET")
    return [event for event in events if event["callbackUrl"] == address(company)]


def approve(company: Company, **which: str) -> None:
    company.in_lexoffice(**{"proposals/approve": which})


def take_back(company: Company) -> None:
    """Somebody takes the only line away from its voucher."""
    (line,) = company.lines
    company.world.lexoffice(f"/transactions/{line['financialTransactionId']}", unassign=True)


def tell(company: Company, event_type: str, resource_id: str) -> None:
    """lexoffice sends an event as if it had happened."""
    company.in_lexoffice(events={"eventType": event_type, "resourceId": resource_id})


def post(company: Company, body: bytes, signature: str | None) -> httpx.Response:
    headers = {"content-type": "application/json"} | ({"x-lxo-signature": signature} if signature else {})
    return company.world.http.post(address(company), content=body, headers=headers)


def body_of(company: Company, voucher_id: str) -> bytes:
    fields = {"organizationId": company.organisation_id, "eventType": "payment.changed", "resourceId": voucher_id}
    return json.dumps({**fields, "eventDate": "2026-01-15T10:30:00.000+01:00"}, separators=(",", ":")).encode()


# --- what is learnt --------------------------------------------------------------------------------------------------


def test_connecting_subscribes_to_what_tells_of_matches_and_of_access(company: Company) -> None:
    told = Counter((row["eventType"], row["callbackUrl"]) for row in company.organisation["subscriptions"])

    wanted = ["payment.changed", "voucher.status.changed", "token.revoked"]
    assert told == Counter((event_type, address(company)) for event_type in wanted)


def test_an_approved_suggestion_is_learnt(company: Company) -> None:
    approved, other = vouchers(company, 2)

    approve(company, voucher_id=approved)

    learnt(company, "accepted", approved)
    assert known(company, other)["state"] == "open"


def test_all_suggestions_approved_at_once_are_learnt(company: Company) -> None:
    made = vouchers(company, 8)

    approve(company)

    learnt(company, "accepted", *made)


def test_an_approval_that_is_taken_back_is_learnt(company: Company) -> None:
    (voucher_id,) = vouchers(company)
    approve(company)
    learnt(company, "accepted", voucher_id)

    take_back(company)

    learnt(company, "open", voucher_id)


def test_a_voucher_paid_by_something_else_is_learnt(company: Company) -> None:
    (voucher_id,) = vouchers(company)

    company.world.lexoffice(f"/vouchers/{voucher_id}", status="paid")

    learnt(company, "elsewhere", voucher_id)


def test_an_event_delivered_twice_is_learnt_once(company: Company) -> None:
    (voucher_id,) = vouchers(company)
    company.world.lexoffice("/switches", event_copies=3)

    approve(company)

    learnt(company, "accepted", voucher_id)
    assert len(sent(company)) == 6  # payment.changed and voucher.status.changed
    assert {tuple(event["attempts"]) for event in sent(company)} == {(200,)}


def test_somebody_elses_voucher_leaves_no_trace(company: Company) -> None:
    at_rest(company)  # events of the set-up are still on their way
    before = matches(company)
    ignored = company.world.counted(DOOR, "EventOfOthers")

    tell(company, "payment.changed", "66c0b1d2-0000-4000-8000-000000000001")
    at_rest(company)

    assert matches(company) == before
    assert company.world.counted(DOOR, "EventOfOthers") == ignored + 1


def test_while_lexoffice_is_down_the_match_waits_and_is_learnt_later(company: Company) -> None:
    (voucher_id,) = vouchers(company)
    approve(company)
    company.in_lexoffice(outage={"on": True})
    tell(company, "payment.changed", voucher_id)
    company.world.eventually(lambda: "work" in known(company, voucher_id), what="a match that waits")

    company.in_lexoffice(outage={"on": False})
    company.sync()

    learnt(company, "accepted", voucher_id)


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_forged_or_unsigned_event_is_refused_in_the_same_words_and_leaves_no_trace(company: Company) -> None:
    (voucher_id,) = vouchers(company)
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body = body_of(company, voucher_id)
    signature = base64.b64encode(forger.sign(body, padding.PKCS1v15(), SHA512())).decode()
    before = matches(company)

    answers = [post(company, body, each) for each in (signature, None, "AAAA")]

    assert {(answer.status_code, answer.text) for answer in answers} == {(401, '{"message": "signature refused"}')}
    at_rest(company)
    assert matches(company) == before


def test_another_organisation_cannot_send_its_signed_events_to_our_address(
    company: Company, neighbour: Company
) -> None:
    """lexoffice lets everybody subscribe any address, so a signature alone proves nothing about whose event it is."""
    (voucher_id,) = vouchers(company)
    before = matches(company)
    subscribe(neighbour, "payment.changed", address(company))

    neighbour.in_lexoffice(events={"eventType": "payment.changed", "resourceId": voucher_id})

    company.world.eventually(lambda: [event for event in sent(company) if event["attempts"]], what="the event")
    assert [event["attempts"][0] for event in sent(company)] == [401]
    company.world.at_rest()
    assert matches(company) == before


def test_lexoffice_may_try_the_address_before_it_subscribes(company: Company) -> None:
    assert company.world.http.head(address(company)).status_code == 204
    assert company.world.http.head(address(company)[:-32] + secrets.token_hex(16)).status_code == 204


# --- replays ---------------------------------------------------------------------------------------------------------


def overheard(company: Company, heard: Heard, event_type: str) -> tuple[bytes, str]:
    """An event of this type that lexoffice really sent."""

    def found() -> list[tuple[bytes, str]]:
        return [event for event in heard.events if json.loads(event[0])["eventType"] == event_type]

    return company.world.eventually(found, what=event_type)[0]


def test_a_replayed_event_makes_us_look_and_what_we_see_counts(company: Company) -> None:
    (voucher_id,) = vouchers(company)
    with listening() as heard:
        subscribe(company, "payment.changed", heard.url)
        approve(company)
        event = overheard(company, heard, "payment.changed")
    learnt(company, "accepted", voucher_id)
    take_back(company)
    learnt(company, "open", voucher_id)

    answers = [post(company, *event).status_code for _ in range(3)]

    assert answers == [200] * 3
    learnt(company, "open", voucher_id)


# --- withdrawn access ------------------------------------------------------------------------------------------------


def test_a_withdrawn_access_holds_the_company_at_once(company: Company) -> None:
    company.in_lexoffice(revoke={})

    company.is_held("lexoffice_access_gone")


def test_a_replayed_withdrawal_does_no_harm_once_the_company_is_connected_again(company: Company) -> None:
    with listening() as heard:
        subscribe(company, "token.revoked", heard.url)
        company.in_lexoffice(revoke={})
        event = overheard(company, heard, "token.revoked")
    company.is_held("lexoffice_access_gone")
    assert company.connect().startswith("Verbunden")

    assert post(company, *event).status_code == 200

    at_rest(company)
    assert (company.connection["status"], company.connection["hold"]) == ("active", "")
    company.is_fed(company.spend())
