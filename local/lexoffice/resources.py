"""Helpers of all endpoints: find the object that the path names, and build the short answer to a write."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from local.lexoffice import clock, problems
from local.lexoffice.call import LexofficeCall, require_permission
from local.lexoffice.wire import LexofficeAnswer


class Owned(Protocol):
    """An object of one organisation."""

    @property
    def organization_id(self) -> str:
        """The id of its organisation."""


class Kept(Protocol):
    """An object with its times of creation and last change."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def created(self) -> datetime:
        """When it was created."""

    @property
    def modified(self) -> datetime:
        """When it was last changed."""


def find[T: Owned](call: LexofficeCall, kept: Mapping[str, T], what: str, id_: str | None = None) -> T:
    """Return the object that the path's `id` names, or `id_`; raise 404, or 403 for another organisation's."""
    found = kept.get((id_ or call.params["id"]).lower())
    if found is None:
        raise problems.not_found(what)
    require_permission(call, owner_id=found.organization_id)
    return found


def action_result(call: LexofficeCall, kept: Kept, *, collection: str, version: int) -> LexofficeAnswer:
    """Return the short answer to a write; `collection` is the resource's path below /v1."""
    return LexofficeAnswer(
        200,
        {
            "id": kept.id,
            "resourceUri": call.location(f"{collection}/{kept.id}"),
            "createdDate": clock.berlin_text(kept.created),
            "updatedDate": clock.berlin_text(kept.modified),
            "version": version,
        },
    )
