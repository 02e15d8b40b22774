"""Every test talks to a real daemon: one for the whole run, or one of its own where it kills it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import sockbroker

from daemon import Daemon


@pytest.fixture(scope="session", autouse=True)
def daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        os.environ["SOCKBROKER_ENDPOINT"] = running.endpoint
        # For the programs that tests start elsewhere.
        os.environ["PYTHONPATH"] = os.path.dirname(os.path.dirname(sockbroker.__file__))
        yield running


@pytest.fixture
def own_daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running
