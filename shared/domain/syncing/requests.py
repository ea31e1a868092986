"""What may be requested of a company's sync beyond its schedule: one word from form or command to worker."""

from enum import StrEnum


class SyncRequest(StrEnum):
    """A request; the value is the form's value, the word in the message and the first part of the stored time."""

    SYNC_CATALOGUE = "sync_catalogue"  # sync posting categories and tax codes now
    ACCEPT_CATALOGUE = "accept_catalogue"  # the same, although the last list was refused as implausible
    PROVE_BALANCE = "prove_balance"  # prove the balance now, from the start date on
    CHECK_ACCESS = "check_access"  # read lexoffice's profile: an event says that access was revoked
    SET_UP = "set_up"  # set the company up before its first sync
    ROTATE_SECRET = "rotate_secret"  # make a second signing secret valid for Pleo's webhooks
    RETIRE_SECRET = "retire_secret"  # end the first one


# What an admin may request on the status page, each at most once a minute.
ADMIN_REQUESTS = frozenset({SyncRequest.SYNC_CATALOGUE, SyncRequest.ACCEPT_CATALOGUE, SyncRequest.PROVE_BALANCE})
