"""The status page: choose the texts (shared/texts) for the facts of an overview."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.lookup.company_health import Finding, Problem, findings_of, lines_to_check, verdict_of
from shared.domain.lookup.overview import AccountBalance, FailedItem, LastExport, Movement, Overview, Waiting
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import Pending
from shared.pages.formats import Formats
from shared.pages.history import charts_of
from shared.pages.render import Html, Links, render_page, texts_in
from shared.texts.error_text import export_error_text, fill
from shared.texts.expense import ASK
from shared.texts.labels import CHANGES, DIRECTIONS, EXPORTS, HEALTH, REFUSALS, STATUSES, WAITING, kind_label
from shared.texts.messages import COMMON
from shared.texts.status import COUNTS, STATUS
from shared.texts.text import Language
from shared.texts.verdicts import VERDICTS

_PROVED = frozenset({"active", "held"})
_TONES = {"active": "ok", "held": "bad", "ok": "ok", "gone": "bad", "missing": "warn"}
_WITHOUT_ACTIONS = frozenset({"ok", "busy", "connecting", "disconnected"})
_CSS_CLASSES = {"date": "short", "amount": "figure", "what_to_do": "long"}
# Problems that the page lists, in the order of its sections, with the section that has the details.
_SECTIONS = {
    Problem.LINES_TO_CHECK: "look-at",
    Problem.EXPENSES_NOT_EXPORTED: "export",
    Problem.CATALOGUE_REFUSED: "sync",
    Problem.BALANCE_UNEXPLAINED: "proof",
}
_SHOWN_LINES = 20
_SHOWN_MOVEMENTS = 12
_SHOWN_CHANGES = 10


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. `css_class`: short (no line break), figure (right-aligned) or long (as wide as a phone)."""

    name: str
    css_class: str = ""


@dataclass(frozen=True, slots=True)
class ActionItem:
    """A problem that the admin must act on, and the section that has the details."""

    section: str
    words: str


def status(language: Language, overview: Overview, *, links: Links, token: str, now: datetime) -> Html:
    """Render the page of one company. `token` proves that a form comes from this session's page."""
    show = Formats(language, now)
    verdict = verdict_of(overview, now)
    text = VERDICTS.get(verdict, VERDICTS["held"])
    return render_page(
        "status.html",
        language,
        title=STATUS["title"].in_(language),
        text=texts_in(STATUS, language),
        ask_text=texts_in(ASK, language),
        sign_out=COMMON["sign_out"].in_(language),
        show=show,
        overview=overview,
        links=links,
        token=token,
        verdict=text,
        verdict_title=text.title.in_(language),
        verdict_body=text.body.in_(language),
        waits=_waits(overview, show),
        failing=_failing(overview, show),
        action_items=[] if verdict in _WITHOUT_ACTIONS else _action_items(overview, show),
        state=(_TONES.get(overview.status, "warn"), STATUSES[overview.status].in_(language)),
        sides=[
            (STATUS["company"].in_(language), overview.company, *_health(overview.pleo, language)),
            (STATUS["organisation"].in_(language), overview.organisation, *_health(overview.lexoffice, language)),
        ],
        lines=_lines(overview, show),
        export=_export(overview.export, show) if overview.export else None,
        proof=_proof(overview, show),
        refused=_refusal(overview.sync.refused, show),
        confirmable=overview.sync.refused is not None and overview.sync.refused.confirmable,
        changes=[_change(change, show) for change in overview.sync.changes[:_SHOWN_CHANGES]],
        more_changes=_plural("more_changes", len(overview.sync.changes) - _SHOWN_CHANGES + overview.sync.more, show),
        movements=_movements(overview.movements, show),
        charts=charts_of(overview.days, show),
    )


def _health(state: str, language: Language) -> tuple[str, str]:
    return _TONES[state], HEALTH[state].in_(language)


def _plural(name: str, n: int, show: Formats) -> str:
    """Return a text in the plural form for n, "" if n is not positive."""
    text = COUNTS[name].for_(n).in_(show.language)
    return text.replace("{n}", show.number(n)) if n > 0 else ""


def _waits(overview: Overview, show: Formats) -> str:
    """Return how many payments wait, without those that the admin must check, and until when."""
    waiting = overview.waiting_count - lines_to_check(overview)
    words = [_plural("waiting_more" if overview.waiting_more else "waiting", waiting, show)]
    if overview.done_by and overview.status == "active":
        words.append(STATUS["done_by"].in_(show.language).format(time=show.when(overview.done_by)))
    return " ".join(word for word in words if word)


def _failing(overview: Overview, show: Formats) -> str:
    """Return since when a connected company's syncs fail and when the next is due, "" if they succeed."""
    if overview.failing_since is None or overview.next_try_at is None or overview.status not in {"active", "held"}:
        return ""
    since, again = show.when(overview.failing_since), show.when(max(overview.next_try_at, show.now))
    return STATUS["failing"].in_(show.language).format(since=since, next=again)


def _action_items(overview: Overview, show: Formats) -> list[ActionItem]:
    findings = {finding.problem: finding for finding in findings_of(overview, show.now)}
    return [
        ActionItem(section, _action(findings[problem], show))
        for problem, section in _SECTIONS.items()
        if problem in findings
    ]


