"""The whole product on this machine: the real template and doors on the emulator, between the two vendors.

    with LocalStack() as stack:
        stack.api_url                       # answers as API Gateway would
        stack.client("sqs")                 # a boto3 client with every permission
        stack.resources["FeedQueue"]        # logical id → physical id

All ports listen on loopback only. All processes end with the block, or with this process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local import package, vendors
from local.emulator.deploy import STACK, create_bucket, deploy, upload
from local.emulator.process import ADMIN, ANSWER_SECONDS, DIRECT, REGION, ROOT, Emulator, free_ports, wait_until_answers

# The ports of `make up` and `make demo`. They are fixed so that bookmarks and sandbox registrations stay valid.
FIXED_PORTS = {"api": 4700, "aws": 4701, "pleo": 4702, "lexoffice": 4703}
STACK_JSON = ROOT / ".local" / "stack.json"


class LocalStack:
    """Context manager: starts and deploys the product on entry, ends all its processes on exit.

    - `parameters`: template parameters that differ from the local defaults.
    - `fixed_ports`: use FIXED_PORTS; a port that is taken is replaced by a free one.
    - `slowness`: factor for the timeouts of the functions, for a machine that is too busy to finish in time.

    Raise StartError if a part does not start.
    """

    api_url: str
    pleo_url: str
    lexoffice_url: str
    resources: dict[str, str]

    def __init__(
        self, *, parameters: Mapping[str, str] | None = None, fixed_ports: bool = False, slowness: int = 1
    ) -> None:
        wanted = FIXED_PORTS.values() if fixed_ports else [0] * len(FIXED_PORTS)
        ports = dict(zip(FIXED_PORTS, free_ports(*wanted), strict=True))
        self.api_url = f"http://127.0.0.1:{ports['api']}"
        self.emulator = Emulator(port=ports["aws"], api_port=ports["api"])
        self._pleo, self._lexoffice = vendors.acquainted(
            vendors.pleo(self.api_url, ports["pleo"]), vendors.lexoffice(self.api_url, ports["lexoffice"])
        )
        self.pleo_url, self.lexoffice_url = self._pleo.web_url, self._lexoffice.web_url
        self.resources: dict[str, str] = {}
        self.operator: dict[str, str] = {}
        self._slowness = slowness
        self._children: list[subprocess.Popen[bytes]] = []
        self._parameters = {
            "PublicUrl": self.api_url,
            "PleoApiUrl": self._pleo.api_url,
            "PleoAuthUrl": self._pleo.web_url,
            "PleoAppUrl": os.environ.get("PLEO_APP_URL") or self._pleo.web_url,
            "LexofficeApiUrl": self._lexoffice.api_url,
            "LexofficeAppUrl": self._lexoffice.web_url,
            # The default of half a minute is too long to watch a retry.
            "FeedRetrySeconds": "1",
            **(parameters or {}),
        }

    @property
    def connect_url(self) -> str:
        """Return the address where a company's admin begins."""
        return f"{self.api_url}/connect"

    @property
    def start_url(self) -> str:
        """Return the page from which every other page can be reached: Pleo's stand-in, or the connect page.

        The connect page is used if the environment names another Pleo.
        """
        return self.pleo_url if self._pleo.command else self.connect_url

    @property
    def lexoffice_client(self) -> tuple[str, str]:
        """Return the OAuth client at lexoffice: id and secret."""
        return self._lexoffice.client_id, self._lexoffice.client_secret

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator with all permissions."""
        return self.emulator.client(service)

    def logs(self, logical_id: str, *, since: float = 0) -> list[str]:
        """Return the log lines of a function since a moment (Unix seconds), oldest first."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self._log_group(logical_id), startTime=int(since * 1000))
        return [event["message"] for page in found for event in page["events"]]

    @cache  # noqa: B019 - a stack lives as long as its process
    def _log_group(self, logical_id: str) -> str:
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.resources[logical_id])
        return str(configuration["LoggingConfig"]["LogGroup"])

    def kill_worker(self, logical_id: str) -> list[int]:
        """Kill the processes that run a function, as a crash of the host would; return their process ids.

        The message in progress stays invisible for the queue's visibility timeout, as on AWS (twelve minutes for
        FeedQueue). `expire_visibility` makes it visible immediately.
        """
        answer: Any = self.emulator.control(f"kill-workers?function={self.resources[logical_id]}")
        return list(answer["killed"])

    def expire_visibility(self, logical_id: str) -> int:
        """Make all in-flight messages of a queue visible immediately; return their number."""
        name = self.resources[logical_id].rsplit("/", 1)[1]
        answer: Any = self.emulator.control(f"expire-visibility?queue={name}")
        return int(answer["released"])

    def write_stack_json(self, path: Path = STACK_JSON) -> Path:
        """Write the addresses of the stack for other processes (`ops --local`)."""
        description = {
            "api_url": self.api_url,
            "aws_endpoint_url": self.emulator.endpoint_url,
            "region": REGION,
            "stack_name": STACK,
            "resources": self.resources,
            "pleo_url": self.pleo_url,
            "lexoffice_url": self.lexoffice_url,
            "connect_url": self.connect_url,
            **ADMIN,
            "operator": self.operator,
        }
        path.write_text(json.dumps(description, indent=2) + "\n")
        return path

    def __enter__(self) -> Self:
        """Start and deploy the product; return once every part answers."""
        try:
            self.emulator.start()
            started = [(vendor, *self._start(vendor)) for vendor in (self._pleo, self._lexoffice) if vendor.command]
            self.emulator.wait()
            for vendor, process, log in started:
                wait_until_answers(vendor.web_url, process, log)
            self._deploy()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes that were started."""
        self._stop()

    def _stop(self) -> None:
        self.emulator.stop()
        for child in self._children:
            child.wait()

    def _start(self, vendor: vendors.Vendor) -> tuple[subprocess.Popen[bytes], Path]:
        log = self.emulator.directory / f"{vendor.name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *vendor.command],
                cwd=ROOT,
                env=os.environ | vendor.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self.emulator.group,
            )
        self._children.append(process)
        return process, log

    def _deploy(self) -> None:
        create_bucket(self.emulator)
        template = package.package(partial(upload, self.emulator))
        package.extend_timeouts(template, self._slowness)
        parameters = {"LexofficeWebhookKey": self._webhook_key(), **self._parameters}
        self.resources = deploy(self.emulator, json.dumps(template), parameters)
        credentials = {
            f"{vendor.name}_{part}": getattr(vendor, part)
            for vendor in (self._pleo, self._lexoffice)
            for part in ("client_id", "client_secret")
        }
        self.client("secretsmanager").put_secret_value(
            SecretId=self.resources["VendorSecret"], SecretString=json.dumps(credentials)
        )
        self.operator = self._operator()

    def _operator(self) -> dict[str, str]:
        """Return AWS credentials with the permissions of an operator and no others."""
        iam = self.client("iam")
        iam.create_user(UserName="operator")
        iam.attach_user_policy(UserName="operator", PolicyArn=self.resources["OperatorPolicy"])
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def _webhook_key(self) -> str:
        """Return the public key that verifies lexoffice's events: the stand-in's or the sandbox's; "" if unknown."""
        if not self._lexoffice.webhook_key_url:
            return os.environ.get("LEXOFFICE_WEBHOOK_KEY", "")
        # The deployment needs this last, because the stand-in may still be generating the key.
        with DIRECT.open(self._lexoffice.webhook_key_url, timeout=ANSWER_SECONDS) as answer:
            key: str = answer.read().decode()
        return key
