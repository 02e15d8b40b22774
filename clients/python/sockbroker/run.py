"""Runs an unchanged program with its sockets in the daemon.

usage: python -m sockbroker run [--endpoint E] [--families inet,packet] [--] PROGRAM [ARGUMENTS]
       sockbroker-run [--endpoint E] [--families inet,packet] [--] PROGRAM [ARGUMENTS]

PROGRAM is what it is to python: SCRIPT.py, -m MODULE, -c CODE, or - for the standard input

  --endpoint E     where the daemon is; unset: SOCKBROKER_ENDPOINT, then unix:///run/sockbroker/sockbroker.sock
  --families LIST  which families are brokered, e.g. inet,inet6,packet; the others stay this process's own. Unset: all
  --help           this text
"""

from __future__ import annotations

import os
import runpy
import sys
import types
from typing import NoReturn, Optional

from ._endpoint import parse_endpoint
from ._real import real

_WRONG_USAGE = 2
_NO_DAEMON = 1


def main(arguments: Optional[list[str]] = None) -> None:
    """Handles the arguments after `run`; unset: the arguments of this process, for the console script.

    Raises SystemExit: with 2 for wrong usage, with 1 if no daemon admits this process, and as the program does.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    families = None
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--":
            break
        name, _, value = option.partition("=")
        if name == "--help":
            print(__doc__, end="")
            return
        if name not in ("--endpoint", "--families"):
            wrong_usage(f"unknown option {name}; --help tells which there are")
        if not value:
            if not arguments:
                wrong_usage(f"{name} needs a value")
            value = arguments.pop(0)
        if name == "--endpoint":
            os.environ["SOCKBROKER_ENDPOINT"] = value
        else:
            families = [_family(text) for text in value.split(",")]
    if not arguments:
        wrong_usage("which program? --help tells how to say it")
    if arguments[0] in ("-m", "-c"):
        if len(arguments) == 1:
            wrong_usage(f"{arguments[0]} needs a value")
    elif arguments[0] != "-" and arguments[0].startswith("-"):
        wrong_usage(f"unknown option {arguments[0]}; --help tells which there are")
    elif arguments[0] != "-" and not os.path.exists(arguments[0]):
        wrong_usage(f"there is no file {arguments[0]!r}")
    try:
        parse_endpoint()
    except ValueError as error:
        wrong_usage(str(error))
    install(families)
    _check_endpoint()
    from . import _inheritance

    _inheritance.adopt()
    _run(arguments)


def wrong_usage(text: str) -> NoReturn:
    """Prints what was wrong, and exits."""
    print(f"sockbroker run: {text}", file=sys.stderr)
    raise SystemExit(_WRONG_USAGE)


def install(families: list[int] | None = None) -> None:
    """Replaces this process's `socket` module by a brokered one. Must be called before anything imports `socket`."""
    if "socket" in sys.modules:
        raise RuntimeError("the socket module is imported already; its users would keep the interpreter's own sockets")
    import _socket  # noqa: F401, so that what is put in its place has the real one to build on

    from . import _families, _socket_shim

    sys.modules["_socket"] = _socket_shim
    # gRPC imports asyncio, which imports socket: from here on all of them use the brokered one.
    from . import _patches

    _families.broker_families(families)
    _patches.install()
    from . import _multiprocessing

    _multiprocessing.install(families)


def _run(arguments: list[str]) -> None:
    """Runs a program as the interpreter would, with its arguments."""
    what = arguments[0]
    if what == "-m":
        sys.argv = arguments[1:]
        _look_for_modules_in(os.getcwd())
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif what in ("-c", "-"):
        sys.argv = ["-c", *arguments[2:]] if what == "-c" else arguments
        _look_for_modules_in("")
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        code = arguments[1] if what == "-c" else sys.stdin.buffer.read()
        exec(compile(code, "<string>" if what == "-c" else "<stdin>", "exec", dont_inherit=True), module.__dict__)
    else:
        sys.argv = arguments
        _look_for_modules_in(os.path.dirname(os.path.realpath(what)))
        runpy.run_path(what, run_name="__main__")


def _look_for_modules_in(directory: str) -> None:
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = directory


def _check_endpoint() -> None:
    """Exits with an explanation if no daemon admits this process.

    A child process asks: a process that has connected to a daemon has threads and a principal, and the program may want
    to fork, or to become another user, first.
    """
    from ._default import current_session

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            current_session().close()
        except OSError as error:
            os.write(writer, (error.strerror or str(error)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        reason = pipe.read().decode()
    os.waitpid(child, 0)
    if reason:
        print(f"sockbroker run: {reason}", file=sys.stderr)
        raise SystemExit(_NO_DAEMON)


def _family(text: str) -> int:
    name = f"AF_{text.upper()}"
    if not hasattr(real, name):
        wrong_usage(f"unknown family {text!r}")
    return int(getattr(real, name))