def _action(finding: Finding, show: Formats) -> str:
    match finding.problem:
        case Problem.LINES_TO_CHECK:
            return _plural("attention_lines", finding.count, show)
        case Problem.EXPENSES_NOT_EXPORTED:
            return _plural("attention_items", finding.count, show)
        case Problem.CATALOGUE_REFUSED:
            return STATUS["sync_refused"].in_(show.language)
    return STATUS["proof_attention"].in_(show.language)


def _lines(overview: Overview, show: Formats) -> dict[str, object]:
    """Return the table of lines that the admin must check."""
    rows = [row for row in overview.waiting if row.needs_check]
    return {
        "columns": _columns(show.language, "date", "merchant", "amount", "what_to_do"),
        "rows": [_line(row, show) for row in rows[:_SHOWN_LINES]],
        "more": _plural("more", len(rows) - _SHOWN_LINES, show),
    }


def _line(row: Waiting, show: Formats) -> tuple[str, ...]:
    reason = WAITING.get(row.reason, WAITING["other"]).in_(show.language)
    return (
        show.day(row.day) if row.day else "–",
        row.counterparty or kind_label(row.kind, show.language),
        show.money(row.amount) if row.amount else "–",
        fill(reason, {"detail": row.detail} if row.detail else {}, show.language),
    )


def _export(export: LastExport, show: Formats) -> dict[str, object]:
    language = show.language
    ended = EXPORTS.get(export.event, EXPORTS["other"]) if export.state == "finished" else EXPORTS[export.state]
    tone = "busy" if export.state != "finished" else "ok" if export.event == "completed" else "warn"
    done = COUNTS["exported"].for_(export.items).in_(language)
    return {
        "tone": tone,
        "word": ended.in_(language),
        "at": show.moment(export.created_at),
        "count": done.format(successful=show.number(export.successful), n=show.number(export.items))
        if export.items
        else "",
        "done_by": STATUS["done_by"].in_(language).format(time=show.when(export.done_by)) if export.done_by else "",
        "cause": export_error_text(export.code, dict(export.values), language) if export.code else "",
        "columns": _columns(language, "number", "merchant", "amount", "what_to_do"),
        "rows": [_item(item, show) for item in export.failed[:_SHOWN_LINES]],
        "more": _plural("more", export.failed_count - _SHOWN_LINES, show),
        "to_match": export.state == "finished" and export.successful > 0,
    }


def _item(item: FailedItem, show: Formats) -> tuple[str, ...]:
    return (
        item.book_id or item.entry_id,
        item.merchant or "–",
        "–" if item.amount is None else show.money(item.amount),
        export_error_text(item.code, dict(item.values), show.language),
    )


def _change(change: CatalogueChange, show: Formats) -> str:
    what = change.what
    if what == "tax_code":
        what = "tax_code_new" if not change.before else "tax_code_changed" if change.name else "tax_code_gone"
    words = CHANGES.get(what, CHANGES["other"]).in_(show.language).format(name=change.name, before=change.before)
    using = _plural("using_gone" if what == "archived" else "using_changed", change.expenses, show)
    return f"{words} {using}".strip()


def _proof(overview: Overview, show: Formats) -> dict[str, str]:
    """Return the page's texts about the balance proof, without its sums."""
    proof = overview.balance.proof
    pending = (proof.pending if proof else None) or Pending()
    return {
        "pending": _plural("pending", pending.count, show),
        "pending_amount": "–" if pending.count == pending.unknown else show.money(pending.cents),
        "pending_unknown": _plural("pending_unknown", pending.unknown, show),
        "held": _plural("held", proof.sums.held if proof else 0, show),
        "made": " ".join(_proof_times(overview.balance, show)) if overview.status in _PROVED else "",
    }


def _proof_times(balance: AccountBalance, show: Formats) -> Iterator[str]:
    """Yield when the last proof was made, how long ago, and when a later attempt failed."""
    if balance.proof is None:
        yield STATUS["proof_never"].in_(show.language)
    else:
        proved_at = balance.proof.proved_at
        words = STATUS["proof_at"].in_(show.language)
        wallet = show.money(balance.proof.wallet)
        yield words.format(moment=show.moment(proved_at), age=show.age(proved_at), wallet=wallet)
    if balance.tried_at is not None:
        yield STATUS["proof_tried"].in_(show.language).format(moment=show.moment(balance.tried_at))


def _refusal(refusal: CatalogueRefusal | None, show: Formats) -> str:
    """Return why the catalogue was not synced, "" if it was."""
    if refusal is None:
        return ""
    words = REFUSALS[refusal.reason].in_(show.language)
    return words.format(count=show.number(refusal.count), known=show.number(refusal.known))


def _movements(movements: Sequence[Movement], show: Formats) -> dict[str, object]:
    """Return the table of the newest wallet movements to enter by hand."""
    return {
        "columns": _columns(show.language, "date", "kind", "direction", "amount"),
        "rows": [
            (
                show.day(movement.day),
                kind_label(movement.kind, show.language),
                DIRECTIONS["in" if movement.amount > 0 else "out"].in_(show.language),
                show.money(abs(movement.amount)),
            )
            for movement in movements[:_SHOWN_MOVEMENTS]
        ],
        "more": _plural("more_in_file", len(movements) - _SHOWN_MOVEMENTS, show),
    }


def _columns(language: Language, *names: str) -> list[TableColumn]:
    """Return the columns whose headings have these names in STATUS."""
    return [TableColumn(STATUS[name].in_(language), _CSS_CLASSES.get(name, "")) for name in names]
