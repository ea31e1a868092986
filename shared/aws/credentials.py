"""This product's OAuth client credentials, from one secret that is read once per process."""

import json
from functools import cache

from shared.aws.clients import client, translate_errors
from shared.domain.connecting.tokens import ClientCredentials
from shared.errors import ConfigError


def pleo(secret_arn: str) -> ClientCredentials:
    """Return our credentials at Pleo. Raises ConfigError if the secret is not filled in."""
    return _credentials(secret_arn, "pleo")


def lexoffice(secret_arn: str) -> ClientCredentials:
    """Return our credentials at lexoffice. Raises ConfigError if the secret is not filled in."""
    return _credentials(secret_arn, "lexoffice")


def _credentials(secret_arn: str, vendor: str) -> ClientCredentials:
    values = _read(secret_arn)
    client_id, client_secret = values.get(f"{vendor}_client_id"), values.get(f"{vendor}_client_secret")
    if not client_id or not client_secret:
        _read.cache_clear()
        raise ConfigError(f"The secret {secret_arn} lacks {vendor}_client_id or {vendor}_client_secret.")
    return ClientCredentials(client_id, client_secret)


@cache
def _read(secret_arn: str) -> dict[str, str]:
    with translate_errors("GetSecretValue"):
        answer = client("secretsmanager").get_secret_value(SecretId=secret_arn)
    try:
        values = json.loads(answer["SecretString"])
    except ValueError as error:
        raise ConfigError(f"The secret {secret_arn} is not a JSON object.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"The secret {secret_arn} is not a JSON object.")
    return {str(key): str(value) for key, value in values.items()}
