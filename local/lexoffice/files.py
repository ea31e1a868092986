"""`/v1/files` and a voucher's files (https://developers.lexware.io/docs/#files-endpoint); files are never detached."""

import base64

from local.lexoffice import problems, vouchers
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.file_types import MEDIA_TYPES, BadFileError, extension_of
from local.lexoffice.problems import RefusedError, Violation
from local.lexoffice.resources import find
from local.lexoffice.voucher_records import StoredFile, StoredVoucher
from local.lexoffice.wire import LexofficeAnswer
from local.standin.clock import BERLIN


def attach(call: LexofficeCall) -> LexofficeAnswer:
    """Add a file to a voucher and increment the voucher's version."""
    voucher = find(call, call.world.vouchers, "Voucher")
    file = _received(call, voucher_id=voucher.id)
    if voucher.status not in vouchers.CHANGEABLE and call.world.switches.file_on_paid == "refuse":
        raise problems.invalid(Violation("invalid_value", "voucherStatus", "Der Beleg kann nicht mehr geändert werden"))
    stored = _same(call, voucher, file)
    if stored is not None:
        return LexofficeAnswer(202, {"id": stored.id})
    call.world.files[file.id] = file
    voucher.files.append(file.id)
    voucher.version += 1
    voucher.modified = call.world.clock.now()
    call.world.events.emit(voucher.organization_id, "voucher.changed", voucher.id)
    return LexofficeAnswer(202, {"id": file.id})


def upload(call: LexofficeCall) -> LexofficeAnswer:
    """Store a file without a voucher: `type=voucher` creates an unchecked voucher that no call can delete."""
    kind = call.form.get("type")
    if kind not in {"voucher", "attachment"}:
        # lexoffice answers with a bare JSON string here.
        return LexofficeAnswer(400, "Invalid or missing upload type.")
    file = _received(call, voucher_id=None, attachment=kind == "attachment")
    call.world.files[file.id] = file
    if kind == "attachment":
        return LexofficeAnswer(202, {"id": file.id})
    now = call.world.clock.now()
    today = now.astimezone(BERLIN).date()
    voucher = StoredVoucher(
        organization_id=call.organization.id,
        created=now,
        modified=now,
        status="unchecked",
        voucher_date=today,
        due_date=today,
        files=[file.id],
    )
    file.voucher_id = voucher.id
    call.world.vouchers[voucher.id] = voucher
    call.world.events.emit(voucher.organization_id, "voucher.created", voucher.id)
    return LexofficeAnswer(202, {"id": file.id, "voucherId": voucher.id})


def download(call: LexofficeCall) -> LexofficeAnswer:
    """Return a file's bytes. If JSON is requested, return base64 that is still labelled with the file's type."""
    file = find(call, call.world.files, "File")
    accepted = call.accept
    if "xml" in accepted and file.extension != "xml":
        raise problems.not_found("File")
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": f"inline; filename={file.id}.{file.extension};",
    }
    if accepted.startswith("application/json") and not file.media_type.startswith("image/"):
        return LexofficeAnswer(200, base64.b64encode(file.content), headers)
    return LexofficeAnswer(200, file.content, headers)


def status(call: LexofficeCall) -> LexofficeAnswer:
    """Return the status of an upload. Here it is always complete."""
    return LexofficeAnswer(200, {"id": find(call, call.world.files, "File").id, "status": "upload_success"})


def _received(call: LexofficeCall, *, voucher_id: str | None, attachment: bool = False) -> StoredFile:
    if call.file is None:
        raise RefusedError(500, "technical_error")
    try:
        extension = extension_of(call.file.name, call.file.content, attachment=attachment)
    except BadFileError as error:
        raise problems.invalid(Violation(str(error), "file", "wird nicht angenommen")) from error
    return StoredFile(
        organization_id=call.organization.id,
        voucher_id=voucher_id,
        name=call.file.name,
        extension=extension,
        media_type=MEDIA_TYPES[extension],
        content=call.file.content,
    )


def _same(call: LexofficeCall, voucher: StoredVoucher, file: StoredFile) -> StoredFile | None:
    """Return the file of the same voucher with the same content, if the switch makes lexoffice recognise it."""
    if call.world.switches.same_file == "new":
        return None
    stored = (call.world.files[id_] for id_ in voucher.files)
    return next((other for other in stored if other.content == file.content), None)


_ONE = "/v1/files/{id}"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/vouchers/{id}/files",
        scope="vouchers.write files.write",
        serve=attach,
        takes="multipart/form-data",
    ),
    Endpoint(method="POST", path="/v1/files", scope="files.write", serve=upload, takes="multipart/form-data"),
    Endpoint(method="GET", path=_ONE, scope="files.read", serve=download, gives_files=True),
    Endpoint(method="GET", path=f"{_ONE}/status", scope="files.status", serve=status),
)
