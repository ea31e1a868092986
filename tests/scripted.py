"""A vendor that answers as a test dictates, without a network or over a real connection, and what it was asked."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx

type Step = tuple[int, object] | httpx.Response | Exception


def scripted(*steps: Step) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Answer with each step in turn, the last one for ever; the requests gather in the list.

    A step is a response, its status and body (bytes as they are, anything else as JSON), or an error to raise.
    """
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        match steps[min(len(requests), len(steps)) - 1]:
            case Exception() as error:
                raise error
            case httpx.Response() as response:
                # A response object can be streamed once only.
                return httpx.Response(response.status_code, headers=response.headers, content=response.content)
            case (status, bytes() as body):
                return httpx.Response(status, content=body)
            case (status, body):
                return httpx.Response(status, json=body)

    return httpx.MockTransport(handle), requests


def body_of(request: httpx.Request) -> Any:
    """The JSON body, fractions as Decimal."""
    return json.loads(request.content, parse_float=Decimal)


def form_of(request: httpx.Request) -> dict[str, str]:
    """The form, each field once."""
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def path_of(request: httpx.Request) -> str:
    """Method and path, without the query."""
    return f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"


@contextlib.contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept connections on loopback one after the other, read the request's head, and let `answer` do the rest."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        answer(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=2)
