"""The numbers that this process shows as file descriptors, and the table of what they stand for (`_descriptors`).

They lie in 2^30 … 2^31-1. A smaller one would make os.close or os.sendfile act on the process's own files, a larger one
does not fit an SCM_RIGHTS array. They are not the daemon's handles, although they look alike: handles of two sessions
have the same numbers, those of a daemon that was started anew begin from the front, and after a fork the child's handles
are others than its parent's while its numbers must stay.
"""

from __future__ import annotations

import itertools
from typing import Any

FIRST_NUMBER = 1 << 30

# The open descriptors, by their numbers.
table: dict[int, Any] = {}
_numbers = itertools.count(FIRST_NUMBER)


def is_brokered(number: object) -> bool:
    """Whether a descriptor's number is one of a brokered socket, open or not."""
    return isinstance(number, int) and FIRST_NUMBER <= number < 2**31


def give() -> int:
    """Answers a number that was never given before."""
    return next(_numbers)


def give_no_more(number: int) -> None:
    """Leaves out a number, and those before it: it came with the socket from the process that started this one."""
    global _numbers
    _numbers = itertools.count(max(next(_numbers), number + 1))


def of_session(session: object) -> list[Any]:
    """Lists the open descriptors of a session."""
    return [descriptor for descriptor in list(table.values()) if descriptor.session is session]
