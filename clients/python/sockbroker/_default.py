"""Which session a new socket is opened in.

During a call of a Broker's methods, its session, for that thread only. Otherwise the process's default session, which
the first socket opens at the endpoint in SOCKBROKER_ENDPOINT, and which is opened again if the daemon was restarted.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Optional

from . import _fork
from ._endpoint import parse_endpoint
from ._green_threads import refuse_green_threads
from ._session import Session

# A finalizer that opens a socket may interrupt the thread that holds it.
_lock = threading.RLock()
_default: Optional[Session] = None
_own = threading.local()


def current_session() -> Session:
    """Returns the session for a new socket. Raises the errors of opening one."""
    refuse_green_threads()
    own: Optional[Session] = getattr(_own, "session", None)
    if own is not None:
        return own
    global _default
    session = _default
    if session is not None and not session.lost:
        return session
    with _lock:
        if _default is None or _default.lost:
            _default = Session(parse_endpoint())
        return _default


@contextlib.contextmanager
def using(session: Session) -> Iterator[None]:
    """Opens this thread's sockets in a session."""
    before = getattr(_own, "session", None)
    _own.session = session
    try:
        yield
    finally:
        _own.session = before


def _begin_anew() -> None:
    """In the child of a fork, whichever thread of the parent held the lock."""
    global _lock
    _lock = threading.RLock()


_fork.in_child(_begin_anew)
