"""Supports brokered sockets as stdin, stdout and stderr of `subprocess.Popen`, over bridges.

Others are inherited by programs that are brokered themselves: `_inheritance`.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import time
from typing import Any, Optional

from . import _inheritance
from ._bridge import Bridge
from ._numbers import is_brokered

_Popen: Any = subprocess.Popen
_get_handles = _Popen._get_handles
_execute_child = _Popen._execute_child
_wait = _Popen.wait
_poll = _Popen.poll


def install() -> None:
    """Installs the methods."""
    _Popen._get_handles = get_handles
    _Popen._execute_child = execute_child
    _Popen.wait = wait
    _Popen.poll = poll


def _bridges_of(popen: Any) -> list[Bridge]:
    bridges: list[Bridge] = vars(popen).get("_sockbroker_bridges", [])
    return bridges


@functools.wraps(_get_handles)
def get_handles(self: Any, stdin: Any, stdout: Any, stderr: Any) -> Any:
    bridges: dict[int, Bridge] = {}

    def local(stream: Any, reads: bool) -> Any:
        number = _number_of(stream)
        if number is None:
            return stream
        if number not in bridges:
            bridges[number] = Bridge(number)
        bridges[number].reads |= reads
        return bridges[number].child.fileno()

    try:
        handles = _get_handles(self, local(stdin, True), local(stdout, False), local(stderr, False))
    except BaseException:
        _abort(list(bridges.values()))
        raise
    if bridges:
        self._sockbroker_bridges = list(bridges.values())
    return handles


@functools.wraps(_execute_child)
def execute_child(
    self: Any,
    args: Any,
    executable: Any,
    preexec_fn: Any,
    close_fds: Any,
    pass_fds: Any,
    cwd: Any,
    env: Any,
    *rest: Any,
) -> None:
    inherited = [number for number in pass_fds if is_brokered(number)] if close_fds else _inheritance.inheritable()
    try:
        with contextlib.ExitStack() as stack:
            if inherited:
                end, env = stack.enter_context(_inheritance.handed_over(inherited, env))
                if close_fds:
                    pass_fds = (*(number for number in pass_fds if not is_brokered(number)), end)
            _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *rest)
    except BaseException:
        _abort(_bridges_of(self))
        raise
    for bridge in _bridges_of(self):
        bridge.start()


def _abort(bridges: list[Bridge]) -> None:
    for bridge in bridges:
        bridge.abort()


@functools.wraps(_wait)
def wait(self: Any, timeout: Optional[float] = None) -> Any:
    """When a child has ended, everything it wrote to a real socket has left the process; a bridge has to guarantee the
    same.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    status = _wait(self, timeout)
    for bridge in _bridges_of(self):
        if not bridge.wait_sent(deadline):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
    return status


@functools.wraps(_poll)
def poll(self: Any) -> Any:
    status = _poll(self)
    return status if all(bridge.sent for bridge in _bridges_of(self)) else None


def _number_of(stream: Any) -> Optional[int]:
    """The number of a brokered socket, in any form that Popen accepts; None for anything else."""
    if not isinstance(stream, int):
        try:
            stream = stream.fileno()
        except (AttributeError, OSError, ValueError):
            return None
    return stream if is_brokered(stream) else None
