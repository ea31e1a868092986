"""What is asked of lexoffice's API and how its answers are read."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from scripted import Step, body_of, scripted

from shared.errors import Conflict, Issue, Rejected, UnexpectedAnswer
from shared.http.client import Http
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import NewFinanceAccount, NewFinanceTransaction, PostingCategory, issues

BERLIN = timezone(timedelta(hours=1))
ACCOUNT: dict[str, object] = {
    "financialAccountId": "fa-1",
    "organizationId": "org-1",
    "type": "PAYMENT_PROVIDER",
    "accountSystem": "PaymentProvider",
    "name": "Pleo Karten (umbenannt)",
    "bankName": "Pleo",
    "accountHolder": "Muster GmbH",
    "balance": 1487.2,
    "iban": None,
    "externalReference": "pleo-1",
    "lockVersion": 3,
    "deactivated": False,
    "state": {"status": "IDLE"},
    "availableActions": ["DELETE"],
    "virtualAcountId": "va-1",
}
LINE: dict[str, object] = {
    "financialTransactionId": "ft-1",
    "financialAccountId": "fa-1",
    "valueDate": "2026-03-02T00:00:00.000+01:00",
    "bookingDate": None,
    "purpose": "Bahnhofsbuchhandlung",
    "amount": -18.90,
    "openAmount": None,
    "amountAsString": "-18,90",
    "state": None,
    "externalReference": "pleo-e-1",
    "lockVersion": 0,
    "ignore": False,
}
ACTION_RESULT = {"id": "fa-1", "resourceUri": "https://api.example/v1/x", "version": 4}


def answering(*steps: Step) -> tuple[LexofficeClient, list[httpx.Request]]:
    transport, requests = scripted(*steps)
    http = Http("lexoffice", "https://api.example", issues=issues, transport=transport, sleep=lambda _: None)
    return LexofficeClient(http), requests


def paths_of(requests: list[httpx.Request]) -> list[str]:
    return [f"{request.method} {request.url.raw_path.decode()}" for request in requests]


def line(number: int = 1, **changes: Any) -> NewFinanceTransaction:
    return NewFinanceTransaction.model_validate(
        {
            "financial_account_id": "fa-1",
            "value_date": datetime(2026, 3, 2, tzinfo=BERLIN),
            "purpose": "Bahnhofsbuchhandlung",
            "amount": Decimal("-18.90"),
            "external_reference": f"pleo-e-{number}",
        }
        | changes
    )


def held(number: int = 1) -> dict[str, object]:
    return LINE | {"externalReference": f"pleo-e-{number}", "financialTransactionId": f"ft-{number}"}


# Profile


def test_a_profile_tells_what_the_organisation_may_do() -> None:
    body = {
        "organizationId": "org-1",
        "companyName": "Muster GmbH",
        "created": {"userEmail": "mia@muster.example"},
        "connectionId": "con-1",
        "businessFeatures": ["INVOICING", "BOOKKEEPING", "SOMETHING_NEW"],
        "taxType": "vatfree",
        "smallBusiness": True,
    }
    client, requests = answering((200, body))

    profile = client.profile()

    assert paths_of(requests) == ["GET /v1/profile"]
    assert (profile.organization_id, profile.company_name) == ("org-1", "Muster GmbH")
    assert profile.tax_type == "vatfree"
    assert profile.small_business
    assert profile.business_features == {"INVOICING", "BOOKKEEPING", "SOMETHING_NEW"}


def test_a_profile_that_hides_the_small_business_flag_is_not_guessed_at() -> None:
    client, _ = answering((200, {"organizationId": "org-1", "companyName": "x"}))

    with pytest.raises(UnexpectedAnswer, match="smallBusiness missing"):
        client.profile()


# Finance accounts


def test_an_account_is_read_with_an_exact_balance() -> None:
    client, requests = answering((200, ACCOUNT))

    account = client.finance_account("fa-1")

    assert paths_of(requests) == ["GET /v1/finance/accounts/fa-1"]
    assert account.id == "fa-1"
    assert account.balance == Decimal("1487.2")
    assert (account.external_reference, account.lock_version, account.deactivated) == ("pleo-1", 3, False)


def test_only_accounts_with_our_reference_are_found_even_if_the_filter_is_ignored() -> None:
    foreign = ACCOUNT | {"financialAccountId": "fa-2", "externalReference": "somebody-elses"}
    nameless = ACCOUNT | {"financialAccountId": "fa-3", "externalReference": None}
    client, requests = answering((200, [foreign, ACCOUNT, nameless]))

    assert [account.id for account in client.finance_accounts("pleo-1")] == ["fa-1"]
    assert paths_of(requests) == ["GET /v1/finance/accounts?externalReference=pleo-1"]


@pytest.mark.parametrize("body", [ACTION_RESULT, ACCOUNT])
def test_a_created_account_is_known_by_either_id(body: object) -> None:
    client, requests = answering((201, body))
    wanted = NewFinanceAccount(
        account_system="PaymentProvider", name="Pleo", bank_name="Pleo", external_reference="pleo-1"
    )

    assert client.create_finance_account(wanted) == "fa-1"
    assert paths_of(requests) == ["POST /v1/finance/accounts"]
    assert body_of(requests[0]) == {
        "type": "PAYMENT_PROVIDER",
        "accountSystem": "PaymentProvider",
        "name": "Pleo",
        "bankName": "Pleo",
        "balance": Decimal("0.00"),
        "externalReference": "pleo-1",
    }
    assert b'"balance":0.00' in requests[0].content


def test_a_balance_is_written_and_everything_else_is_kept() -> None:
    client, requests = answering((200, ACCOUNT), (200, ACTION_RESULT))

    client.set_balance("fa-1", Decimal("-3"))

    assert paths_of(requests) == ["GET /v1/finance/accounts/fa-1", "PUT /v1/finance/accounts/fa-1"]
    assert b'"balance":-3.00' in requests[1].content
    assert body_of(requests[1]) == {
        "type": "PAYMENT_PROVIDER",
        "name": "Pleo Karten (umbenannt)",
        "bankName": "Pleo",
        "accountHolder": "Muster GmbH",
        "externalReference": "pleo-1",
        "balance": Decimal("-3.00"),
        "lockVersion": 3,
    }


def test_a_bank_accounts_own_fields_survive_too() -> None:
    account = ACCOUNT | {"type": "GIRO", "iban": "DE02120300000000202051", "bic": "BYLADEM1001"}
    client, requests = answering((200, account), (200, ACTION_RESULT))

    client.set_balance("fa-1", Decimal(1))

    assert body_of(requests[1])["iban"] == "DE02120300000000202051"
    assert body_of(requests[1])["bic"] == "BYLADEM1001"


def test_a_balance_that_is_right_already_costs_no_second_call() -> None:
    client, requests = answering((200, ACCOUNT))

    client.set_balance("fa-1", Decimal("1487.20"))

    assert len(requests) == 1


STALE = {"status": 406, "details": [{"violation": "INVALID", "field": "lockVersion", "message": "veraltet"}]}


@pytest.mark.parametrize("refusal", [(409, {"message": "Conflict"}), (406, STALE)])
def test_a_balance_is_written_again_over_somebody_elses_change(refusal: tuple[int, object]) -> None:
    client, requests = answering(
        (200, ACCOUNT), refusal, (200, ACCOUNT | {"lockVersion": 4, "name": "Neu"}), (200, ACTION_RESULT)
    )

    client.set_balance("fa-1", Decimal("1.00"))

    assert [request.method for request in requests] == ["GET", "PUT", "GET", "PUT"]
    assert (body_of(requests[3])["lockVersion"], body_of(requests[3])["name"]) == (4, "Neu")


def test_a_balance_that_conflicts_twice_is_given_up() -> None:
    client, requests = answering((200, ACCOUNT), (409, {}), (200, ACCOUNT), (409, {}))

    with pytest.raises(Conflict):
        client.set_balance("fa-1", Decimal("1.00"))

    assert len(requests) == 4


# Finance transactions


def test_a_line_is_written_with_cents_milliseconds_and_offset() -> None:
    client, requests = answering((201, [LINE]))

    client.post_transactions(
        [
            line(
                amount=Decimal("-18.9"),
                booking_date=datetime(2026, 3, 1, 12, 0, 0, 5, UTC),
                recipient_or_sender_name="Bahnhofsbuchhandlung Süd",
                additional_info="Kostenstelle Vertrieb",
            )
        ]
    )

    assert paths_of(requests) == ["POST /v1/finance/transactions"]
    assert b'"amount":-18.90' in requests[0].content
    assert body_of(requests[0]) == [
        {
            "financialAccountId": "fa-1",
            "valueDate": "2026-03-02T00:00:00.000+01:00",
            "bookingDate": "2026-03-01T12:00:00.000+00:00",
            "purpose": "Bahnhofsbuchhandlung",
            "amount": Decimal("-18.90"),
            "recipientOrSenderName": "Bahnhofsbuchhandlung Süd",
            "additionalInfo": "Kostenstelle Vertrieb",
            "externalReference": "pleo-e-1",
        }
    ]


def test_what_a_line_does_not_say_is_not_sent() -> None:
    client, requests = answering((201, [LINE]))

    client.post_transactions([line()])

    assert set(body_of(requests[0])[0]) == {
        "financialAccountId",
        "valueDate",
        "purpose",
        "amount",
        "externalReference",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("18.901")},
        {"amount": 18.9},
        {"amount": Decimal("NaN")},
        {"value_date": datetime(2026, 3, 2)},  # noqa: DTZ001 - the point of the test
        {"external_reference": ""},
        {"purpose": ""},
        {"unknown": "x"},
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_before_it_is_sent(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        line(**change)


def test_a_negative_zero_is_written_as_zero() -> None:
    assert str(line(amount=Decimal("-0.00")).body()["amount"]) == "0.00"


def test_answers_are_matched_by_reference_and_not_by_order() -> None:
    client, _ = answering((201, [held(3), held(1), held(2)]))

    written = client.post_transactions([line(1), line(2), line(3)])

    assert {entry.external_reference: entry.id for entry in written} == {
        "pleo-e-1": "ft-1",
        "pleo-e-2": "ft-2",
        "pleo-e-3": "ft-3",
    }


def test_a_repetition_shows_the_older_line() -> None:
    client, _ = answering((201, [LINE | {"amount": "1337.00", "purpose": "alt"}]))

    (written,) = client.post_transactions([line()])

    assert (written.amount, written.purpose) == (Decimal("1337.00"), "alt")


@pytest.mark.parametrize("name", sorted(LINE.keys() - {"financialTransactionId", "externalReference", "amount"}))
def test_a_booked_line_is_recognised_whatever_else_its_answer_lacks(name: str) -> None:
    """The lines are booked by then: a refused answer would send them again and again."""
    client, _ = answering((201, [{key: value for key, value in LINE.items() if key != name}]))

    (written,) = client.post_transactions([line()])

    assert (written.id, written.external_reference, written.amount) == ("ft-1", "pleo-e-1", Decimal("-18.9"))


@pytest.mark.parametrize("body", [[held(1)], [], [held(1), LINE | {"externalReference": None}]])
def test_lines_that_lexoffice_leaves_out_are_not_made_up(body: list[object]) -> None:
    client, _ = answering((201, body))

    written = client.post_transactions([line(1), line(2)])

    assert "pleo-e-2" not in {row.external_reference for row in written}


@pytest.mark.parametrize("body", [b"", b"[{}]", b"null", b'{"id":"x"}'])
def test_an_unreadable_answer_to_a_write_is_unexpected(body: bytes) -> None:
    client, _ = answering((201, body))

    with pytest.raises(UnexpectedAnswer):
        client.post_transactions([line()])


@pytest.mark.parametrize(
    "lines", [[], [line(n) for n in range(26)], [line(1), line(1, purpose="other")]], ids=["0", "26", "twice"]
)
def test_a_batch_that_lexoffice_would_refuse_or_fold_is_not_sent(lines: list[NewFinanceTransaction]) -> None:
    client, requests = answering((201, []))

    with pytest.raises(ValueError, match="1 to 25 lines"):
        client.post_transactions(lines)

    assert requests == []


def test_twenty_five_lines_go_in_one_call() -> None:
    client, requests = answering((201, [held(n) for n in range(25)]))

    assert len(client.post_transactions([line(n) for n in range(25)])) == 25
    assert len(requests) == 1


# Posting categories


def test_posting_categories_are_read_from_a_bare_list() -> None:
    travel = {
        "id": "cf03a2b0",
        "name": "Reise MA",
        "type": "outgo",
        "contactRequired": False,
        "splitAllowed": True,
        "groupName": "Reisen",
    }
    client, requests = answering((200, [travel, {"id": "x", "name": "Neu", "type": "something_new"}]))

    categories = client.posting_categories()

    assert paths_of(requests) == ["GET /v1/posting-categories"]
    assert categories == [
        PostingCategory(
            id="cf03a2b0",
            name="Reise MA",
            type="outgo",
            contact_required=False,
            split_allowed=True,
            group_name="Reisen",
        ),
        PostingCategory(id="x", name="Neu", type="something_new"),
    ]


# Errors

REGULAR = {
    "status": 406,
    "error": "Not Acceptable",
    "path": "/v1/finance/transactions",
    "message": "Validation failed for request.",
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            {"IssueList": [{"i18nKey": "missing_entity", "source": "voucherNumber", "type": "validation_failure"}]},
            (Issue("voucherNumber", "missing_entity"),),
            id="legacy",
        ),
        pytest.param(
            REGULAR
            | {"details": [{"violation": "NOTNULL", "field": "[3].purpose", "message": "darf nicht leer sein"}]},
            (Issue("[3].purpose", "NOTNULL", "darf nicht leer sein"),),
            id="regular",
        ),
        pytest.param(
            REGULAR,
            (Issue("", "Not Acceptable", "Validation failed for request."),),
            id="regular without details",
        ),
        pytest.param({"message": "x" * 400}, (Issue("", "", "x" * 300),), id="gateway, cut short"),
        pytest.param(
            {"error": "invalid_grant", "error_description": "Redirect URI mismatch"},
            (Issue("", "invalid_grant", "Redirect URI mismatch"),),
            id="authorisation server",
        ),
        pytest.param(
            {"IssueList": [None, {"i18nKey": 7, "source": None}], "details": "x"},
            (Issue("", ""),),
            id="malformed",
        ),
        pytest.param("Invalid or missing upload type.", (), id="bare string"),
        pytest.param(None, (), id="null"),
        pytest.param(b"<html>", (), id="not JSON"),
    ],
)
def test_each_error_shape_is_read(body: object, expected: tuple[Issue, ...]) -> None:
    client, _ = answering((406, body))

    with pytest.raises(Rejected) as caught:
        client.post_transactions([line()])

    assert caught.value.issues == expected


def test_a_stale_version_in_the_legacy_shape_is_a_conflict() -> None:
    client, _ = answering((406, {"IssueList": [{"i18nKey": "invalid_value", "source": "version"}]}))

    with pytest.raises(Conflict):
        client.profile()
