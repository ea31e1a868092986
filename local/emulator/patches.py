"""What MiniStack 1.5.33 lacks of the AWS behaviour that this product relies on.

Everything that touches the emulator's internals is in this file. Each patch names the rule of AWS it supplies;
when a newer release behaves so by itself, the patch goes (tests/house/test_emulator.py says what must hold).

Known and left alone: alarms never change colour, throttling of routes is not enforced, the access log of the API
stays empty, dynamodb:LeadingKeys is not known inside transactions.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.services import apigateway, dynamodb, lambda_svc, secretsmanager, sqs
from ministack.services.cloudformation import provisioners

type Json = dict[str, Any]
# A provisioner answers with the physical id and the attributes for Fn::GetAtt.
type Provisioned = tuple[str, Json]

_MOVE_BURST = 500  # messages per second, AWS's ceiling when no rate is asked for


def apply() -> None:
    """Installs every patch. Called once, before the server starts."""
    _wrap("AWS::ApiGatewayV2::Api", _routes_from_body)
    _wrap("AWS::DynamoDB::Table", _time_to_live)
    secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    secret.update({action: _secret_by_arn(secret[action]) for action in ("create", "update", "delete")})
    iam_actions.request_tag_context = _with_request_keys(iam_actions.request_tag_context)
    lambda_svc._execute_function_with_config_scope = _as_http_api_event(lambda_svc._execute_function_with_config_scope)
    lambda_svc._sqs_esm_concurrency = _concurrent_groups(lambda_svc._sqs_esm_concurrency)
    sqs._collect_fifo = _one_group(sqs._collect_fifo)
    sqs._HANDLERS.update(
        StartMessageMoveTask=_start_move, ListMessageMoveTasks=_list_moves, CancelMessageMoveTask=_cancel_move
    )


def _wrap(resource_type: str, after: Callable[[str, Json], None]) -> None:
    """Lets `after(physical id, properties)` complete what the provisioner created or updated."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, props: Json, stack_name: str) -> Provisioned:
        result: Provisioned = create(logical_id, props, stack_name)
        after(result[0], props)
        return result

    def updated(physical_id: str, old: Json, new: Json, *rest: Any, **named: Any) -> Provisioned:
        result: Provisioned = update(physical_id, old, new, *rest, **named)
        after(result[0], new)
        return result

    handlers.update(create=created, update=updated)


# ------------------------------------------------------------------------------------------------ HTTP API
def _routes_from_body(api_id: str, props: Json) -> None:
    """An API's OpenAPI `Body` (what SAM makes of HttpApi events) defines its routes and integrations.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-api.html
    Authorizers and CORS of the Body are left out: the template has none.
    """
    if "Body" not in props:
        return
    routes: Json = {}
    integrations: Json = {}
    apigateway._routes[api_id], apigateway._integrations[api_id] = routes, integrations
    for path, methods in props["Body"].get("paths", {}).items():
        for method, operation in methods.items():
            wanted = operation.get("x-amazon-apigateway-integration")
            if wanted is None:
                continue
            number = f"{len(routes) + 1:07d}"
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            integrations[number] = {
                "integrationId": number,
                "integrationType": wanted["type"].upper(),
                "integrationUri": wanted["uri"],
                "integrationMethod": wanted.get("httpMethod", "POST"),
                "payloadFormatVersion": str(wanted.get("payloadFormatVersion", "2.0")),
                "timeoutInMillis": 30000,
            }
            routes[number] = {
                "routeId": number,
                "routeKey": path if path == "$default" else f"{verb} {path}",
                "target": f"integrations/{number}",
                "authorizationType": "NONE",
            }


def _as_http_api_event(execute: Callable[[Json, Any], Json]) -> Callable[[Json, Any], Json]:
    """Payload format 2.0: cookies in a list of their own, the domain name the caller used, no empty parameters.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """

    def execute_as_aws(function: Json, event: Any) -> Json:
        if isinstance(event, dict) and event.get("version") == "2.0" and "routeKey" in event:
            headers = event["headers"]
            cookie = headers.pop("cookie", None)
            if cookie:
                event["cookies"] = [part.strip() for part in cookie.split(";")]
            if event["pathParameters"] is None:
                del event["pathParameters"]
            event["requestContext"]["domainName"] = headers.get("host", "").split(":")[0]
        result = execute(function, event)
        if result.get("error"):
            # API Gateway keeps what went wrong to itself.
            result["body"] = {"statusCode": 500, "body": '{"message":"Internal Server Error"}'}
        return result

    return execute_as_aws


