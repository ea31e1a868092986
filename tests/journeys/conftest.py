"""Every test has a company and an organisation that nobody else uses, in the one stack of its process."""

from collections.abc import Callable, Generator, Iterator

import pytest
from cloud import ROOT

from .company import Company
from .world import World


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A journey that fails leaves its logs, the ledger and the stand-ins' state in build/journeys."""
    report = yield
    world = item.funcargs.get("world")
    if report.when == "call" and report.failed and isinstance(world, World):
        try:
            report.sections.append(("Evidence", str(world.save_evidence(item.name).relative_to(ROOT))))
        except Exception as error:  # the test's own failure must be reported, whatever the stack is like by now
            report.sections.append(("Evidence", f"not saved: {error!r}"))
    return report


@pytest.fixture(autouse=True)
def calm(world: World) -> Iterator[None]:
    yield
    world.calm()


@pytest.fixture
def founded(world: World) -> Iterator[Callable[..., Company]]:
    """Founds companies: an empty wallet, an organisation, not connected, not slowed by lexoffice's limit."""
    made: list[Company] = []

    def found(**organisation: object) -> Company:
        name = f"Firma {len(made) + 1}"
        company_id = world.pleo("/companies", name=name, opening_minors=0)["id"]
        organisation_id = world.lexoffice("/organizations", companyName=name, **organisation)["id"]
        company = Company(world, company_id, organisation_id)
        company.at_full_speed()
        made.append(company)
        return company

    yield found
    for company in made:
        company.browser.close()


@pytest.fixture
def newcomer(founded: Callable[..., Company]) -> Company:
    """A company that is not connected yet."""
    return founded()


@pytest.fixture
def company(newcomer: Company) -> Company:
    """A connected company."""
    return _connected(newcomer)


@pytest.fixture
def neighbour(founded: Callable[..., Company]) -> Company:
    """Another connected company."""
    return _connected(founded())


def _connected(company: Company) -> Company:
    assert company.connect().startswith("Verbunden")
    company.world.at_rest()
    # No sync by the clock: it would heal what a test wants to see broken, and all companies' syncs cost time.
    company.is_due("2999-01-01T00:00:00.000000Z")
    return company
