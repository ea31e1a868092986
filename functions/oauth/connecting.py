"""Routes of connecting: the start page, both callbacks, progress and result of the set-up."""

from datetime import UTC, date, datetime

from functions.oauth.parts import NOTHING_HERE, RELOAD_SECONDS, parts, redirect_to_pleo, show
from shared.domain.feeding.start import ImplausibleStartError, choice_of
from shared.domain.times import booking_date
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.texts.messages import MESSAGES


def _start_page(visit: Visit) -> Answer:
    return web.page(render.start(visit.language, today=_today()), form_target=parts().settings.pleo_auth_url)


def _start(visit: Visit) -> Answer:
    """Start connecting with the start date and opening balance of the form.

    Reconnecting asks for neither: the first choice counts.
    """
    today = _today()
    day, opening = visit.form.get("start_day", today.isoformat()), visit.form.get("opening", "")
    try:
        choice = choice_of(day, opening, today)
    except ImplausibleStartError as error:
        again = render.start(visit.language, today=today, day=day, opening=opening, wrong=error.field)
        return web.page(again, status=400, form_target=parts().settings.pleo_auth_url)
    return redirect_to_pleo(visit, lambda cookie, public_url: parts().connect.start(cookie, public_url, choice))


def _today() -> date:
    return booking_date(datetime.now(UTC))


def _pleo_callback(visit: Visit) -> Answer:
    return show(parts().connect.handle_pleo_callback(visit.cookie, visit.query, visit.public_url), visit)


def _lexoffice_callback(visit: Visit) -> Answer:
    step = parts().connect.handle_lexoffice_callback(visit.cookie, visit.query, visit.public_url, visit.remaining)
    return show(step, visit)


def _progress(visit: Visit) -> Answer:
    found = parts().connect.progress(visit.cookie)
    if found is None:
        return show(NOTHING_HERE, visit)
    _, how_far = found
    if how_far.finished:
        return web.redirect(f"{visit.public_url}/connect/result")
    return web.page(render.progress(visit.language, how_far), refresh=0 if how_far.stopped else RELOAD_SECONDS)


def _resume(visit: Visit) -> Answer:
    if not parts().connect.resume(visit.cookie):
        return show(NOTHING_HERE, visit)
    return web.redirect(f"{visit.public_url}/connect/progress")


def _result(visit: Visit) -> Answer:
    # The language switch of a message page links here, because the vendor's callback can be requested only once.
    if (shown := visit.query.get("message")) in MESSAGES:
        return web.page(render.message(shown, visit.language))
    found = parts().connect.progress(visit.cookie)
    if found is None:
        return show(NOTHING_HERE, visit)
    connection, how_far = found
    if not how_far.finished:
        return web.redirect(f"{visit.public_url}/connect/progress")
    names = {"company": connection.company_name, "organisation": connection.organisation_name}
    links = {"pleo_url": parts().settings.pleo_app_url, "lexoffice_url": parts().settings.lexoffice_app_url}
    return web.page(render.result(visit.language, **names, **links))


ROUTES: web.Routes = {
    "GET /connect": _start_page,
    "POST /connect": _start,
    "GET /connect/progress": _progress,
    "POST /connect/resume": _resume,
    "GET /connect/result": _result,
    "GET /oauth/pleo/callback": _pleo_callback,
    "GET /oauth/lexoffice/callback": _lexoffice_callback,
}
