"""The product uses every field that it reads from a vendor, and every answer that its clients return.

An answer that lacks a required field is refused, even if the vendor has already carried out the call: a field without a
use can only make the product repeat a call that has succeeded. mypy resolves each access to an attribute to the class
that declares it, so a used field of the same name in another class hides nothing.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, NoneType
from typing import get_args, get_type_hints

import pytest
from cloud import ROOT
from mypy.build import build
from mypy.main import process_options
from mypy.modulefinder import BuildSource
from mypy.nodes import MemberExpr
from mypy.types import Instance, Type, TypeVarLikeType, UnionType, get_proper_type
from pydantic import BaseModel

import shared.lexoffice
import shared.pleo
from shared.http import grants
from shared.http.models import ReadModel, WriteModel
from shared.lexoffice.client import LexofficeClient
from shared.pleo.client import PleoClient

PRODUCT = ("functions", "ops", "shared")
# A product in miniature, to prove that the test finds what it should.
PROBE = """
from pydantic import BaseModel

class Base(BaseModel):
    inherited: str

class Line(Base):
    read: str
    in_a_lambda: str
    unread: str

class Namesake(BaseModel):
    unread: str

class Client:
    def line(self) -> Line: raise NotImplementedError
    def lines(self) -> list[Line] | None: raise NotImplementedError
    def discarded(self) -> Line: raise NotImplementedError

def use(client: Client, other: Namesake) -> list[Line]:
    client.discarded()
    one = Line(inherited="", read="", in_a_lambda="", unread=other.unread)
    all = [line for line in client.lines() or [client.line()] if line.inherited + one.read]
    return sorted(all, key=lambda line: line.in_a_lambda)
"""

pytestmark = pytest.mark.xdist_group("vendor-models")  # the analysis takes seconds: once is enough


@cache
def uses() -> frozenset[str]:
    """Every attribute that the product reads and every method whose result it uses, as `module.Class.name`."""
    found, options = process_options([str(ROOT / folder) for folder in PRODUCT])
    options.export_types = True
    # mypy analyses a module that is given as text; what it imports comes from mypy's cache.
    sources = [
        BuildSource(source.path, source.module, Path(source.path).read_text("utf-8"), source.base_dir)
        for source in found
        if source.path
    ]
    sources.append(BuildSource(None, "probe", PROBE))
    result = build(sources, options)
    assert not result.errors
    results_thrown_away = {place for source in sources for place in discarded(source.text or "")}
    return frozenset(
        f"{owner}.{access.name}"
        for access in result.types
        if isinstance(access, MemberExpr)
        and (access.line, access.column, access.end_line, access.end_column, access.name) not in results_thrown_away
        for owner in owners(result.types.get(access.expr), access.name)
    )


def discarded(source: str) -> Iterator[tuple[int, int, int | None, int | None, str]]:
    """Where a statement calls a method and ignores its result: the place of the method, and its name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                yield method.lineno, method.col_offset, method.end_lineno, method.end_col_offset, method.attr


def owners(of: Type | None, name: str) -> Iterator[str]:
    """The full names of the classes that declare an attribute of this type: the class itself and its bases."""
    match get_proper_type(of):
        case UnionType(items=items):
            for item in items:
                yield from owners(item, name)
        case Instance(type=info):
            yield from (base.fullname for base in info.mro if name in base.names)
        case TypeVarLikeType(upper_bound=bound):
            yield from owners(bound, name)


def modules() -> list[ModuleType]:
    """Every module that reads what a vendor says."""
    found = [
        importlib.import_module(module.name)
        for package in (shared.pleo, shared.lexoffice)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]
    return [*found, grants]


def own[T](module: ModuleType, members: Iterable[tuple[str, T]]) -> Iterator[T]:
    """What a module defines itself."""
    return (member for _, member in members if getattr(member, "__module__", "") == module.__name__)


def models() -> set[type]:
    """Every pydantic model of an answer, and every dataclass that a function of these modules returns."""
    found: set[type] = {ReadModel}
    for module in modules():
        classes = list(own(module, inspect.getmembers(module, inspect.isclass)))
        found |= {cls for cls in classes if issubclass(cls, BaseModel) and not issubclass(cls, WriteModel)}
        for place in (module, *classes):
            for function in own(module, inspect.getmembers(place, inspect.isfunction)):
                found |= set(dataclasses_in([get_type_hints(function).get("return")]))
    return found


def dataclasses_in(hints: Iterable[object]) -> Iterator[type]:
    """The dataclasses among these types, in their arguments and in their fields."""
    for hint in hints:
        if isinstance(hint, type) and is_dataclass(hint):
            yield hint
            yield from dataclasses_in(get_type_hints(hint).values())
        yield from dataclasses_in(get_args(hint))


def declared(cls: type) -> set[str]:
    """The fields and the properties that a class itself declares."""
    properties = {name for name, value in vars(cls).items() if isinstance(value, property)}
    fields = inspect.get_annotations(cls).keys() - {"model_config"}
    return {f"{cls.__module__}.{cls.__qualname__}.{name}" for name in fields | properties}


def answers(client: type) -> set[str]:
    """The public methods of a client that return something."""
    return {
        f"{method.__module__}.{method.__qualname__}"
        for name, method in inspect.getmembers(client, inspect.isfunction)
        if not name.startswith("_") and get_type_hints(method)["return"] is not NoneType
    }


def test_the_product_uses_every_field_that_it_reads_from_a_vendor() -> None:
    fields = {field for cls in models() for field in declared(cls)}

    assert {"shared.lexoffice.models.FinanceTransaction.id", "shared.pleo.events.PleoEvent.data"} <= fields
    assert sorted(fields - uses()) == []


@pytest.mark.parametrize("client", [LexofficeClient, PleoClient])
def test_the_product_uses_every_answer_that_a_client_returns(client: type) -> None:
    """Else the answer to a write is refused for its form, though only its success matters."""
    assert sorted(answers(client) - uses()) == []


def test_a_use_counts_for_the_class_that_declares_the_field_only() -> None:
    assert {use for use in uses() if use.startswith("probe.")} == {
        "probe.Base.inherited",
        "probe.Client.line",
        "probe.Client.lines",
        "probe.Line.in_a_lambda",
        "probe.Line.inherited",
        "probe.Line.read",
        "probe.Namesake.unread",
    }
