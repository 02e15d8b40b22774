"""Which sockets are opened in the daemon, and which in this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import Optional

_brokered_families: Optional[frozenset[int]] = None
_thread = threading.local()


def broker_families(families: Optional[Iterable[int]]) -> None:
    """Sets which families are opened in the daemon; others are opened in this process. None: all are brokered."""
    global _brokered_families
    _brokered_families = None if families is None else frozenset(families)


def is_local(family: int) -> bool:
    """Whether this thread opens sockets of a family in this process."""
    if getattr(_thread, "local", False):
        return True
    return _brokered_families is not None and family not in _brokered_families


@contextlib.contextmanager
def local_sockets() -> Iterator[None]:
    """Opens this thread's sockets in this process, whatever their family."""
    before = getattr(_thread, "local", False)
    _thread.local = True
    try:
        yield
    finally:
        _thread.local = before
