"""Names: one word per thing, verbs for commands, small doors, few parameters (docs/glossary.md, CONTRIBUTING.md)."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from cloud import ROOT

from ops.month_end.labels import HOLDS
from shared.domain.connecting.company_state import Hold, Status
from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.verdicts import VERDICTS

PRODUCT = ("functions", "shared", "ops")
EVERYTHING = (*PRODUCT, "bench", "local", "tests")
# They quote old words: the glossary to retire them, the decisions as history, and the test that looks for them.
QUOTING = ("docs/glossary.md", "docs/decisions/", "tests/house/test_names.py")
DOORS = sorted((ROOT / "functions").glob("*/app.py"))
MOST_DOOR_LINES = 45
MOST_PARAMETERS = 7
# What a call of one of these does is seen elsewhere: it writes to AWS, to a file or to a vendor.
EFFECTS = frozenset(
    """
    put update attempt insert transact request upload_file create_voucher create_vendor set_balance post_transactions
    hint subscribe unsubscribe send_message send_message_batch change_message_visibility delete_message write_text
    put_log_events start_message_move_task cancel_message_move_task
    """.split()
)
# Participles without "-ed". `read`, `set` and `put` are imperatives as well.
IRREGULAR = frozenset(
    "kept made told sent begun given held found known seen shown taken written done gone built bound drawn left".split()
)
# Functions whose participle describes what they return.
NO_COMMANDS = frozenset({"audited_action"})  # a context manager


@cache
def modules(*folders: str) -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple((path, ast.parse(path.read_text("utf-8"))) for path in paths)


def functions(*folders: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, module in modules(*folders):
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def calls(function: ast.AST) -> set[str]:
    """The last names of everything a function calls."""
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {
        each.attr if isinstance(each, ast.Attribute) else each.id
        for each in called
        if isinstance(each, ast.Attribute | ast.Name)
    }


def with_effects(module: ast.Module) -> set[str]:
    """The functions of a module that write, call a vendor or send, themselves or through another one of the module."""
    own = {
        node.name: calls(node) for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {name for name, called in own.items() if called & EFFECTS}
    while more := {name for name, called in own.items() if called & found} - found:
        found |= more
    return found


def is_participle(name: str) -> bool:
    first = name.strip("_").split("_")[0]
    return first in IRREGULAR or (first.endswith("ed") and first not in {"feed", "need", "seed", "embed"})


def old_names() -> dict[str, str]:
    """The names that the glossary retires → what to use instead."""
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition("## Old names")[2]
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {name: instead for old, instead in rows for name in re.findall(r"`(\w+)`", old)}


def test_the_glossary_lists_old_names() -> None:
    assert len(old_names()) > 20


def test_no_old_name_comes_back() -> None:
    retired, found = old_names(), defaultdict(set)
    for folder in EVERYTHING:
        for path in (ROOT / folder).rglob("*.py"):
            for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
                if token.type == tokenize.NAME and token.string in retired:
                    found[f"{token.string} → {retired[token.string]}"].add(str(path.relative_to(ROOT)))

    assert dict(found) == {}


def things() -> list[list[str]]:
    """The rows of the glossary's table: thing, name in code, German, English, word in `ops`, meaning."""
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition("## Things")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


def meanings() -> dict[str, str]:
    """The things of the glossary → what they mean."""
    return {row[0]: row[-1] for row in things()}


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    code = "\n".join(path.read_text("utf-8") for folder in EVERYTHING for path in (ROOT / folder).rglob("*.py"))
    named = {name for row in things() for name in re.findall(r"`(\w+)`", row[1])}

    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()


def test_the_glossary_names_every_reason_for_which_a_company_is_held() -> None:
    assert re.findall(r"`(\w+)`", meanings()["hold"]) == [hold.value for hold in Hold]


def test_a_pause_has_the_glossarys_word_on_pages_in_pleo_and_on_the_month_end_sheet() -> None:
    (german,) = (row[2] for row in things() if row[0] == "pause")

    for text in (VERDICTS["paused"].title.de, EXPORT_ERRORS["EXP-PAUSED"].cause.de, HOLDS["paused"]):
        assert german in text


def test_the_glossary_names_every_status_of_a_company() -> None:
    assert set(re.findall(r"\w+", meanings()["company state"])) >= {status.value for status in Status}


def old_words() -> dict[str, str]:
    """The words that the glossary retires in texts and names → what to use instead."""
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition("## Old words")[2]
    rows = re.findall(r"^\| («.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {word: instead for old, instead in rows for word in re.findall(r"«(.+?)»", old)}


def texts() -> Iterator[tuple[str, str]]:
    """Path and content of what people read: code, documents, pages, template."""
    folders = [ROOT / folder for folder in (*EVERYTHING, "docs", "events")]
    paths = [path for folder in folders for path in folder.rglob("*")] + list(ROOT.glob("*.*"))
    for path in sorted(paths):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in {".py", ".md", ".html", ".yaml", ".json"} and not name.startswith(QUOTING):
            yield name, path.read_text("utf-8")


def words_found(text: str, words: Iterable[str]) -> set[str]:
    """The words of a text, alone or as part of a name, whatever is between their parts."""
    # A name is read as words, and a wrapped line as one.
    plain = " ".join(re.split(r"[\s_]+", text.lower()))
    return {word for word in words if re.search(rf"\b{re.escape(word)}\b", plain)}


def test_old_words_are_found_in_names_in_texts_and_across_lines() -> None:
    words = ["rails", "in vain"]

    assert words_found("def missed_rails(): ...", words) == {"rails"}
    assert words_found("It waited in\n    vain.", words) == {"in vain"}
    assert words_found("Guardrails of Spain", words) == set()


def test_no_old_word_comes_back_in_code_documents_pages_or_template() -> None:
    retired = old_words()
    found = {name: words for name, text in texts() if (words := words_found(text, retired))}

    assert len(retired) > 10
    assert found == {}


def test_no_participle_names_a_function_that_writes_calls_a_vendor_or_sends() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, module in modules(*PRODUCT)
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and is_participle(node.name)
        and node.name not in NO_COMMANDS
        and node.name in with_effects(module)
    }

    assert found == set()


def test_no_class_name_stands_for_two_things_in_the_product() -> None:
    places = defaultdict(set)
    for path, module in modules(*PRODUCT, "local", "bench"):
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(str(path.relative_to(ROOT)))

    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("door", DOORS, ids=lambda path: path.parent.name)
def test_a_door_is_short(door: Path) -> None:
    assert len(door.read_text("utf-8").splitlines()) <= MOST_DOOR_LINES


def test_no_function_has_more_parameters_than_a_person_can_hold() -> None:
    found = {}
    for path, node in functions(*PRODUCT, "local", "bench"):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len([each for each in every if each.arg not in {"self", "cls"}])
        if any(
            isinstance(each, ast.Call) and getattr(each.func, "id", "") == "command" for each in node.decorator_list
        ):
            continue  # the parameters of a command of `ops` are its options
        if count > MOST_PARAMETERS:
            found[f"{path.relative_to(ROOT)}: {node.name}"] = count

    assert found == {}
