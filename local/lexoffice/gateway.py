"""The checks before each endpoint of `/v1`, in this order.

Outage, token, rate limit, ordered faults, route, scope, plan, content type, then the endpoint.
Status codes: https://developers.lexware.io/docs/#error-codes-http-status-codes.
"""

import html
import math
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice import (
    accounts,
    categories,
    contacts,
    faults,
    files,
    hints,
    payments,
    problems,
    profile,
    subscriptions,
    transactions,
    voucher_list,
    vouchers,
)
from local.lexoffice.bucket import TokenBucket
from local.lexoffice.call import Endpoint, FilePart, LexofficeCall
from local.lexoffice.problems import RefusedError
from local.lexoffice.records import Arrival, Organization
from local.lexoffice.wire import LexofficeAnswer
from local.lexoffice.world import LexofficeWorld
from local.standin.oauth import bearer_token
from local.standin.tokens import Grant
from local.standin.wire import parse

# A new resource adds its own table here.
ENDPOINTS: tuple[Endpoint, ...] = (
    *profile.ENDPOINTS,
    *accounts.ENDPOINTS,
    *transactions.ENDPOINTS,
    *categories.ENDPOINTS,
    *vouchers.ENDPOINTS,
    *files.ENDPOINTS,
    *voucher_list.ENDPOINTS,
    *payments.ENDPOINTS,
    *contacts.ENDPOINTS,
    *hints.ENDPOINTS,
    *subscriptions.ENDPOINTS,
)
_STORED_ENCODED = ("/v1/vouchers", "/v1/voucherlist", "/v1/contacts")
# Starlette's names for every method that a client may try. An unsupported one is answered with 405.
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def serve(request: Request) -> Response:
    """Serve one call below `/v1`."""
    world: LexofficeWorld = request.app.state.world
    # Read before any answer: a client may still be sending.
    await request.body()
    connection = world.grants.by_access_token(bearer_token(request.headers.get("authorization", "")))
    if connection is None:
        if world.outage:
            return LexofficeAnswer(503).response()
        return problems.gateway(401, "Unauthorized", {"x-amzn-ErrorType": "UnauthorizedException"}).response()
    organization = world.organizations[connection.holder_id]
    arrival = Arrival(at=time.time(), method=request.method, path=request.url.path)
    organization.traffic.arrivals.append(arrival)
    response = await _admit(world, organization, connection, request)
    if world.switches.request_ids == "all":
        response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
    arrival.status = response.status_code
    return response


async def _admit(world: LexofficeWorld, organization: Organization, connection: Grant, request: Request) -> Response:
    if world.outage or organization.outage:
        return LexofficeAnswer(503).response()
    path = request.url.path
    endpoint, params = _find(request.method, path)
    name = f"{request.method} {endpoint.path if endpoint else path}"
    bucket = world.bucket(organization, connection, name)
    if not bucket.take():
        organization.traffic.too_many += 1
        return _too_many(world, bucket).response()
    organization.traffic.accepted += 1
    organization.traffic.by_route[name] += 1
    call = LexofficeCall(
        world=world,
        organization=organization,
        connection=connection,
        params=params,
        query=request.query_params,
        accept=request.headers.get("accept", "*/*"),
    )

    async def effect() -> Response:
        try:
            _check(call, endpoint, request)
            answer = await _run(call, endpoint, request)
        except RefusedError as error:
            answer = problems.render(error, path=path, now=world.clock.now())
        except _ForbiddenError:
            answer = problems.gateway(403, "Forbidden")
        return answer.response()

    return await faults.run(world, request, organization.id, effect)


class _ForbiddenError(Exception):
    """The token lacks the scope. The gateway refuses in its own short format."""


