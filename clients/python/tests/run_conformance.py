#!/usr/bin/env python3
"""Runs the cases of test/conformance twice, with the interpreter that runs this: with its own sockets, and with the
daemon's.

usage: run_conformance.py [--only TEXT] [--ids FILE] [--part K/N]

Compares the outcome of each step: values, and of exceptions the class, the standard classes that it derives from, the
text, errno, strerror and filename. Each difference must be listed in conformance_differences.json with its reason. An
entry that does not match, or that no case met, fails the run. --only selects the cases whose ids contain a text, --ids
those whose ids are lines of a file.

It runs in its own network and UTS namespaces with only a loopback interface, and creates them if necessary: as many as
there are processors, because each case starts a process. There it runs itself with --part, which prints the outcomes of
every N-th case as JSON. The daemon is SOCKBROKER_DAEMON (a command), or the build in dist/ of the repository.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from daemon import REPOSITORY, Daemon  # noqa: E402

CONFORMANCE = os.path.join(REPOSITORY, "test", "conformance")
DIFFERENCES = os.path.join(HERE, "conformance_differences.json")
# The name of the cases for .ci/run.
SELF = os.path.relpath(os.path.abspath(__file__), REPOSITORY)


class Difference:
    """An intended difference in one step of some cases."""

    def __init__(self, cases: str, step: str, gives: object, reason: str) -> None:
        self.step, self.gives, self.reason = step, gives, reason
        self.met = False
        self._cases = re.compile(".*".join(map(re.escape, cases.split("*"))), re.DOTALL)

    def is_about(self, case: str) -> bool:
        return self._cases.fullmatch(case) is not None


def differences() -> list[Difference]:
    """Reads the entries of conformance_differences.json for this version of Python."""
    with open(DIFFERENCES, encoding="utf-8") as file:
        entries = json.load(file)
    return [
        Difference(cases, step, gives, entry["reason"])
        for entry in entries
        if version(entry.get("since", "3.0")) <= sys.version_info[:2] < version(entry.get("before", "3.99"))
        for cases in entry["cases"]
        for step, gives in entry["gives"].items()
    ]


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def run(module: str, endpoint: str, options: list[str]) -> list[Any]:
    """Runs the cases with a module in place of `socket`. Raises SystemExit if a case is invalid."""
    files = sorted(os.listdir(os.path.join(CONFORMANCE, "cases")))
    command = [sys.executable, os.path.join(CONFORMANCE, "oracle.py"), "--module", module, *options]
    command += [os.path.join(CONFORMANCE, "cases", name) for name in files]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((HERE, os.path.dirname(HERE))),
        "SOCKBROKER_ENDPOINT": endpoint,
        "SOCKBROKER_TEST_NAMESPACE": "1",
    }
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"oracle.py --module {module} ended with status {done.returncode}")
    cases: list[Any] = json.loads(done.stdout)["cases"]
    return [case for case in cases if case["languages"] is None or "python" in case["languages"]]


def labels(steps: list[Any]) -> Iterator[str]:
    """Names steps as differences.json does: "s.recv", "getaddrinfo", "s.family"; an awaited call has its own name."""
    begun = {step["start"]: step for step in steps if "start" in step}
    for step in steps:
        source = begun[step["await"]] if "await" in step else step
        name = source.get("call") or source.get("get") or next(iter(source))
        yield step.get("label") or (f"{source['on']}.{name}" if "on" in source else name)


def shown(outcome: Any) -> object:
    """Returns an outcome in the form of the file: an exception as its class and text."""
    if outcome is None or "error" not in outcome:
        return outcome
    return {**outcome, "error": f"{outcome['error']['type']}: {outcome['error']['text']}"}


def complaints(theirs: Any, ours: Any, meant: list[Difference]) -> Iterator[str]:
    """Compares the outcomes of a case. Returns a line for each step that differs."""
    seen: dict[str, int] = {}
    about = [difference for difference in meant if difference.is_about(theirs["id"])]
    for number, label in enumerate(labels(theirs["steps"])):
        seen[label] = seen.get(label, 0) + 1
        wanted, given = (case["results"][number : number + 1] or [None] for case in (theirs, ours))
        difference = next((one for one in about if one.step in (label, f"{label}#{seen[label]}")), None)
        where = f"step {number + 1}, {label}"
        if difference is None:
            if given != wanted:
                yield f"{where}: CPython gave {json.dumps(wanted[0])}, sockbroker {json.dumps(given[0])}"
            continue
        difference.met = True
        if given == wanted:
            yield f"{where}: agrees, and was to differ: {difference.reason}"
        elif shown(given[0]) != difference.gives:
            yield f"{where}: sockbroker gave {json.dumps(shown(given[0]))}, and was to give {json.dumps(difference.gives)}"


def report(theirs: list[Any], ours: list[Any], meant: list[Difference], everything: bool) -> bool:
    """Prints failures, skipped cases and the totals. Returns whether nothing failed."""
    passes, skips, failed = [], [], 0
    for their_case, our_case in zip(theirs, ours):
        name = f"{SELF} › {their_case['id']}"
        if their_case["skip"]:
            print(f"skipped: {their_case['id']}: {their_case['skip']}")
            skips.append(name)
            continue
        wrong = list(complaints(their_case, our_case, meant))
        if wrong:
            failed += 1
            print("\n  ".join([f"failed: {their_case['id']}", *wrong]))
        else:
            passes.append(name)
    # An entry for a case that was skipped could not be met.
    left_out = [case["id"] for case in theirs if case["skip"]]
    for one in meant:
        if everything and not one.met and not any(map(one.is_about, left_out)):
            failed += 1
            print(f"failed: no case met the difference of {one.step} in {one._cases.pattern}: {one.reason}")
    print(f"{len(passes)} passed, {failed} failed, {len(skips)} skipped", flush=True)
    write_totals({"passed": len(passes), "failed": failed, "skipped": len(skips), "passes": passes, "skips": skips})
    return failed == 0


def write_totals(totals: dict[str, object]) -> None:
    """Writes the totals for `.ci/run`."""
    directory = os.environ.get("SOCKBROKER_TOTALS")
    if directory is not None:
        with open(os.path.join(directory, "conformance.json"), "w", encoding="utf-8") as file:
            json.dump(totals, file)


def is_isolated() -> bool:
    """Returns whether there is only a loopback interface, and perhaps virtual CAN buses."""
    with open("/proc/self/net/dev", encoding="ascii") as file:
        names = [line.partition(":")[0].strip() for line in file.read().splitlines()[2:]]
    return all(name == "lo" or fnmatch.fnmatch(name, "vcan*") for name in names)


def outcomes(options: list[str]) -> tuple[list[Any], list[Any]]:
    """Runs the cases in this namespace. Returns their outcomes with CPython's sockets, and with the daemon's."""
    with Daemon() as daemon:
        theirs = run("socket", daemon.endpoint, options)
        ours = run("conformance_socket", daemon.endpoint, [*options, f"--pid={daemon.process.pid}"])
    return theirs, ours


def outcomes_of_parts(options: list[str]) -> tuple[list[Any], list[Any]]:
    """As `outcomes`, in new namespaces, one for each processor. Raises SystemExit if one of them fails."""
    parts = os.cpu_count() or 1
    privileges = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'ip link set lo up && exec "$@"'
    unshare = ["unshare", "--net", "--uts", *privileges, "sh", "-c", script, "sh"]
    command = [*unshare, sys.executable, os.path.abspath(__file__), *options]
    running = [
        subprocess.Popen([*command, f"--part={part}/{parts}"], stdout=subprocess.PIPE) for part in range(1, parts + 1)
    ]
    # All at once: one that is not read would wait for the others.
    with ThreadPoolExecutor(parts) as pool:
        printed = list(pool.map(lambda process: process.communicate()[0], running))
    if any(process.returncode != 0 for process in running):
        raise SystemExit("a part of the cases could not be run")
    of_parts = list(map(json.loads, printed))
    return [case for theirs, _ in of_parts for case in theirs], [case for _, ours in of_parts for case in ours]


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].replace("usage: ", ""))
    parser.add_argument("--only")
    parser.add_argument("--ids")
    parser.add_argument("--part")
    chosen = parser.parse_args()
    options = [f"--{name}={value}" for name, value in vars(chosen).items() if value is not None]
    if chosen.part is not None:
        json.dump(outcomes(options), sys.stdout)
        return
    theirs, ours = outcomes(options) if is_isolated() else outcomes_of_parts(options)
    sys.exit(0 if report(theirs, ours, differences(), everything=not options) else 1)


if __name__ == "__main__":
    main()
