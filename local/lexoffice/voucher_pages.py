"""«Belege» in the web app: the list, a voucher with its files, and the public key of the events."""

import asyncio
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.lexoffice import signing
from local.lexoffice.pages import find_organization, missing
from local.lexoffice.rendering import page
from local.lexoffice.voucher_list import contact_name, shown_status
from local.lexoffice.voucher_records import StoredVoucher
from local.lexoffice.world import LexofficeWorld

_TYPES = {
    "purchaseinvoice": "Ausgabe",
    "purchasecreditnote": "Ausgabenminderung",
    "salesinvoice": "Einnahme",
    "salescreditnote": "Einnahmenminderung",
}
_STATUSES = {
    "open": "offen",
    "overdue": "überfällig",
    "paid": "bezahlt",
    "paidoff": "ausgeglichen",
    "voided": "storniert",
    "unchecked": "zu prüfen",
    "transferred": "überwiesen",
    "sepadebit": "Lastschrift",
}


async def vouchers(request: Request) -> Response:
    """«Belege»: the newest first."""
    world: LexofficeWorld = request.app.state.world
    organization = find_organization(request)
    if organization is None:
        return missing(request, "Diese Organisation gibt es nicht.")
    found = sorted(world.vouchers_of(organization.id), key=_day, reverse=True)
    rows = [_row(world, voucher) for voucher in found]
    return page(request, "vouchers.html", organization=organization, section="belege", rows=rows)


async def voucher(request: Request) -> Response:
    """One voucher: items, files, the paid amount and the lines that paid it."""
    world: LexofficeWorld = request.app.state.world
    organization, found = find_organization(request), _voucher(request)
    if organization is None or found is None:
        return missing(request, "Diesen Beleg gibt es nicht.")
    names = {category.id: category.name for category in world.categories}
    return page(
        request,
        "voucher.html",
        organization=organization,
        section="belege",
        row=_row(world, found),
        items=[(item, names.get(item.category_id, "unbekannte Kategorie")) for item in found.items],
        files=[world.files[id_] for id_ in found.files],
        payments=[(item, world.transactions.get(item.transaction_id or "")) for item in found.payments],
    )


async def file(request: Request) -> Response:
    """Return a voucher's file, byte for byte."""
    world: LexofficeWorld = request.app.state.world
    found, stored = _voucher(request), world.files.get(request.path_params["file_id"])
    if found is None or stored is None or stored.id not in found.files:
        return missing(request, "Diese Datei gibt es nicht.")
    headers = {
        "Content-Disposition": f"inline; filename={stored.id}.{stored.extension}",
        "X-Content-Type-Options": "nosniff",
    }
    if stored.extension == "xml":
        # Uploaded XML may be displayed but must not run scripts. (Browsers show no PDF in a sandbox.)
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return Response(stored.content, media_type=stored.media_type, headers=headers)


async def permalink(request: Request) -> Response:
    """Redirect from lexoffice's permanent address to the voucher's page."""
    world: LexofficeWorld = request.app.state.world
    found = world.vouchers.get(request.path_params["voucher_id"])
    if found is None:
        return missing(request, "Diesen Beleg gibt es nicht.")
    return RedirectResponse(f"/organisationen/{found.organization_id}/belege/{found.id}", status_code=302)


async def public_key(request: Request) -> Response:  # noqa: ARG001 - the same for every request
    """Return the key at lexoffice's path. The first call may wait until it is generated."""
    key = await asyncio.wrap_future(signing.prepare())
    return Response(signing.public_pem(key), media_type="application/x-pem-file")


def _voucher(request: Request) -> StoredVoucher | None:
    """Return the voucher that the path names, within the organisation that it names."""
    world: LexofficeWorld = request.app.state.world
    found = world.vouchers.get(request.path_params["voucher_id"])
    return found if found and found.organization_id == request.path_params["organization_id"] else None


def _day(found: StoredVoucher) -> date:
    return found.voucher_date


def _row(world: LexofficeWorld, found: StoredVoucher) -> dict[str, object]:
    status = shown_status(world, found)
    return {
        "voucher": found,
        "type": _TYPES[found.type],
        "status": _STATUSES.get(status, status),
        "contact": contact_name(world, found),
    }
