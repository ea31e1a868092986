"""Access of the bench to the running stack: the vendors' control surfaces, and AWS with admin rights."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local import browser
from local.stack import LocalStack

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Customer:
    """A Pleo company with an empty wallet, connected to its own lexoffice organisation."""

    company_id: str
    organization_id: str
    connection_id: str
    subscription_id: str


class BenchWorld:
    """Both stand-ins and the deployed product."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._pleo = httpx.Client(base_url=stack.pleo_url, timeout=60, trust_env=False)
        self._lexoffice = httpx.Client(base_url=stack.lexoffice_url, timeout=60, trust_env=False)

    def connect(self, name: str) -> Customer:
        """Create a customer at both vendors and connect it as its admin does. Return it after its first sync.

        Raise RuntimeError if connecting fails.
        """
        company = self._post(self._pleo, "/control/companies", {"name": name, "opening_minors": 0})["id"]
        organization = self._post(self._lexoffice, "/control/organizations", {"companyName": name})["id"]
        title = browser.connect(self._stack.connect_url, company_id=company, organization_id=organization)
        guard = self._stack.client("dynamodb").get_item(
            TableName=self._stack.resources["ConnectionTable"], Key={"id": {"S": f"COMPANY#{company}"}}
        )
        if not title.startswith("Verbunden") or "Item" not in guard:
            raise RuntimeError(f"connecting {name} ended with: {title}")
        connection = guard["Item"]["connection_id"]["S"]
        subscriptions = self._get(self._pleo, "/control/state")["subscriptions"]
        mine = [row["id"] for row in subscriptions if row["endpointUrl"].endswith(connection)]
        self.until("the first sync", lambda: self.waiting("SyncQueue") == 0)
        return Customer(company, organization, connection, mine[0])

    def stop_clock(self) -> None:
        """Disable scheduled syncs: they would be counted with the measured requests."""
        scheduler = self._stack.client("scheduler")
        name = self._stack.resources["ScheduleFunctionEveryMinute"].rpartition("/")[2]
        schedule = scheduler.get_schedule(Name=name)
        kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(**{key: schedule[key] for key in kept}, State="DISABLED")

    @contextmanager
    def feed_held(self) -> Iterator[None]:
        """Disable the event source of FeedQueue while the block runs, as an operator would stop the feed."""
        self._hold_feed(held=True)
        try:
            yield
        finally:
            self._hold_feed(held=False)

    def _hold_feed(self, *, held: bool) -> None:
        functions = self._stack.client("lambda")
        function = self._stack.resources["FeedFunction"]
        source = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"][0]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=not held)

    def waiting(self, queue: str) -> int:
        """Return the number of messages in a queue, including those in progress."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._stack.resources[queue]
        found = self._stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def reschedule(self, customer: Customer) -> None:
        """Send a company's scheduled sync to the queue, as the schedule door does, and wait until it ends."""
        body = json.dumps({"connection_id": customer.connection_id})
        self._stack.client("sqs").send_message(QueueUrl=self._stack.resources["SyncQueue"], MessageBody=body)
        self.until("the sync", lambda: self.waiting("SyncQueue") == 0)

    def ledger_items(self, customer: Customer) -> list[Json]:
        """Return a company's items of the ledger table, in DynamoDB's format."""
        pages = self._stack.client("dynamodb").get_paginator("query")
        found = pages.paginate(
            TableName=self._stack.resources["LedgerTable"],
            KeyConditionExpression="connection_id = :company",
            ExpressionAttributeValues={":company": {"S": customer.connection_id}},
            ConsistentRead=True,
        )
        return [item for page in found for item in page["Items"]]

    def feed_runs(self, customer: Customer) -> int:
        """Return the number of the feed door's runs for a company."""
        logged = self._stack.logs("FeedFunction")
        return sum('"company fed"' in line and customer.connection_id in line for line in logged)

    def environment(self, function: str) -> Mapping[str, str]:
        """Return the environment variables of a deployed function."""
        configuration = self._stack.client("lambda").get_function_configuration(
            FunctionName=self._stack.resources[function]
        )
        variables: Mapping[str, str] = configuration["Environment"]["Variables"]
        return variables

    def settle(self, customer: Customer, amounts: list[int], *, silent: bool = False) -> list[str]:
        """Make card payments that settle now; return their entry ids.

        - `amounts`: in cents
        - `silent`: Pleo sends no webhooks
        """
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        common = {"company_id": customer.company_id, "settledAt": now, "silent": silent}
        orders = [common | {"amount": amount, "merchant": "Muster Bürobedarf"} for amount in amounts]
        ids: list[str] = self._post(self._pleo, "/control/entries/batch", orders)["ids"]
        return ids

    def deliver(self, customer: Customer, entry_id: str) -> None:
        """Deliver one entry's webhook, signed by Pleo, and wait for the answer. Raise RuntimeError if it is not 200."""
        entry = self._get(self._pleo, f"/control/entries/{entry_id}")
        event = {
            "data": {name: value for name, value in entry.items() if value is not None},
            "eventType": "v1.card-transaction.settled",
            "eventId": str(uuid.uuid4()),
        }
        order = {"subscription_id": customer.subscription_id, "body": json.dumps(event)}
        answer = self._post(self._pleo, "/control/webhooks/send-raw", order)
        if answer["status"] != 200:
            raise RuntimeError(f"a webhook was answered with {answer}")

    def webhooks_done(self) -> bool:
        """Return True if Pleo has no webhook in progress. Raise RuntimeError if a delivery needs a second attempt."""
        outstanding = self._get(self._pleo, "/control/webhooks/idle")
        if outstanding["retrying"]:
            raise RuntimeError("a webhook was not answered with success")
        return bool(outstanding["idle"])

    def lines(self, customer: Customer) -> list[Json]:
        """Return the lines of a customer's finance account."""
        path = f"/control/transactions?organization_id={customer.organization_id}"
        lines: list[Json] = self._get(self._lexoffice, path)
        return lines

    def organization(self, customer: Customer) -> Json:
        """Return lexoffice's state of a customer: accounts, calls, arrivals."""
        organizations = self._get(self._lexoffice, "/control/state")["organizations"]
        found: Json = next(row for row in organizations if row["id"] == customer.organization_id)
        return found

    def until(self, what: str, happened: Callable[[], bool], *, every: float = 0.05, seconds: float = 90) -> None:
        """Wait until something has happened. Raise TimeoutError naming `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            time.sleep(every)

    def _post(self, client: httpx.Client, path: str, body: Any) -> Any:
        return client.post(path, json=body).raise_for_status().json()

    def _get(self, client: httpx.Client, path: str) -> Any:
        return client.get(path).raise_for_status().json()
