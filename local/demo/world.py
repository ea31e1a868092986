"""The demo's access to the system: both vendors' stand-ins, and AWS with an operator's permissions."""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.demo.cast import EntryKind, Payments
from local.demo.pleo import PleoControl
from local.emulator.process import ROOT
from local.stack import LocalStack

# The fields of a ledger row that record the progress of its entry, job, item, voucher or match.
_STAGES = {
    "ENTRY": ("state",),
    "JOB": ("state",),
    "EXPORT": ("outcome", "reported"),
    "VOUCHER": (),
    "MATCH": ("state",),
    "BALANCE": ("pushed",),
}
# Timeout: an operator's command takes two seconds of processor time, which is much longer on a busy machine.
_COMMAND_SECONDS = 300


class CommandFailedError(RuntimeError):
    """An operator's command failed. The text is a sentence with the end of its output."""


@dataclass(slots=True)
class DemoCompany:
    """A company at Pleo, its organisation at lexoffice, and its entries: entry id → kind."""

    name: str
    id: str
    organization_id: str
    entries: dict[str, EntryKind] = field(default_factory=dict)


class DemoWorld:
    """Both vendors and the deployed product."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.pleo = PleoControl(stack.pleo_url)
        self._lexoffice = httpx.Client(base_url=stack.lexoffice_url, timeout=60, trust_env=False)
        self._sqs = stack.client("sqs")
        self.connect_url = stack.connect_url
        self.companies: list[DemoCompany] = []

    def add_company(self, name: str) -> DemoCompany:
        """Create a company at Pleo and an organisation at lexoffice."""
        company_id = self.pleo.add_company(name)
        organization = self._post("/control/organizations", {"companyName": name})
        self.companies.append(DemoCompany(name, company_id, organization["id"]))
        return self.companies[-1]

    def pay(self, company: DemoCompany, payments: Payments) -> None:
        """Create entries at Pleo."""
        company.entries |= self.pleo.pay(company.id, payments)

    def outage(self, company: DemoCompany | None, *, on: bool) -> None:
        """Start or end an outage: lexoffice answers 503 to one company, or to all."""
        body: dict[str, Any] = {"on": on}
        if company is not None:
            body["organization_id"] = company.organization_id
        self._post("/control/outage", body)

    def export(self, company: DemoCompany) -> str:
        """Assign accounts, then click «Exportieren» for the whole queue; return the job's id."""
        account = self.organization(company)["accounts"][0]["financialAccountId"]
        self.pleo.assign(company.id, account, list(company.entries))
        return self.pleo.click_export(company.id, list(company.entries))

    def approve(self, company: DemoCompany) -> int:
        """Approve all suggestions; return their number."""
        return len(self._post("/control/proposals/approve", {"organization_id": company.organization_id})["approved"])

    def start_sync(self, company: DemoCompany) -> None:
        """Start a company's scheduled sync now, as the clock's door does."""
        message = {"connection_id": self.connection_id(company)}
        self._sqs.send_message(QueueUrl=self._stack.resources["SyncQueue"], MessageBody=json.dumps(message))

    def connection_id(self, company: DemoCompany) -> str:
        """Return the product's connection id of a company; "" before it has connected."""
        guard = self._stack.client("dynamodb").get_item(
            TableName=self._stack.resources["ConnectionTable"], Key={"id": {"S": f"COMPANY#{company.id}"}}
        )
        return str(guard["Item"]["connection_id"]["S"]) if "Item" in guard else ""

    def ledger_items(self, company: DemoCompany) -> list[dict[str, Any]]:
        """Return a company's ledger items as DynamoDB stores them."""
        connection_id = self.connection_id(company)
        if not connection_id:
            return []
        pages = (
            self._stack.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._stack.resources["LedgerTable"],
                KeyConditionExpression="connection_id = :company",
                ExpressionAttributeValues={":company": {"S": connection_id}},
                ConsistentRead=True,
            )
        )
        return [item for page in pages for item in page["Items"]]

    def stages(self, company: DemoCompany) -> Counter[tuple[str, ...]]:
        """Count the rows of a company's ledger by stage."""
        return stages_of(self.ledger_items(company))

    def progress(self) -> object:
        """Return the progress of all companies. It changes with each step forward and not with a repeated failure."""
        return (
            [self.stages(company) for company in self.companies],
            self.dead_letters(),
            self.pleo.webhooks_on_their_way(),
        )

    def dead_letters(self) -> int:
        """Return the number of wake-ups in the feed's dead-letter queue."""
        return self._depth("FeedDeadLetterQueue")

    def waiting_wake_ups(self) -> int:
        """Return the number of wake-ups in the feed's queue."""
        return self._depth("FeedQueue")

    def support(self, *command: str) -> str:
        """Run a command of `ops` with an operator's permissions; return its output."""
        described = self._stack.write_stack_json(self._stack.emulator.directory / "stack.json")
        ran = subprocess.run(
            [sys.executable, "-m", "ops", *command, "--local"],
            cwd=ROOT,
            env=os.environ | {"OPS_LOCAL_STACK": str(described)},
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        if ran.returncode:
            last = (ran.stderr or ran.stdout).strip().rpartition("\n")[2]
            raise CommandFailedError(f"`python -m ops {shlex.join(command)}` ended with {ran.returncode}: {last}")
        return ran.stdout

    def lines(self, company: DemoCompany) -> list[dict[str, Any]]:
        """Return the lines in the company's finance account at lexoffice."""
        url = f"/control/transactions?organization_id={company.organization_id}"
        lines: list[dict[str, Any]] = self._get(url)
        return lines

    def organization(self, company: DemoCompany) -> dict[str, Any]:
        """Return all that lexoffice's stand-in shows of the organisation: accounts, balance, counts of calls."""
        state = self._get("/control/state")
        return next(row for row in state["organizations"] if row["id"] == company.organization_id)

    def _depth(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._stack.resources[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _post(self, path: str, body: Any) -> Any:
        return self._lexoffice.post(path, json=body).raise_for_status().json()

    def _get(self, path: str) -> Any:
        return self._lexoffice.get(path).raise_for_status().json()


def stages_of(items: list[dict[str, Any]]) -> Counter[tuple[str, ...]]:
    """Count the rows of a ledger by kind and stage."""
    stages: Counter[tuple[str, ...]] = Counter()
    for item in items:
        room = item["row"]["S"].partition("#")[0]
        if room in _STAGES:
            stages[room, *(_scalar(item.get(name)) for name in _STAGES[room])] += 1
    return stages


def _scalar(value: dict[str, Any] | None) -> str:
    return str(next(iter(value.values()))) if value else ""
