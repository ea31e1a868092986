"""Talks to the stand-in as an app, as its user's browser and as the person behind `/control`."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

CLIENT_ID = "2b1f7a34-6f0e-4a53-8f5c-0f6d5b0a9e11"
CLIENT_SECRET = "only-for-tests"
REDIRECT_URI = "http://127.0.0.1:9/oauth/lexoffice/callback"
HOME = "5f1c7c8e-2f5b-4f0c-8f5e-0d0a6b7f3a11"
VERIFIER = "v" * 64
UNLIMITED = {"bucket_rate": 1_000_000, "bucket_capacity": 1_000_000, "token_rate": 0}


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True)
class StandIn:
    """The app's view of the authorization server, and the control surface."""

    http: httpx.Client

    def control(self, path: str, **fields: object) -> Any:
        response = self.http.post(f"/control/{path}", json=fields)
        response.raise_for_status()
        return response.json()

    def state(self, organization_id: str = HOME) -> Any:
        organizations = self.http.get("/control/state").json()["organizations"]
        return next(item for item in organizations if item["id"] == organization_id)

    def authorize_query(self, **changes: str | None) -> dict[str, str]:
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "state": "a-state",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in query.items() if value is not None}

    def consent(self, *, decision: str = "allow", organization_id: str = HOME, **changes: str | None) -> dict[str, str]:
        """Decide on the consent page; return the parameters the browser is sent back with."""
        response = self.http.post(
            "/oauth2/authorize",
            params=self.authorize_query(**changes),
            data={"decision": decision, "organization_id": organization_id},
        )
        assert response.status_code == 302, response.text
        return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return self.token(**(form | changes))

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def token(self, **form: str) -> httpx.Response:
        return self.http.post("/oauth2/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))

    def connect(self, *, organization_id: str = HOME, scope: str | None = None) -> "App":
        code = self.consent(organization_id=organization_id, scope=scope)["code"]
        return App(self.http, self.exchange(code).json())


@dataclass(frozen=True)
class App:
    """The API as one connection sees it."""

    http: httpx.Client
    tokens: dict[str, str]

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"/v1/{path}", params=query, headers=self._headers)

    def post(self, path: str, body: object) -> httpx.Response:
        return self.http.post(f"/v1/{path}", json=body, headers=self._headers)

    def put(self, path: str, body: object) -> httpx.Response:
        return self.http.put(f"/v1/{path}", json=body, headers=self._headers)

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(f"/v1/{path}", headers=self._headers)

    def raw(self, method: str, path: str, content: bytes, **headers: str) -> httpx.Response:
        return self.http.request(method, f"/v1/{path}", content=content, headers=self._headers | headers)

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> httpx.Response:
        return self.http.post(f"/v1/{path}", files={"file": (name, content)}, data=fields, headers=self._headers)

    def create_voucher(self, **changes: object) -> str:
        response = self.post("vouchers", voucher(**changes))
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def feed(self, account_id: str, **changes: object) -> str:
        response = self.post("finance/transactions", [line(account_id, **changes)])
        assert response.status_code == 201, response.text
        return str(response.json()[0]["financialTransactionId"])

    def open_account(self, **changes: object) -> str:
        response = self.post("finance/accounts", account(**changes))
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


def account(**changes: object) -> dict[str, object]:
    """A finance account that is fine; a change to None leaves a field out."""
    fields = {
        "type": "PAYMENT_PROVIDER",
        "accountSystem": "PaymentProvider",
        "name": "Pleo",
        "bankName": "Pleo",
        "accountHolder": "Muster Handwerk GmbH",
        "balance": 0,
        "externalReference": "wallet-1",
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def line(account_id: str, **changes: object) -> dict[str, object]:
    """A transaction that is fine; a change to None leaves a field out."""
    fields = {
        "financialAccountId": account_id,
        "valueDate": "2026-03-02T00:00:00.000+01:00",
        "purpose": "Karte 1234 Bahnhofsbuchhandlung",
        "amount": -18.9,
        "externalReference": "entry-1",
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


BUEROBEDARF = "16d04a21-fd91-11e1-a21f-0800200c9a66"


def item(amount: float, tax: float, rate: float = 19, category_id: str = BUEROBEDARF) -> dict[str, object]:
    """A voucher's row."""
    return {"amount": amount, "taxAmount": tax, "taxRatePercent": rate, "categoryId": category_id}


def voucher(*items: dict[str, object], **changes: object) -> dict[str, object]:
    """A voucher that is fine, over 18.90 EUR gross if no items are given; a change to None leaves a field out."""
    rows = items or (item(18.9, 3.02),)
    fields = {
        "type": "purchaseinvoice",
        "voucherNumber": "P-1",
        "voucherDate": "2026-03-02",
        "totalGrossAmount": round(sum(float(str(row["amount"])) for row in rows), 2),
        "totalTaxAmount": round(sum(float(str(row["taxAmount"])) for row in rows), 2),
        "taxType": "gross",
        "useCollectiveContact": True,
        "contactName": "Bahnhofsbuchhandlung",
        "voucherItems": list(rows),
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


XRECHNUNG = (
    b'<?xml version="1.0"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">'
    b"<CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0</CustomizationID></Invoice>"
)


def pdf(text: str = "Beleg") -> bytes:
    """A small PDF whose cross-reference table is where it says."""
    objects = "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n"
    body = f"%PDF-1.4\n{objects}%{text}\n"
    table = "xref\n0 1\n0000000000 65535 f \ntrailer <</Size 1/Root 1 0 R>>\n"
    return f"{body}{table}startxref\n{len(body.encode())}\n%%EOF\n".encode()


def issues(response: httpx.Response, status: int = 406) -> list[tuple[str, str]]:
    """The sources and keys of an issue list."""
    assert response.status_code == status, response.text
    return [(issue["source"], issue["i18nKey"]) for issue in response.json()["IssueList"]]


def violations(response: httpx.Response) -> list[tuple[str, str]]:
    """The violated fields and rules of a 406."""
    assert response.status_code == 406, response.text
    return [(item["field"], item["violation"]) for item in response.json()["details"]]
