"""A company at Pleo and its organisation in lexoffice: what its people do, and what can be seen of it."""

import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from local.browser import Browser, today

from .signing import signature
from .world import Json, World

OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"  # «Bürobedarf», takes several rates
_FAR_FUTURE = 4_000_000_000_000  # milliseconds


@dataclass
class Company:
    """One company and one organisation, connected or not yet."""

    world: World
    id: str
    organisation_id: str
    browser: Browser = field(default_factory=Browser)

    # -------------------------------------------------------------------------------------------- connecting
    def connect(self) -> str:
        """Goes the whole way as the admin; the title of the last page."""
        return self.return_from_lexoffice(self.consent_at_lexoffice())

    def consent_at_pleo(self, decision: str = "allow") -> str:
        """Starts and decides at Pleo; the address Pleo sends the browser back to, not yet opened."""
        page = self.browser.open(self.world.stack.connect_url).submit(start_day=today()).page
        consent = re.search(r'name="consent" value="([^"]+)"', page.text)
        assert consent, page.text
        form = {"consent": consent[1], "company": self.id, "decision": decision}
        return self._decided(str(page.url), "/oauth/authorize", form)

    def consent_at_lexoffice(self, decision: str = "allow", organisation_id: str = "") -> str:
        """Goes on to lexoffice and decides there; the address to come back to, not yet opened."""
        page = self.browser.open(self.consent_at_pleo()).page
        assert page.url.path == "/oauth2/authorize", f"{page.status_code} {self.browser.title}"
        form = {"organization_id": organisation_id or self.organisation_id, "decision": decision}
        return self._decided(str(page.url), "", form)

    def return_from_lexoffice(self, callback: str) -> str:
        """Opens an address that a vendor sent the browser to; the title of the page it leads to."""
        return self.browser.open(callback).title

    def _decided(self, page_url: str, action: str, form: dict[str, str]) -> str:
        url = str(httpx.URL(page_url).join(action)) if action else page_url
        answer = self.world.http.post(url, data=form, follow_redirects=False)
        assert answer.is_redirect, answer.text
        return answer.headers["location"]

    @property
    def connection_id(self) -> str:
        """The id of its connection."""
        guard = self.world.item("ConnectionTable", id=f"COMPANY#{self.id}")
        assert guard, "the company has no connection"
        return str(guard["connection_id"])

    @property
    def connection(self) -> Json:
        """Its connection as it is stored."""
        found = self.world.item("ConnectionTable", id=f"CONNECTION#{self.connection_id}")
        assert found
        return found

    # -------------------------------------------------------------------------------------------- Pleo
    def pay(self, **entry: Any) -> str:
        """An entry at Pleo (a card purchase unless told otherwise); its id."""
        return str(self.world.pleo("/entries", company_id=self.id, **entry)["id"])

    def settle(self, entry_id: str, **how: Any) -> None:
        """A pending payment becomes final."""
        self.world.pleo(f"/entries/{entry_id}/settle", **how)

    def spend(self, amount: int = 1_000, **entry: Any) -> str:
        """A card payment of `amount` cents that is settled at once; its id."""
        return self.pay(amount=amount, settledAt=now(), **entry)

    def spend_many(self, count: int) -> list[str]:
        """So many settled payments of 1, 2, 3 … cents, whose webhooks arrive together; their ids."""
        self.world.pleo("/webhooks", mode="hold")
        orders = [{"company_id": self.id, "amount": cents, "settledAt": now()} for cents in range(1, count + 1)]
        ids = self.world.pleo("/entries/batch", entries=orders)["ids"]
        self.world.pleo("/webhooks", mode="live")
        self.world.pleo("/webhooks/flush")
        return [str(each) for each in ids]

    def pile_up(self, count: int) -> list[str]:
        """The same, and they are all in the ledger before the first one is fed."""
        with self.world.feed_switched_off():
            ids = self.spend_many(count)
            self.world.eventually(lambda: self.states == {"ready": count}, what="all rows ready")
            self.world.eventually(self.world.all_delivered, what="all webhooks answered")
        return ids

    def snapshot(self, **entry: Any) -> Json:
        """An entry as Pleo's events carry it, that Pleo never told anybody about."""
        made: Json = self.world.pleo("/entries", company_id=self.id, silent=True, **entry)
        return {name: value for name, value in made.items() if value is not None}

    @property
    def wallet(self) -> Decimal:
        """What the wallet holds, in euro, by Pleo's own reckoning."""
        return Decimal(self.world.pleo(f"/wallet/{self.id}", "GET")["minors"]).scaleb(-2)

    @property
    def installation(self) -> str:
        """The status of our installation at Pleo."""
        companies = self.world.pleo("/state", "GET")["companies"]
        return str(next(each["installation"] for each in companies if each["id"] == self.id))

    @property
    def subscriptions(self) -> list[Json]:
        """The living webhook subscriptions for this company."""
        found = self.world.pleo("/state", "GET")["subscriptions"]
        return [each for each in found if each["endpointUrl"].endswith(self.connection_id) and not each["deleted"]]

    def shown_in_pleo(self) -> tuple[list[str], list[str]]:
        """The names of the accounts and of the tax rates on Pleo's page «Kategorien»."""
        text = self.world.http.get(f"{self.world.stack.pleo_url}/categories", params={"company": self.id}).text
        accounts, _, taxes = text.partition("<h2>Steuersätze</h2>")
        return re.findall(r'<th scope="row">([^<]+)', accounts), re.findall(r'<th scope="row">([^<]+)', taxes)

    # -------------------------------------------------------------------------------------------- exporting
    def set_contra_account(self) -> None:
        """The wallet's bank account becomes the contra account, as our instructions tell the admin."""
        (account,) = self.accounts
        external_id = account["financialAccountId"]
        self.world.pleo("/contra-account", company_id=self.id, account_external_id=external_id)

    def code(self, entry_id: str, **details: Any) -> str:
        """What the bookkeeper says about an entry: office supplies at 19 % with one PDF unless told otherwise."""
        usual = {"account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19", "files": [{"kind": "pdf"}]}
        self.world.pleo(f"/entries/{entry_id}/bookkeeping", silent=True, **(usual | details))
        return entry_id

    def expenses(self, count: int, **details: Any) -> list[str]:
        """So many coded card payments, all of them lines in lexoffice; their ids."""
        ids = [self.code(each, **details) for each in self.spend_many(count)]
        self.is_fed(*ids)
        return ids

    def export(self, entry_ids: Sequence[str], *, parallel: bool = False) -> str:
        """Clicks «Exportieren» for these entries; the job's id."""
        job = self.world.pleo("/export", company_id=self.id, entry_ids=list(entry_ids), parallel=parallel)
        return str(job["id"])

    def job(self, job_id: str) -> Json:
        """A job as Pleo knows it, with its items."""
        return dict(self.world.pleo(f"/export/{job_id}", "GET"))

    def ends(self, job_id: str, status: str, *, seconds: float = 40) -> dict[str, Json]:
        """Waits until the job is over and everything at rest: it has this status; its items by entry."""
        over = {"completed", "completed_with_errors", "failed"}
        what = f"job {job_id} over"
        self.world.eventually(lambda: self.job(job_id)["status"] in over, what=what, seconds=seconds)
        self.world.at_rest(seconds=seconds)
        job = self.job(job_id)
        assert job["status"] == status, f"{job}\n{self.world.log_tail()}"
        return {item["accountingEntryId"]: item for item in job["items"]}

    def has_exported(self, job_id: str, entry_ids: Sequence[str], *, receipts: int = 1) -> None:
        """The job was completed; each entry is one voucher with so many receipts, one hint and one proposal."""
        items = self.ends(job_id, "completed")
        assert {item["status"] for item in items.values()} == {"successful"}
        assert set(items) == set(entry_ids)
        self.is_vouched({entry_id: item["externalId"] for entry_id, item in items.items()}, receipts=receipts)

    def is_vouched(self, voucher_ids: dict[str, str], *, receipts: int = 1) -> None:
        """These vouchers by entry and no others, each with so many receipts and proposed for its entry's line."""
        files = {voucher["id"]: len(voucher["files"]) for voucher in self.vouchers}
        assert len(self.vouchers) == len(files)
        assert files == dict.fromkeys(voucher_ids.values(), receipts), self.world.log_tail()
        assert self.proposed == {f"pleo-{entry_id}": voucher_id for entry_id, voucher_id in voucher_ids.items()}
        assert len(self.hints) == len(voucher_ids)

    @property
    def vouchers(self) -> list[Json]:
        """The organisation's vouchers, in the order in which they arrived."""
        return list(self.world.lexoffice(f"/vouchers?organization_id={self.organisation_id}", "GET"))

    @property
    def hints(self) -> list[Json]:
        """Every assignment hint, and what keeps it from being proposed."""
        return list(self.world.lexoffice(f"/proposals?organization_id={self.organisation_id}", "GET"))

    @property
    def proposed(self) -> dict[str, str]:
        """What «Zuordnungsvorschläge» offers: a line's reference and the voucher for it."""
        return {hint["externalReference"]: hint["voucherId"] for hint in self.hints if hint["proposed"]}

    def remembered(self, job_id: str) -> Json | None:
        """What our ledger knows of a job."""
        return self.world.item("LedgerTable", connection_id=self.connection_id, row=f"JOB#{job_id}")

    # -------------------------------------------------------------------------------------------- lexoffice
    @property
    def organisation(self) -> Json:
        """All that lexoffice's stand-in knows of the organisation."""
        (found,) = self.world.lexoffice(f"/state?organization_id={self.organisation_id}", "GET")["organizations"]
        return dict(found)

    @property
    def calls(self) -> int:
        """How many calls lexoffice has answered for this organisation."""
        return sum(self.organisation["calls"]["by_route"].values())

    @property
    def accounts(self) -> list[Json]:
        """The organisation's finance accounts."""
        return list(self.organisation["accounts"])

    @property
    def lines(self) -> list[Json]:
        """The lines in lexoffice, in the order in which they arrived."""
        query = f"/transactions?organization_id={self.organisation_id}"
        return list(self.world.lexoffice(query, "GET"))

    def in_lexoffice(self, **command: Any) -> None:
        """A control command for this organisation: `in_lexoffice(outage={"on": True})`."""
        for name, body in command.items():
            self.world.lexoffice(f"/{name}", organization_id=self.organisation_id, **body)

    # -------------------------------------------------------------------------------------------- ledger
    @property
    def rows(self) -> list[Json]:
        """The ledger's rows of entries and corrections."""
        return [item for item in self.world.partition(self.connection_id) if item["row"].startswith("ENTRY#")]

    @property
    def parked(self) -> list[Json]:
        """The events that were kept for inspection."""
        return [item for item in self.world.partition(self.connection_id) if item["row"].startswith("PARKED#")]

    @property
    def states(self) -> dict[str, int]:
        """How many rows are in which state."""
        return dict(Counter(row["state"] for row in self.rows))

    def row(self, entry_id: str) -> Json:
        """An entry's first row."""
        found = self.world.item("LedgerTable", connection_id=self.connection_id, row=f"ENTRY#{entry_id}")
        assert found, f"no row of entry {entry_id}"
        return found

    # -------------------------------------------------------------------------------------------- the product
    def sync(self) -> None:
        """Syncs the company and waits until nothing is left to do."""
        self.start_sync()
        self.world.at_rest()

    def start_sync(self, *requests: str) -> None:
        """Starts a sync of the company with requests."""
        message = json.dumps({"connection_id": self.connection_id} | ({"requests": requests} if requests else {}))
        self.world.stack.client("sqs").send_message(
            QueueUrl=self.world.stack.resources["SyncQueue"], MessageBody=message
        )

    def is_due(self, moment: str) -> None:
        """Moves the company's next sync."""
        self.world.put("ConnectionTable", self.connection | {"due_at": moment})

    def is_fed(self, *entry_ids: str, seconds: float = 40) -> None:
        """Waits until everything is at rest, then: each entry is exactly one line, nothing else is."""
        self.world.at_rest(seconds=seconds)
        expected = Counter(f"pleo-{entry_id}" for entry_id in entry_ids)
        assert Counter(line["externalReference"] for line in self.lines) == expected, self.world.log_tail()
        self.is_balanced()

    def is_empty_in_lexoffice(self) -> None:
        """Waits until everything is at rest, then: no line at all."""
        self.world.at_rest()
        assert self.lines == []

    def is_balanced(self) -> None:
        """The account in lexoffice shows what the wallet holds."""
        (account,) = self.accounts
        assert account["balance"] == self.wallet

    def is_held(self, reason: str) -> None:
        """Waits until feeding this company has stopped for this reason."""
        self.world.eventually(lambda: self.connection["hold"] == reason, what=f"held for {reason}")
        assert self.connection["status"] == "held"
        self.world.at_rest()

    def at_full_speed(self) -> None:
        """Lifts lexoffice's limit for this organisation and our pace with it: for tests that are not about pace."""
        self.in_lexoffice(bucket={"rate": 1000, "capacity": 1000})
        limiter = {"next_at": 0, "interval_ms": 10, "refused_at": _FAR_FUTURE}
        self.world.put("ConnectionTable", {"id": f"LIMITER#lexoffice.{self.organisation_id}", **limiter})

    # -------------------------------------------------------------------------------------------- webhooks by hand
    @property
    def secrets(self) -> list[str]:
        """The signing secrets, opened with the key's full rights."""
        kms = self.world.stack.client("kms")
        context = {"purpose": "webhook-secret", "connection_id": self.connection_id}
        sealed = (bytes(secret["sealed"].value) for secret in self.connection["secrets"])
        return [kms.decrypt(CiphertextBlob=each, EncryptionContext=context)["Plaintext"].decode() for each in sealed]

    def deliver(
        self,
        body: bytes,
        *,
        secret: str = "",
        message_id: str = "",
        timestamp: str = "",
        headers: dict[str, str | None] | None = None,
    ) -> httpx.Response:
        """One webhook, signed with the first secret unless told otherwise; a header that is None is left out."""
        message_id = message_id or f"msg_{uuid4().hex}"
        timestamp = timestamp or str(int(time.time()))
        sent: dict[str, str | None] = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(
                secret or self.secrets[0], message_id=message_id, timestamp=timestamp, body=body
            ),
        }
        present = {name: value for name, value in (sent | (headers or {})).items() if value is not None}
        url = f"{self.world.stack.api_url}/webhooks/pleo/{self.connection_id}"
        # As bytes, because a test may spell a header in another script.
        encoded = {name.encode(): value.encode() for name, value in present.items()}
        return self.world.http.post(url, content=body, headers=encoded)


def event(data: Json, event_type: str = "v1.card-transaction.settled") -> bytes:
    """The body of a webhook."""
    return json.dumps({"data": data, "eventType": event_type, "eventId": str(uuid4())}, default=str).encode()


def now(seconds: int = 0) -> str:
    """A moment as Pleo writes it, so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
