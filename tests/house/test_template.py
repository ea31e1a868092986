"""template.yaml keeps the rules of docs/architecture.md: logs, retries, alarms, encryption, narrow roles, settings."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from cloud import Document, load_template

from local import build
from shared.config import (
    AdminSettings,
    EventSettings,
    ExportSettings,
    FeedSettings,
    OauthSettings,
    ReceiverSettings,
    ScheduleSettings,
    SyncSettings,
)

TEMPLATE = load_template()
RESOURCES: Document = TEMPLATE["Resources"]
SETTINGS = {
    "PleoWebhookFunction": ReceiverSettings,
    "LexofficeWebhookFunction": EventSettings,
    "FeedFunction": FeedSettings,
    "ExportFunction": ExportSettings,
    "OauthFunction": OauthSettings,
    "ScheduleFunction": ScheduleSettings,
    "SyncFunction": SyncSettings,
    "AdminFunction": AdminSettings,
}
DEFAULTS: Document = TEMPLATE["Globals"]["Function"]
ROUTES = {
    "GET /connect",
    "POST /connect",
    "GET /connect/result",
    "GET /connect/progress",
    "POST /connect/resume",
    "POST /sign-in",
    "POST /sign-out",
    "GET /disconnect",
    "POST /status/request",
    "POST /disconnect",
    "GET /disconnect/result",
    "GET /oauth/pleo/callback",
    "GET /oauth/lexoffice/callback",
    "POST /webhooks/pleo/{connection_id}",
    "POST /webhooks/lexoffice/{connection_id}",
    "HEAD /webhooks/lexoffice/{connection_id}",
    "GET /health",
    "GET /status",
    "POST /status/expense",
    "GET /status/movements.csv",
}


def of_type(name: str) -> dict[str, Document]:
    return {key: value for key, value in RESOURCES.items() if value["Type"] == name}


def properties(name: str) -> Document:
    found: Document = RESOURCES[name]["Properties"]
    return found


FUNCTIONS = list(of_type("AWS::Serverless::Function"))
TABLES = list(of_type("AWS::DynamoDB::Table"))
QUEUES = list(of_type("AWS::SQS::Queue"))
DEAD_LETTER_QUEUES = [name for name in QUEUES if name.endswith("DeadLetterQueue")]
LIVE_QUEUES = [name for name in QUEUES if name not in DEAD_LETTER_QUEUES]
# Policies that several doors share.
SHARED = [name for name in of_type("AWS::IAM::ManagedPolicy") if name != "OperatorPolicy"]


def statements(function: str) -> Iterator[Document]:
    """Yield the statements of a function's own and shared policies."""
    for policy in properties(function)["Policies"]:
        document = properties(policy["Ref"])["PolicyDocument"] if "Ref" in policy else policy
        yield from document["Statement"]


