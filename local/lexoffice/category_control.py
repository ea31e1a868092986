"""How the list of posting categories is changed: `POST /control/categories`."""

from typing import Literal, cast

from local.lexoffice.category_list import Category, initial_categories
from local.lexoffice.command import Command, RejectedError
from local.lexoffice.records import new_id

FIELDS = "action id name type groupName contactRequired splitAllowed"


def change(command: Command) -> object:
    """Do one `action`: rename, flags, remove, add (a name may exist already), empty or reset."""
    match command.need_text("action"):
        case "rename":
            _find(command).name = command.need_text("name")
        case "flags":
            _set_flags(_find(command), command)
        case "remove":
            command.world.categories.remove(_find(command))
        case "add":
            return _add(command)
        case "empty":
            command.world.categories.clear()
        case "reset":
            command.world.categories[:] = initial_categories()
        case action:
            raise RejectedError(f"unknown action {action!r}")
    return {"count": len(command.world.categories)}


def _find(command: Command) -> Category:
    id_, name = command.text("id"), command.text("name")
    for category in command.world.categories:
        if category.id == id_ or (id_ is None and category.name == name):
            return category
    raise RejectedError("no such category", status=404)


def _type(command: Command, usual: Literal["income", "outgo"]) -> Literal["income", "outgo"]:
    type_ = command.text("type") or usual
    if type_ not in {"income", "outgo"}:
        raise RejectedError("type must be income or outgo")
    return cast("Literal['income', 'outgo']", type_)


def _add(command: Command) -> object:
    category = Category(
        id=command.text("id") or new_id(),
        name=command.need_text("name"),
        type=_type(command, "outgo"),
        group_name=command.text("groupName") or "Sonstiges",
        contact_required=False,
        split_allowed=True,
    )
    _set_flags(category, command)
    command.world.categories.append(category)
    return {"id": category.id}


def _set_flags(category: Category, command: Command) -> None:
    category.type = _type(command, category.type)
    contact_required, split_allowed = command.flag("contactRequired"), command.flag("splitAllowed")
    if contact_required is not None:
        category.contact_required = contact_required
    if split_allowed is not None:
        category.split_allowed = split_allowed
