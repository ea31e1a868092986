"""What a deployment consists of: which files a function carries, and the template with what it refers to uploaded.

`make build` (local/build.py) and the local stack use the same selection, so what runs here is what would be deployed.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template.yaml"

type Template = dict[str, Any]
# Stores a file and answers with its s3:// address.
type Upload = Callable[[str, bytes], str]

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
DASHBOARD = "AWS::CloudWatch::Dashboard"
_STILL = (1980, 1, 1, 0, 0, 0)  # every entry's time, so that equal content gives equal archives


def read_template(path: Path = TEMPLATE) -> Template:
    """A SAM template as a dictionary; intrinsic functions in their long form."""
    from samtranslator.yaml_helper import yaml_parse

    template: Template = yaml_parse(path.read_text())
    return template


def door(logical_id: str) -> str:
    """The folder under functions/ of a function: PleoWebhookFunction → pleo_webhook."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id.removesuffix("Function")).lower()


def function_files(logical_id: str) -> list[Path]:
    """What a function's archive holds, relative to the project: its own door and everything shared; no caches."""
    own = ROOT / "functions" / door(logical_id)
    found = [ROOT / "functions" / "__init__.py", *own.rglob("*"), *(ROOT / "shared").rglob("*")]
    return sorted(path.relative_to(ROOT) for path in found if path.is_file() and "__pycache__" not in path.parts)


def archive(files: Iterable[Path], *, root: Path = ROOT) -> bytes:
    """A ZIP archive of `files` (relative to `root`); equal files give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for file in files:
            entry = zipfile.ZipInfo(file.as_posix(), _STILL)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, (root / file).read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def package(upload: Upload) -> Template:
    """The template as `sam package` leaves it: code and includes replaced by addresses of uploads, nothing else.

    The layer's archive stays empty: it holds packages for arm64, which this machine's processor may not be able to
    import, so the emulated functions find the same versions in the development environment.
    """
    template = read_template()
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == FUNCTION:
            content = archive(function_files(logical_id))
            resource["Properties"]["CodeUri"] = upload(_key(content), content)
        elif resource["Type"] == LAYER:
            content = archive([])
            resource["Properties"]["ContentUri"] = upload(_key(content), content)
        elif resource["Type"] == DASHBOARD:
            include = resource["Properties"]["DashboardBody"]["Fn::Transform"]["Parameters"]
            content = (ROOT / include["Location"]).read_bytes()
            include["Location"] = upload(_key(content, "yaml"), content)
    return template


def extend_timeouts(template: Template, factor: int) -> None:
    """Multiply the timeout of every function, up to Lambda's own limit of 900 s."""
    functions = (resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == FUNCTION)
    for properties in (template["Globals"]["Function"], *functions):
        if "Timeout" in properties:
            properties["Timeout"] = min(properties["Timeout"] * factor, 900)


def _key(content: bytes, kind: str = "zip") -> str:
    return f"{hashlib.sha256(content).hexdigest()}.{kind}"
