#!/usr/bin/env python3
"""Runs the test suites of programs that rely on sockets, with every socket in a daemon: trio, redis-py, Twisted.

usage: run_programs_suites.py [trio|redis|twisted]... Without arguments: all of them.

For maintainers, and not part of CI: it uses the host's loopback, installs the packages into a virtual environment that
it creates, takes redis-py's tests from its sdist, and redis-py needs a redis-server in PATH. Tests that do not pass
must be listed in suites/NAME.txt with the reason, by a pattern of names; an entry that matches no failure fails the
run.

The daemon is SOCKBROKER_DAEMON (a command), or the build in dist/ of the repository.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from daemon import Daemon  # noqa: E402

LIMIT_SECONDS = 900
PYTEST = ["-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider"]


class Suite(NamedTuple):
    """What is installed, what is run with `sockbroker run`, and how its output names failed tests."""

    packages: list[str]
    command: list[str]
    failures: Callable[[str], list[str]]
    # The sdist that contains the tests, if the installed package does not.
    sdist: str = ""


def pytest_failures(said: str) -> list[str]:
    return [line.split()[1] for line in said.splitlines() if re.match(r"(FAILED|ERROR) \S*::", line)]


def trial_failures(said: str) -> list[str]:
    failed = []
    section = ""
    for line in said.splitlines():
        if re.fullmatch(r"\[[A-Z_]+\]", line):
            section = line
        elif section in ("[FAIL]", "[ERROR]") and re.fullmatch(r"twisted(\.\w+)+", line):
            failed.append(line)
    return failed


SUITES = {
    "trio": Suite(
        ["trio==0.35.0", "pytest==9.2.0", "trustme==1.2.1"],
        [
            *PYTEST,
            *("-p", "trio._tests.pytest_plugin", "--run-slow", "--pyargs"),
            *(f"trio._tests.test_{name}" for name in ("socket", "highlevel_socket", "highlevel_serve_listeners")),
            *(f"trio._tests.test_highlevel_open_{name}" for name in ("tcp_stream", "tcp_listeners", "unix_stream")),
        ],
        pytest_failures,
    ),
    "redis": Suite(
        ["redis==8.1.0", "pytest==9.2.0", "pytest-asyncio==1.5.0", "pytest-timeout==2.4.0", "numpy", "packaging", "pybreaker"],
        [*PYTEST, "--timeout", "120", *(f"tests/test_{name}.py" for name in ("multiprocessing", "connection"))],
        pytest_failures,
        sdist="redis==8.1.0",
    ),
    "twisted": Suite(
        ["twisted==26.10.0", "PyHamcrest==2.1.0", "hypothesis"],
        [
            *("-m", "twisted.trial"),
            *(f"twisted.internet.test.test_{name}" for name in ("tcp", "udp", "unix")),
            *(f"twisted.test.test_{name}" for name in ("tcp", "udp", "unix")),
        ],
        trial_failures,
    ),
}


def expected(name: str) -> dict[str, str]:
    """Reads the expected failures of a suite: a pattern of names, followed by the reason."""
    lines = (HERE / "suites" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def prepare(suite: Suite, directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Installs the packages. Returns the interpreter, and the directory to run the tests in."""
    venv.create(directory / "venv", with_pip=True)
    python = directory / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "grpcio==1.85.1", "protobuf==7.36.2", *suite.packages], check=True)
    if not suite.sdist:
        return python, directory
    archives = directory / "sdist"
    subprocess.run([*pip, "download", "--no-deps", "--no-binary=:all:", "-d", archives, suite.sdist], check=True)
    (archive,) = archives.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(archives)
    return python, archives / archive.name.removesuffix(".tar.gz")


@contextlib.contextmanager
def redis_server(directory: pathlib.Path) -> Iterator[None]:
    server = shutil.which("redis-server")
    if server is None:
        raise SystemExit("run_programs_suites.py: redis-py's tests need a redis-server in PATH")
    process = subprocess.Popen([server, "--save", "", "--dir", directory], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def run(name: str) -> bool:
    """Runs a suite and prints unexpected results. Returns whether all results were expected."""
    suite = SUITES[name]
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"sockbroker-{name}-")))
        python, place = prepare(suite, directory)
        if name == "redis":
            stack.enter_context(redis_server(directory))
        daemon = stack.enter_context(Daemon())
        command = [python, "-m", "sockbroker", "run", "--endpoint", daemon.endpoint, "--", *suite.command]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        done = subprocess.run(
            command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_SECONDS
        )
    failed = suite.failures(done.stdout)
    reasons = expected(name)
    surprises = [each for each in failed if not any(fnmatch.fnmatch(each, pattern) for pattern in reasons)]
    idle = [pattern for pattern in reasons if not any(fnmatch.fnmatch(each, pattern) for each in failed)]
    # Without a line with the totals, the suite did not finish.
    ended = re.search(r"\d+ passed|successes=\d+|^PASSED", done.stdout, re.MULTILINE) is not None
    if surprises or not ended:
        print(done.stdout)
    for each in surprises:
        print(f"failed: {each}")
    for pattern in idle:
        print(f"expected to fail, and nothing of it did: {pattern}")
    print(f"{name}: {len(failed)} failed, {len(surprises)} of them not expected; {done.stdout.strip().splitlines()[-1]}", flush=True)
    return ended and not surprises and not idle


def main() -> None:
    names = sys.argv[1:] or list(SUITES)
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        raise SystemExit(f"run_programs_suites.py: no suite {unknown[0]}")
    sys.exit(0 if all([run(name) for name in names]) else 1)


if __name__ == "__main__":
    main()
