"""kill -9 of a client in every kind of waiting call, and of the daemon during each call."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal

import pytest

from blocking_calls import CALLS, program_of
from daemon import Daemon, daemon_command
from operator_view import OperatorView
from silent_resolver import SilentResolver

LOST = "ConnectionLost CONNECTION_LOST True"


@pytest.fixture
def view(own_daemon):
    view = OperatorView(own_daemon)
    yield view
    view.close()


@pytest.fixture
def resolver():
    resolver = SilentResolver()
    yield resolver
    resolver.close()


class Client:
    """A program that makes one of the calls."""

    def __init__(self, call, endpoint):
        self.call = call
        self.program = program_of(call, endpoint)
        self.pids = [self.program.pid]

    def wait_in_call(self, view):
        """Starts the call, and returns when it waits in the daemon."""
        self.program.says(r"^ready$")
        before = view.waiting()
        self.program.tell("go")
        if "forked" in self.call:
            self.pids.append(int(self.program.says(r"^forked (\d+)$").group(1)))
        waits = 1
        if "of what flows" in self.call:
            self.program.says(r"^flowed$")
            waits = 2  # The stream that sends data is idle.
        view.until(lambda: view.waiting() >= before + waits, f"{self.call} does not wait")

    def kill(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)

    def end(self):
        """Returns how the call ended, and lets the program exit."""
        if "forked" in self.call:
            self.program.says(r"^child ConnectionLost$")
        how = self.program.says(r"^ended by (.*)$").group(1)
        assert self.program.ended() == 0
        return how


@pytest.fixture
def clients():
    """Starts clients for calls, and kills the remaining ones at the end."""
    with contextlib.ExitStack() as stack:

        def start(calls, endpoint):
            started = [Client(call, endpoint) for call in calls]
            for client in started:
                stack.enter_context(client.program)
            return started

        yield start


def test_a_killed_client_leaves_nothing_in_the_daemon_whatever_it_waits_for(own_daemon, view, clients):
    before = view.holds()
    started = clients(CALLS, own_daemon.endpoint)
    for client in started:
        client.wait_in_call(view)
    now = view.holds()
    assert now["sessions"] >= before["sessions"] + len(CALLS) and now["handles"] > before["handles"] + len(CALLS)
    for client in started:
        client.kill()
    view.until(lambda: view.holds() == before, f"not as before, when it was {before}")


def test_a_killed_daemon_ends_every_call_with_the_documented_error(own_daemon, view, clients):
    started = clients(CALLS, own_daemon.endpoint)
    for client in started:
        client.wait_in_call(view)
    own_daemon.kill()
    assert {client.call: client.end() for client in started} == dict.fromkeys(CALLS, LOST)


def test_a_killed_child_does_not_affect_its_parent(own_daemon, view, clients):
    [client] = clients(["forked child"], own_daemon.endpoint)
    client.program.says(r"^ready$")
    before = view.holds()
    client.program.tell("go")
    child = int(client.program.says(r"^forked (\d+)$").group(1))
    view.until(lambda: view.holds()["waiting_operations"] > before["waiting_operations"], "the child does not wait")
    assert view.holds()["handles"] > before["handles"]
    os.kill(child, signal.SIGKILL)
    # The parent continues; when it prints this it has sent a byte, and thus found its socket open.
    client.program.says(r"^ended$")
    after = view.holds
    view.until(lambda: after()["connections"] == before["connections"], "the child's connection is left")
    view.until(lambda: after()["handles"] <= before["handles"] + ALARM_HANDLES, "the child's handles are left")


# What a session creates at the first fork, to wake gRPC's threads at later ones.
ALARM_HANDLES = 2


# Both wait in a thread of the daemon that cannot be interrupted.
@pytest.mark.parametrize("call", ["socket.getaddrinfo('held.example.org', 80)", "socket.gethostbyname('held.example.org')"])
@pytest.mark.parametrize("killed", ["client", "daemon"])
def test_a_look_up_that_is_not_answered(monkeypatch, resolver, clients, killed, call):
    monkeypatch.setenv("SOCKBROKER_DAEMON", shlex.join([*resolver.through, *daemon_command()]))
    with Daemon() as daemon, contextlib.closing(OperatorView(daemon)) as view:
        before = view.holds()
        [client] = clients([call], daemon.endpoint)
        client.program.says(r"^ready$")
        client.program.tell("go")
        resolver.wait()
        if killed == "daemon":
            daemon.kill()
            assert client.end() == LOST
        else:
            client.kill()
            view.until(lambda: view.holds()["sessions"] == before["sessions"], "the session is left")
            resolver.answer()
            view.until(lambda: view.holds() == before, f"not as before, when it was {before}")
