"""Clients of other versions: this package with stubs of an API with more than the daemon's, and with less."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import pytest

import sockbroker

from daemon import REPOSITORY, Daemon

pytest.importorskip("grpc_tools", reason="needs grpcio-tools, to make other stubs")

import generate  # noqa: E402

# Supported by every version.
ECHO = """
    def echo(broker):
        with broker.create_server(("127.0.0.1", 0)) as server, broker.create_connection(server.getsockname()) as client:
            accepted, address = server.accept()
            with accepted:
                assert address == client.getsockname()
                client.sendall(b"hello")
                assert accepted.recv(100) == b"hello"
"""


class Other:
    """Creates the package with stubs of a changed API."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._proto = directory / "proto"
        shutil.copytree(os.path.join(REPOSITORY, "proto"), self._proto)

    def change(self, name: str, before: str, after: str) -> None:
        """Replaces the text, which occurs once in a file of the API."""
        path = self._proto / "sockbroker" / "v1" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {name}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, program: str, daemon: Daemon) -> list[str]:
        """Creates the package and runs a program with it. Returns the lines that it printed."""
        package = self._directory / "sockbroker"
        shutil.copytree(os.path.dirname(sockbroker.__file__), package, ignore=shutil.ignore_patterns("_gen"))
        for name, text in generate.generated(self._proto).items():
            path = package / "_gen" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(ECHO) + textwrap.dedent(program)],
            cwd=self._directory,
            env={**os.environ, "PYTHONPATH": str(self._directory), "SOCKBROKER_ENDPOINT": daemon.endpoint},
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        return ended.stdout.decode().splitlines()


@pytest.fixture
def other(tmp_path: pathlib.Path) -> Other:
    return Other(tmp_path)


def test_a_newer_client_is_told_what_the_daemon_does_not_know(other: Other, daemon: Daemon) -> None:
    other.change("socket_service.proto", "message RecvRequest {\n", "message RecvRequest {\n  int32 from_the_future = 99;\n")
    service = "session_service.proto"
    for kind in ("Request", "Response"):
        arm = f"    RenewSession{kind} renew_session = 10;\n"
        other.change(service, arm, f"{arm}    Frobnicate{kind} frobnicate = 999;\n")
        message = f"message RenewSession{kind} {{"
        other.change(service, message, f"message Frobnicate{kind} {{}}\n{message}")
    program = """
        import sockbroker
        from sockbroker._gen.v1 import session_service_pb2, socket_service_pb2

        def attempt(verb, request):
            try:
                broker._session.call(verb, request)
            except sockbroker.BrokerError as error:
                print(error.code, error.errno, error.strerror)

        with sockbroker.connect() as broker:
            echo(broker)
            one, two = broker.socketpair()
            one.send(b"kept")
            attempt("frobnicate", session_service_pb2.FrobnicateRequest())
            attempt("recv", socket_service_pb2.RecvRequest(handle=two.fileno(), max_bytes=100, from_the_future=1))
            print(two.recv(100).decode())
            echo(broker)
    """
    unknown_operation, unknown_field, kept = other.run(program, daemon)
    for said, what in ((unknown_operation, "Operation has no field 999"), (unknown_field, "RecvRequest has no field 99")):
        assert said.startswith(f"UNKNOWN_REQUEST {errno.EOPNOTSUPP} this daemon is of version ")
        assert said.endswith(f", and its sockbroker.v1.{what}: it is older than its caller")
    assert kept == "kept"


def test_an_older_client_works(other: Other) -> None:
    # Fields of responses, and a code, that it does not know.
    other.change("session_service.proto", "  HostInfo host = 8;\n", "")
    other.change("session_service.proto", "  string daemon_version = 5;\n", "")
    other.change("error.proto", "    CODE_QUOTA_EXCEEDED = 4;\n", "")
    program = """
        import sockbroker

        with sockbroker.connect() as broker:
            echo(broker)
            sockets = []
            try:
                while True:
                    sockets.append(broker.socket())
            except sockbroker.BrokerError as error:
                print(len(sockets), error.code)
    """
    with Daemon("--max-handles", "8") as daemon:
        assert other.run(program, daemon) == ["8 UNKNOWN_4"]
