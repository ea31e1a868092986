"""What the doors' logs tell: an expense's life to who asks as docs/metrics.md says, to nobody anything personal."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from cloud import ROOT

from .company import Company, event, now
from .test_reconnecting import sign_in
from .test_secrets_and_rights import VENDORS, tokens
from .world import DOORS, Json, World

pytestmark = pytest.mark.journey

OF_AN_ENTRY, OF_A_WEBHOOK = re.findall(r"```\n(fields .*?)```", (ROOT / "docs" / "metrics.md").read_text(), re.DOTALL)

COMPANY, ORGANISATION = "Klempnerei Tropfenfang", "Tropfenfang Haustechnik"
MERCHANT, SUPPLIER, VENDOR = "Bäckerei Wundersam", "WUNDERSAM*BACK", "Wundersam Backwaren"
NOTE, ATTENDEE, TEAM = "Geburtstag von Frau Kringel", "Adalbert Quast", "Nachtschicht"
EMPLOYEE = "Erika Muster"  # whom Pleo's stand-in names on every item
ACCOUNT, REASON = "Geheimkonto Sieben", "Herr Zapf hat den Zeitraum festgeschrieben"
EUROS, CENTS = 987, 65


@pytest.fixture
def outspoken(world: World) -> Iterator[Company]:
    """A connected company whose every name would be recognised."""
    company_id = world.pleo("/companies", name=COMPANY, opening_minors=0)["id"]
    organisation_id = world.lexoffice("/organizations", companyName=ORGANISATION)["id"]
    company = Company(world, company_id, organisation_id)
    company.at_full_speed()
    assert company.connect().startswith("Verbunden")
    world.at_rest()
    company.is_due("2999-01-01T00:00:00.000000Z")
    company.set_contra_account()
    yield company
    company.browser.close()


def asked(world: World, query: str) -> list[Json]:
    """What CloudWatch Logs Insights finds over all doors' log groups of the last hour: the lines, in order."""
    logs = world.stack.client("logs")
    groups = [world.stack.resources[door.replace("Function", "Logs")] for door in DOORS]
    moment = int(time.time())
    query_id = logs.start_query(logGroupNames=groups, startTime=moment - 3600, endTime=moment + 60, queryString=query)
    found = logs.get_query_results(queryId=query_id["queryId"])
    assert found["status"] == "Complete"
    pointers = [cell["value"] for row in found["results"] for cell in row if cell["field"] == "@ptr"]
    return [json.loads(logs.get_log_record(logRecordPointer=each)["logRecord"]["@message"]) for each in pointers]


def life_of(world: World, entry_id: str) -> list[Json]:
    """The answer to the document's query for an entry."""
    assert "<entry id>" in OF_AN_ENTRY
    return asked(world, OF_AN_ENTRY.replace("<entry id>", entry_id))


def test_an_expenses_life_is_found_by_its_entry_id(company: Company, neighbour: Company) -> None:
    world = company.world
    world.lexoffice("/switches", request_ids="all")
    company.set_contra_account()
    neighbour.is_fed(neighbour.spend())
    entry, other = company.expenses(2)
    items = company.ends(company.export([entry]), "completed")
    company.in_lexoffice(**{"proposals/approve": {}})
    world.eventually(lambda: world.logged("ExportFunction", message="match looked at", entry_id=entry), what="a match")

    told = life_of(world, entry)

    assert [line["message"] for line in told] == [
        *("entry accepted", "lines recorded", "voucher made", "hint sent", "expense exported", "match looked at"),
    ]
    assert {line["connection_id"] for line in told} == {company.connection_id}
    assert {line["voucher_id"] for line in told if "voucher_id" in line} == {items[entry]["externalId"]}
    assert [line["message"] for line in life_of(world, other)] == ["entry accepted", "lines recorded"]
    calls = [line["vendor_request_id"] for line in told if "vendor_request_id" in line]
    assert len(set(filter(None, calls))) == 3
    assert all(line["level"] == "INFO" and line["request_id"] for line in told)


def test_a_webhook_leads_to_its_entry(company: Company) -> None:
    payment = company.snapshot(amount=1_234, settledAt=now())
    company.deliver(event(payment), message_id="msg_0123456789abcdef")
    company.world.at_rest()

    (line,) = asked(company.world, OF_A_WEBHOOK.replace("<webhook id>", "msg_0123456789abcdef"))

    assert (line["message"], line["entry_id"]) == ("entry accepted", payment["id"])


