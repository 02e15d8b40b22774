"""Which threads may wait for the daemon, and when.

The garbage collector runs finalizers wherever a thread happens to allocate: also on threads that carry the daemon's
answers, on gRPC's own threads, and during a fork. Waiting there is a deadlock. So this module is asked before every
wait; if waiting is not allowed, operations that need no answer are posted (`Session.post`), and others fail with
`FINALIZER_CANNOT_WAIT`.

Elsewhere a finalizer, or a signal handler, may wait: no other thread calls gRPC (`_grpc_thread`), and locks that a
thread holds while it waits are reentrant.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Optional

from ._status import broker_error

_thread = threading.local()
_exiting: list[bool] = []
# The thread in which the collector is running; there is at most one.
_collecting: list[int] = [0]


def allowed() -> bool:
    """Whether this thread may wait for the daemon now."""
    if getattr(_thread, "forbidden", 0):
        return False
    return not in_collector() or not _is_awaited()


def in_collector() -> bool:
    """Whether this thread is in a finalizer called by the collector."""
    return _collecting[0] == threading.get_ident()


def require() -> None:
    """Raises BrokerError if this thread may not wait."""
    if not allowed():
        text = "a finalizer on a thread that carries the daemon's answers, or during a fork, cannot wait for one"
        raise broker_error("FINALIZER_CANNOT_WAIT", text)


def forbid() -> None:
    """Forbids this thread to wait (until a matching `permit`)."""
    _thread.forbidden = getattr(_thread, "forbidden", 0) + 1


def permit() -> None:
    """Undoes one `forbid`."""
    _thread.forbidden = max(getattr(_thread, "forbidden", 0) - 1, 0)


@contextlib.contextmanager
def forbidden() -> Iterator[None]:
    """Forbids this thread to wait for a while."""
    forbid()
    try:
        yield
    finally:
        permit()


def begin_exit() -> None:
    """Records that the interpreter is exiting, and its sockets with it."""
    _exiting.append(True)


def park_at_exit() -> None:
    """Stops a daemon thread permanently if its socket was closed by the interpreter's exit, as it would be stopped in a
    real call.

    A thread in a finalizer continues: it may be one of gRPC's, or hold a lock, that closing the channels waits for.
    """
    if _exiting and threading.current_thread().daemon and not in_collector() and allowed():
        never = threading.Lock()
        never.acquire()
        never.acquire()


def _is_awaited() -> bool:
    """Whether threads that deliver answers may be waiting for this one: it runs gRPC's code, or it is starting, and the
    thread that starts it, possibly the one that calls gRPC, waits for that.
    """
    frame: Optional[FrameType] = sys._getframe()
    called = None
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == "grpc":
            return True
        if module == "threading" and frame.f_code.co_name == "_bootstrap_inner" and called != "run":
            return True
        called = frame.f_code.co_name
        frame = frame.f_back
    return False


def _on_collection(
    phase: str,
    _: Any,
    # When the interpreter exits, globals are removed before the collector stops.
    collecting: list[int] = _collecting,
    get_ident: Any = threading.get_ident,
) -> None:
    collecting[0] = get_ident() if phase == "start" else 0


gc.callbacks.append(_on_collection)
