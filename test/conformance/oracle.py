#!/usr/bin/env python3
"""Runs conformance cases in a Python interpreter and prints the outcome of each step, as JSON.

usage: oracle.py [--module NAME] [--pid N] [--in-process] [--only TEXT] [--ids FILE] [--part K/N]
                 [--expand] FILE…

Without --module it is the oracle: CPython's own socket module, with the same calls made directly. With --module it runs
a drop-in replacement (for example a client of the broker) with the same cases, so that the outputs can be compared;
--pid names the process that has its sockets, if it is another one. --only selects the cases whose ids contain a text,
--ids those whose ids are lines of a file; --part K/N takes every N-th of these, starting with the K-th.

The case files are only expanded here: setups, variables and names are replaced, and the output contains each case's
final steps, so that a runner in another language only interprets steps. README.md describes both formats.

Every case runs in its own child process, in a new directory, and is killed if it hangs: a blocked thread can be ended
in no other way, and no descriptor, default timeout or directory survives into the next case. --in-process is for
modules that do not support a fork; with it a case that hangs ends the run.
"""

import argparse
import array
import atexit
import errno
import fcntl
import functools
import hashlib
import importlib
import itertools
import json
import math
import os
import platform
import re
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import warnings
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CASE_SECONDS = 10
EPHEMERAL_PORTS = range(32768, 61000)  # net.ipv4.ip_local_port_range


class BrokenCase(Exception):
    """The case file is invalid, not the module under test."""


# Expansion -----------------------------------------------------------------------------------------------------------


