"""The command line and a deployed stack: found by its name with an operator's rights, and refused in one sentence."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from ops_process import Ended, run

from local.emulator.deploy import STACK
from local.emulator.process import REGION

from .company import Company
from .world import World

pytestmark = pytest.mark.journey


def ops(world: World, keys: dict[str, str], *arguments: str, stack: str = STACK) -> Ended:
    """Runs a command against the stack as AWS shows it, not by way of what `make up` writes down."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPS_"))}
    target = {"AWS_ENDPOINT_URL": world.stack.emulator.endpoint_url, "AWS_REGION": REGION}
    environment = clean | target | {name.upper(): value for name, value in keys.items()}
    return run(*arguments, "--stack", stack, environment=environment)


@pytest.fixture
def nobody(world: World) -> Iterator[dict[str, str]]:
    """The keys of a user of the account without any right."""
    iam = world.stack.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    yield {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    iam.delete_access_key(UserName="nobody", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="nobody")


def test_an_operator_finds_a_deployed_stack_by_its_name(world: World, company: Company) -> None:
    ran = ops(world, world.stack.operator, "company", company.connection_id)

    assert ran.code == 0, ran.stderr
    assert company.connection_id in ran.stdout


def test_a_stack_that_does_not_exist_is_named(world: World) -> None:
    ran = ops(world, world.stack.operator, "companies", stack="elsewhere")

    assert (ran.code, ran.stdout) == (1, "")
    assert "elsewhere" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_somebody_without_rights_is_told_which_policy_is_missing(world: World, nobody: dict[str, str]) -> None:
    ran = ops(world, nobody, "companies")

    assert (ran.code, ran.stdout) == (1, "")
    assert "OperatorPolicy" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_operator_cannot_read_tokens_nor_rewrite_the_audit_log(world: World) -> None:
    import boto3
    from botocore.exceptions import ClientError

    def as_operator(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=world.stack.emulator.endpoint_url, region_name=REGION, **world.stack.operator
        )

    resources = world.stack.resources
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "scan", {"TableName": resources["TokenTable"]}),
        ("secretsmanager", "get_secret_value", {"SecretId": resources["VendorSecret"]}),
        ("logs", "delete_log_group", {"logGroupName": resources["AuditLogs"]}),
        ("logs", "put_retention_policy", {"logGroupName": resources["AuditLogs"], "retentionInDays": 1}),
    ]
    for service, call, request in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(as_operator(service), call)(**request)
