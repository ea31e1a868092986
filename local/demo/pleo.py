"""The demo's control of Pleo's stand-in: employees pay, a bookkeeper assigns accounts and exports."""

from typing import Any

import httpx

from local.demo.cast import EntryKind, Payments, coding, settlement

# A failed delivery is retried after 0.1, 6, 36 and 144 s, which is within the time that the demo waits.
_MANNER = {"retry_scale": 0.02}


class PleoControl:
    """A client of the control surface of Pleo's stand-in."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def add_company(self, name: str) -> str:
        """Create a company with an empty wallet; return its id."""
        self._post("/webhooks", _MANNER)
        return str(self._post("/companies", {"name": name, "opening_minors": 0})["id"])

    def hold_webhooks(self, *, copies: int) -> None:
        """Hold webhooks from now on. Each is sent `copies` times and in random order when released."""
        self._post("/webhooks", _MANNER | {"mode": "hold", "copies": copies, "shuffle": True, "seed": 7})

    def release_webhooks(self) -> None:
        """Send the held webhooks."""
        self._post("/webhooks/flush", {})

    def webhooks_on_their_way(self) -> int:
        """Return the number of webhooks in progress or waiting for a retry."""
        state = self._get("/webhooks/idle")
        return int(state["sending"]) + int(state["retrying"])

    def pay(self, company_id: str, payments: Payments) -> dict[str, EntryKind]:
        """Create the entries; card payments are authorised first and settled afterwards. Return kinds by entry id."""
        bodies = [order | {"company_id": company_id} for _, order in payments]
        for (kind, _), body in zip(payments, bodies, strict=True):
            if kind.settles:
                body["status"] = "PENDING"
        ids = self._post("/entries/batch", bodies)["ids"]
        for position, ((kind, order), entry_id) in enumerate(zip(payments, ids, strict=True)):
            if kind.settles:
                self._post(f"/entries/{entry_id}/settle", settlement(position, order))
            elif kind.outcome == "void":
                self._post(f"/entries/{entry_id}/cancel", {})
        return {entry_id: kind for (kind, _), entry_id in zip(payments, ids, strict=True)}

    def assign(self, company_id: str, account_id: str, entry_ids: list[str]) -> None:
        """Prepare an export as a bookkeeper does: contra account, then category, tax code and receipt per entry."""
        self._post("/contra-account", {"company_id": company_id, "account_external_id": account_id})
        for position, entry_id in enumerate(entry_ids):
            self._post(f"/entries/{entry_id}/bookkeeping", coding(position))

    def click_export(self, company_id: str, entry_ids: list[str]) -> str:
        """Click «Exportieren» for these entries; return the job's id."""
        return str(self._post("/export", {"company_id": company_id, "entry_ids": entry_ids})["id"])

    def export_job(self, job_id: str) -> dict[str, Any]:
        """Return a job with its items."""
        job: dict[str, Any] = self._get(f"/export/{job_id}")
        return job

    def entry(self, entry_id: str) -> dict[str, Any]:
        """Return an entry."""
        entry: dict[str, Any] = self._get(f"/entries/{entry_id}")
        return entry

    def wallet(self, company_id: str) -> int:
        """Return the wallet's balance in cents, as Pleo computes it."""
        return int(self._get(f"/wallet/{company_id}")["minors"])

    def _post(self, path: str, body: Any) -> Any:
        return self._http.post(f"/control{path}", json=body).raise_for_status().json()

    def _get(self, path: str) -> Any:
        return self._http.get(f"/control{path}").raise_for_status().json()
