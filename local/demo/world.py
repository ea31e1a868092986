"""What the demo can do and see: the stand-ins' control surfaces, and AWS as an operator has it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.demo.cast import Kind, Order
from local.emulator.process import ROOT
from local.stack import LocalStack

_OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"  # «Bürobedarf»


@dataclass(slots=True)
class Company:
    """A company at Pleo, its organisation at lexoffice, and what arrived: entry id → kind."""

    name: str
    id: str
    organization_id: str
    entries: dict[str, Kind] = field(default_factory=dict)


class World:
    """Both vendors and the deployed product."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._pleo = httpx.Client(base_url=stack.pleo_url, timeout=60, trust_env=False)
        self._lexoffice = httpx.Client(base_url=stack.lexoffice_url, timeout=60, trust_env=False)
        self._sqs = stack.client("sqs")
        self.connect_url = stack.connect_url
        self.companies: list[Company] = []

    def add_company(self, name: str) -> Company:
        """A new customer of both vendors, with an empty wallet."""
        company = self._post(self._pleo, "/control/companies", {"name": name, "opening_minors": 0})
        organization = self._post(self._lexoffice, "/control/organizations", {"companyName": name})
        self.companies.append(Company(name, company["id"], organization["id"]))
        return self.companies[-1]

    def hold_webhooks(self, *, copies: int) -> None:
        """From now on keep webhooks back, to send each so many times in random order."""
        manner = {"mode": "hold", "copies": copies, "shuffle": True, "seed": 7, "retry_scale": 0.1}
        self._post(self._pleo, "/control/webhooks", manner)

    def release_webhooks(self) -> None:
        """Send what was held."""
        self._post(self._pleo, "/control/webhooks/flush", {})

    def webhooks_done(self) -> bool:
        """Whether every webhook has been answered with success."""
        return bool(self._get(self._pleo, "/control/webhooks/idle")["idle"])

    def pay(self, company: Company, orders: Iterable[tuple[Kind, Order]]) -> None:
        """Let entries happen at Pleo; card payments are authorised first and settled afterwards."""
        cast = list(orders)
        bodies = [order | {"company_id": company.id} for _, order in cast]
        for (kind, _), body in zip(cast, bodies, strict=True):
            if kind.settles:
                body["status"] = "PENDING"
        ids = self._post(self._pleo, "/control/entries/batch", bodies)["ids"]
        for position, ((kind, _), entry_id) in enumerate(zip(cast, ids, strict=True)):
            company.entries[entry_id] = kind
            if kind.settles:
                # A restaurant's tip, a hotel's minibar: every tenth payment settles at a little more.
                body = bodies[position]
                tip = {"billMinors": body["amount"] + 150} if position % 10 == 0 and _plain_purchase(body) else {}
                self._post(self._pleo, f"/control/entries/{entry_id}/settle", tip)
            elif kind.outcome == "void":
                self._post(self._pleo, f"/control/entries/{entry_id}/cancel", {})

    def outage(self, company: Company | None, *, on: bool) -> None:
        """lexoffice answers 503 to one customer, or to all."""
        body: dict[str, Any] = {"on": on}
        if company is not None:
            body["organization_id"] = company.organization_id
        self._post(self._lexoffice, "/control/outage", body)

    def code(self, company: Company, *, without_account: int, unreadable: int) -> None:
        """What the bookkeeper does before exporting: contra account, categories, tax codes, receipts.

        So many entries are left without an account, so many get a receipt that lexoffice does not take.
        """
        account = self.organization(company)["accounts"][0]["financialAccountId"]
        self._post(self._pleo, "/control/contra-account", {"company_id": company.id, "account_external_id": account})
        for position, entry_id in enumerate(company.entries):
            coding: dict[str, Any] = {"account_external_id": _OFFICE_SUPPLIES, "tax_code": "DE-19"}
            if position < without_account:
                coding = {"note": "noch nicht zugeordnet"}
            elif position < without_account + unreadable:
                coding["files"] = [{"kind": "heic"}]
            elif position % 3 == 0:
                coding["files"] = [{"kind": "pdf"}]
            self._post(self._pleo, f"/control/entries/{entry_id}/bookkeeping", coding)

    def click_export(self, company: Company) -> str:
        """Click «Exportieren» for everything in the queue; the job's id."""
        body = {"company_id": company.id, "entry_ids": list(company.entries)}
        return str(self._post(self._pleo, "/control/export", body)["id"])

    def export_job(self, job_id: str) -> dict[str, Any]:
        """A job with its items, as Pleo has it."""
        job: dict[str, Any] = self._get(self._pleo, f"/control/export/{job_id}")
        return job

    def approve(self, company: Company) -> int:
        """Approve every suggestion; how many there were."""
        body = {"organization_id": company.organization_id}
        approved = self._post(self._lexoffice, "/control/proposals/approve", body)["approved"]
        return len(approved) if isinstance(approved, list) else int(approved)

    def take_turn(self, company: Company) -> None:
        """Give a company its scheduled turn now, as the clock's door does."""
        message = {"connection_id": self.connection_id(company), "catalogue": False}
        self._sqs.send_message(QueueUrl=self._stack.resources["SyncQueue"], MessageBody=json.dumps(message))

    def connection_id(self, company: Company) -> str:
        """The product's own id of a connected company."""
        guard = self._stack.client("dynamodb").get_item(
            TableName=self._stack.resources["ConnectionTable"], Key={"id": {"S": f"COMPANY#{company.id}"}}
        )
        return str(guard["Item"]["connection_id"]["S"])

    def ledger_items(self, company: Company) -> list[dict[str, Any]]:
        """A company's part of the ledger, as DynamoDB has it."""
        pages = (
            self._stack.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._stack.resources["LedgerTable"],
                KeyConditionExpression="connection_id = :company",
                ExpressionAttributeValues={":company": {"S": self.connection_id(company)}},
                ConsistentRead=True,
            )
        )
        return [item for page in pages for item in page["Items"]]

    def matches(self, company: Company) -> int:
        """How many approved suggestions the product has learnt of."""
        rows = [item for item in self.ledger_items(company) if item["row"]["S"].startswith("MATCH#")]
        return sum(item["state"]["S"] == "accepted" for item in rows)

    def balance_told(self, company: Company) -> bool:
        """Whether lexoffice was told what the company's rows add up to."""
        rows = (item for item in self.ledger_items(company) if item["row"]["S"] == "BALANCE")
        return any(item.get("total") == item.get("pushed") for item in rows)

    def dead_letters(self) -> int:
        """How many wake-ups have given up."""
        return self._depth("FeedDeadLetterQueue")

    def waiting_wake_ups(self) -> int:
        """How many wake-ups are still tried."""
        return self._depth("FeedQueue")

    def support(self, *command: str) -> str:
        """What a support operator types, with an operator's rights; what is printed. Raises CalledProcessError."""
        described = self._stack.write_stack_json(self._stack.emulator.directory / "stack.json")
        ran = subprocess.run(
            # On a machine of their own operators do not take the doors' processor time away.
            ["nice", "-n", "19", sys.executable, "-m", "ops", *command, "--local"],
            cwd=ROOT,
            env=os.environ | {"OPS_LOCAL_STACK": str(described)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return ran.stdout

    def lines(self, company: Company) -> list[dict[str, Any]]:
        """The lines of the company's account at lexoffice."""
        url = f"/control/transactions?organization_id={company.organization_id}"
        lines: list[dict[str, Any]] = self._get(self._lexoffice, url)
        return lines

    def organization(self, company: Company) -> dict[str, Any]:
        """Everything lexoffice knows of the customer: accounts, balance, calls counted."""
        state = self._get(self._lexoffice, "/control/state")
        return next(row for row in state["organizations"] if row["id"] == company.organization_id)

    def entry(self, entry_id: str) -> dict[str, Any]:
        """An entry as Pleo keeps it."""
        entry: dict[str, Any] = self._get(self._pleo, f"/control/entries/{entry_id}")
        return entry

    def wallet(self, company: Company) -> int:
        """What is in the wallet, in cents, by Pleo's own count."""
        return int(self._get(self._pleo, f"/control/wallet/{company.id}")["minors"])

    def _depth(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._stack.resources[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _post(self, client: httpx.Client, path: str, body: Any) -> Any:
        return client.post(path, json=body).raise_for_status().json()

    def _get(self, client: httpx.Client, path: str) -> Any:
        return client.get(path).raise_for_status().json()


def _plain_purchase(body: Order) -> bool:
    return "amount" in body and not body.get("refund") and "family" not in body
