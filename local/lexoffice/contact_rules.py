"""The rules for a valid contact (https://developers.lexware.io/docs/#contacts-endpoint)."""

import re

from local.lexoffice import problems
from local.lexoffice.reading import Reader
from local.lexoffice.wire import Json

# ISO 3166 and lexoffice's extensions such as ES_CN and GR_69.
_COUNTRY = re.compile(r"[A-Z]{2}(_[A-Z0-9]{2})?", re.ASCII)
_NOTE_LENGTH = 1000
_LISTS = (
    ("addresses", "billing shipping"),
    ("emailAddresses", "business office private other"),
    ("phoneNumbers", "business office mobile private fax other"),
)


def read_contact(reader: Reader) -> dict[str, object]:
    """Check a contact and return its stored fields. Raise lexoffice's 406 with all violations."""
    content: dict[str, object] = {"roles": _roles(reader), **_identity(reader)}
    for name, kinds in _LISTS:
        if found := _single_entries(reader, name, kinds.split()):
            content[name] = found
    _check_countries(reader)
    if isinstance(reader.source.get("xRechnung"), dict):
        content["xRechnung"] = reader.source["xRechnung"]
    if note := reader.text("note", max_length=_NOTE_LENGTH):
        content["note"] = note
    if reader.violations:
        raise problems.invalid(*reader.violations)
    return content


def _roles(reader: Reader) -> dict[str, Json]:
    raw = reader.source.get("roles")
    roles: dict[str, Json] = {}
    if isinstance(raw, dict):
        roles |= {name: raw[name] for name in ("customer", "vendor") if name in raw}
    if not roles or any(not isinstance(role, dict) for role in roles.values()):
        reader.refuse("roles.customer or roles.vendor", "missing_entity", "fehlt")
    return roles


def _identity(reader: Reader) -> dict[str, object]:
    """Read the company or the person; exactly one of them is required."""
    given = [name for name in ("company", "person") if reader.source.get(name) is not None]
    if len(given) != 1:
        key = "invalid_value" if given else "missing_entity"
        reader.refuse("company and person" if given else "company or person", key, "genau eines von beiden")
        return {}
    kind = given[0]
    raw = reader.source[kind]
    inner = Reader(raw if isinstance(raw, dict) else {}, f"{kind}.", reader.violations)
    inner.text("name" if kind == "company" else "lastName", required=True)
    persons = inner.source.get("contactPersons")
    if isinstance(persons, list) and len(persons) > 1:
        inner.refuse("contactPersons.size", "invalid_value", "höchstens ein Eintrag")
    return {kind: inner.source}


def _single_entries(reader: Reader, name: str, kinds: list[str]) -> dict[str, Json]:
    """Read lists in which a client may write one entry each."""
    raw = reader.source.get(name)
    lists = {kind: raw[kind] for kind in kinds if raw.get(kind)} if isinstance(raw, dict) else {}
    for kind, entries in lists.items():
        if not isinstance(entries, list) or len(entries) > 1:
            reader.refuse(f"{name}.{kind}.size", "invalid_value", "höchstens ein Eintrag")
    return lists


def _check_countries(reader: Reader) -> None:
    raw = reader.source.get("addresses")
    lists = raw.values() if isinstance(raw, dict) else ()
    for address in (entry for entries in lists if isinstance(entries, list) for entry in entries):
        code = address.get("countryCode") if isinstance(address, dict) else None
        if not isinstance(code, str) or not _COUNTRY.fullmatch(code):
            reader.refuse("countryCode", "countrycode_is_not_valid", "ist kein Land")
