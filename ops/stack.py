"""Select the stack of a command, and find its tables and queues."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import CommandRefused
from shared.aws.clients import client, translate_errors

# File in which `make up` describes its stack.
_LOCAL = Path(__file__).parents[1] / ".local" / "stack.json"
_NOT_HERE = "Nothing runs on this machine: start it with `make up` and leave it running."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A deployed stack.

    - `resources`: physical ids by logical id
    - `who`: the operator's AWS identity (ARN)
    - `formation`: CloudFormation's name of the stack, if it is not `name`
    """

    name: str
    resources: Mapping[str, str]
    who: str
    formation: str = ""

    def parameter(self, name: str) -> str:
        """Return the deployed value of a template parameter. Raise CommandRefused if the stack does not have it."""
        with translate_errors("DescribeStacks"):
            (found,) = client("cloudformation").describe_stacks(StackName=self.formation or self.name)["Stacks"]
        for each in found.get("Parameters", []):
            if each["ParameterKey"] == name:
                return str(each["ParameterValue"])
        raise CommandRefused(
            f"The stack {self.name} has no parameter {name}: it is older than this command line; deploy it."
        )

    @property
    def connection_table(self) -> str:
        """The name of ConnectionTable."""
        return self["ConnectionTable"]

    @property
    def ledger_table(self) -> str:
        """The name of LedgerTable."""
        return self["LedgerTable"]

    def __getitem__(self, logical_id: str) -> str:
        """Return a resource's physical id: the URL of a queue, the name of a table. Raise CommandRefused if missing."""
        try:
            return self.resources[logical_id]
        except KeyError:
            raise CommandRefused(
                f"The stack {self.name} has no {logical_id}: it is older than this command line; deploy it."
            ) from None


def find(*, local: bool, name: str, profile: str, region: str) -> Stack:
    """Return the stack that the options select. Raise CommandRefused if it does not exist or access is denied."""
    if local and name:
        raise CommandRefused("Either --local or --stack, not both.")
    name = name or ("local" if local else os.environ.get("OPS_STACK", ""))
    # Also by name: with OPS_STACK=local the runbook's commands work unchanged.
    if name == "local":
        return _local()
    if not name:
        raise CommandRefused(
            "Say which stack: --local for the one of `make up`, or --stack NAME (or the variable OPS_STACK)."
        )
    if profile:
        os.environ["AWS_PROFILE"] = profile
    # botocore reads AWS_DEFAULT_REGION only; other AWS tools read both.
    if region := region or os.environ.get("AWS_REGION", ""):
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    return _deployed(name)


def _local() -> Stack:
    try:
        # Tests and demo run their own stacks and set OPS_LOCAL_STACK.
        described = json.loads(Path(os.environ.get("OPS_LOCAL_STACK") or _LOCAL).read_text("utf-8"))
    except (OSError, ValueError):
        raise CommandRefused(_NOT_HERE) from None
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the operator may be logged in to an AWS account
    operator = described.get("operator", described)
    os.environ |= {
        "AWS_ENDPOINT_URL": described["aws_endpoint_url"],
        "AWS_REGION": described["region"],
        "AWS_DEFAULT_REGION": described["region"],
        "AWS_ACCESS_KEY_ID": operator["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": operator["aws_secret_access_key"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": ",".join(filter(None, ("127.0.0.1,localhost", os.environ.get("NO_PROXY")))),
    }
    who = _identity(_NOT_HERE)
    return Stack(name="local", resources=described["resources"], who=who, formation=described.get("stack_name", ""))


def _deployed(name: str) -> Stack:
    who = _identity("AWS cannot be reached.")
    resources: dict[str, str] = {}
    try:
        pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
        for page in pages:
            found = page["StackResourceSummaries"]
            resources |= {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}
    except ClientError as error:
        raise CommandRefused(_stack_refused(name, who, error)) from error
    except BotoCoreError as error:
        raise CommandRefused(f"AWS cannot be asked about the stack {name}: {type(error).__name__}.") from error
    return Stack(name=name, resources=resources, who=who)


def _stack_refused(name: str, who: str, error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "unknown")
    if code == "ValidationError":
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "of the AWS profile"
        return f"There is no stack {name} in the region {region} of this account ({who})."
    if "Access" in code:
        return f"{who} may not look at the stack {name}: have the stack's OperatorPolicy attached to that identity."
    return f"AWS refused to describe the stack {name}: {code}."


def _identity(unreachable: str) -> str:
    try:
        return str(client("sts").get_caller_identity()["Arn"])
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise CommandRefused(
            f"AWS does not accept these credentials ({code}): log in, or name another --profile."
        ) from error
    except BotoCoreError as error:
        raise CommandRefused(_no_identity(error, unreachable)) from error


def _no_identity(error: BotoCoreError, unreachable: str) -> str:
    kind = type(error).__name__
    if kind == "ProfileNotFound":
        return f"{error}."
    if kind == "NoRegionError":
        return "Say in which region the stack is: --region, or the variable AWS_REGION."
    if "Credential" in kind or "Token" in kind or "SSO" in kind:
        return "There are no valid AWS credentials here: log in (`aws sso login`), or name a --profile."
    return unreachable
