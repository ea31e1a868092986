"""The contents of a deployment: the files of each function, and the template with its references uploaded.

`make build` (local/build.py) and the local stack use the same selection. The local stack therefore runs what would
be deployed.
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
# Stores a file and returns its s3:// address.
type Upload = Callable[[str, bytes], str]

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
DASHBOARD = "AWS::CloudWatch::Dashboard"
_STILL = (1980, 1, 1, 0, 0, 0)  # modification time of every entry, so that equal content gives equal archives


def read_template(path: Path = TEMPLATE) -> Template:
    """Return a SAM template as a dictionary, with intrinsic functions in their long form."""
    from samtranslator.yaml_helper import yaml_parse

    template: Template = yaml_parse(path.read_text())
    return template


def door(logical_id: str) -> str:
    """Return the folder of a function below functions/: PleoWebhookFunction → pleo_webhook."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id.removesuffix("Function")).lower()


def function_files(logical_id: str) -> list[Path]:
    """Return the files of a function's archive, relative to the project: its door and all shared code, no caches."""
    own = ROOT / "functions" / door(logical_id)
    found = [ROOT / "functions" / "__init__.py", *own.rglob("*"), *(ROOT / "shared").rglob("*")]
    return sorted(path.relative_to(ROOT) for path in found if path.is_file() and "__pycache__" not in path.parts)


def archive(files: Iterable[Path], *, root: Path = ROOT) -> bytes:
    """Return a ZIP archive of `files` (relative to `root`). Equal files give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for file in files:
            entry = zipfile.ZipInfo(file.as_posix(), _STILL)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, (root / file).read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def package(upload: Upload) -> Template:
    """Return the template as `sam package` writes it: code and includes are replaced by addresses of uploads.

    The archive of the layer stays empty. It would hold packages for arm64, which this machine's processor may be unable
    to import. The emulated functions find the same versions in the development environment.
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
    """Multiply the timeout of every function by `factor`, up to Lambda's limit of 900 s."""
    functions = (resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == FUNCTION)
    for properties in (template["Globals"]["Function"], *functions):
        if "Timeout" in properties:
            properties["Timeout"] = min(properties["Timeout"] * factor, 900)


def _key(content: bytes, kind: str = "zip") -> str:
    return f"{hashlib.sha256(content).hexdigest()}.{kind}"
