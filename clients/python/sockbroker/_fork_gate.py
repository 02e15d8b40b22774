"""Keeps what this package sends away from gRPC while the process forks.

A message that is handed to gRPC between the stop of its threads and the fork can block for ever, with the fork behind it.
gRPC's sending threads fetch their messages from generators of this package, and are at rest as long as those do not
answer; so the generators pass through here.
"""

from __future__ import annotations

import threading
import time

# How long a message that had passed may be on its way into gRPC, in seconds.
_SETTLE_SECONDS = 0.002

_gate = threading.Lock()


def passage() -> None:
    """Returns when no fork is under way."""
    with _gate:
        return


def close() -> None:
    """Lets nothing pass from here on, and what has passed settle."""
    _gate.acquire()
    time.sleep(_SETTLE_SECONDS)


def reopen() -> None:
    """Lets messages pass again."""
    _gate.release()


def reset() -> None:
    """Opens the gate of a child: none of the threads that were waiting are there."""
    global _gate
    _gate = threading.Lock()
