"""Every test uses a real daemon: one for the whole run, or its own if the test kills it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

import sockbroker

from daemon import Daemon
from relay import Relay


@pytest.fixture(scope="session", autouse=True)
def daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        os.environ["SOCKBROKER_ENDPOINT"] = running.endpoint
        # For programs that tests start elsewhere.
        os.environ["PYTHONPATH"] = os.path.dirname(os.path.dirname(sockbroker.__file__))
        yield running


@pytest.fixture
def own_daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


@pytest.fixture
def relay(own_daemon: Daemon) -> Iterator[Relay]:
    """A relay to the test's own daemon."""
    with Relay(own_daemon.path) as running:
        yield running


@pytest.fixture
def broker(relay: Relay) -> Iterator[sockbroker.Broker]:
    """A broker that is connected through the relay, which can cut the connection and count the frames of its streams.
    """
    with sockbroker.connect(relay.endpoint) as broker:
        yield broker


@pytest.fixture
def pair(broker: sockbroker.Broker) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection."""
    with broker.create_server(("127.0.0.1", 0)) as server:
        one = broker.create_connection(server.getsockname())
        two, _ = server.accept()
        with one, two:
            yield one, two