def test_what_lexoffice_refuses_is_told_with_the_id_its_support_asks_for(company: Company) -> None:
    company.set_contra_account()
    (entry,) = company.expenses(1)
    company.in_lexoffice(
        faults={"route": "/v1/vouchers$", "method": "POST", "status": 406, "body": {"requestId": "r-1"}}
    )
    company.ends(company.export([entry]), "completed_with_errors")
    company.in_lexoffice(refuse={"purpose_contains": "Nimmerland"})
    line = company.spend(merchant="Nimmerland")
    company.world.at_rest()

    refused = life_of(company.world, entry)[-1]
    held_back = life_of(company.world, line)[-1]

    assert (refused["level"], refused["code"]) == ("WARNING", "EXP-LEXOFFICE-REFUSED")
    assert refused["vendor_request_id"] == "r-1"
    assert (held_back["level"], held_back["cause"]) == ("ERROR", "line refused")
    assert held_back["vendor_request_id"]


def test_no_log_line_holds_a_name_a_text_an_amount_or_a_secret(outspoken: Company) -> None:
    """A life with everything that can go wrong in it; then every line of every door is read."""
    world = outspoken.world
    amount = EUROS * 100 + CENTS
    merchant: Json = {"merchant": MERCHANT, "amount": amount}
    good, broken, unknown, split, refused = (outspoken.spend(**merchant) for _ in range(5))
    outspoken.is_fed(good, broken, unknown, split, refused)
    spoken = {
        "note": NOTE,
        "attendees": [ATTENDEE],
        "supplier": {"name": SUPPLIER, "country": "DE"},
        "vendor": {"id": "dddddddd-0000-4000-8000-000000000002", "name": VENDOR, "defaultCurrency": "EUR"},
        "team": {"id": "dddddddd-0000-4000-8000-000000000003", "name": TEAM},
    }
    outspoken.code(good, **spoken)
    outspoken.code(broken, **spoken, files=[{"kind": "broken_pdf"}])
    unsynced = {"id": "dddddddd-0000-4000-8000-000000000004", "name": ACCOUNT, "externalId": ACCOUNT, "number": "1"}
    outspoken.code(unknown, **spoken, account=unsynced)
    outspoken.code(split, **spoken, splits=[{"amount": amount - 1}])
    outspoken.code(refused, **spoken)
    outspoken.ends(outspoken.export([good, broken, unknown, split]), "completed_with_errors")
    issue = {"i18nKey": REASON, "source": REASON, "type": "validation_failure"}
    outspoken.in_lexoffice(
        faults={"route": "/v1/vouchers$", "method": "POST", "status": 406, "body": {"IssueList": [issue]}}
    )
    outspoken.ends(outspoken.export([refused]), "completed_with_errors")
    outspoken.in_lexoffice(refuse={"purpose_contains": MERCHANT, "message": REASON})
    outspoken.spend(**merchant)
    outspoken.in_lexoffice(**{"proposals/approve": {}})
    strange = outspoken.snapshot(settledAt=now(), **merchant)
    outspoken.deliver(event(strange, "v1.vendor.created"))
    outspoken.deliver(event(strange | {"settledAt": f"{NOTE} {EUROS},{CENTS}"}))
    outspoken.deliver(event(strange | {"family": MERCHANT, "subFamily": NOTE}))
    outspoken.deliver(event(strange), secret="whsec_bm90IHRoZSBvbmUgdGhhdCB3YXMgYWdyZWVk")
    outspoken.sync()
    sign_in(outspoken)
    outspoken.browser.submit(asked=good)
    held = [*outspoken.secrets, *(value for vendor in VENDORS for value in tokens(outspoken, vendor).values())]
    cookies = [value for value in outspoken.browser.cookies.values() if len(value) > 10]
    outspoken.in_lexoffice(revoke={})
    outspoken.spend(**merchant)
    outspoken.is_held("lexoffice_access_gone")

    lines = [line for door in DOORS for line in world.stack.logs(door)]
    everything = "\n".join(lines)
    # Also as JSON spells them, should somebody log a text as it came.
    names = [COMPANY, ORGANISATION, MERCHANT, SUPPLIER, VENDOR, NOTE, ATTENDEE, TEAM, EMPLOYEE, ACCOUNT, REASON]
    spelt = [*names, *(json.dumps(name).strip('"') for name in names)]

    assert outspoken.connection_id in everything
    assert len(world.logged("ExportFunction", message="expense refused", connection_id=outspoken.connection_id)) == 4
    assert len(held) == 5
    assert cookies
    assert [line for line in lines if any(text in line for text in (*spelt, *held, *cookies))] == []
    amounts = re.compile(rf"\b{EUROS}[.,]{CENTS}\b|(?<![\w.-]){amount}(?:\.0)?(?![\w-])")
    assert [line for line in lines if amounts.search(line)] == []


def test_every_line_of_a_door_is_json_with_a_constant_message_and_known_keys(world: World, company: Company) -> None:
    company.is_fed(company.spend())

    said = [line for door in DOORS for line in world.lines(door) if "_aws" not in line and "level" in line]

    assert said
    assert all({"level", "message", "timestamp", "service", "request_id"} <= set(line) for line in said)
    assert not [line for line in said if re.search(r"[0-9]", str(line["message"]))]
