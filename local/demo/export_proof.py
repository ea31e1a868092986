"""The proof of the export: what both vendors show after the job has ended and the suggestions are approved."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console

from local.demo.world import DemoCompany, DemoWorld

FAILS = {"missing_configuration": "one expense has no account", "receipt_conversion_failure": "one receipt is HEIC"}


@dataclass(frozen=True, slots=True)
class ExportProof:
    """One finished job. `suggested` vouchers were approved; `matched` lines are assigned to a voucher."""

    company: str
    status: str
    items: list[dict[str, Any]]
    vouchers: list[dict[str, Any]]
    suggested: int
    matched: int

    @classmethod
    def of(cls, world: DemoWorld, company: DemoCompany, job_id: str, *, suggested: int) -> Self:
        """Read the job, the vouchers and the lines from both vendors."""
        job = world.pleo.export_job(job_id)
        return cls(
            company=company.name,
            status=job["status"],
            items=job["items"],
            vouchers=world.organization(company)["vouchers"],
            suggested=suggested,
            matched=sum(line["state"] == "completely_assigned" for line in world.lines(company)),
        )

    @property
    def untrue(self) -> list[str]:
        """Return the failed checks, one sentence each, with the reason where a vendor shows it."""
        states = Counter(item["status"] for item in self.items)
        successes = len(self.items) - len(FAILS)
        wrong = []
        if self.status != "completed_with_errors":
            wrong.append(f"the export job is {self.status} and not completed_with_errors")
        if states["successful"] != successes:
            wrong.append(f"{states['successful']} and not {successes} of {len(self.items)} items are exported")
        wrong += self._wrong_failures()
        for what, count in (
            ("vouchers are in lexoffice", len(self.vouchers)),
            ("suggestions were approved", self.suggested),
            ("lines are matched", self.matched),
        ):
            if count != successes:
                wrong.append(f"{count} and not {successes} {what}")
        return [f"{self.company}: {sentence}." for sentence in wrong]

    def _wrong_failures(self) -> list[str]:
        failed = [item for item in self.items if item["status"] == "failed"]
        kinds = Counter(item["failureReasonType"] for item in failed)
        wrong = [f"no item failed, though {why}" for kind, why in FAILS.items() if not kinds[kind]]
        for item in failed:
            kinds[item["failureReasonType"]] -= 1
            if item["failureReasonType"] not in FAILS or kinds[item["failureReasonType"]] > 0:
                wrong.append(f"an item failed that must not: {item['failureReason']}".rstrip("."))
        return wrong


def show_export(console: Console, proof: ExportProof) -> None:
    """Print the job's results."""
    receipts = sum(len(voucher["files"]) for voucher in proof.vouchers)
    console.print(
        f"Export: {len(proof.items)} items, {len(proof.vouchers)} vouchers with {receipts} receipts; "
        f"{proof.suggested} suggestions approved, {proof.matched} lines matched",
        soft_wrap=True,
    )
    for item in proof.items:
        if item["status"] == "failed":
            console.print(f"  not exported, as Pleo shows it: {item['failureReason']}", soft_wrap=True)
