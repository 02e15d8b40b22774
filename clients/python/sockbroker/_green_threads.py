"""Refuses libraries that replace threads and sockets: gevent and eventlet.

They wait for descriptors in the kernel's epoll, where brokered sockets never become ready, and gRPC's threads cannot
release their locks. A program would hang without explanation.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

_PATCHED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "gevent.monkey": (
        "gevent.monkey.patch_all()",
        lambda monkey: monkey.is_module_patched("socket") or monkey.is_module_patched("threading"),
    ),
    "eventlet.patcher": (
        "eventlet.monkey_patch()",
        lambda patcher: patcher.is_monkey_patched("socket") or patcher.is_monkey_patched("thread"),
    ),
}


def refuse_green_threads() -> None:
    """Raises RuntimeError if brokered sockets would not work in this process."""
    for name, (what, is_patched) in _PATCHED.items():
        module = sys.modules.get(name)
        if module is not None and is_patched(module):
            raise RuntimeError(
                f"brokered sockets do not work with {what}, which waits for descriptors that are not there:"
                " use threads or asyncio"
            )
