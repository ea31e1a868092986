"""Requests to a company's sync beyond its schedule. Each has one name, from the form or command to the worker."""

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


# Requests that the admin may make on the status page, each at most once a minute.
ADMIN_REQUESTS = frozenset({SyncRequest.SYNC_CATALOGUE, SyncRequest.ACCEPT_CATALOGUE, SyncRequest.PROVE_BALANCE})
