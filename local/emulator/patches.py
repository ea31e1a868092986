"""The behaviour of AWS that this product relies on and MiniStack 1.5.33 lacks.

Each patch names the AWS rule it supplies. Remove a patch once a newer MiniStack release follows the rule itself;
tests/house/test_emulator.py states what must hold.

Known gaps without a patch:
- Alarms never change state.
- Throttling of routes is not enforced.
- The API's access log stays empty.
- dynamodb:LeadingKeys is unknown inside transactions.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from ministack.core import iam_actions, lambda_runtime
from ministack.services import apigateway, dynamodb, lambda_svc, secretsmanager, sqs
from ministack.services.cloudformation import provisioners

from local.emulator import message_moves

type Json = dict[str, Any]
# A provisioner returns the physical id and the attributes for Fn::GetAtt.
type Provisioned = tuple[str, Json]


def apply() -> None:
    """Install every patch. Call this once, before the server starts."""
    _wrap("AWS::ApiGatewayV2::Api", _routes_from_body)
    _wrap("AWS::DynamoDB::Table", _time_to_live)
    secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    secret.update({action: _secret_by_arn(secret[action]) for action in ("create", "update", "delete")})
    iam_actions.request_tag_context = _with_request_keys(iam_actions.request_tag_context)
    iam_actions.extract_iam_action = _batches_as_one(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = _moves_by_queue(iam_actions.extract_resource_arn)
    lambda_svc._execute_function_with_config_scope = _as_http_api_event(lambda_svc._execute_function_with_config_scope)
    lambda_svc._sqs_esm_concurrency = _concurrent_groups(lambda_svc._sqs_esm_concurrency)
    sqs._collect_fifo = _one_group(sqs._collect_fifo)
    provisioners._cw_metric_alarm_record = _with_metric_math(provisioners._cw_metric_alarm_record)
    _end_of_logs()
    sqs._HANDLERS.update(message_moves.HANDLERS)


def _wrap(resource_type: str, after: Callable[[str, Json], None]) -> None:
    """Call `after(physical id, properties)` after the provisioner has created or updated a resource of this type."""
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
    """Define an API's routes and integrations from its OpenAPI `Body`, which is what SAM makes of HttpApi events.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-api.html
    Authorizers and CORS of the Body are not supported: the template has none.
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
    """Use payload format 2.0: cookies in their own list, the caller's domain name, no empty parameters.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """

    def execute_as_aws(function: Json, event: Any) -> Json:
        of_api = isinstance(event, dict) and event.get("version") == "2.0" and "routeKey" in event
        if of_api:
            headers = event["headers"]
            cookie = headers.pop("cookie", None)
            if cookie:
                event["cookies"] = [part.strip() for part in cookie.split(";")]
            if event["pathParameters"] is None:
                del event["pathParameters"]
            event["requestContext"]["domainName"] = headers.get("host", "").split(":")[0]
        result = execute(function, event)
        if of_api and result.get("error"):
            # API Gateway does not disclose the error to the caller.
            result["body"] = {"statusCode": 500, "body": '{"message":"Internal Server Error"}'}
        return result

    return execute_as_aws


# ------------------------------------------------------------------------------------------------ logs
def _end_of_logs() -> None:
    """Attribute log lines to the invocation that wrote them, and do not delay a function that logs nothing.

    The emulator guesses when a function's output has ended, and waits 50 ms for a first line. With this patch the
    worker marks the end of the output.
    """
    end = "\x1e"
    script, last_line = lambda_runtime._PYTHON_WORKER_SCRIPT, "        _real_stdout.flush()\n\nrun()\n"
    if not script.endswith(last_line):
        raise RuntimeError("This patch does not fit the installed MiniStack.")
    marked = f"        print({end!r}, file=sys.__stderr__, flush=True)\n{last_line}"
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.removesuffix(last_line) + marked

    def drain(worker: Any) -> str:
        lines: list[str] = []
        with suppress(Empty):  # a worker that died never marks the end
            while not (line := worker._stderr_queue.get(timeout=0.25)).endswith(end):
                lines.append(line)
            lines += [line.removesuffix(end)] if line != end else []
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = drain


