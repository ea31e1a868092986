"""Deploy a SAM template on the emulator as `sam deploy` does: upload to S3, create a CloudFormation stack, wait."""

from collections.abc import Mapping
from typing import Any

from local.emulator.process import ANSWER_SECONDS, REGION, Emulator, StartError
from local.waiting import StalledError, wait_until

STACK = "pleo-lexoffice"
_BUCKET = "pleo-lexoffice-deployment"


def create_bucket(emulator: Emulator) -> None:
    """Create the bucket for uploads."""
    emulator.client("s3").create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def upload(emulator: Emulator, key: str, content: bytes) -> str:
    """Store `content` and return its s3:// address."""
    emulator.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=content)
    return f"s3://{_BUCKET}/{key}"


def deploy(emulator: Emulator, template: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create the stack and return logical id → physical id. Raise StartError with the reasons if it fails."""
    upload(emulator, "template", template.encode())
    formation = emulator.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{emulator.endpoint_url}/{_BUCKET}/template",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    _wait(formation)
    found = formation.describe_stack_resources(StackName=STACK)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def _wait(formation: Any) -> None:
    try:
        wait_until(
            lambda: _is_complete(formation),
            what="the stack's creation",
            progress=lambda: len(formation.describe_stack_events(StackName=STACK)["StackEvents"]),
            silence=ANSWER_SECONDS,
        )
    except StalledError as error:
        raise StartError(str(error)) from error


def _is_complete(formation: Any) -> bool:
    """Return whether the stack is complete. Raise StartError with the reasons if it has failed."""
    status = formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    if status not in {"CREATE_COMPLETE", "CREATE_IN_PROGRESS"}:
        events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
        failed = (event for event in events if "FAILED" in event["ResourceStatus"])
        reasons = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed]
        raise StartError("\n".join([f"The stack is {status}.", *reasons]))
    return bool(status == "CREATE_COMPLETE")
