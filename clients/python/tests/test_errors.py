"""The four kinds of errors by their source, each from a daemon: their classes and attributes."""

from __future__ import annotations

import errno
import os
import socket as stdlib
import subprocess
import sys

import pytest

import sockbroker
import sockbroker.socket as socket

from daemon import Daemon

NOBODY = 65534


def test_the_kernel_raises_plain_oserrors_of_the_subclass_of_their_errno() -> None:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError) as refused:
            other.connect(one.getsockname())
        with pytest.raises(OSError) as taken:
            other.bind(one.getsockname())
    assert (type(refused.value), refused.value.errno) == (ConnectionRefusedError, errno.ECONNREFUSED)
    assert (type(taken.value), taken.value.args) == (OSError, (errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)))


def test_the_resolver_raises_the_interpreters_gaierror() -> None:
    with pytest.raises(stdlib.gaierror) as raised:
        socket.getaddrinfo("127.0.0.1", "no-such-service")
    assert type(raised.value) is stdlib.gaierror is socket.gaierror
    assert raised.value.errno == stdlib.EAI_SERVICE


def test_a_timeout_is_the_interpreters_class() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(0.001)
        with pytest.raises(stdlib.timeout) as raised:
            one.recv(1)
    assert type(raised.value) is stdlib.timeout is socket.timeout
    assert raised.value.args == ("timed out",)


# Prints the error of the first call of a user who was not admitted. It imports before it becomes that user, who may not
# be able to read this package.
DENIED = """
import os, sys
import grpc, sockbroker, sockbroker.broker
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
try:
    sockbroker.connect(sys.argv[1])
except PermissionError as error:
    assert type(error) is sockbroker.PolicyDenial
    print(error.errno, error.rule, error.principal, error.permission, repr(error.endpoint))
    print(error.reason)
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_policy_raises_a_permission_error_with_rule_and_reason() -> None:
    with Daemon("--mode", "0666") as daemon:
        os.chmod(os.path.dirname(daemon.path), 0o711)
        command = [sys.executable, "-c", DENIED.format(nobody=NOBODY), daemon.endpoint]
        said = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode().splitlines()
    facts, reason, text = said
    assert facts == f"{errno.EACCES} default uid:{NOBODY} session ''"
    assert reason
    assert text == f"[Errno {errno.EACCES}] {os.strerror(errno.EACCES)}: {reason} (rule 'default')"


def test_the_broker_raises_an_oserror_with_a_code() -> None:
    with Daemon("--max-handles", "1") as daemon, sockbroker.connect(daemon.endpoint) as broker:
        with broker.socket():
            with pytest.raises(sockbroker.BrokerError) as raised:
                broker.socket()
    assert type(raised.value) is sockbroker.BrokerError
    assert (raised.value.code, raised.value.errno) == ("QUOTA_EXCEEDED", errno.EMFILE)
    assert issubclass(sockbroker.BrokerError, OSError) and not issubclass(sockbroker.BrokerError, PermissionError)


def test_no_daemon_at_the_endpoint_is_a_broker_error(tmp_path: object) -> None:
    with pytest.raises(sockbroker.BrokerError) as raised:
        sockbroker.connect(f"unix://{tmp_path}/nothing.sock")
    assert (raised.value.code, raised.value.errno) == ("ENDPOINT_NOT_FOUND", errno.ENOENT)


def test_a_lost_connection_is_also_a_connection_reset(own_daemon: Daemon) -> None:
    with sockbroker.connect(own_daemon.endpoint) as broker:
        one, other = broker.socketpair()
        own_daemon.kill()
        with pytest.raises(ConnectionResetError) as raised:
            one.recv(1)
    assert type(raised.value) is sockbroker.ConnectionLost
    assert (raised.value.code, raised.value.errno) == ("CONNECTION_LOST", errno.ECONNRESET)
