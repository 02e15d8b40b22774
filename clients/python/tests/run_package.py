#!/usr/bin/env python3
"""Builds a wheel and an sdist as they would be published, and uses each as a user would.

usage: run_package.py

Checks the contents of each, and what an index would refuse, and installs it into an empty virtual environment, with its
dependencies from wheels only and without a compiler. There it runs the first example of README.md against a daemon, and
mypy checks two programs with the installed types, a correct one and one with errors. The interpreter needs `build`,
`twine` and `mypy`; the daemon is SOCKBROKER_DAEMON, or the build in dist/ of the repository.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.parser import Parser

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent
sys.path.insert(0, str(HERE))

from daemon import Daemon  # noqa: E402
from test_readme import ENDPOINT, PROGRAMS  # noqa: E402

RIGHT = """
import sockbroker

def greet(broker: sockbroker.Broker) -> bytes:
    with broker.create_connection(("localhost", 80)) as connection:
        connection.sendall(b"hello")
        return connection.recv(100)

def reason(error: sockbroker.PolicyDenial) -> str:
    return error.reason
"""
# mypy's errors for each line prove that it sees the types of the package, and not Any.
WRONG = {
    'sockbroker.connect(endpoint=b"/run/x")': "arg-type",
    'broker.create_connection("localhost")': "arg-type",
    "broker.no_such_function()": "attr-defined",
    "reason: int = sockbroker.PolicyDenial().reason": "assignment",
}


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a command. Returns it with its output. Raises SystemExit with the output if it fails."""
    words = [str(word) for word in command]
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}\n{done.stdout}")
    return done


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"run_package.py: {what}")


def build(directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Builds the sdist, and from it the wheel."""
    run(sys.executable, "-m", "build", "--outdir", directory, PACKAGE)
    (wheel,) = directory.glob("*.whl")
    (sdist,) = directory.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    return wheel, sdist


def check_contents(wheel: pathlib.Path, sdist: pathlib.Path) -> None:
    """Checks that both contain the whole package with its licence, and nothing else."""
    modules = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / "sockbroker").rglob("*") if path.is_file()}
    modules = {name for name in modules if "__pycache__" not in name}
    expect({"sockbroker/py.typed", "sockbroker/_gen/v1/socket_service_pb2.py"} <= modules, "the package is not whole")

    in_wheel = set(zipfile.ZipFile(wheel).namelist())
    info = f"{wheel.name.rpartition('-py3')[0]}.dist-info"
    others = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    expect(wheel.name.endswith("-py3-none-any.whl"), f"{wheel.name} is not for every machine")
    expect(in_wheel == modules | others, f"other files in the wheel: {in_wheel ^ (modules | others)}")

    metadata = Parser().parsestr(zipfile.ZipFile(wheel).read(f"{info}/METADATA").decode())
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = [re.split(r"[^a-z]", line)[0] for line in needed]
    expect(sorted(names) == ["grpcio", "protobuf"], f"it needs {needed}")
    expect(metadata["License-Expression"] == "Apache-2.0", "it does not say its licence")

    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    others = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    extra = in_sdist - modules - others - {".gitignore"}
    expect(in_sdist >= modules | others and not extra, f"other files in the sdist: {in_sdist ^ (modules | others)}")


def install(archive: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """Installs it into a new virtual environment. Returns its interpreter."""
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    # A package that needs a compiler gets one that fails.
    environment = {**os.environ, "CC": "/bin/false", "CXX": "/bin/false"}
    binary = ["--only-binary", "grpcio,protobuf"]
    run(python, "-m", "pip", "install", "--quiet", *binary, archive, env=environment)
    return python


def check_installed(python: pathlib.Path, directory: pathlib.Path, daemon: Daemon) -> None:
    """Runs the README's first example, and mypy on programs that use what is installed."""
    example = PROGRAMS[min(PROGRAMS)].replace(ENDPOINT, daemon.endpoint)
    # -I: neither this directory nor the environment has another sockbroker.
    run(python, "-I", "-W", "error", "-c", example, cwd=directory, timeout=60)
    where = run(python, "-I", "-c", "import sockbroker; print(sockbroker.__file__)", cwd=directory).stdout
    expect(where.startswith(str(python.parent.parent)), f"it was not the installed package, but {where}")
    program = "import socket; print(socket.socket().fileno() >= 2**30)"
    command = [python.parent / "sockbroker-run", "--endpoint", daemon.endpoint, "-c", program]
    expect(run(*command, cwd=directory, timeout=60).stdout == "True\n", "sockbroker-run did not run a program")
    check_types(python, directory)


def check_types(python: pathlib.Path, directory: pathlib.Path) -> None:
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(directory / "mypy")]
    mypy += ["--python-executable", str(python)]
    (directory / "right.py").write_text(RIGHT, encoding="utf-8")
    run(*mypy, "right.py", cwd=directory)
    head = "import sockbroker\n\ndef wrong(broker: sockbroker.Broker) -> None:\n"
    body = "".join(f"    {line}\n" for line in WRONG)
    (directory / "wrong.py").write_text(head + body, encoding="utf-8")
    said = subprocess.run([*mypy, "wrong.py"], cwd=directory, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    errors = [(int(line.split(":")[1]), line.rpartition("[")[2].rstrip("]")) for line in said if ": error:" in line]
    wanted = [(number, code) for number, code in enumerate(WRONG.values(), head.count("\n") + 1)]
    expect(errors == wanted, f"mypy said {said}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sockbroker-package-") as work, Daemon() as daemon:
        directory = pathlib.Path(work).resolve()
        archives = build(directory)
        check_contents(*archives)
        for archive in archives:
            place = directory / ("wheel" if archive.suffix == ".whl" else "sdist")
            python = install(archive, place)
            check_installed(python, place, daemon)
            print(f"{archive.name}: installed, ran the README's first example, and is typed", flush=True)


if __name__ == "__main__":
    main()
