"""The numbers that this process uses as file descriptors, and the table of the sockets they refer to (`_descriptors`).

They are in the range 2^30 … 2^31-1. With smaller ones os.close or os.sendfile would act on the process's own files;
larger ones do not fit an SCM_RIGHTS array. They are not the daemon's handles, although they look similar: handles of
two sessions have the same numbers, a restarted daemon starts again at the first one, and after a fork the child has
other handles than its parent while its numbers must not change.
"""

from __future__ import annotations

import itertools
from typing import Any

FIRST_NUMBER = 1 << 30

# The open descriptors, by number.
table: dict[int, Any] = {}
_numbers = itertools.count(FIRST_NUMBER)


def is_brokered(number: object) -> bool:
    """Whether a descriptor's number is one of a brokered socket, open or not."""
    return isinstance(number, int) and FIRST_NUMBER <= number < 2**31


def give() -> int:
    """Returns a new number."""
    return next(_numbers)


def give_no_more(number: int) -> None:
    """Skips a number, and those before it: it came with a socket from the process that started this one."""
    global _numbers
    _numbers = itertools.count(max(next(_numbers), number + 1))


def of_session(session: object) -> list[Any]:
    """Lists the open descriptors of a session."""
    return [descriptor for descriptor in list(table.values()) if descriptor.session is session]
