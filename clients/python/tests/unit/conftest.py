"""The tests in this folder need no daemon."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def daemon() -> None:
    """Replaces the fixture that starts a daemon for all other tests."""
