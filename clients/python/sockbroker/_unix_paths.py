"""Relative paths of unix sockets: the daemon has another working directory, so it is given absolute ones."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from ._linux import UNIX_PATH_MAX

# Maximum length of a path in struct sockaddr_un, without the NUL, in bytes.
_PATH_BYTES = UNIX_PATH_MAX - 1


class UnixPaths:
    """Maps relative paths to those given to the daemon, and back.

    The kernel returns the path that a socket was bound to. A program that bound "s" expects "s" from getsockname, not
    the absolute path that the daemon was given instead, so the original is remembered.

    An absolute path may be too long for the kernel although the relative one is not. Then it goes through a symbolic
    link to the directory. The link stays while this process runs, because others that receive the path as an address
    may send to it.
    """

    def __init__(self) -> None:
        self._asked: dict[bytes, bytes] = {}
        self._links: dict[bytes, bytes] = {}
        self._places: list[bytes] = []

    def absolute(self, path: bytes, binds: bool) -> bytes:
        if not path or path.startswith(b"/"):
            if binds:
                self._asked.pop(path, None)
            return path
        full = os.path.join(os.getcwdb(), path)
        if len(full) > _PATH_BYTES:
            directory, name = os.path.split(full)
            full = os.path.join(self._link(directory), name)
        if binds:
            self._asked[full] = path
        return full

    def asked(self, path: bytes) -> bytes:
        return self._asked.get(path, path)

    def forget_links(self) -> None:
        """In a forked child: the parent removes them."""
        self._links, self._places = {}, []

    def remove_links(self) -> None:
        """When the process exits."""
        for place in self._places:
            shutil.rmtree(place, ignore_errors=True)

    def _link(self, directory: bytes) -> bytes:
        link = self._links.get(directory)
        if link is None:
            # In a separate directory: in a world-writable directory the kernel does not follow links of other users.
            place = os.fsencode(tempfile.mkdtemp(prefix="sb-"))
            self._places.append(place)
            os.chmod(place, 0o711)
            link = os.path.join(place, b"d")
            os.symlink(directory, link)
            self._links[directory] = link
        return link


unix_paths = UnixPaths()
atexit.register(unix_paths.remove_links)
