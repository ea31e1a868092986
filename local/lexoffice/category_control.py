"""Control of the posting categories: `POST /control/categories`."""

from local.lexoffice.category_list import StoredCategory, initial_categories
from local.lexoffice.orders import FLAG, TEXT, LexofficeOrder, RejectedError, optional
from local.lexoffice.world import LexofficeWorld
from local.standin.control import Command
from local.standin.shape import Field, one_of
from local.standin.wire import new_id

SHAPE = {
    "action": Field(one_of("rename", "flags", "remove", "add", "empty", "reset"), required=True),
    "id": TEXT,
    "name": TEXT,
    "type": optional(one_of("income", "outgo")),
    "groupName": TEXT,
    "contactRequired": FLAG,
    "splitAllowed": FLAG,
}


def change(order: LexofficeOrder) -> object:
    """Apply one `action`. `add` accepts a name that exists already."""
    categories = order.world.categories
    match order.body["action"]:
        case "rename":
            _find(order).name = _name(order)
        case "flags":
            _set_flags(_find(order), order)
        case "remove":
            categories.remove(_find(order))
        case "add":
            return _add(order)
        case "empty":
            categories.clear()
        case _:
            categories[:] = initial_categories()
    return {"count": len(categories)}


def _find(order: LexofficeOrder) -> StoredCategory:
    id_, name = order.body.get("id"), order.body.get("name")
    for category in order.world.categories:
        if category.id == id_ or (id_ is None and category.name == name):
            return category
    raise RejectedError("no such category", status=404)


def _name(order: LexofficeOrder) -> str:
    name: str = order.body.get("name") or ""
    if not name:
        raise RejectedError("name is needed")
    return name


def _add(order: LexofficeOrder) -> object:
    category = StoredCategory(
        id=order.body.get("id") or new_id(),
        name=_name(order),
        type="outgo",
        group_name=order.body.get("groupName") or "Sonstiges",
        contact_required=False,
        split_allowed=True,
    )
    _set_flags(category, order)
    order.world.categories.append(category)
    return {"id": category.id}


def _set_flags(category: StoredCategory, order: LexofficeOrder) -> None:
    category.type = order.body.get("type") or category.type
    for name, attribute in (("contactRequired", "contact_required"), ("splitAllowed", "split_allowed")):
        if order.body.get(name) is not None:
            setattr(category, attribute, order.body[name])


COMMANDS: tuple[Command[LexofficeWorld], ...] = (Command("POST", "/categories", change, SHAPE),)
