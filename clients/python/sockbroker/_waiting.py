"""Which threads may wait for the daemon, and when.

The collector runs finalizers wherever a thread happens to allocate: also on the threads that bring the daemon's answers, on
those of gRPC, and in the middle of a fork. What waits there waits for itself. So before anything waits it asks here, and where
it may not, what can be done without an answer is posted (`Session.post`), and the rest fails with `FINALIZER_CANNOT_WAIT`.

Elsewhere a finalizer, or a signal handler, may wait: no other thread calls gRPC (`_grpc_thread`), and no lock that a thread
holds while it waits is one that it cannot take again.
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
# The thread in which the collector is running; there is one at a time.
_collecting: list[int] = [0]


def allowed() -> bool:
    """Whether this thread may wait for the daemon now."""
    if getattr(_thread, "forbidden", 0):
        return False
    return not in_collector() or not _is_awaited()


def in_collector() -> bool:
    """Whether the collector, which runs in this thread, has come here by a finalizer."""
    return _collecting[0] == threading.get_ident()


def require() -> None:
    """Raises BrokerError where this thread may not wait."""
    if not allowed():
        text = "a finalizer on a thread that carries the daemon's answers, or during a fork, cannot wait for one"
        raise broker_error("FINALIZER_CANNOT_WAIT", text)


def forbid() -> None:
    """Lets this thread never wait (again, for each `permit`)."""
    _thread.forbidden = getattr(_thread, "forbidden", 0) + 1


def permit() -> None:
    """Undoes one `forbid`."""
    _thread.forbidden = max(getattr(_thread, "forbidden", 0) - 1, 0)


@contextlib.contextmanager
def forbidden() -> Iterator[None]:
    """Lets this thread not wait for a while."""
    forbid()
    try:
        yield
    finally:
        permit()


def begin_exit() -> None:
    """Says that the interpreter ends, and its sockets with it."""
    _exiting.append(True)


def park_at_exit() -> None:
    """Stops a daemon thread for good if its socket was closed by the end of the interpreter, as that stops it in a true call.

    A thread in a finalizer goes on: it may be one of gRPC's, or hold a lock, that closing the channels waits for.
    """
    if _exiting and threading.current_thread().daemon and not in_collector() and allowed():
        never = threading.Lock()
        never.acquire()
        never.acquire()


def _is_awaited() -> bool:
    """Whether those who bring answers may be waiting for this thread: it runs gRPC's code, or it is starting, and whoever
    starts it waits until it says so, perhaps the thread that calls gRPC."""
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
    # At the end of the interpreter, globals are gone before the collector is.
    collecting: list[int] = _collecting,
    get_ident: Any = threading.get_ident,
) -> None:
    collecting[0] = get_ident() if phase == "start" else 0


gc.callbacks.append(_on_collection)
