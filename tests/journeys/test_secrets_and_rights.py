"""What a dump of the tables reveals, what swapped secrets are good for, and what the receiver's role may not do."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from local.emulator.process import REGION

from .company import Company
from .world import DOORS, World

pytestmark = pytest.mark.journey

VENDORS = ("pleo", "lexoffice")
TABLES = ("TokenTable", "ConnectionTable", "LedgerTable")


def tokens(company: Company, vendor: str) -> dict[str, str]:
    """A company's tokens, opened as its worker opens them: with KMS and the right context."""
    sealed, end, context = sealed_tokens(company, vendor)
    key = company.world.stack.client("kms").decrypt(CiphertextBlob=sealed[3:end], EncryptionContext=context)
    bound = "\n".join(f"{name}={context[name]}" for name in sorted(context)).encode()
    opened: dict[str, str] = json.loads(
        AESGCM(key["Plaintext"]).decrypt(sealed[end : end + 12], sealed[end + 12 :], bound)
    )
    return opened


def sealed_tokens(company: Company, vendor: str) -> tuple[bytes, int, dict[str, str]]:
    """What is stored of a company's tokens, where the encrypted data key in it ends, and the encryption context."""
    sealed = bytes(stored(company, vendor)["sealed"].value)
    context = {
        "purpose": "tokens",
        "connection_id": company.connection_id,
        "company_id": company.id,
        "vendor": vendor,
    }
    return sealed, 3 + int.from_bytes(sealed[1:3]), context


def stored(company: Company, vendor: str) -> dict[str, Any]:
    found = company.world.item("TokenTable", connection_id=company.connection_id, vendor=vendor)
    assert found
    return found


def test_a_dump_of_the_tables_and_the_logs_contain_no_secret(world: World, company: Company) -> None:
    company.is_fed(company.spend())
    secrets = [*company.secrets, *(value for vendor in VENDORS for value in tokens(company, vendor).values())]
    tables = [world.stack.client("dynamodb").scan(TableName=world.stack.resources[name])["Items"] for name in TABLES]
    logs = [world.stack.logs(door) for door in DOORS]

    everything = repr([tables, logs])

    assert company.connection_id in everything
    assert len(secrets) == 5
    for secret in secrets:
        assert len(secret) > 20
        assert secret not in everything
        assert secret.removeprefix("whsec_") not in everything


def test_swapped_tokens_do_not_open_and_nothing_reaches_the_wrong_organisation(
    world: World, company: Company, neighbour: Company
) -> None:
    mine, theirs = stored(company, "lexoffice"), stored(neighbour, "lexoffice")
    world.put("TokenTable", mine | {"sealed": theirs["sealed"]})
    world.put("TokenTable", theirs | {"sealed": mine["sealed"]})

    both = [company.spend(), neighbour.spend()]
    for each in (company, neighbour):
        world.eventually(
            lambda of=each: world.logged("FeedFunction", message="feed postponed", connection_id=of.connection_id),  # type: ignore[misc]
            what="a feed that does not start",
        )
    assert (company.lines, neighbour.lines) == ([], [])

    world.put("TokenTable", mine)
    world.put("TokenTable", theirs)
    company.is_fed(both[0])
    neighbour.is_fed(both[1])


def test_a_signing_secret_of_another_company_opens_nothing(world: World, company: Company, neighbour: Company) -> None:
    mine = company.connection
    world.put("ConnectionTable", mine | {"secrets": neighbour.connection["secrets"]})
    world.stack.kill_worker("PleoWebhookFunction")

    answer = company.deliver(b"{}", secret=neighbour.secrets[0])
    world.put("ConnectionTable", mine)

    assert answer.status_code == 503
    assert company.parked == []


def taken_over(world: World, door: str) -> boto3.Session:
    """An intruder in a door: everything that the door's role allows and nothing else."""
    function = world.stack.client("lambda").get_function_configuration(FunctionName=world.stack.resources[door])
    assumed = world.stack.client("sts").assume_role(RoleArn=function["Role"], RoleSessionName="intruder")["Credentials"]
    return boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], REGION)


@pytest.fixture(scope="module")
def receiver(world: World) -> boto3.Session:
    return taken_over(world, "PleoWebhookFunction")


def test_who_takes_over_the_receiver_gets_no_token_and_no_credential(
    world: World, receiver: boto3.Session, company: Company
) -> None:
    endpoint, resources = world.stack.emulator.endpoint_url, world.stack.resources
    dynamodb = receiver.client("dynamodb", endpoint_url=endpoint)
    connection = {"id": {"S": f"CONNECTION#{company.connection_id}"}}
    assert dynamodb.get_item(TableName=resources["ConnectionTable"], Key=connection)["Item"]

    token = {"connection_id": {"S": company.connection_id}, "vendor": {"S": "lexoffice"}}
    attempts = {
        "tokens": lambda: dynamodb.get_item(TableName=resources["TokenTable"], Key=token),
        "token dump": lambda: dynamodb.scan(TableName=resources["TokenTable"]),
        "connection dump": lambda: dynamodb.scan(TableName=resources["ConnectionTable"]),
        "company by name": lambda: dynamodb.get_item(
            TableName=resources["ConnectionTable"], Key={"id": {"S": f"COMPANY#{company.id}"}}
        ),
        "ledger": lambda: dynamodb.scan(TableName=resources["LedgerTable"]),
        "client secrets": lambda: receiver.client("secretsmanager", endpoint_url=endpoint).get_secret_value(
            SecretId=resources["VendorSecret"]
        ),
        "other queue": lambda: receiver.client("sqs", endpoint_url=endpoint).send_message(
            QueueUrl=resources["SyncQueue"], MessageBody="{}"
        ),
    }
    allowed = {name for name, attempt in attempts.items() if not denied(attempt)}

    assert allowed == set()


@pytest.mark.parametrize(("door", "is_denied"), [("OauthFunction", True), ("FeedFunction", False)])
def test_the_browsers_door_and_a_worker_store_tokens_but_only_the_worker_decrypts_them(
    world: World, company: Company, door: str, is_denied: bool
) -> None:
    """Both doors have the same policy for tokens (`VendorAccess`), and decrypting is none of its rights."""
    session, endpoint = taken_over(world, door), world.stack.emulator.endpoint_url
    sealed, end, context = sealed_tokens(company, "lexoffice")
    kms = session.client("kms", endpoint_url=endpoint)
    key = {"connection_id": {"S": company.connection_id}, "vendor": {"S": "lexoffice"}}

    def other_key() -> object:
        purpose = context | {"purpose": "webhook-secret"}
        return kms.generate_data_key(KeyId=world.stack.resources["Key"], KeySpec="AES_256", EncryptionContext=purpose)

    assert session.client("dynamodb", endpoint_url=endpoint).get_item(
        TableName=world.stack.resources["TokenTable"], Key=key
    )["Item"]
    assert denied(lambda: kms.decrypt(CiphertextBlob=sealed[3:end], EncryptionContext=context)) is is_denied
    assert denied(other_key)


def denied(attempt: Any) -> bool:
    try:
        attempt()
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False
