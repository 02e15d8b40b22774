"""Runs tests of a module of CPython by name, for run_cpython.py, and writes a line of JSON at the start and the end of
each.

The names arrive as JSON on the standard input. The arguments are the module and the descriptor to write to.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import unittest
import warnings

PREFIX = f"test.{sys.argv[1]}."


class Reporter(unittest.TestResult):
    """Reports for each test whether it passed, failed or was skipped."""

    def __init__(self, output: int) -> None:
        super().__init__()
        self.output = output
        self.problems: list[str] = []
        self.skip: str | None = None

    def tell(self, event: dict[str, str]) -> None:
        os.write(self.output, (json.dumps(event) + "\n").encode())

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.problems, self.skip = [], None
        self.tell({"start": test.id()[len(PREFIX) :]})

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        outcome = "failed" if self.problems else "passed" if self.skip is None else "skipped"
        text = "\n".join(self.problems) or self.skip or ""
        self.tell({"test": test.id()[len(PREFIX) :], "outcome": outcome, "text": text})

    def addError(self, test: unittest.TestCase, err: object) -> None:
        self.problems.append(self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: object) -> None:
        if err is not None:
            self.addError(test, err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self.skip = reason


def run_programs_brokered() -> None:
    """Gives the programs that tests start by `assert_python_ok` brokered sockets, too; otherwise they would prove
    nothing.
    """
    from test.support import script_helper

    own = script_helper.assert_python_ok

    def assert_python_ok(*arguments: str, **environment: object) -> object:
        # With an environment variable the interpreter is not isolated, and finds this package.
        environment.setdefault("PYTHONPATH", os.environ["PYTHONPATH"])
        return own("-m", "sockbroker", "run", "--", *arguments, **environment)

    script_helper.assert_python_ok = assert_python_ok


def begin_threads() -> None:
    """Starts the client's own threads: some tests wait until there are as many threads as at their start."""
    import select
    import socket

    pairs = [socket.socketpair() for _ in range(2)]
    pollers = [select.poll() for _ in pairs]
    waits = [threading.Thread(target=poller.poll) for poller in pollers]
    for poller, (first, _), wait in zip(pollers, pairs, waits):
        poller.register(first, select.POLLIN)
        wait.start()
    for _, second in pairs:
        second.close()
    for wait in waits:
        wait.join()
    for first, _ in pairs:
        first.close()


def main() -> None:
    names = json.load(sys.stdin)
    output = int(sys.argv[2])
    os.set_inheritable(output, False)
    warnings.simplefilter("default")
    run_programs_brokered()
    module = importlib.import_module(PREFIX[:-1])
    getattr(module, "setUpModule", lambda: None)()
    begin_threads()
    reporter = Reporter(output)
    for name in names:
        case = unittest.defaultTestLoader.loadTestsFromName(name, module)
        # Not the run of the suite: it would tear down the module after each test.
        case_class = getattr(module, name.split(".")[0])
        if getattr(case_class, "__unittest_skip__", False):
            reporter.tell({"test": name, "outcome": "skipped", "text": case_class.__unittest_skip_why__})
            continue
        try:
            case_class.setUpClass()
        except unittest.SkipTest as skip:
            reporter.tell({"test": name, "outcome": "skipped", "text": str(skip)})
            continue
        case.run(reporter)
        case_class.tearDownClass()
    sys.stdout.flush()
    os._exit(0)


main()
