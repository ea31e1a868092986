"""Start-up time and memory of the built doors.

A new process imports a door from its built artefact, up to the last module-level statement.

- Every variant is built by the project's own build, with the same precompiled bytecode.
- Every variant uses the layer as built for this machine. Only the peer uses botocore as published, with all service
  descriptions.
- Variants run alternately, so that a slow minute of the machine affects all of them.
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.figures import Figure
from local import build
from local.emulator.process import REGION
from local.package import ROOT

RUNS = 15
RECEIVER_BOUND = 0.4  # of the usual libraries' start-up time
_BUILT = ROOT / "build" / "bench"
_PEERS = Path(__file__).parent / "peers"
_TRACING = ("aws_xray_sdk", "wrapt")  # needed by Tracer, not part of the layer

# The system's monotonic clock is the same in parent and child.
_PROGRAM = """
import sys
sys.path[:0] = {path!r}
import {module}
import time
ready = time.monotonic_ns()
import json, resource
try:
    with open("/proc/self/status") as status:
        pages = next(line for line in status if line.startswith("VmRSS")).split()[1]
    kilobytes = int(pages)
except FileNotFoundError:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps([ready, kilobytes]))
"""


@dataclass(frozen=True, slots=True)
class _Variant:
    name: str
    module: str
    path: list[str]
    environment: Mapping[str, str]

    def start(self) -> tuple[float, float]:
        """Start the process. Return milliseconds until the handler can be called, and megabytes resident then."""
        # -I -S: the project's source and environment neither provide packages nor cost time.
        command = [sys.executable, "-I", "-S", "-c", _PROGRAM.format(path=self.path, module=self.module)]
        began = time.monotonic_ns()
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        ready, kilobytes = json.loads(done.stdout)
        return (ready - began) / 1e6, kilobytes / 1024


def measure(environments: Mapping[str, Mapping[str, str]]) -> list[Figure]:
    """Measure all variants; return the figures of the doors and of the bare handler.

    `environments`: variables of the deployed receiver and feed door, by logical id.
    """
    variants = _variants(environments)
    samples: dict[str, list[tuple[float, float]]] = {variant.name: [] for variant in variants}
    for _ in range(RUNS + 1):
        for variant in variants:
            samples[variant.name].append(variant.start())
    # Skip the first round, which reads the files into the system's cache.
    milliseconds = {name: statistics.median(ms for ms, _ in runs[1:]) for name, runs in samples.items()}
    megabytes = {name: statistics.median(mb for _, mb in runs[1:]) for name, runs in samples.items()}
    peer = variants[-1].name
    figures = []
    for variant in variants[:-1]:
        bound = RECEIVER_BOUND * milliseconds[peer] if variant.name == "receiver" else None
        figures += [
            _figure(f"start-up: {variant.name}", milliseconds[variant.name], "ms", peer, milliseconds[peer], bound),
            _figure(f"memory: {variant.name}", megabytes[variant.name], "MB", peer, megabytes[peer], None),
        ]
    return figures


def _figure(name: str, value: float, unit: str, peer: str, peer_value: float, bound: float | None) -> Figure:
    return Figure(name=name, value=value, unit=unit, better="lower", peer=peer, peer_value=peer_value, bound=bound)


def _variants(environments: Mapping[str, Mapping[str, str]]) -> list[_Variant]:
    """Build and return the variants: the two doors, the bare handler, and last the peer."""
    shutil.rmtree(_BUILT, ignore_errors=True)
    layer = str(build.layer(()) / "python")
    found = []
    for name, logical_id, door in (
        ("receiver", "PleoWebhookFunction", "pleo_webhook"),
        ("feed door", "FeedFunction", "feed"),
    ):
        folder = _BUILT / logical_id
        build.build_function(logical_id, folder)
        variables = {**_ACCOUNT, **environments[logical_id]}
        found.append(_Variant(name, f"functions.{door}.app", [str(folder), layer], variables))
    peers = [str(_built_peers()), layer]
    traced = all(find_spec(package) for package in _TRACING)
    usual = "the usual set" if traced else "the usual set, without Tracer"
    variables = {**_ACCOUNT, **environments["PleoWebhookFunction"]}
    found.append(_Variant("bare handler", "bench.peers.bare", peers, variables))
    found.append(_Variant(usual, "bench.peers.traced" if traced else "bench.peers.usual", peers, variables))
    return found


# As Lambda sets them. Without credentials, creating a client would search for some.
_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_SESSION_TOKEN": "bench",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
}


def _built_peers() -> Path:
    folder = _BUILT / "peers"
    package = folder / "bench" / "peers"
    package.mkdir(parents=True)
    (folder / "bench" / "__init__.py").write_text("")
    for file in _PEERS.glob("*.py"):
        shutil.copyfile(file, package / file.name)
    for name in ("botocore", *_TRACING):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            shutil.copytree(Path(spec.origin).parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    build.finish(folder, "/var/task")
    return folder
