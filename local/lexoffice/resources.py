"""What the endpoints of all resources do alike: find what the path names, and give the short answer to a write."""

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
        """Whose it is."""


class Kept(Protocol):
    """An object that says when it was made and last changed."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def created(self) -> datetime:
        """When it was made."""

    @property
    def modified(self) -> datetime:
        """When it was last changed."""


def find[T: Owned](call: LexofficeCall, kept: Mapping[str, T], what: str, id_: str | None = None) -> T:
    """Find what the path's `id` names, or `id_`; raise 404, or 403 if it is another organisation's."""
    found = kept.get((id_ or call.params["id"]).lower())
    if found is None:
        raise problems.not_found(what)
    require_permission(call, owner_id=found.organization_id)
    return found


def action_result(call: LexofficeCall, kept: Kept, *, collection: str, version: int) -> LexofficeAnswer:
    """Build the short answer to a write; `collection` is the resource's path below /v1."""
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
