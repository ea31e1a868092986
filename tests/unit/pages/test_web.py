"""Whose forms are heeded, and what a visit says of itself."""

import base64

import pytest

from shared.pages import web
from shared.pages.web import Answer, Visit

OURS = "https://pleo.example.com"


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics that were counted; without AWS's environment nothing can write them."""
    seen: list[str] = []
    monkeypatch.setattr(web, "count", seen.append)
    monkeypatch.setattr(web, "log_info", lambda *_, **__: None)
    return seen


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def visit(route: str = "POST /connect", *, headers: dict[str, str] | None = None, **event: object) -> Visit:
    whole = {"routeKey": route, "headers": headers or {}, "requestContext": {"domainName": "x"}, **event}
    return Visit(whole, _Context(), public_url=OURS, cookie="__Host-connect")


def status(of: Visit) -> int:
    """What a door answers that would say 200."""

    def done(_: Visit) -> Answer:
        return {"statusCode": 200, "headers": {}}

    return int(web.answer(of, {of.route: done})["statusCode"])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"origin": OURS}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": OURS + ".evil.example"}, 403),
        ({"origin": "http://pleo.example.com"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": OURS}, 403),
        ({"sec-fetch-site": "same-site", "origin": OURS}, 403),
        ({"sec-fetch-site": "none"}, 403),
    ],
)
def test_a_form_is_heeded_from_our_own_pages_only(headers: dict[str, str], expected: int) -> None:
    assert status(visit(headers=headers)) == expected


def test_a_refused_form_is_counted(counted: list[str]) -> None:
    status(visit())

    assert counted == ["FormRefused"]


def test_a_page_may_be_opened_from_anywhere() -> None:
    assert status(visit("GET /connect", headers={"sec-fetch-site": "cross-site"})) == 200


@pytest.mark.parametrize("route", sorted(web.SESSION_FORMS))
def test_what_acts_for_somebody_needs_the_token_of_that_session(route: str) -> None:
    def asked(token: str, session: str) -> int:
        cookies = [f"{web.SESSION_COOKIE}={session}"] if session else []
        return status(visit(route, headers={"origin": OURS}, cookies=cookies, body=f"{web.TOKEN_FIELD}={token}"))

    mine = visit(route, cookies=[f"{web.SESSION_COOKIE}=mine"]).form_token

    assert asked(mine, "mine") == 200
    assert asked(mine, "another") == 403
    assert asked("", "mine") == 403
    assert asked("", "") == 403


def test_the_token_does_not_tell_the_cookie() -> None:
    assert "mine" not in visit(cookies=[f"{web.SESSION_COOKIE}=mine"]).form_token


def test_a_form_may_come_encoded_as_the_gateway_likes() -> None:
    body = base64.b64encode(b"name=M%C3%BCller&asked=1042").decode()

    assert visit(body=body, isBase64Encoded=True).form == {"name": "Müller", "asked": "1042"}


def test_a_form_that_is_longer_than_any_of_ours_is_not_read() -> None:
    assert visit(body="csrf=" + "x" * 20_000).form == {}