def _find(method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
    """Return the endpoint for a method and a path, and the path's parameters."""
    for endpoint in ENDPOINTS:
        params = endpoint.match(path)
        if params is not None and endpoint.method == method:
            return endpoint, params
    return None, {}


def _check(call: LexofficeCall, endpoint: Endpoint | None, request: Request) -> None:
    if endpoint is None:
        if any(other.match(request.url.path) is not None for other in ENDPOINTS):
            _check_family(request.url.path)
            raise RefusedError(405, f"Request method '{request.method}' is not supported")
        raise problems.not_found("Resource")
    if not set((endpoint.scope or "").split()) <= set(call.connection.scopes):
        raise _ForbiddenError
    if endpoint.needs_plan:
        _check_plan(call)
    _check_headers(endpoint, request)


def _check_family(path: str) -> None:
    """Answer 404 instead of 405 to an unknown method of vouchers, files and contacts, as measured at lexoffice."""
    if path.startswith(problems.LEGACY_FAMILIES):
        raise problems.not_found("Resource")


def _check_headers(endpoint: Endpoint, request: Request) -> None:
    accepted = request.headers.get("accept", "*/*")
    if not endpoint.gives_files and not any(kind in accepted for kind in ("*/*", "application/*", "application/json")):
        raise RefusedError(406, "No acceptable representation")
    if endpoint.method in {"POST", "PUT"}:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != endpoint.takes:
            raise RefusedError(415, "Content type is not supported")


def _check_plan(call: LexofficeCall) -> None:
    status = call.organization.denied_status
    if status is None and "BOOKKEEPING" not in call.organization.business_features:
        status = call.world.switches.missing_bookkeeping_status
    if status is not None:
        raise RefusedError(status, "The contract of this organization does not include this feature")


async def _run(call: LexofficeCall, endpoint: Endpoint | None, request: Request) -> LexofficeAnswer:
    assert endpoint is not None  # noqa: S101 - _check has refused this
    if endpoint.method in {"POST", "PUT"}:
        call = await _with_body(call, endpoint, request)
    served = endpoint.serve(call)
    answer = served if isinstance(served, LexofficeAnswer) else await served
    if endpoint.method == "GET" and call.world.switches.stored_texts == "html":
        answer = replace(answer, body=_as_stored(endpoint, answer.body))
    return answer


def _as_stored(endpoint: Endpoint, body: object) -> object:
    """HTML-encode texts of searchable resources, as lexoffice is said to store them."""
    match body:
        case str() if endpoint.path.startswith(_STORED_ENCODED):
            return html.escape(body, quote=False)
        case dict():
            return {name: _as_stored(endpoint, value) for name, value in body.items()}
        case list():
            return [_as_stored(endpoint, value) for value in body]
        case _:
            return body


async def _with_body(call: LexofficeCall, endpoint: Endpoint, request: Request) -> LexofficeCall:
    if endpoint.takes != "application/json":
        return await _with_form(call, request)
    try:
        return replace(call, body=parse(await request.body()))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "Malformed JSON request") from error


async def _with_form(call: LexofficeCall, request: Request) -> LexofficeCall:
    """Read a multipart body. Only a part named `file` with a file name is a file."""
    try:
        async with request.form() as form:
            file = form.get("file")
            return replace(
                call,
                form={name: value for name, value in form.items() if isinstance(value, str)},
                file=FilePart(file.filename or "", await file.read()) if isinstance(file, UploadFile) else None,
            )
    except HTTPException as error:
        raise RefusedError(400, "Malformed multipart request") from error


def _too_many(world: LexofficeWorld, bucket: TokenBucket) -> LexofficeAnswer:
    """Refuse a call over the limit. lexoffice sends no `Retry-After`; the switches can add one."""
    seconds = max(1, math.ceil(min(bucket.seconds_until_next(), 3600)))
    match world.switches.too_many:
        case "disguised_as_500":
            return problems.gateway(500, "Internal server error or rate limit exceeded")
        case "retry_after_seconds":
            headers = {"Retry-After": str(seconds)}
        case "retry_after_date":
            moment = world.clock.now() + timedelta(seconds=seconds)
            headers = {"Retry-After": format_datetime(moment, usegmt=True)}
        case _:
            headers = {}
    return problems.gateway(429, "Rate limit exceeded", headers)
