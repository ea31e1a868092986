"""One company between both vendors, from the first consent to the end of its access, in virtual time.

The story touches everything that a switch of a stand-in can change: history, card events, an authorisation that is
cancelled, money in, refused and lost calls, a job without contra account, receipts, hints, events, a lost plan, expired
tokens. What came of it is a `Result`, by the names of its payments.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bench.export_product import Product
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo import wallet
from local.pleo.world import DEFAULT_COMPANY_ID
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.proofs import Proofs
from shared.domain.feeding.line import external_reference

from .company import START, Company

HOUR = 3600.0
OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
LICENCES_13B = "6d575db0-74e8-433d-a986-27b76ea27f9e"  # wants a contact
_RECEIPT = {"files": [{"kind": "pdf"}]}
_CODED = {"account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19", "silent": True, **_RECEIPT}
_VENDOR = {"name": "Beispiel & Partner Inc.", "addressCountry": "US"}
_NOTHING = {
    "data": [],
    "pagination": {"currentRequestPagination": {"parameters": {}}, "hasNextPage": False, "hasPreviousPage": False},
}


@dataclass(slots=True)
class Result:
    """What came of the story; payments by name, money in cents.

    `connected`: "" or where connecting stopped. `lines` and account's `balance` in lexoffice, `texts`: counterparty and
    purpose of each line, `ledger`: states of the payments' rows, `wallet`: balance in Pleo, `unexplained` by the proof.
    `vouchers`: type, total, number of receipts; `hints` in lexoffice, `matches` in the ledger. `jobs` and `items` as
    Pleo has them. `holds` one after another.
    """

    connected: str = ""
    lines: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    ledger: dict[str, str] = field(default_factory=dict)
    balance: int = 0
    wallet: int = 0
    unexplained: int | None = None
    vouchers: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    hints: set[str] = field(default_factory=set)
    matches: dict[str, str] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    alarms: Counter[str] = field(default_factory=Counter)


class Story(Company):
    """The company's story; a chapter is a method."""

    def __init__(self, made: Product) -> None:
        super().__init__(made)
        self.result = Result()

    def tell(self) -> Result:
        """Live through all of it."""
        with self.reachable_by_lexoffice():
            self.pay("history", days_ago=2, silent=True)
            if self._connect():
                self._catch_up()
                self._feed()
                self._export()
                self._match()
                self._wait_for_days()
                self._lose_access()
            return self._outcome()

    def _connect(self) -> bool:
        """Both consents as a browser gives them, then the set-up, in which Pleo's answer to the accounts gets lost.

        When it goes on, Pleo does not show the accounts that are there.
        """
        self.pleo("/faults", {"route": "/batch$", "status": 504, "when": "after"})
        to_pleo = self.visit("POST /connect", form={"start_day": f"{START - timedelta(days=3):%Y-%m-%d}"})
        to_lexoffice = self.visit("GET /oauth/pleo/callback", self.consent_at_pleo(to_pleo))
        if urlsplit(to_lexoffice).hostname != "lexoffice.example":
            self.result.connected = "refused at Pleo"
            return False
        back = self.visit("GET /oauth/lexoffice/callback", self.consent_at_lexoffice(to_lexoffice))
        if not back.endswith("/connect/progress"):
            self.result.connected = "refused at lexoffice"
            return False
        self.product.connection_id = self.product.connection().connection_id
        self.sync("set_up")
        self.pleo("/faults", {"route": "chart-of-accounts:search$", "times": 2, "status": 200, "body": _NOTHING})
        self.sync("set_up")
        self.result.connected = self.product.connection().stopped
        return not self.result.connected

    def _catch_up(self) -> None:
        """The first scheduled syncs; Pleo refuses them for speed at first."""
        board = self.product.pleo_world.switches
        usual = board.current["rate_limit_per_minute"]
        board.current["rate_limit_per_minute"] = 1
        self.sync()
        self.product.clock.sleep(61)
        board.current["rate_limit_per_minute"] = usual
        self.sync()
        self.rest()

    def _feed(self) -> None:
        """Card payments by webhook, money in without one; lexoffice's answer to the first lines gets lost."""
        self.lexoffice("/faults", route="/finance/transactions", method="POST", status=504, when="after")
        for name in ("purchase", "refund", "split", "yen", "licence"):
            self.pay(name)
        self.pay("cancelled", settled=False)
        self.deliver()
        self.pleo(f"/entries/{self.ids['cancelled']}/cancel", {})
        self.pay("load")
        self.lexoffice("/bucket", take=5)
        self.deliver()
        self.rest()
        self.sync("prove_balance")
        self.rest()

    def _export(self) -> None:
        """Without contra account, then with all that can go wrong: answers get lost, one expense is not coded."""
        coding: dict[str, dict[str, object]] = {
            "purchase": {"supplier": {"name": "Müller & Söhne"}, "note": "Papier & Stifte"},
            "refund": {},
            "split": {"splits": [self._part(5_950, "DE-19"), self._part(5_950, "DE-7")]},
            "yen": {},
            "licence": {"account_external_id": LICENCES_13B, "tax_code": "DE-RC-19", "vendor": _VENDOR},
        }
        for name, details in coding.items():
            self.pleo(f"/entries/{self.ids[name]}/bookkeeping", _CODED | details)
        self.click()
        account = next(iter(self.product.lexoffice_world.accounts))
        self.pleo("/contra-account", {"account_external_id": account})
        self.lexoffice("/faults", route="/vouchers$", method="POST", status=504, when="after")
        self.lexoffice("/faults", route="/files$", method="POST", status=504, when="after")
        self.click()  # of which `history` fails, because it is not coded
        self.pleo(f"/entries/{self.ids['history']}/bookkeeping", _CODED)
        self.click()

    def _match(self) -> None:
        """Suggestions are approved; then a receipt comes for a voucher that is paid."""
        self.lexoffice("/proposals/approve")
        self.deliver()
        self.rest()
        self.pleo(f"/entries/{self.ids['purchase']}/bookkeeping", {"add_files": [{"kind": "png"}], "silent": True})
        self.product.clock.sleep(1.1 * HOUR)
        self.sync()
        self.rest()

    def _wait_for_days(self) -> None:
        """Access is used daily, and the balance proven; then lexoffice's token endpoint refuses for a while."""
        self.product.clock.sleep(25 * HOUR)
        self.sync()
        self.rest()
        proof = Proofs("LedgerTable").get(self.product.connection_id).proof
        self.result.unexplained = proof.unexplained if proof else None
        self.lexoffice("/expire-access-tokens")
        for _ in range(6):
            self.product.lexoffice.post("/oauth2/token", data={"grant_type": "refresh_token"})
        self.pay("token squeeze")
        self.deliver()
        self.rest(1_800)

    def _lose_access(self) -> None:
        """The plan without bookkeeping, a new consent, the account deactivated, and Pleo's access ended by its user."""
        features = self.product.lexoffice_world.organizations[DEFAULT_ORGANIZATION_ID].business_features
        features.remove("BOOKKEEPING")
        self.pay("lost plan")
        self.deliver()
        self.rest()
        self._note_hold()
        features.append("BOOKKEEPING")
        self._connect_again()
        account = next(iter(self.product.lexoffice_world.accounts))
        self.lexoffice(f"/accounts/{account}", deactivated=True)
        self.pay("lost account")
        self.deliver()
        self.rest()
        self._note_hold()
        self.result.jobs = [row["status"] for row in self.product.pleo_world.jobs.values()]
        self.pleo("/revoke", {"company_id": DEFAULT_COMPANY_ID})
        self.product.clock.sleep(25 * HOUR)
        self.sync()
        self._note_hold()

    def _connect_again(self) -> None:
        to_lexoffice = self.visit("GET /oauth/pleo/callback", self.consent_at_pleo(self.visit("POST /connect")))
        self.visit("GET /oauth/lexoffice/callback", self.consent_at_lexoffice(to_lexoffice))
        self.sync("set_up")
        self.sync()
        self.rest()

    def _part(self, cents: int, tax_code: str) -> dict[str, object]:
        return {"amount": cents, "account_external_id": OFFICE_SUPPLIES, "tax_code": tax_code}

    def _note_hold(self) -> None:
        self.result.holds.append(self.product.connection().hold or "")

    def _vouchers(self) -> list[Any]:
        return self.product.lexoffice_world.vouchers_of(DEFAULT_ORGANIZATION_ID)

    def _outcome(self) -> Result:
        result, names = self.result, {entry_id: name for name, entry_id in self.ids.items()}
        pleo, lexoffice = self.product.pleo_world, self.product.lexoffice_world
        for line in lexoffice.transactions_of(DEFAULT_ORGANIZATION_ID):
            name = next(name for name, key in self.ids.items() if external_reference(key) == line.external_reference)
            result.lines.setdefault(name, []).append(round(line.amount * 100))
            result.texts.setdefault(name, []).append((line.recipient_or_sender_name or "", line.purpose))
        for row in Ledger("LedgerTable").rows(self.product.connection_id) if self.product.connection_id else ():
            result.ledger[names[row.entry_id]] = row.state.value
        result.balance = sum(round(each.balance * 100) for each in lexoffice.accounts.values())
        result.wallet = wallet.balance(0, pleo.entries.values())
        exported = {
            item["externalId"]: names[entry_id]
            for rows in pleo.job_items.values()
            for entry_id, item in rows.items()
            if item["externalId"]
        }
        for voucher in self._vouchers():
            shown = (voucher.type, round(voucher.total * 100), len(voucher.files))
            name = exported.get(voucher.id, f"unreported {voucher.number}")
            result.vouchers[name if name not in result.vouchers else f"second of {name}"] = shown
        result.hints = {exported.get(each, "unreported") for each in lexoffice.hints}
        for rows in pleo.job_items.values():
            for entry_id, item in rows.items():
                code = re.search(r"[A-Z]+-[A-Z-]+", item.get("failureReason") or "")
                result.items[names[entry_id]] = " ".join(filter(None, [item["status"], code[0] if code else ""]))
        for voucher_id, name in exported.items():
            if match := Matches("LedgerTable").get(self.product.connection_id, voucher_id):
                result.matches[name] = match.state.value
        result.alarms = Counter(
            {text: times for (level, text), times in self.product.observed.lines.items() if level == "error"}
        )
        return result