# ------------------------------------------------------------------------------------------------ tables, secrets
def _time_to_live(table: str, props: Json) -> None:
    """`TimeToLiveSpecification` switches the table's time to live on.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dynamodb-table-timetolivespecification.html
    """
    if "TimeToLiveSpecification" in props:
        specification = dict(props["TimeToLiveSpecification"])
        specification["Enabled"] = str(specification.get("Enabled")).lower() == "true"
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": specification})


def _secret_by_arn(provision: Callable[..., Any]) -> Callable[..., Any]:
    """`!Ref` of a secret is its ARN. The emulator keys its secrets, and finds them again, by name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
    """

    def provision_by_arn(identity: str, *rest: Any, **named: Any) -> Any:
        by_arn = {secret["ARN"]: name for name, secret in secretsmanager._secrets.items()}
        result = provision(by_arn.get(identity, identity), *rest, **named)
        return result if result is None else (result[1]["Arn"], result[1])

    return provision_by_arn


# ------------------------------------------------------------------------------------------------ IAM conditions
def _with_request_keys(known: Callable[..., Json]) -> Callable[..., Json]:
    """Adds the condition keys kms:EncryptionContext:<name> and dynamodb:LeadingKeys to a request's context.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """

    def context(service: str, action: str, body: bytes, params: Json) -> Json:
        keys = dict(known(service, action, body, params))
        if service in {"kms", "dynamodb"} and body[:1] == b"{":
            request = json.loads(body)
            if service == "kms":
                pairs = request.get("EncryptionContext") or {}
                keys.update({f"kms:EncryptionContext:{name}": value for name, value in pairs.items()})
            elif leading := _leading_keys(request):
                keys["dynamodb:LeadingKeys"] = leading
        return keys

    return context


def _leading_keys(request: Json) -> list[str]:
    """The partition key values that a call for one item or one query names."""
    table = dynamodb._tables.get(dynamodb._normalize_table_name(request.get("TableName") or ""))
    if table is None:
        return []
    indexes = [*(table["GlobalSecondaryIndexes"] or []), *(table["LocalSecondaryIndexes"] or [])]
    schema = next((i["KeySchema"] for i in indexes if i["IndexName"] == request.get("IndexName")), table["KeySchema"])
    name = next(key["AttributeName"] for key in schema if key["KeyType"] == "HASH")
    values = [part[name] for part in (request.get("Key"), request.get("Item")) if part and name in part]
    for attribute, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression") or ""):
        if (request.get("ExpressionAttributeNames") or {}).get(attribute, attribute) == name:
            values.append(request["ExpressionAttributeValues"][value])
    return [str(scalar) for value in values for scalar in value.values()]


# ------------------------------------------------------------------------------------------------ queues
def _concurrent_groups(known: Callable[..., int]) -> Callable[..., int]:
    """A FIFO queue is worked on group by group, several groups at the same time.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """

    def concurrency(esm: Json, function: Json, config: Json, _queue: Json | None = None) -> int:
        return known(esm, function, config, None)

    return concurrency


def _one_group(known: Callable[..., list[Json]]) -> Callable[..., list[Json]]:
    """A receive takes from one message group, so that a batch never waits for another group's batch."""

    def collect(queue: Json, limit: int, visibility: int, now: float) -> list[Json]:
        waiting = queue["messages"]
        busy = {m["group_id"] for m in waiting if m["visible_at"] > now and m["receive_count"] > 0}
        free = (m["group_id"] for m in waiting if m["visible_at"] <= now and m["group_id"] not in busy)
        group = next(free, None)
        only = {**queue, "messages": [m for m in waiting if m["group_id"] == group]}
        return known(only, limit, visibility, now) if group is not None else []

    return collect


