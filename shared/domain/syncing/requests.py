"""Requests to a company's sync beyond its schedule. Each has one name, from the form or command to the worker."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum


class SyncRequest(StrEnum):
    """A request. Its value is the form's value, the word in the queue message and the prefix of the stored time."""

    SYNC_CATALOGUE = "sync_catalogue"  # sync posting categories and tax codes now
    ACCEPT_CATALOGUE = "accept_catalogue"  # the same, even though the last list was refused as implausible
    PROVE_BALANCE = "prove_balance"  # prove the balance now, beginning at the start date
    CHECK_ACCESS = "check_access"  # read lexoffice's profile: an event says that access was revoked
    SET_UP = "set_up"  # set the company up before its first sync
    ROTATE_SECRET = "rotate_secret"  # make a second signing secret valid for Pleo's webhooks
    RETIRE_SECRET = "retire_secret"  # remove the first signing secret


# What changes when a sync has done a request, and what when it has tried without success. The other requests leave no
# such time. The names are those of the connection, and `proved_at` and `proof_tried_at` of the balance proof.
DONE_AT: Mapping[SyncRequest, str] = {
    SyncRequest.SYNC_CATALOGUE: "catalogue_synced_at",
    SyncRequest.ACCEPT_CATALOGUE: "catalogue_synced_at",
    SyncRequest.PROVE_BALANCE: "proved_at",
    SyncRequest.SET_UP: "caught_up_to",
}
TRIED_AT: Mapping[SyncRequest, str] = {
    SyncRequest.SYNC_CATALOGUE: "catalogue_attempted_at",
    SyncRequest.ACCEPT_CATALOGUE: "catalogue_attempted_at",
    SyncRequest.PROVE_BALANCE: "proof_tried_at",
}
# Requests that a held company's sync skips: those of the duties with `needs_active` (shared/flows/syncing/duties.py).
NEED_ACTIVE = frozenset({SyncRequest.SYNC_CATALOGUE, SyncRequest.ACCEPT_CATALOGUE, SyncRequest.CHECK_ACCESS})
# Requests that the admin may make on the status page, each at most once a minute.
ADMIN_REQUESTS = frozenset({SyncRequest.SYNC_CATALOGUE, SyncRequest.ACCEPT_CATALOGUE, SyncRequest.PROVE_BALANCE})


def open_requests(requested: Mapping[str, datetime], times: Mapping[str, datetime | None]) -> frozenset[SyncRequest]:
    """Return the requests of the admin that no sync has answered yet, not even without success.

    - `requested`: when each request was last made.
    - `times`: the times that `DONE_AT` and `TRIED_AT` name; None for one that has not been yet.
    """
    found = set()
    for request in ADMIN_REQUESTS & set(requested):
        answers = [times.get(names[request]) for names in (DONE_AT, TRIED_AT) if request in names]
        if all(at is None or at < requested[request] for at in answers):
            found.add(request)
    return frozenset(found)
