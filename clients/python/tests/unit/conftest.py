"""What is here needs no daemon."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def daemon() -> None:
    """In the place of the one that all other tests have."""
