"""AWS clients, one per service and process, and the translation of their errors.

botocore without boto3, which would make the doors' start-up slower (docs/decisions/0003).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import StoreUnavailable

# A door must answer within seconds: short timeouts, at most three attempts in botocore's standard mode.
_CONFIG = Config(connect_timeout=2, read_timeout=6, retries={"mode": "standard", "max_attempts": 3}, tcp_keepalive=True)


@cache
def client(service: str) -> Any:
    """Return the process's client for an AWS service ("dynamodb", "sqs", "kms", "secretsmanager")."""
    return _session().create_client(service, config=_CONFIG)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Raise an error of AWS as StoreUnavailable with operation and error code, never with content."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"{operation} answered {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{operation}: {type(error).__name__}") from error