_moves: dict[str, list[Json]] = {}  # dead-letter queue ARN → its tasks, newest first
_running: set[asyncio.Task[None]] = set()  # the loop keeps only weak references


async def _start_move(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html."""
    source_arn, destination_arn = request.get("SourceArn", ""), request.get("DestinationArn")
    source = _queue(source_arn, "SourceArn")
    if destination_arn:
        _queue(destination_arn, "DestinationArn")
    policies = [json.loads(q["attributes"].get("RedrivePolicy") or "{}") for q in sqs._queues.values()]
    if not any(policy.get("deadLetterTargetArn") == source_arn for policy in policies):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    tasks = _moves.setdefault(source_arn, [])
    if any(task["Status"] == "RUNNING" for task in tasks):
        raise sqs._Err(
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )
    task: Json = {
        "TaskHandle": sqs.new_uuid(),
        "Status": "RUNNING",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": len(source["messages"]),
        "StartedTimestamp": int(time.time() * 1000),
    }
    if destination_arn:
        task["DestinationArn"] = destination_arn
    if "MaxNumberOfMessagesPerSecond" in request:
        task["MaxNumberOfMessagesPerSecond"] = request["MaxNumberOfMessagesPerSecond"]
    tasks.insert(0, task)
    running = asyncio.create_task(_move(task, source))
    _running.add(running)
    running.add_done_callback(_running.discard)
    return {"TaskHandle": task["TaskHandle"]}


async def _move(task: Json, source: Json) -> None:
    """Moves what is visible in the dead-letter queue until nothing is left or the task is cancelled."""
    pause = 1 / task.get("MaxNumberOfMessagesPerSecond", _MOVE_BURST)
    while task["Status"] == "RUNNING":
        with sqs._queues_lock:
            now = time.time()
            message = next((m for m in source["messages"] if m["visible_at"] <= now), None)
            if message is None:
                task["Status"] = "COMPLETED"
                return
            target = task.get("DestinationArn") or message["sys"].get("DeadLetterQueueSourceArn", "")
            destination = sqs._queue_by_arn(target)
            if destination is None:
                task.update(Status="FAILED", FailureReason="CouldNotDetermineMessageSource")
                return
            source["messages"].remove(message)
            destination["messages"].append(_as_new(message, destination, now))
            task["ApproximateNumberOfMessagesMoved"] += 1
        sqs.esm_wake.set()
        await asyncio.sleep(pause)


def _as_new(message: Json, destination: Json, now: float) -> Json:
    """A redriven message is a new message: new id, new time of sending, never received; the group stays."""
    fresh: Json = {"receipt_handle": None, "receive_count": 0, "first_receive_at": None}
    if destination["is_fifo"]:
        destination["fifo_seq"] += 1
        fresh["seq"] = str(destination["fifo_seq"]).zfill(20)
    stamps = {"id": sqs.new_uuid(), "sent_at": now, "visible_at": now, "enqueued_at": now}
    return {**message, **fresh, **stamps, "sys": sqs._build_send_sys_attrs(now, {})}


def _list_moves(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html."""
    _queue(request.get("SourceArn", ""), "SourceArn")
    tasks = _moves.get(request["SourceArn"], [])[: int(request.get("MaxResults", 1))]
    # The handle is only shown while the task can still be cancelled.
    return {
        "Results": [
            {name: value for name, value in task.items() if name != "TaskHandle" or task["Status"] == "RUNNING"}
            for task in tasks
        ]
    }


def _cancel_move(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html."""
    every = (task for tasks in _moves.values() for task in tasks)
    task = next((task for task in every if task["TaskHandle"] == request.get("TaskHandle")), None)
    if task is None:
        raise sqs._Err("ResourceNotFoundException", "Task does not exist.", 404)
    if task["Status"] != "RUNNING":
        raise sqs._Err("InvalidParameterValue", "Only active tasks can be cancelled.")
    task["Status"] = "CANCELLED"
    return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}


def _queue(arn: str, parameter: str) -> Json:
    queue: Json | None = sqs._queue_by_arn(arn)
    if queue is None:
        raise sqs._Err(
            "ResourceNotFoundException",
            f"The resource that you specified for the {parameter} parameter doesn't exist.",
            404,
        )
    return queue
