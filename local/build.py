"""Fills the folders that `sam build` packs, and proves that what was built can be imported. See the Makefile.

    python -m local.build function <logical id> <folder>
    python -m local.build layer <folder>
    python -m local.build check

Bytecode is shipped, because the runtime cannot write its own next to the code, and importing is most of a cold
start; it is never compared with its source (PEP 552, unchecked hashes), because unpacking changes file times.
"""

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
from pathlib import Path

from local.package import FUNCTION, LAYER, ROOT, Template, archive, door, function_files, read_template

# Every file gets this time (1980-01-01, the first that ZIP knows), so that equal content gives equal archives.
_STILL = 315532800
_BUILT = ROOT / ".aws-sam" / "build"
_HOST_LAYER = ROOT / "build" / "host-layer"
_LAMBDA = ["--python-platform", "aarch64-manylinux2014", "--only-binary", ":all:"]

# Of no use at run time. Licences stay: they are part of what their packages allow.
_SUPERFLUOUS = ("bin", "**/tests", "**/*.pyi", "**/RECORD", "**/INSTALLER", "**/REQUESTED", "boto3/examples")


def build_function(logical_id: str, folder: Path) -> None:
    """Copies a function's files with their bytecode."""
    for file in function_files(logical_id):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    _finish(folder, "/var/task")


def build_layer(folder: Path, *, platform: list[str] = _LAMBDA) -> None:
    """Installs what the lock file pins for production; by default for Lambda's arm64."""
    packages = folder / "python"
    locked = _uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-header").stdout
    _uv("pip", "install", "--target", str(packages), "--python-version", "3.13", *platform, "-r", "-", stdin=locked)
    for pattern in _SUPERFLUOUS:
        for path in list(packages.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _drop_unused_services(packages / "botocore" / "data")
    (packages / ".lock").unlink(missing_ok=True)
    _finish(folder, "/opt")


def check() -> None:
    """Prints the sizes of the built artefacts and imports every door from its own; exits with 1 when one cannot be.

    The built layer holds arm64 packages; the doors are imported with the same layer built for this machine.
    """
    if not _HOST_LAYER.exists() or _HOST_LAYER.stat().st_mtime < (ROOT / "uv.lock").stat().st_mtime:
        shutil.rmtree(_HOST_LAYER, ignore_errors=True)
        build_layer(_HOST_LAYER, platform=[])
        os.utime(_HOST_LAYER)
    template = read_template(_BUILT / "template.yaml")
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in {LAYER, FUNCTION}:
            _print_size(logical_id, _BUILT / logical_id)
        if resource["Type"] == FUNCTION:
            _import_door(logical_id, resource["Properties"]["Handler"], _environment(template, resource))
    print("Every door imports.")


def _environment(template: Template, function: Template) -> dict[str, str]:
    """The function's variables: parameters with their defaults, resources with an identity of the right form."""
    environment: dict[str, str] = {}
    for properties in (template["Globals"]["Function"], function["Properties"]):
        variables = properties.get("Environment", {}).get("Variables", {})
        environment |= {name: _value(template, value) for name, value in variables.items()}
    return environment


def _value(template: Template, value: object) -> str:
    match value:
        case {"Ref": name} if name in template["Parameters"]:
            return str(template["Parameters"][name].get("Default", ""))
        case {"Ref": name} if template["Resources"][name]["Type"] == "AWS::SQS::Queue":
            return f"https://queue.example/{name}"
        case {"Ref": name} if template["Resources"][name]["Type"] != "AWS::SecretsManager::Secret":
            return str(name)
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:any:eu-central-1:000000000000:{name}"
        case _:
            return str(value)


def _import_door(logical_id: str, handler: str, environment: dict[str, str]) -> None:
    module, _, attribute = handler.rpartition(".")
    if module != f"functions.{door(logical_id)}.app":
        raise SystemExit(f"{logical_id}: {module} is not in its own folder, functions/{door(logical_id)}")
    path = [str(_BUILT / logical_id), str(_HOST_LAYER / "python")]
    program = f"import sys; sys.path[:0] = {path!r}; import {module}; assert callable({module}.{attribute})"
    # -I -S: neither this project nor its environment can lend a module that the artefact lacks.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env=environment | {"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{logical_id} cannot be imported as built:\n{done.stderr}")


def _drop_unused_services(data: Path) -> None:
    """Leaves botocore the descriptions of the services whose names our code mentions; all others are 9/10 of it."""
    sources = [ROOT / "shared", ROOT / "functions"]
    code = "".join(file.read_text() for source in sources for file in source.rglob("*.py"))
    mentioned = set(re.findall(r"""["']([a-z0-9-]+)["']""", code))
    for service in data.iterdir():
        if service.is_dir() and service.name not in mentioned:
            shutil.rmtree(service)


def _finish(folder: Path, mounted_at: str) -> None:
    """Adds bytecode that names the files as Lambda mounts them, and stills all times."""
    compiled = compileall.compile_dir(
        folder,
        stripdir=str(folder),
        prependdir=mounted_at,
        quiet=1,
        workers=0,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        raise SystemExit(f"Not every file in {folder} compiles.")
    for path in folder.rglob("*"):
        os.utime(path, (_STILL, _STILL))


def _print_size(logical_id: str, folder: Path) -> None:
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    unpacked = sum((folder / file).stat().st_size for file in files)
    packed = len(archive(files, root=folder))
    print(f"{logical_id:24} {packed / 1024:9.0f} KB packed {unpacked / 1024:9.0f} KB unpacked")


def _uv(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    done = subprocess.run(
        [uv, "--quiet", *arguments], input=stdin, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["function", name, target]:
            build_function(name, Path(target))
        case ["layer", target]:
            build_layer(Path(target))
        case ["check"]:
            check()
        case _:
            raise SystemExit(__doc__)