def load_json(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


@functools.lru_cache(maxsize=None)
def inventory_groups():
    groups = {}
    for constant in load_json("data/inventory.json")["constants"]:
        groups.setdefault(constant["group"], []).append(constant["name"])
    return groups


@functools.lru_cache(maxsize=None)
def setups():
    return load_json("setups.json")


@functools.lru_cache(maxsize=None)
def linux_names():
    return load_json("linux.json")


def substitute(node, variables):
    """Replaces {"var": …}, {"linux": …} and {"names": …} in a part of a case."""
    if isinstance(node, list):
        return [substitute(item, variables) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        if "var" in node:
            if node["var"] not in variables:
                raise BrokenCase(f"no variable {node['var']!r}")
            return substitute(variables[node["var"]], variables)
        if "linux" in node:
            value = 0
            for name in node["linux"].split("|"):
                if name not in linux_names():
                    raise BrokenCase(f"no name {name!r} in linux.json")
                value |= linux_names()[name]
            return value
        if "names" in node:
            # The constants of CPython's build here; a module may have more.
            names = inventory_groups()[substitute(node["names"], variables)]
            return [name for name in names if hasattr(socket, name)]
    return {key: substitute(value, variables) for key, value in node.items()}


def label(value):
    """Returns a short, readable text for a value in a case's name."""
    if isinstance(value, dict) and len(value) == 1:
        (key, inner), = value.items()
        if key == "bytes":
            return shorten("b" + json.dumps(inner))
        if key == "hex":
            return shorten("x" + inner)
        if key == "repeat":
            return f"{label(inner[0])}*{inner[1]}"
        if key in ("const", "linux", "float", "int", "ref", "fd"):
            return shorten(inner)
        if key == "path":
            return label(inner)
        if key in ("buffer", "bytearray"):
            return f"{key} {label(inner)}"
    if isinstance(value, str) and re.fullmatch(r"[^\W\d].*\S|[^\W\d]|.*[.:].*", value) and value.isprintable():
        return shorten(value)
    return shorten(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def shorten(text):
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 48 else f"{text[:40]}… {zlib.crc32(text.encode()):08x}"


def bindings(case):
    """Returns every assignment of the case's variables: the product of `each`, once for each of `rows`."""
    each = case.get("each", {})
    for row in case.get("rows", [{}]):
        lists = [values if isinstance(values, list) else substitute(values, row) for values in each.values()]
        for values in itertools.product(*lists):
            yield {**row, **dict(zip(each, values))}


def case_name(name, variables):
    shown = dict(variables)
    if "label" in variables:
        return f"{name} [{variables['label']}]"
    text = re.sub(r"\{(\w+)\}", lambda match: label(shown.pop(match[1], match[0])), name)
    return f"{text} [{', '.join(label(value) for value in shown.values())}]" if shown else text


def expand_steps(steps, variables, needs):
    for step in steps:
        if "each" in step:
            inner = {key: value for key, value in step.items() if key != "each"}
            for extra in bindings({"each": substitute(step["each"], variables)}):
                yield from expand_steps([inner], {**variables, **extra}, needs)
        elif "setup" in step:
            name = substitute(step["setup"], variables)
            if name not in setups():
                raise BrokenCase(f"no setup {name!r}")
            needs.update(setups()[name].get("needs", []))
            yield from expand_steps(setups()[name]["steps"], {}, needs)
        else:
            yield substitute(step, variables)


def expand_file(path):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    stem = os.path.splitext(os.path.basename(path))[0]
    seen = set()
    for case in content["cases"]:
        unknown = set(case) - {"name", "needs", "each", "rows", "setup", "steps", "mayFail", "languages"}
        if unknown:
            raise BrokenCase(f"{stem}/{case['name']}: unknown keys {sorted(unknown)}")
        for variables in bindings(case):
            identity = f"{stem}/{case_name(case['name'], variables)}"
            if identity in seen:
                raise BrokenCase(f"two cases are called {identity!r}")
            seen.add(identity)
            needs = set(substitute(case.get("needs", []), variables))
            try:
                setup = substitute(case.get("setup", []), variables)
                prelude = [{"setup": name} for name in ([setup] if isinstance(setup, str) else setup)]
                steps = list(expand_steps(prelude + case["steps"], variables, needs))
            except BrokenCase as error:
                raise BrokenCase(f"{identity}: {error}") from None
            if not steps:  # A group of constants of which this build has none.
                continue
            yield {
                "id": identity,
                "file": stem,
                "needs": sorted(needs),
                "languages": case.get("languages"),
                "mayFail": case.get("mayFail", False),
                "steps": steps,
            }


# Needs ---------------------------------------------------------------------------------------------------------------


def missing_constants(node):
    """Returns the names of constants in a case that this Python does not have."""
    if isinstance(node, list):
        return {name for item in node for name in missing_constants(item)}
    if not isinstance(node, dict):
        return set()
    if set(node) == {"const"}:
        return {name for name in node["const"].split("|") if not hasattr(socket, name)}
    return {name for value in node.values() for name in missing_constants(value)}


def can_open(*arguments):
    try:
        socket.socket(*arguments).close()
        return True
    except OSError:
        return False


def can_bind_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def has_interface(name):
    return name in [interface for _, interface in socket.if_nameindex()]


NEEDS = {
    "root": (lambda: os.geteuid() == 0, "root"),
    "ipv6": (can_bind_ipv6, "an interface with ::1"),
    "raw": (lambda: can_open(2, 3, 253), "CAP_NET_RAW"),
    "packet": (lambda: can_open(17, 3, 0), "AF_PACKET and CAP_NET_RAW"),
    "netlink": (lambda: can_open(16, 3, 0), "AF_NETLINK"),
    "vsock": (lambda: can_open(40, 1, 0), "AF_VSOCK"),
    "mptcp": (lambda: can_open(2, 1, 262), "MPTCP"),
    "udplite": (lambda: can_open(2, 2, 136), "UDP-Lite"),
    "alg": (lambda: can_open(38, 5, 0), "AF_ALG"),
    "vcan": (lambda: can_open(29, 3, 1) and has_interface("vcan0"), "CAN and an interface vcan0"),
    "tipc": (lambda: can_open(30, 4, 0), "TIPC"),
    "rds": (lambda: can_open(21, 5, 0), "RDS"),
    "qrtr": (lambda: can_open(42, 2, 0), "QIPCRTR"),
    # Without the module a connection would leave for the host of a virtual machine.
    "vsock-loopback": (lambda: os.path.exists("/sys/module/vsock_loopback"), "the module vsock_loopback"),
    # Set by npm test, which creates network and UTS namespaces for the run.
    "uts": (lambda: os.environ.get("SOCKBROKER_TEST_NAMESPACE") == "1", "a UTS namespace of its own"),
}


@functools.lru_cache(maxsize=None)
def missing(need):
    """Returns why a need is not met, or None."""
    version = re.fullmatch(r"python(\d+)\.(\d+)", need)
    if version:
        wanted = (int(version[1]), int(version[2]))
        return None if sys.version_info >= wanted else f"needs Python {version[1]}.{version[2]}"
    if need not in NEEDS:
        raise BrokenCase(f"unknown need {need!r}")
    probe, text = NEEDS[need]
    return None if probe() else f"needs {text}"


# Values --------------------------------------------------------------------------------------------------------------


class Unset(Exception):
    """A step refers to the result of an earlier step that failed."""


class Values:
    """Converts the neutral values of a case file to Python's."""

    def __init__(self, module, directory, pid):
        self.module = module
        self.directory = directory
        self.pid = pid
        self.variables = {}
        self.buffers = []

    def constant(self, names):
        value = 0
        for name in names.split("|"):
            if not hasattr(self.module, name):
                raise BrokenCase(f"no constant {name!r}")
            value |= getattr(self.module, name)
        return value

    def lookup(self, name):
        if name not in self.variables:
            raise Unset(name)
        return self.variables[name]

    def path(self, wanted):
        if isinstance(wanted, dict):
            return self.directory + "/" + "p" * (wanted["length"] - len(self.directory) - 1)
        return os.path.join(self.directory, wanted)

    def __call__(self, node):
        if isinstance(node, list):
            return tuple(self(item) for item in node)
        if not isinstance(node, dict):
            return node
        keys = set(node)
        if keys == {"ref", "at"}:
            value = self.lookup(node["ref"])
            for index in node["at"]:
                value = value[index]
            return value
        if len(keys) != 1:
            raise BrokenCase(f"not a value: {node!r}")
        (form, inner), = node.items()
        if form == "bytes":
            return inner.encode("latin-1")
        if form == "hex":
            return bytes.fromhex(inner)
        if form == "bytearray":
            return bytearray(self(inner))
        if form == "buffer":
            self.buffers.append(bytearray(inner))
            return self.buffers[-1]
        if form == "str":
            return os.fsdecode(bytes.fromhex(inner))
        if form == "int":
            return int(inner)
        if form == "float":
            return float(inner)
        if form == "list":
            return [self(item) for item in inner]
        if form == "const":
            return self.constant(inner)
        if form == "ref":
            return self.lookup(inner)
        if form == "fd":
            return self.lookup(inner).fileno()
        if form == "fds":
            return array.array("i", [self.lookup(name).fileno() for name in inner]).tobytes()
        if form == "repeat":
            return self(inner[0]) * inner[1]
        if form == "concat":
            parts = [self(item) for item in inner]
            return functools.reduce(lambda left, right: left + right, parts)
        if form == "struct":
            return struct.pack("=" + inner[0], *[self(item) for item in inner[1:]])
        if form == "path":
            return self.path(inner)
        if form == "pid":
            return self.pid or os.getpid()
        if form == "object":
            return object()
        raise BrokenCase(f"not a value: {node!r}")


# Records -------------------------------------------------------------------------------------------------------------


# The kernel's own names, if Python's table has the alias last.
SYMBOLS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EAGAIN: "EAGAIN", errno.EDEADLK: "EDEADLK"}


class Record:
    """Converts Python's results to neutral JSON. Values that differ between runs are replaced by tokens, equal values
    by the same token.
    """

    def __init__(self, module, directory):
        self.module = module
        self.directory = directory
        self.tokens = {}

    def token(self, kind, value):
        known = self.tokens.setdefault(kind, {})
        return known.setdefault(value, f"${kind}{len(known) + 1}")

    def text(self, value):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return {"str": os.fsencode(value).hex()}
        return value.replace(self.directory, "$dir")

    def bytes(self, value):
        value = bytes(value).replace(os.fsencode(self.directory), b"$dir")
        if len(value) <= 256:
            return {"hex": value.hex()}
        return {"length": len(value), "sha256": hashlib.sha256(value).hexdigest()}

    def plain(self, value):
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            value = int(value)
            return value if abs(value) < 2**53 else {"int": str(value)}
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self.bytes(value)
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, self.module.SocketType):
            return {"socket": [int(value.family), int(value.type), value.proto]}
        if hasattr(value, "fileno"):
            return {"file": True}
        return {"type": type(value).__name__}

    def address(self, value):
        if isinstance(value, tuple) and len(value) in (2, 4) and isinstance(value[0], str):
            port = self.token("port", value[1]) if value[1] in EPHEMERAL_PORTS else self.plain(value[1])
            return [self.text(value[0]), port, *map(self.plain, value[2:])]
        if isinstance(value, tuple) and len(value) == 2 and value[0] != 0:
            return [self.token("portid", value[0]), value[1]]
        if isinstance(value, bytes) and re.fullmatch(rb"\0[0-9a-f]{5}", value):
            return self.token("autobind", value)
        return self.plain(value)

    def descriptor(self, value):
        return value if value < 0 else self.token("fd", value)

    def control(self, message, masks):
        level, kind, data = message
        if (level, kind) == (1, 1):  # SOL_SOCKET, SCM_RIGHTS
            return [level, kind, {"descriptors": len(data) // 4}]
        if (level, kind) == (1, 2) and len(data) == 12:  # SCM_CREDENTIALS
            pid, uid, gid = struct.unpack("=iII", data)
            return [level, kind, {"credentials": [pid if pid == 0 else self.token("pid", pid), uid, gid]}]
        if level == 1 and kind in (29, 35, 37):  # SCM_TIMESTAMP, SCM_TIMESTAMPNS, SCM_TIMESTAMPING
            return [level, kind, {"timestamp": len(data)}]
        return [level, kind, self.bytes(mask(data, masks))]

    def result(self, step, value):
        """Returns the neutral form of a step's value: by position for calls whose results have a shape, otherwise
        unchanged.
        """
        if "only" in step:
            return outline(value, step["only"])
        name = step.get("call")
        masks = step.get("mask", [])
        if masks and isinstance(value, (bytes, bytearray)):
            value = mask(value, masks)
        if name in ("getsockname", "getpeername"):
            return self.address(value)
        if name == "accept":
            return [self.plain(value[0]), self.address(value[1])]
        if name in ("recvfrom", "recvfrom_into"):
            return [self.plain(mask(value[0], masks)), self.address(value[1])]
        if name in ("recvmsg", "recvmsg_into"):
            data, ancillary, flags, address = value
            messages = [self.control(message, step.get("maskAncillary", [])) for message in ancillary]
            return [self.plain(mask(data, masks)), messages, int(flags), self.address(address)]
        if name == "recv_fds":
            return [self.plain(value[0]), {"descriptors": len(value[1])}, int(value[2]), self.address(value[3])]
        if name in ("fileno", "detach") or (name == "dup" and not step.get("on")):
            return self.descriptor(value)
        return self.plain(value)

    def error(self, error):
        module = self.module
        number = getattr(error, "errno", None)
        record = {"kind": "other"}
        if isinstance(error, module.gaierror):
            record = {"kind": "gaierror", "errno": number}
        elif isinstance(error, module.herror):
            record = {"kind": "herror", "errno": number}
        elif isinstance(error, module.timeout) and number is None:
            record = {"kind": "timeout"}
        elif isinstance(error, OSError):
            record = {"kind": "os", "errno": number}
            if number is not None:
                record["symbol"] = SYMBOLS.get(number, "UNKNOWN")
        elif isinstance(error, UnicodeError):
            record = {"kind": "unicode"}
        elif isinstance(error, OverflowError):
            record = {"kind": "overflow"}
        elif isinstance(error, ValueError):
            record = {"kind": "value"}
        elif isinstance(error, (TypeError, AttributeError)):
            record = {"kind": "type"}
        elif isinstance(error, NotImplementedError):
            record = {"kind": "unsupported"}
        elif hasattr(error, "exceptions"):
            record = {"kind": "group", "errors": [self.error(inner) for inner in error.exceptions]}
        text = os.strerror(number) if record["kind"] == "os" and number is not None else str(error)
        if record["kind"] in ("gaierror", "herror"):
            text = str(error.args[1])
        record["message"] = self.text(text)
        record["text"] = self.words(str(error))
        record["type"] = qualified(type(error))
        # Only the standard ones: a module may have its own subclasses.
        bases = [base for base in type(error).__mro__[1:] if base.__module__ in ("builtins", "socket")]
        record["bases"] = [qualified(base) for base in bases]
        if isinstance(error, OSError):
            given = {name: getattr(error, name) for name in ("strerror", "filename")}
            record.update({name: self.words(value) for name, value in given.items() if value is not None})
        return record

    def words(self, text):
        """Returns the text of an exception, with tokens for the ports in it that the kernel chose."""
        return self.text(re.sub(r"\b[3-6]\d{4}\b", self.port, text))

    def port(self, match):
        port = int(match[0])
        return self.token("port", port) if port in EPHEMERAL_PORTS else match[0]


def qualified(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def mask(data, ranges):
    if isinstance(data, int):
        return data
    data = bytearray(data)
    for start, end in ranges:
        data[start:end] = bytes(len(data[start:end]))
    return bytes(data)


def outline(value, how):
    """Returns the record of a value that may differ: its type and sign, or (for "length") its length."""
    if value is None:
        return {"type": "none"}
    if isinstance(value, bool):
        return {"type": "bool"}
    if isinstance(value, int):
        return {"type": "int", "sign": (value > 0) - (value < 0)}
    if isinstance(value, (bytes, str)):
        name = "bytes" if isinstance(value, bytes) else "str"
        return {"type": name, "length": len(value)} if how == "length" else {"type": name}
    if isinstance(value, (list, tuple)):
        return [outline(item, how) for item in value]
    return {"type": "object"}


# Waiting -------------------------------------------------------------------------------------------------------------

# The system calls in which an operation on a socket waits.
WAITING_SYSCALLS = {
    "x86_64": {0, 1, 3, 7, 23, 40, 42, 43, 44, 45, 46, 47, 232, 270, 271, 281, 288},
    "aarch64": {20, 21, 22, 57, 63, 64, 71, 72, 73, 202, 203, 206, 207, 211, 212, 242},
}


class Operation(threading.Thread):
    """A call on its own thread."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function = function
        self.value = None
        self.error = None

    def run(self):
        try:
            self.value = self.function()
        except Exception as error:  # Passed to the step that awaits it.
            self.error = error

    def waits(self):
        """Returns whether the thread sleeps in a call that waits for a socket."""
        try:
            with open(f"/proc/self/task/{self.native_id}/syscall", encoding="ascii") as file:
                number = file.read().split()[0]
            with open(f"/proc/self/task/{self.native_id}/stat", encoding="ascii") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state == "S" and number.isdigit() and int(number) in WAITING_SYSCALLS[platform.machine()]

    def settle(self, module):
        """Returns "waiting" when the operation waits, or "done". Depends only on its state, not on time."""
        # A module whose sockets are elsewhere reports itself how many of its operations wait there.
        count = getattr(module, "_waiting_operations", None)
        before = count() if count else 0
        self.start()
        while self.is_alive():
            if (count() > before) if count else self.waits():
                return "waiting"
            os.sched_yield()
        return "done"


# Steps ---------------------------------------------------------------------------------------------------------------

STEP_KEYS = {
    "call", "on", "args", "kw", "as", "get", "start", "await", "only", "mask", "maskAncillary", "until", "atLeast",
    "file", "adopt", "let", "label", "note",
}  # fmt: skip


class Interpreter:
    def __init__(self, module, directory, pid):
        self.module = module
        self.directory = directory
        self.values = Values(module, directory, pid)
        self.record = Record(module, directory)
        self.operations = {}

    # Names that differ in Python's module, or are missing there.

    def constant(self, name):
        if not hasattr(self.module, name):
            raise NotImplementedError(name)
        return getattr(self.module, name)

    def has_ipv6(self):
        return self.module.has_ipv6

    def ioctl(self, on, request, argument=0):
        if on.fileno() < 0:  # The errors of fcntl itself are not compared.
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if isinstance(argument, int):
            return struct.unpack("=i", fcntl.ioctl(on.fileno(), request, struct.pack("=i", argument)))[0]
        return fcntl.ioctl(on.fileno(), request, argument)

    def function(self, step):
        name = step["call"]
        if "on" not in step:
            if name in ("constant", "has_ipv6"):
                return getattr(self, name)
            if not hasattr(self.module, name):
                raise NotImplementedError(name)
            return getattr(self.module, name)
        on = self.values.lookup(step["on"])
        if name == "ioctl":
            return functools.partial(self.ioctl, on)
        if not hasattr(on, name):
            raise NotImplementedError(name)
        return getattr(on, name)

    def bound(self, step):
        function = self.function(step)
        arguments = [self.values(argument) for argument in step.get("args", [])]
        keywords = {key: self.values(value) for key, value in step.get("kw", {}).items()}
        return functools.partial(function, *arguments, **keywords)

    def keep(self, step, value):
        names = step.get("as")
        if isinstance(names, str):
            self.values.variables[names] = value
        elif names:
            for name, item in zip(names, value):
                self.values.variables[name] = item

    def outcome(self, step, function):
        started = time.monotonic()
        try:
            if step.get("until") == "error":
                while True:
                    function()
            value = function()
        except Exception as error:
            if isinstance(error, (BrokenCase, Unset)):
                raise
            outcome = {"error": self.record.error(error)}
        else:
            self.keep(step, value)
            outcome = {"value": self.record.result(step, value)}
        if "atLeast" in step:
            # A tenth for clocks that are rounded.
            outcome["waited"] = time.monotonic() - started >= 0.9 * step["atLeast"]
        return outcome

    def perform(self, step):
        unknown = set(step) - STEP_KEYS
        if unknown:
            raise BrokenCase(f"unknown keys {sorted(unknown)} in step {step}")
        if "file" in step:
            path = self.values(step["file"]["path"])
            with open(path, "wb") as file:
                file.write(self.values(step["file"].get("content", {"bytes": ""})))
            if "as" in step:
                self.values.variables[step["as"]] = open(path, "rb")
            return {"done": True}
        if "let" in step:
            self.keep(step, self.values(step["let"]))
            return {"done": True}
        if "adopt" in step:
            return self.adopt(step)
        if "await" in step:
            call, operation = self.operations.pop(step["await"])
            operation.join()
            return self.outcome({**call, **step}, functools.partial(replay, operation))
        if "get" in step:
            on = self.values.lookup(step["on"])
            return self.outcome(step, lambda: getattr(on, step["get"]))
        self.values.buffers.clear()
        try:
            call = self.bound(step)
        except NotImplementedError as error:
            return {"error": self.record.error(error)}
        if "start" in step:
            operation = Operation(call)
            self.operations[step["start"]] = ({"call": step["call"], "on": step.get("on")}, operation)
            state = operation.settle(self.module)
            return {"started": True if step.get("only") else state}
        buffers = list(self.values.buffers)
        outcome = self.outcome(step, call)
        if buffers:
            outcome["buffers"] = [self.record.bytes(buffer) for buffer in buffers]
        return outcome

    def adopt(self, step):
        """Creates sockets for the descriptors in a result of recvmsg or recv_fds."""
        value = self.values(step["adopt"])
        descriptors = array.array("i")
        if len(value) == 4 and all(isinstance(item, int) for item in value[1]):
            descriptors.extend(value[1])
        else:
            for level, kind, data in value[1]:
                if (level, kind) == (1, 1):
                    descriptors.frombytes(data[: len(data) - len(data) % 4])
        sockets = [self.module.socket(fileno=descriptor) for descriptor in descriptors]
        self.values.variables.update(zip(step["as"], sockets))
        return {"value": self.record.plain(sockets)}

    def run(self, steps):
        for step in steps:
            try:
                yield self.perform(step)
            except Unset as error:
                yield {"unset": str(error)}


def replay(operation):
    if operation.error is not None:
        raise operation.error
    return operation.value


# Isolation -----------------------------------------------------------------------------------------------------------


def run_here(case, options, emit):
    warnings.simplefilter("ignore")
    # realpath and a fixed length: cases with paths of an exact length must have the same everywhere.
    directory = tempfile.mkdtemp(prefix="sbc-", dir=os.path.realpath("/tmp"))
    here = os.getcwd()
    os.chdir(directory)
    try:
        interpreter = Interpreter(importlib.import_module(options.module), directory, options.pid)
        for outcome in interpreter.run(case["steps"]):
            emit(outcome)
    except BrokenCase as error:
        emit({"broken": str(error)})
    finally:
        os.chdir(here)
        shutil.rmtree(directory, ignore_errors=True)


def run_in_child(case, options):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            run_here(case, options, lambda outcome: print(json.dumps(outcome), file=pipe, flush=True))
            # As at the end of an interpreter: a module whose sockets are elsewhere closes them, so that the next case
            # finds none.
            atexit._run_exitfuncs()
        os._exit(0)
    os.close(writer)
    received = b""
    deadline = time.monotonic() + CASE_SECONDS
    hung = False
    while True:
        if not select.select([reader], [], [], max(0, deadline - time.monotonic()))[0]:
            hung = True
            os.kill(child, signal.SIGKILL)
            break
        piece = os.read(reader, 65536)
        if not piece:
            break
        received += piece
    os.close(reader)
    os.waitpid(child, 0)
    results = [json.loads(line) for line in received.decode("utf-8").splitlines()]
    if hung:
        results.append({"hung": True})
    return results


def run_in_process(case, options):
    results = []

    def give_up(_number, _frame):
        raise BrokenCase("hung")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(CASE_SECONDS)
    try:
        run_here(case, options, results.append)
    finally:
        signal.alarm(0)
    return results


def complaint(case, results):
    """Returns the errors of the case itself, according to its run in the oracle; or None."""
    for number, result in enumerate(results, 1):
        if "broken" in result:
            return result["broken"]
        if "hung" in result:
            return f"step {number} hung"
        if "unset" in result and not case["mayFail"]:
            return f"step {number} uses {result['unset']!r}, which was never set"
        kind = result.get("error", {}).get("kind")
        call = case["steps"][number - 1].get("call")
        if kind == "other" or (kind == "unsupported" and call not in ("constant", "share", "fromshare")):
            return f"step {number}: {result['error']['text']}"
    if len(results) != len(case["steps"]):
        return "it ended early"
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--module", default="socket")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--ids")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--expand", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    failed = False
    try:
        cases = [case for path in options.files for case in expand_file(path) if options.only in case["id"]]
        if options.ids:
            with open(options.ids, encoding="utf-8") as lines:
                ids = set(lines.read().splitlines())
            cases = [case for case in cases if case["id"] in ids]
        part, parts = map(int, options.part.split("/"))
        cases = cases[part - 1 :: parts]
        for case in cases:
            reasons = [reason for reason in map(missing, case["needs"]) if reason]
            reasons += [f"this Python has no {name}" for name in sorted(missing_constants(case["steps"]))]
            case["skip"] = "; ".join(reasons) or None
    except (BrokenCase, OSError, ValueError, KeyError) as error:
        sys.exit(f"oracle.py: {error}")
    # Once: each case's process is a fork of this one, and some modules take long to import.
    importlib.import_module(options.module)
    for case in cases:
        if options.expand or case["skip"]:
            continue
        runner = run_in_process if options.in_process else run_in_child
        case["results"] = runner(case, options)
        wrong = complaint(case, case["results"]) if options.module == "socket" else None
        if wrong:
            failed = True
            case["broken"] = wrong
            print(f"oracle.py: {case['id']}: {wrong}", file=sys.stderr)
    json.dump(
        {
            "module": options.module,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cases": cases,
        },
        sys.stdout,
    )
    print()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