# ------------------------------------------------------------------------------------------------ alarms
def _with_metric_math(known: Callable[[str, Json], Json]) -> Callable[[str, Json], Json]:
    """Accept alarms on an expression over several metrics. Like every alarm here, such an alarm has no effect.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
    """

    def record(name: str, props: Json) -> Json:
        if "Metrics" not in props:
            return known(name, props)
        (watched,) = (each for each in props["Metrics"] if each.get("ReturnData", True) is not False)
        single = {key: value for key, value in props.items() if key != "Metrics"}
        return known(name, {**single, "Namespace": "metric math", "MetricName": watched["Expression"]})

    return record


# ------------------------------------------------------------------------------------------------ tables, secrets
def _time_to_live(table: str, props: Json) -> None:
    """Enable the table's time to live from `TimeToLiveSpecification`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dynamodb-table-timetolivespecification.html
    """
    if "TimeToLiveSpecification" in props:
        specification = dict(props["TimeToLiveSpecification"])
        specification["Enabled"] = str(specification.get("Enabled")).lower() == "true"
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": specification})


def _secret_by_arn(provision: Callable[..., Any]) -> Callable[..., Any]:
    """Make `!Ref` of a secret return its ARN. The emulator stores and finds its secrets by name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
    """

    def provision_by_arn(identity: str, *rest: Any, **named: Any) -> Any:
        by_arn = {secret["ARN"]: name for name, secret in secretsmanager._secrets.items()}
        result = provision(by_arn.get(identity, identity), *rest, **named)
        return result if result is None else (result[1]["Arn"], result[1])

    return provision_by_arn


# ------------------------------------------------------------------------------------------------ IAM conditions
def _with_request_keys(known: Callable[..., Json]) -> Callable[..., Json]:
    """Add the condition keys kms:EncryptionContext:<name> and dynamodb:LeadingKeys to a request's context.

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


def _batches_as_one(known: Callable[..., str | None]) -> Callable[..., str | None]:
    """Authorise SQS batch calls by the action for a single message: SQS has no actions of their own for batches.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """

    def action(service: str, *rest: Any, **named: Any) -> str | None:
        found = known(service, *rest, **named)
        return found.removesuffix("Batch") if found and service == "sqs" else found

    return action


def _moves_by_queue(known: Callable[..., str]) -> Callable[..., str]:
    """Authorise starting, listing and cancelling message moves by the dead-letter queue.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found = known(service, method, path, headers, body, *rest)
        if service == "sqs" and found == "*" and body[:1] == b"{":
            return message_moves.queue_of(json.loads(body)) or found
        return found

    return resource


def _leading_keys(request: Json) -> list[str]:
    """Return the partition key values that a call for one item or one query names."""
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
    """Process several message groups of a FIFO queue at the same time, each group in order.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """

    def concurrency(esm: Json, function: Json, config: Json, _queue: Json | None = None) -> int:
        return known(esm, function, config, None)

    return concurrency


def _one_group(known: Callable[..., list[Json]]) -> Callable[..., list[Json]]:
    """Receive messages of one message group only, so that a batch never waits for another group's batch."""

    def collect(queue: Json, limit: int, visibility: int, now: float) -> list[Json]:
        waiting = queue["messages"]
        busy = {m["group_id"] for m in waiting if m["visible_at"] > now and m["receive_count"] > 0}
        free = (m["group_id"] for m in waiting if m["visible_at"] <= now and m["group_id"] not in busy)
        group = next(free, None)
        only = {**queue, "messages": [m for m in waiting if m["group_id"] == group]}
        return known(only, limit, visibility, now) if group is not None else []

    return collect
