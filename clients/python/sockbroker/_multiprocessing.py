"""Support for `multiprocessing` in `python -m sockbroker run`.

Forked processes need nothing special. Spawned ones, and the fork server, are new interpreters, which are told to
install brokered sockets first.

What it passes between the processes of a program uses sockets of this host, not of the daemon: they carry real
descriptors, or are inherited as such. A manager's server, or a Listener of the program itself, is brokered like all
others.
"""

from __future__ import annotations

import functools
import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.resource_sharer
import multiprocessing.util
import sys
from typing import Any, Callable, Optional

from ._numbers import is_brokered
from ._families import local_sockets

_INTERPRETERS = ("from multiprocessing.spawn import ", "from multiprocessing.forkserver import ")


def install(families: Optional[list[int]]) -> None:
    """Sets up processes that are started from now on, with the same families."""
    util: Any = multiprocessing.util
    util.spawnv_passfds = _installing(util.spawnv_passfds, families)
    _localize(multiprocessing.connection, "Pipe")
    # The bound methods of the only instance are functions of these modules.
    forkserver: Any = multiprocessing.forkserver
    for name in ("connect_to_new_process", "ensure_running"):
        _localize(forkserver.ForkServer, name)
        setattr(forkserver, name, getattr(forkserver._forkserver, name))
    sharer: Any = multiprocessing.resource_sharer
    for name in ("_start", "stop"):
        _localize(sharer._ResourceSharer, name)
    sharer._ResourceSharer.get_connection = staticmethod(_local(sharer._ResourceSharer.get_connection))
    sharer.stop = sharer._resource_sharer.stop


def _localize(owner: Any, name: str) -> None:
    setattr(owner, name, _local(getattr(owner, name)))


def _local(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def with_local_sockets(*arguments: Any, **keywords: Any) -> Any:
        with local_sockets():
            return function(*arguments, **keywords)

    return with_local_sockets


def _installing(spawn: Callable[..., int], families: Optional[list[int]]) -> Callable[..., int]:
    @functools.wraps(spawn)
    def spawnv_passfds(path: Any, args: Any, passfds: Any) -> int:
        if any(is_brokered(number) for number in passfds):
            raise ValueError("a brokered socket cannot be passed to a process that is spawned, only to one that is forked")
        place = list(args).index("-c") + 1 if "-c" in args else 0
        if place and args[place].startswith(_INTERPRETERS):
            # This package may be in a directory that only this program searches.
            setup = f"import sys; sys.path[:] = {sys.path!r}; import sockbroker.run; sockbroker.run.install({families!r}); "
            args = [*args[:place], setup + args[place], *args[place + 1 :]]
        return spawn(path, args, passfds)

    return spawnv_passfds
