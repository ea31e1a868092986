"""The proof of the export: what both vendors show when the job is over and the suggestions are approved."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console

from local.demo.world import Company, World

_EXPECTED_FAILURES = {"missing_configuration": 1, "receipt_conversion_failure": 1}


@dataclass(frozen=True, slots=True)
class ExportProof:
    """One finished job. `suggested` vouchers were approved, `matched` lines then belong to a voucher for good."""

    status: str
    items: list[dict[str, Any]]
    vouchers: list[dict[str, Any]]
    suggested: int
    matched: int
    refused_calls: int

    @classmethod
    def of(cls, world: World, company: Company, job_id: str) -> Self:
        """Look at both vendors; approves every suggestion in lexoffice on the way."""
        job = world.export_job(job_id)
        suggested = world.approve(company)
        organization = world.organization(company)
        lines = world.lines(company)
        return cls(
            status=job["status"],
            items=job["items"],
            vouchers=organization["vouchers"],
            suggested=suggested,
            matched=sum(line["state"] == "completely_assigned" for line in lines),
            refused_calls=organization["calls"]["refused"],
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        states = Counter(item["status"] for item in self.items)
        kinds = Counter(item["failureReasonType"] for item in self.items if item["status"] == "failed")
        successes = states["successful"]
        checks = {
            f"the job is {self.status}": self.status == "completed_with_errors",
            f"failures: {dict(kinds)}": kinds == _EXPECTED_FAILURES,
            f"{dict(states)} of {len(self.items)} items": successes == len(self.items) - kinds.total(),
            f"{len(self.vouchers)} vouchers for {successes} successes": len(self.vouchers) == successes,
            f"{self.suggested} suggestions": self.suggested == successes,
            f"{self.matched} lines matched": self.matched == successes,
            f"lexoffice refused {self.refused_calls} calls for exceeding its limit": self.refused_calls == 0,
        }
        return [what for what, holds in checks.items() if not holds]


def show_export(console: Console, proof: ExportProof) -> bool:
    """Print what became of the job; True when it is as it must be."""
    receipts = sum(len(voucher["files"]) for voucher in proof.vouchers)
    console.print(
        f"Export: {len(proof.items)} items, {len(proof.vouchers)} vouchers with {receipts} receipts; "
        f"{proof.suggested} suggestions approved, {proof.matched} lines matched",
        soft_wrap=True,
    )
    for item in proof.items:
        if item["status"] == "failed":
            console.print(f"  not exported, as Pleo shows it: {item['failureReason']}", soft_wrap=True)
    for failure in proof.failures:
        console.print(f"[red]{failure}[/]")
    return not proof.failures
