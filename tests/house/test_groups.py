"""Tests that share something expensive run in one process: the groups of pytest-xdist hold."""

import pytest


@pytest.mark.xdist_group("groups")
def test_a_group_is_handed_out_as_one(request: pytest.FixtureRequest) -> None:
    """xdist tells its scheduler the group in a test's id. pytest 9.2 does not let it, and says nothing."""
    grouped = getattr(request.config.option, "loadgroup", False)

    assert request.node.nodeid.endswith("@groups") or not grouped
