"""Brokered sockets that a child program inherits, if it is run by `sockbroker run` too.

A program started by `subprocess` inherits inheritable descriptors if it closes none, and otherwise those in `pass_fds`.
The parent duplicates these handles, as for a fork, and the child starts with the same numbers for the duplicates: it
reads them, and their sessions, from its end of a local socketpair. That end stays open in the child. When it is closed
the child is gone, and the duplicates that it did not close are closed; also if the child runs another program.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional

from . import _descriptors, _fork, _requests
from ._descriptors import Descriptor
from ._endpoint import parse_endpoint
from ._real import real
from ._session import Session

_close = os.close
_set_inheritable = os.set_inheritable

# Where a child finds its end: the descriptor, and what identifies it as the same file.
_VARIABLE = "SOCKBROKER_INHERITED"


def inheritable() -> list[int]:
    """The numbers that a child inherits if it does not close descriptors."""
    return [each.number for each in _descriptors.all_open() if each.inheritable and not each.session.lost]


@contextlib.contextmanager
def handed_over(numbers: Iterable[int], environment: Optional[Mapping[Any, Any]]) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Returns the descriptor that a child has to inherit for these sockets, and the environment variable that names it.

    Raises EBADF for a closed socket, and EOPNOTSUPP for one whose session has ended.
    """
    theirs, ours = real.socketpair()
    with contextlib.closing(theirs):
        try:
            sessions: dict[Session, list[Descriptor]] = {}
            for number in numbers:
                descriptor = _descriptors.lookup(number)
                sessions.setdefault(descriptor.session, []).append(descriptor)
            told = [_duplicates(session, descriptors, ours) for session, descriptors in sessions.items()]
            ours.setblocking(False)
            ours.sendall(json.dumps(told).encode())
            ours.shutdown(real.SHUT_WR)
            end = theirs.fileno()
            _set_inheritable(end, True)
            own = {**(os.environ if environment is None else environment)}
            own[_VARIABLE] = f"{end}:{os.fstat(end).st_ino}"
            yield end, own
        finally:
            ours.close()


def adopt() -> None:
    """Adopts what this process inherited, if it was started with such sockets."""
    number, _, inode = os.environ.pop(_VARIABLE, "").partition(":")
    if not number:
        return
    try:
        status = os.fstat(int(number))
        # A program in between may have closed it, and opened another file.
        if not stat.S_ISSOCK(status.st_mode) or status.st_ino != int(inode):
            return
    except (OSError, ValueError):
        return
    _set_inheritable(int(number), False)
    with contextlib.closing(real.socket(fileno=os.dup(int(number)))) as end:
        end.settimeout(None)
        told = b"".join(iter(lambda: end.recv(65536), b""))
    for session in json.loads(told):
        try:
            inherited = Session(parse_endpoint(session["endpoint"]), token=session["token"])
        except OSError:  # It is gone, and its sockets with it: their numbers are EBADF.
            continue
        for its_number, handle in session["handles"]:
            _descriptors.adopt(inherited, handle, its_number).inheritable = True


def _duplicates(session: Session, descriptors: list[Descriptor], end: Any) -> dict[str, Any]:
    if session.lost:
        raise OSError(errno.EOPNOTSUPP, f"the session of these sockets of {session.endpoint} has ended")
    results = session.call_all("dup", [_requests.dup(each.now_shared().handle) for each in descriptors])
    failures = [result for result in results if isinstance(result, Exception)]
    handles = [result.socket.handle for result in results if not isinstance(result, Exception)]
    if failures:
        for handle in handles:
            session.post("close", _requests.close(handle))
        raise failures[0]
    # A separate descriptor for each session; it is closed when the child is gone.
    _fork.watch_child(os.dup(end.fileno()), session, handles)
    numbers = [descriptor.number for descriptor in descriptors]
    return {"endpoint": str(session.endpoint), "token": session.token, "handles": list(zip(numbers, handles))}
