"""The page «Export»: the queue, the open job, its errors after the final event, and the history."""

from starlette.requests import Request
from starlette.responses import Response

from local.pleo import export_jobs, receipts
from local.pleo.web import company_of, got, line_of, posted, view
from local.pleo.wire import Json, PleoRefusal
from local.pleo.world import PleoCompany, PleoWorld, world_of

JOB_TEXTS = {
    "pending": "Wartet auf die Buchhaltung",
    "in_progress": "Läuft",
    "completed": "Abgeschlossen",
    "completed_with_errors": "Abgeschlossen mit Fehlern",
    "failed": "Fehlgeschlagen",
}
ITEM_TEXTS = {"successful": "Exportiert", "failed": "Fehler", "abandoned": "Nicht bearbeitet"}
SHOWN_JOBS = 20
_REVIEWED = ("OK", "NOT_REQUIRED")


async def export(request: Request) -> Response:
    """`/export`: all about exports; `?job=` shows the results of one job."""
    world = world_of(request)
    company = company_of(world, request)
    running = export_jobs.open_jobs(world, company.id)
    over = [job for job in world.jobs.values() if job["companyId"] == company.id and job not in running]
    exported = [
        row for row in world.entries.values() if row["companyId"] == company.id and row["exportStatus"] == "EXPORTED"
    ]
    return view(
        world,
        company,
        "export.html",
        queue=[_queued(world, row) for row in export_jobs.queue(world, company)],
        running=[_job(job) for job in running],
        over=[_job(job) | {"results": _results(world, job)} for job in reversed(over)][:SHOWN_JOBS],
        exported=[_queued(world, row) for row in reversed(exported)][:200],
        opened=request.query_params.get("job", ""),
        problem=request.query_params.get("problem", ""),
    )


def start(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """«Exportieren»: create a job of the ticked expenses."""
    if not form.get("entry"):
        raise PleoRefusal(400, "VALIDATION_FAILED", "Bitte mindestens eine Ausgabe auswählen.")
    try:
        export_jobs.click(world, company, form["entry"].split())
    except PleoRefusal as refusal:
        raise PleoRefusal(refusal.status, refusal.kind, PROBLEMS.get(refusal.kind, refusal.message)) from refusal


def cancel(world: PleoWorld, company: PleoCompany, request: Request, _form: dict[str, str]) -> None:
    """«Abbrechen»: fail the job as cancelled by the user."""
    job = export_jobs.job_of(world, request.path_params["job_id"], company.id)
    export_jobs.cancel(world, job)


PROBLEMS = {
    "EXPORT_ALREADY_IN_PROGRESS": "Es läuft schon ein Export. Bitte warten, bis er abgeschlossen ist.",
    "INTEGRATION_NOT_ACTIVATED": "Noch ist keine Buchhaltung verbunden und aktiviert.",
    "MISSING_CONTRA_ACCOUNTS": "Es fehlt ein Gegenkonto. Bitte unter «Kategorien» festlegen.",
}


def _queued(world: PleoWorld, row: Json) -> Json:
    files = len(receipts.of_entry(world, row))
    account = world.accounts.get(row["accountId"] or "")
    coded = account is not None or bool(row["splitItems"])
    return line_of(row) | {
        "category": (row.get("_book") or {}).get("category") or (account or {}).get("name"),
        "split": len(row["splitItems"]),
        "files": files,
        # As in Pleo, an expense with account, receipt and review is ticked by default.
        "ticked": coded and files > 0 and row["reviewStatus"] in _REVIEWED,
    }


def _job(job: Json) -> Json:
    number = job["numberOfItems"]
    size = "1 Ausgabe" if number == 1 else f"{number} Ausgaben"
    return export_jobs.shown(job) | {"text": JOB_TEXTS[job["status"]], "size": size}


def _results(world: PleoWorld, job: Json) -> list[Json]:
    return [
        line_of(world.entries[item["accountingEntryId"]])
        | {
            "outcome": ITEM_TEXTS.get(item["status"], item["status"]),
            "good": item["status"] == "successful",
            "reason": item["failureReason"],
            "reason_type": item["failureReasonType"],
            "link": _safe(item["externalUrl"]),
        }
        for item in world.job_items[job["id"]].values()
    ]


def _safe(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None


ROUTES = [
    got("/export", export),
    posted("/export/start", start, "/export"),
    posted("/export/jobs/{job_id}/cancel", cancel, "/export"),
]
