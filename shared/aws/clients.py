"""One botocore session, one client per service, one place where AWS's errors become ours.

botocore directly: the doors need neither boto3's resources nor its second copy of the set-up time
(docs/decisions/0003).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import StoreUnavailable

# A door answers within seconds or not at all: short timeouts, three tries of botocore's standard mode.
_CONFIG = Config(connect_timeout=2, read_timeout=6, retries={"mode": "standard", "max_attempts": 3}, tcp_keepalive=True)


@cache
def client(service: str) -> Any:
    """The process's client for an AWS service ("dynamodb", "sqs", "kms", "secretsmanager")."""
    return _session().create_client(service, config=_CONFIG)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Turn what AWS throws into StoreUnavailable with operation and error code, never with content."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"{operation} answered {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{operation}: {type(error).__name__}") from error
