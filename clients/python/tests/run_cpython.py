#!/usr/bin/env python3
"""Runs CPython's own tests, of the interpreter that runs this, with every socket in a daemon.

usage: run_cpython.py [--runs N] [--only PATTERN] [--seconds N] [--verbose] [MODULE...]

Creates a network namespace with only a loopback interface, starts a daemon in it, and runs the tests of each module
there with `sockbroker run`; without modules, those of all modules below. Tests that do not pass must be listed in
cpython/MODULE.txt with the reason. A listed test that passes fails the run, and so does a test that hangs.

The daemon is SOCKBROKER_DAEMON (a command), or the build in dist/ of the repository.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import importlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from daemon import Daemon  # noqa: E402

CHILD = os.path.join(HERE, "run_cpython_child.py")


class Part(NamedTuple):
    """Which tests of a module are run, as patterns of names."""

    only: str = "*"
    without: str = ""


MODULES = {
    # VSOCK reaches beyond the namespace.
    "test_socket": Part(without="*VSOCK*"),
    "test_selectors": Part(),
    # The others have nothing to do with sockets.
    "test_signal": Part(only="Wakeup*"),
    "test_asyncio.test_events": Part(),
    "test_asyncio.test_unix_events": Part(),
}


def expected(module: str) -> dict[str, str]:
    """Reads the expected failures of a module: the name of a test, followed by the reason."""
    reasons = {}
    with open(os.path.join(HERE, "cpython", f"{module}.txt"), encoding="utf-8") as lines:
        for line in lines:
            name, _, reason = line.strip().partition(" ")
            if name and not name.startswith("#"):
                reasons[name] = reason.strip()
    return reasons


class Child:
    """A process that runs tests, and reports how each ended in lines of JSON."""

    def __init__(self, module: str, endpoint: str, names: list[str], directory: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(HERE), "SOCKBROKER_ENDPOINT": endpoint}
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sockbroker", "run", "--", CHILD, module, str(writer)],
            stdin=subprocess.PIPE,
            pass_fds=[writer],
            cwd=directory,
            env=environment,
        )
        os.close(writer)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(names).encode())
        self.process.stdin.close()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(reader,), daemon=True).start()

    def next(self, seconds: float) -> dict[str, str] | None:
        """Returns the next event, or None at the end. Raises queue.Empty after the timeout."""
        line = self._lines.get(timeout=seconds)
        return None if line is None else json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self, reader: int) -> None:
        with open(reader, encoding="utf-8") as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)


def run(module: str, names: list[str], endpoint: str, seconds: float, verbose: bool) -> dict[str, tuple[str, str]]:
    """Runs tests. Returns for each how it ended, and its output."""
    outcomes: dict[str, tuple[str, str]] = {}
    left = collections.deque(names)
    while left:
        with tempfile.TemporaryDirectory() as directory:
            child = Child(module, endpoint, list(left), directory)
            running = ""
            while True:
                try:
                    event = child.next(seconds)
                except queue.Empty:
                    outcomes[running or left[0]] = ("hung", f"no end after {seconds} seconds")
                    print(f"hung: {running}", flush=True)
                    break
                if event is None:
                    missing = [name for name in left if name not in outcomes]
                    if missing:
                        name = running if running in missing else missing[0]
                        outcomes[name] = ("died", "the process of the tests ended")
                    break
                if "start" in event:
                    running = event["start"]
                    if verbose:
                        print(running, flush=True)
                    continue
                outcomes[event["test"]] = (event["outcome"], event["text"])
                if verbose and event["outcome"] == "failed":
                    print("failed", flush=True)
            child.end()
        left = collections.deque(name for name in left if name not in outcomes)
    return outcomes


def all_names(name: str, pattern: str) -> list[str]:
    """Returns the tests of a module that are run."""

    def flatten(suite: unittest.TestSuite) -> list[str]:
        names: list[str] = []
        for item in suite:
            names.extend(flatten(item) if isinstance(item, unittest.TestSuite) else [item.id()])
        return names

    module = importlib.import_module(f"test.{name}")
    part = MODULES[name]
    names = [each[len(module.__name__) + 1 :] for each in flatten(unittest.defaultTestLoader.loadTestsFromModule(module))]
    return [
        each
        for each in names
        if fnmatch.fnmatch(each, part.only) and not fnmatch.fnmatch(each, part.without) and fnmatch.fnmatch(each, pattern)
    ]


def report(module: str, outcomes: dict[str, tuple[str, str]], reasons: dict[str, str], verbose: bool) -> bool:
    """Prints unexpected results and the totals. Returns whether all results were expected."""
    good = True
    for name, (outcome, text) in sorted(outcomes.items()):
        if outcome in ("failed", "hung", "died") and (name not in reasons or outcome != "failed"):
            good = False
            print(f"{outcome}: {name}\n{text}")
        if outcome == "passed" and name in reasons:
            good = False
            print(f"passed, but stands among the expected failures: {name}")
        if verbose and outcome == "skipped":
            print(f"skipped: {name}: {text}")
    counts = collections.Counter(outcome for outcome, _ in outcomes.values())
    failed = counts["failed"] + counts["hung"] + counts["died"]
    expected_failures = sum(name in reasons for name, (outcome, _) in outcomes.items() if outcome == "failed")
    print(
        f"{module}: {counts['passed']} passed, {failed} failed ({expected_failures} of them expected), {counts['skipped']} skipped",
        flush=True,
    )
    return good


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], metavar="MODULE")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default="*")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--inside"]
        privileges = [] if os.geteuid() == 0 else ["--map-root-user"]
        script = 'ip link set lo up && exec "$@"'
        os.execvp("unshare", ["unshare", "--net", *privileges, "sh", "-c", script, "sh", *command])
    good = True
    for module in options.modules or MODULES:
        names = all_names(module, options.only)
        for _ in range(options.runs):
            started = time.monotonic()
            with Daemon() as daemon:
                outcomes = run(module, names, daemon.endpoint, options.seconds, options.verbose)
            good = report(module, outcomes, expected(module), options.verbose) and good
            print(f"in {time.monotonic() - started:.0f} seconds", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