def timeout_of(function: str) -> int:
    return int(properties(function).get("Timeout") or DEFAULTS["Timeout"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def mentioned(value: Any) -> Iterator[str]:
    """Every logical id and text in a piece of the template."""
    if isinstance(value, dict):
        for part in value.values():
            yield from mentioned(part)
    elif isinstance(value, list):
        for part in value:
            yield from mentioned(part)
    else:
        yield str(value)


def test_every_settings_class_belongs_to_a_function() -> None:
    assert set(FUNCTIONS) == set(SETTINGS)


# --- functions -------------------------------------------------------------------------------------------------------


def test_all_functions_run_the_same_way() -> None:
    assert (DEFAULTS["Runtime"], DEFAULTS["Architectures"], DEFAULTS["Tracing"]) == ("python3.13", ["arm64"], "Active")
    assert "python{}.{}".format(*build.RUNTIME) == DEFAULTS["Runtime"]
    for name in FUNCTIONS:
        assert not {"Runtime", "Architectures", "Tracing"} & set(properties(name))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_json_logs_to_a_group_of_its_own_that_forgets(name: str) -> None:
    logging = properties(name)["LoggingConfig"]
    group = logging["LogGroup"]["Ref"]

    assert logging["LogFormat"] == "JSON"
    assert "RetentionInDays" in properties(group)
    assert [other for other in FUNCTIONS if properties(other)["LoggingConfig"]["LogGroup"]["Ref"] == group] == [name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_described_and_its_handler_exists(name: str) -> None:
    module, _, handler = properties(name)["Handler"].rpartition(".")

    assert properties(name)["Description"]
    assert handler == "handler"
    assert (module.split(".")[0], module.split(".")[2]) == ("functions", "app")
    assert name == "".join(part.capitalize() for part in module.split(".")[1].split("_")) + "Function"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_exactly_the_variables_it_reads(name: str) -> None:
    ours = {variable for variable in DEFAULTS["Environment"]["Variables"] if not variable.startswith("POWERTOOLS_")}
    given = ours | set(properties(name)["Environment"]["Variables"])

    assert given == {field.name.upper() for field in fields(SETTINGS[name])}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_secret_stands_in_a_functions_environment(name: str) -> None:
    texts = list(mentioned(properties(name)["Environment"]))

    assert not [text for text in texts if "resolve:secretsmanager" in text or "resolve:ssm" in text]


# --- routes ----------------------------------------------------------------------------------------------------------


def events(kind: str) -> Iterator[tuple[str, Document]]:
    for name in FUNCTIONS:
        for event in properties(name).get("Events", {}).values():
            if event["Type"] == kind:
                yield name, event["Properties"]


def test_the_api_has_these_routes() -> None:
    found = {f"{route['Method']} {route['Path']}" for _, route in events("HttpApi")}

    assert found == ROUTES


def test_every_route_belongs_to_the_one_throttled_api() -> None:
    assert {route["ApiId"]["Ref"] for _, route in events("HttpApi")} == {"HttpApi"}
    assert properties("HttpApi")["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert properties("HttpApi")["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0


def test_access_logs_hold_neither_path_nor_query() -> None:
    fields_logged = properties("HttpApi")["AccessLogSettings"]["Format"]

    for secret in ("$context.path", "$context.http", "queryString", "$context.identity", "$context.authorizer"):
        assert secret not in fields_logged


def test_the_browsers_door_answers_before_the_gateway_gives_up() -> None:
    assert {timeout_of(name) <= 29 for name, _ in events("HttpApi")} == {True}


# --- queues ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIVE_QUEUES)
def test_a_queue_gives_up_into_a_queue_of_the_same_kind(name: str) -> None:
    redrive = properties(name)["RedrivePolicy"]
    target = redrive["deadLetterTargetArn"]["Fn::GetAtt"].partition(".")[0]

    assert target == name.replace("Queue", "DeadLetterQueue")
    assert redrive["maxReceiveCount"] >= 3
    assert properties(target).get("FifoQueue") == properties(name).get("FifoQueue")
    assert properties(target)["MessageRetentionPeriod"] == 1209600


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted(name: str) -> None:
    assert properties(name)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", DEAD_LETTER_QUEUES)
def test_one_message_in_a_dead_letter_queue_raises_an_alarm(name: str) -> None:
    alarms = [
        alarm["Properties"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if f"{name}.QueueName" in set(mentioned(alarm))
    ]

    assert [(alarm["MetricName"], alarm["Threshold"], alarm["ComparisonOperator"]) for alarm in alarms] == [
        ("ApproximateNumberOfMessagesVisible", 1, "GreaterThanOrEqualToThreshold")
    ]


def test_a_message_stays_hidden_six_times_as_long_as_its_worker_may_run() -> None:
    found = list(events("SQS"))
    assert {event["Queue"]["Fn::GetAtt"].removesuffix(".Arn") for _, event in found} == set(LIVE_QUEUES)
    for name, event in found:
        queue = properties(event["Queue"]["Fn::GetAtt"].removesuffix(".Arn"))

        assert queue["VisibilityTimeout"] >= 6 * timeout_of(name)
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


# --- tables, key, secret ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_survives_everything_and_is_encrypted_with_our_key(name: str) -> None:
    table = properties(name)

    assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}}


def test_rows_that_expire_do_so_only_where_something_temporary_is_kept() -> None:
    expiring = {name for name in TABLES if properties(name).get("TimeToLiveSpecification", {}).get("Enabled")}

    assert expiring == {"LedgerTable", "ConnectionTable"}


def test_key_and_secret_are_kept_and_the_key_rotates() -> None:
    for name in ("Key", "VendorSecret"):
        assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties("Key")["EnableKeyRotation"] is True
    assert properties("VendorSecret")["KmsKeyId"] == {"Ref": "Key"}


# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_names_its_actions_and_resources(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        for action in listed(statement["Action"]):
            # DynamoDB asks KMS for data keys in either of two ways.
            assert "*" not in action or action == "kms:GenerateDataKey*"
        for resource in listed(statement["Resource"]):
            assert isinstance(resource, dict), f"{name}: {resource!r} is not a resource of this template"
            assert "*" not in "".join(mentioned(resource))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_has_no_ready_made_policies_but_this_stacks_shared_ones(name: str) -> None:
    *shared, own = properties(name)["Policies"]

    assert set(own) == {"Version", "Statement"}
    assert all(set(policy) == {"Ref"} and policy["Ref"] in SHARED for policy in shared)
    assert "Role" not in properties(name)


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_policy_is_shared_and_attached_by_roles_only(name: str) -> None:
    users = [function for function in FUNCTIONS if {"Ref": name} in properties(function)["Policies"]]

    assert len(users) > 1
    # `Users`, `Groups` and `Roles` would attach it outside of the functions' lists.
    assert set(properties(name)) == {"Description", "PolicyDocument"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_key_is_used_for_a_purpose_or_through_a_service_only(name: str) -> None:
    for statement in statements(name):
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            conditions = statement["Condition"]["StringEquals"]
            assert set(conditions) <= {"kms:EncryptionContext:purpose", "kms:ViaService"}


def test_the_receiver_reaches_neither_tokens_nor_client_credentials() -> None:
    reached = {text for statement in statements("PleoWebhookFunction") for text in mentioned(statement)}

    assert not [text for text in reached if "TokenTable" in text or "VendorSecret" in text]
    assert not [text for text in reached if text.startswith("secretsmanager")]
    assert "TOKEN_TABLE" not in properties("PleoWebhookFunction")["Environment"]["Variables"]


def test_the_receiver_of_lexoffices_events_reaches_no_tokens_no_secret_and_no_line_of_the_ledger() -> None:
    found = list(statements("LexofficeWebhookFunction"))
    reached = {text for statement in found for text in mentioned(statement)}

    assert not [text for text in reached if "TokenTable" in text or "VendorSecret" in text]
    assert not [text for text in reached if text.startswith("secretsmanager") or text.endswith("EncryptionContext")]
    assert "dynamodb:PutItem" not in reached
    assert timeout_of("LexofficeWebhookFunction") <= 5  # lexoffice waits no longer


def test_the_admins_pages_read_only_and_reach_neither_tokens_nor_client_credentials() -> None:
    found = list(statements("AdminFunction"))
    reached = {text for statement in found for text in mentioned(statement)}
    verbs = {action for statement in found for action in listed(statement["Action"])}

    assert verbs == {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem", "kms:Decrypt"}
    assert not [text for text in reached if "TokenTable" in text or "VendorSecret" in text]
    assert not [text for text in reached if text.endswith("EncryptionContext:purpose")]


def test_the_receiver_decrypts_signing_secrets_only() -> None:
    purposes = [
        statement["Condition"]["StringEquals"].get("kms:EncryptionContext:purpose")
        for statement in statements("PleoWebhookFunction")
        if any(action.startswith("kms:") for action in listed(statement["Action"]))
    ]

    assert purposes == [None, "webhook-secret"]


def test_nobody_may_delete_or_scan_anything() -> None:
    verbs = {action for name in FUNCTIONS for statement in statements(name) for action in listed(statement["Action"])}

    assert not [verb for verb in verbs if any(word in verb for word in ("Delete", "Scan", "Purge", "Admin", "Put*"))]


def test_the_schedule_sees_no_ledger_no_tokens_and_no_vendor() -> None:
    reached = " ".join(text for statement in statements("ScheduleFunction") for text in mentioned(statement))

    assert not [
        name for name in ("LedgerTable", "TokenTable", "VendorSecret", "FeedQueue", "ExportQueue") if name in reached
    ]


# --- alarms, parameters, outputs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(of_type("AWS::CloudWatch::Alarm")))
def test_an_alarm_says_what_it_means_and_notifies_the_topic(name: str) -> None:
    alarm = properties(name)

    assert len(alarm["AlarmDescription"]) > 30
    assert alarm["AlarmActions"] == {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert alarm["TreatMissingData"] in {"notBreaching", "breaching"}


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_a_parameter_is_described_has_a_default_and_is_used(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]

    assert len(parameter["Description"]) > 20
    assert "Default" in parameter
    assert name in set(mentioned([TEMPLATE["Resources"], TEMPLATE["Conditions"]]))


def test_the_vendors_addresses_are_production_by_default() -> None:
    defaults = {
        name: parameter["Default"] for name, parameter in TEMPLATE["Parameters"].items() if name.endswith("Url")
    }

    assert defaults == {
        "PublicUrl": "",
        "PleoApiUrl": "https://external.pleo.io",
        "PleoAuthUrl": "https://auth.pleo.io",
        "PleoAppUrl": "https://app.pleo.io",
        "LexofficeApiUrl": "https://api.lexware.io",
        "LexofficeAppUrl": "https://app.lexware.de",
    }


def test_every_output_is_described() -> None:
    assert all(output["Description"] for output in TEMPLATE["Outputs"].values())


def test_the_browsers_door_can_store_tokens_and_read_none() -> None:
    """Who breaks in at the door that everybody can reach must not get at what is stored behind it."""
    keys = [statement for statement in statements("OauthFunction") if statement["Sid"] == "EncryptTokens"]

    assert [listed(statement["Action"]) for statement in keys] == [["kms:GenerateDataKey"]]
    decrypting = [
        statement["Condition"]["StringEquals"]
        for statement in statements("OauthFunction")
        if "kms:Decrypt" in listed(statement["Action"])
    ]
    assert [set(condition) for condition in decrypting] == [{"kms:ViaService"}] * 2  # tables, client credentials
