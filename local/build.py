"""Fill the folders that `sam build` packs, and check that the built artefacts can be imported. See the Makefile.

    python -m local.build function <logical id> <folder>
    python -m local.build layer <folder>
    python -m local.build check

Run this with the Python version of the functions. Lambda ignores bytecode of another version, and another version
cannot import the layer's packages.

The artefacts contain bytecode: the runtime cannot write its own next to the code, and importing is most of a cold
start. Python never compares the bytecode with its source (PEP 552, unchecked hashes), because unpacking changes
file times.
"""

import compileall
import hashlib
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore

from local.package import FUNCTION, LAYER, ROOT, Template, archive, door, function_files, read_template

# Modification time of every file, so that equal content gives equal archives. 1980-01-02: ZIP cannot store dates before
# 1980.
_STILL = 315619200
_BUILT = ROOT / ".aws-sam" / "build"
RUNTIME = (3, 13)  # template.yaml: python3.13
_ARM64 = ("--python-platform", "aarch64-manylinux2014", "--only-binary", ":all:")

# Files that are not used at run time. Licences stay, because their packages require them.
_SUPERFLUOUS = ("bin", "**/tests", "**/*.pyi", "**/RECORD", "**/INSTALLER", "**/REQUESTED", "boto3/examples", ".lock")


def build_function(logical_id: str, folder: Path) -> None:
    """Copy a function's files and add their bytecode."""
    for file in function_files(logical_id):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    finish(folder, "/var/task")


def build_layer(folder: Path) -> None:
    """Fill the layer with the production packages of the lock file, built for Lambda's arm64."""
    shutil.copytree(layer(_ARM64), folder, dirs_exist_ok=True)


def layer(platform: tuple[str, ...]) -> Path:
    """Return the folder of the layer for a platform (empty: this machine's).

    Build it once per combination of lock file, AWS services in use and build recipe.
    """
    locked = _uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-header").stdout
    services = _services()
    recipe = (locked, services, platform, Path(__file__).read_text())
    key = hashlib.sha256(repr(recipe).encode()).hexdigest()
    folder = ROOT / "build" / "layers" / key[:16]
    if folder.exists():
        return folder
    draft = folder.with_suffix(f".{os.getpid()}")
    packages = draft / "python"
    # Copy instead of linking: trimming below would otherwise delete files in uv's cache.
    _uv(
        "pip",
        "install",
        "--link-mode",
        "copy",
        "--target",
        str(packages),
        "--python-version",
        ".".join(map(str, RUNTIME)),
        *platform,
        "-r",
        "-",
        stdin=locked,
    )
    described = [path for path in (packages / "botocore" / "data").iterdir() if path.is_dir()]
    superfluous = [path for pattern in _SUPERFLUOUS for path in packages.glob(pattern)]
    _trim_endpoints(packages / "botocore" / "data" / "endpoints.json", services)
    for path in [*superfluous, *(path for path in described if path.name not in services)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    finish(draft, "/opt")
    try:
        draft.rename(folder)
    except OSError:  # another build finished first
        shutil.rmtree(draft)
    return folder


def _trim_endpoints(file: Path, services: list[str]) -> None:
    """Keep only the endpoints of `services`: botocore parses the file for its first client, and we use 3 % of it."""
    endpoints = json.loads(file.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: row for name, row in partition["services"].items() if name in services}
    file.write_text(json.dumps(endpoints, separators=(",", ":")))


def _services() -> list[str]:
    """Return the AWS services that our code names. botocore's data for all other services is 90 % of its size."""
    sources = [ROOT / "shared", ROOT / "functions"]
    code = "".join(file.read_text() for source in sources for file in source.rglob("*.py"))
    known = {path.name for path in (Path(botocore.__file__).parent / "data").iterdir() if path.is_dir()}
    return sorted(known.intersection(re.findall(r"""["']([a-z0-9-]+)["']""", code)))


def check() -> None:
    """Print the sizes of the built artefacts and import each door from its own artefact; exit with 1 on failure.

    The built layer holds arm64 packages. The doors are imported with the same layer built for this machine.
    """
    packages = layer(()) / "python"
    template = read_template(_BUILT / "template.yaml")
    resources = template["Resources"].items()
    artefacts = [logical_id for logical_id, resource in resources if resource["Type"] in {LAYER, FUNCTION}]
    doors = [(logical_id, resource) for logical_id, resource in resources if resource["Type"] == FUNCTION]
    with ThreadPoolExecutor() as pool:
        imports = [pool.submit(_import_door, name, resource, template, packages) for name, resource in doors]
        for line in pool.map(_size, artefacts):
            print(line)
        for each in imports:
            each.result()
    print("Every door imports.")


def _environment(template: Template, function: Template) -> dict[str, str]:
    """Return the function's environment variables: parameter defaults, and well-formed identifiers for resources."""
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


def _import_door(logical_id: str, function: Template, template: Template, packages: Path) -> None:
    module, _, attribute = function["Properties"]["Handler"].rpartition(".")
    if module != f"functions.{door(logical_id)}.app":
        raise SystemExit(f"{logical_id}: {module} is not in its own folder, functions/{door(logical_id)}")
    path = [str(_BUILT / logical_id), str(packages)]
    program = f"import sys; sys.path[:0] = {path!r}; import {module}; assert callable({module}.{attribute})"
    # -I -S: no module that the artefact lacks can come from this project or its environment.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env=_environment(template, function) | {"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{logical_id} cannot be imported as built:\n{done.stderr}")


def finish(folder: Path, mounted_at: str) -> None:
    """Add bytecode that names the files as Lambda mounts them, and set all file times to the fixed one."""
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


def _size(logical_id: str) -> str:
    folder = _BUILT / logical_id
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    unpacked = sum((folder / file).stat().st_size for file in files)
    packed = len(archive(files, root=folder))
    return f"{logical_id:24} {packed / 1024:9.0f} KB packed {unpacked / 1024:9.0f} KB unpacked"


def require_runtime(running: tuple[int, int] = sys.version_info[:2]) -> None:
    """Exit with an error message unless this is the Python version of the functions."""
    if running != RUNTIME:
        needed, found = ("{}.{}".format(*version) for version in (RUNTIME, running))
        raise SystemExit(
            f"The functions run on Python {needed} at AWS, so `make build` and `make bench` need it. "
            f"This environment has {found}: install Python {needed}, delete .venv, and run make again."
        )


def _uv(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    done = subprocess.run(
        [uv, "--quiet", *arguments], input=stdin, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done


if __name__ == "__main__":
    require_runtime()
    match sys.argv[1:]:
        case ["function", name, target]:
            build_function(name, Path(target))
        case ["layer", target]:
            build_layer(Path(target))
        case ["check"]:
            check()
        case _:
            raise SystemExit(__doc__)
