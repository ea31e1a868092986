"""Only the Python of the functions builds what is deployed; any from 3.12 on runs the rest."""

import copy
import re
import tomllib

import pytest
from cloud import ROOT

from local.build import RUNTIME, require_runtime
from local.demo.__main__ import SLOWNESS
from local.package import FUNCTION, extend_timeouts, read_template


def test_another_python_is_told_what_to_do() -> None:
    with pytest.raises(SystemExit, match=r"run on Python 3\.13 at AWS.*has 3\.12: install Python 3\.13"):
        require_runtime((3, 12))


def test_the_python_of_the_functions_builds() -> None:
    require_runtime(RUNTIME)


def test_the_oldest_python_is_the_same_for_packages_types_and_lint() -> None:
    """mypy then reports what the standard library of that version lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")

    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")


def test_make_prefers_the_python_of_the_functions_and_accepts_the_oldest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found = re.search(
        r"^PYTHONS := \$\(or \$\(UV_PYTHON\),([\d. ]+)\)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    first, *others = found[1].split()

    assert first == ".".join(map(str, RUNTIME))
    assert project["project"]["requires-python"].removeprefix(">=") in others


def test_on_a_busy_machine_every_function_has_more_time() -> None:
    template = read_template()
    before = copy.deepcopy(template)
    extend_timeouts(template, 4)

    functions = [name for name, resource in template["Resources"].items() if resource["Type"] == FUNCTION]
    for name in functions:
        of_template, here = before["Resources"][name]["Properties"], template["Resources"][name]["Properties"]
        assert here.get("Timeout") == (min(of_template["Timeout"] * 4, 900) if "Timeout" in of_template else None)
    assert template["Globals"]["Function"]["Timeout"] == before["Globals"]["Function"]["Timeout"] * 4


def test_no_message_is_handed_out_again_while_a_busy_machine_works_on_it() -> None:
    """Lambda requires a visibility timeout that is at least the function's timeout."""
    template = read_template()
    extend_timeouts(template, SLOWNESS)
    resources = template["Resources"]
    for function, queue in (("Feed", "FeedQueue"), ("Export", "ExportQueue"), ("Sync", "SyncQueue")):
        timeout = resources[f"{function}Function"]["Properties"]["Timeout"]
        assert timeout <= resources[queue]["Properties"]["VisibilityTimeout"]
