"""A program of a user without any capability, for which a privileged daemon opens sockets. Needs: root, for the daemon.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from daemon import Daemon

NOBODY = 65534
AS_NOBODY = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
    "--no-new-privs", "--",
]  # fmt: skip
CAPABILITIES = {"CAP_SETUID": 7, "CAP_NET_RAW": 13}

PING = """
    import os, re, socket, struct

    def checksum(data):
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF

    print(os.getuid(), re.search(r"CapEff:\\s*(\\w+)", open("/proc/self/status").read()).group(1), flush=True)
    payload = os.urandom(56)
    head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, 1)
    request = head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:] + payload
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(30)
        raw.sendto(request, ("127.0.0.1", 0))
        while True:
            packet, address = raw.recvfrom(2000)
            # A raw socket sees what others send as well, and its own request.
            reply = packet[(packet[0] & 15) * 4:]
            if reply[0] == 0 and reply[4:] == request[4:]:
                break
    print(checksum(reply), address)
"""


@pytest.fixture
def interpreter(request):
    """The command with which the user runs Python: an interpreter and a copy of this package that the user may read."""
    capabilities = int(re.search(r"^CapEff:\s*(\w+)$", open("/proc/self/status").read(), re.MULTILINE).group(1), 16)
    missing = [name for name, bit in CAPABILITIES.items() if not capabilities >> bit & 1]
    if missing or shutil.which("setpriv") is None:
        pytest.skip(f"needs {' and '.join(missing) or 'setpriv'}")
    # Not among pytest's directories, which only one user may read.
    directory = tempfile.TemporaryDirectory(prefix="sockbroker-packages-")
    request.addfinalizer(directory.cleanup)
    packages = Path(directory.name)
    for name in ("sockbroker", "grpc", "google.protobuf", "google._upb", "typing_extensions"):
        try:
            module = importlib.import_module(name)
        except ImportError:  # Some are not installed everywhere; if one is needed, the test fails below.
            continue
        target = packages.joinpath(*name.split("."))
        target.parent.mkdir(exist_ok=True)
        if hasattr(module, "__path__"):
            shutil.copytree(module.__path__[0], target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(module.__file__, packages)
    subprocess.run(["chmod", "-R", "a+rX", packages], check=True)
    command = [*AS_NOBODY, "env", f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1"]
    executables = [sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"]
    for executable in executables:
        whole = [*command, executable]
        if subprocess.run([*whole, "-c", ""], cwd="/", capture_output=True, check=False).returncode == 0:
            return whole
    pytest.skip(f"needs an interpreter that uid {NOBODY} may run: not {' nor '.join(executables)}")


def run_as_nobody(command, endpoint=None):
    environment = {**os.environ, "SOCKBROKER_ENDPOINT": endpoint or ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", env=environment, check=False)


def test_a_script_pings_by_a_raw_socket(interpreter):
    script = textwrap.dedent(PING)
    directly = run_as_nobody([*interpreter, "-c", script])
    assert directly.stdout == f"{NOBODY} 0000000000000000\n"
    assert directly.returncode == 1 and directly.stderr.endswith("PermissionError: [Errno 1] Operation not permitted\n")
    with Daemon("--admit", f"uid:{NOBODY}", "--mode", "0666") as daemon:
        path = os.path.join(os.path.dirname(daemon.path), "ping.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(path, 0o644)
        os.chmod(os.path.dirname(path), 0o755)
        brokered = run_as_nobody([*interpreter, "-m", "sockbroker", "run", "--", path], daemon.endpoint)
    assert brokered.returncode == 0, brokered.stderr
    assert brokered.stdout.splitlines() == [f"{NOBODY} 0000000000000000", "0 ('127.0.0.1', 0)"]


def test_a_user_who_is_not_admitted_gets_a_denial(interpreter):
    script = """
import sockbroker, sockbroker.socket as socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
except sockbroker.PolicyDenial as denial:
    print(isinstance(denial, PermissionError), denial.principal, denial.rule)
"""
    with Daemon("--mode", "0666") as daemon:
        os.chmod(os.path.dirname(daemon.path), 0o755)
        done = run_as_nobody([*interpreter, "-c", script], daemon.endpoint)
    assert done.stdout == f"True uid:{NOBODY} default\n", done.stderr
