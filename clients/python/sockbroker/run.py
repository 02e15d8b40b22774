"""Runs an unchanged program with its sockets in the daemon.

usage: python -m sockbroker run [--endpoint E] [--families inet,packet] -- SCRIPT.py|-m MODULE [ARGUMENTS]

  --endpoint E     where the daemon is; unset: SOCKBROKER_ENDPOINT, then unix:///run/sockbroker/sockbroker.sock
  --families LIST  which families are brokered, e.g. inet,inet6,packet; the others stay this process's own. Unset: all
"""

from __future__ import annotations

import os
import runpy
import sys

from ._real import real


def main(arguments: list[str]) -> None:
    """Takes what stands behind `run`. Raises SystemExit with a text for wrong usage."""
    arguments = list(arguments)
    families = None
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--":
            break
        name, _, value = option.partition("=")
        if name not in ("--endpoint", "--families"):
            raise SystemExit(f"sockbroker run: unknown option {name}\n\n{__doc__}")
        if not value:
            if not arguments:
                raise SystemExit(f"sockbroker run: {name} needs a value")
            value = arguments.pop(0)
        if name == "--endpoint":
            os.environ["SOCKBROKER_ENDPOINT"] = value
        else:
            families = [_family(text) for text in value.split(",")]
    if not arguments or arguments == ["-m"]:
        raise SystemExit(__doc__)
    install(families)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")


def install(families: list[int] | None = None) -> None:
    """Makes this process's `socket` module a brokered one. It has to be called before anything imports `socket`."""
    if "socket" in sys.modules:
        raise RuntimeError("the socket module is imported already; its users would keep the interpreter's own sockets")
    import _socket  # noqa: F401, so that what is put in its place has the real one to build on

    from . import _families, _socket_shim

    sys.modules["_socket"] = _socket_shim
    # gRPC imports asyncio, which imports socket: from here on all of them agree on what that is.
    from . import _patches

    _families.broker_families(families)
    _patches.install()
    from . import _multiprocessing

    _multiprocessing.install(families)


def _family(text: str) -> int:
    name = f"AF_{text.upper()}"
    if not hasattr(real, name):
        raise SystemExit(f"sockbroker run: unknown family {text!r}")
    return int(getattr(real, name))
