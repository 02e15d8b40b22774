"""Relative names of unix sockets: the daemon's working directory is another, so it is given absolute ones."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# What fits into struct sockaddr_un beside the NUL, in bytes.
_PATH_BYTES = 107


class UnixPaths:
    """What the daemon is given in place of relative paths, and what was asked for.

    The kernel answers with the name that a socket was bound to. A program that bound "s" expects "s" from getsockname, not
    the absolute path that the daemon was given in its place; so what was asked for is remembered.

    An absolute path may be longer than the kernel takes where the relative one is not. Then it leads over a symbolic link to
    the directory. The link stays while this process does: whoever receives the name as an address may send to it.
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
        """In a forked child: they are its parent's to remove."""
        self._links, self._places = {}, []

    def remove_links(self) -> None:
        """When the process ends."""
        for place in self._places:
            shutil.rmtree(place, ignore_errors=True)

    def _link(self, directory: bytes) -> bytes:
        link = self._links.get(directory)
        if link is None:
            # In a directory of its own: in a directory for everybody the kernel follows no link of another user.
            place = os.fsencode(tempfile.mkdtemp(prefix="sb-"))
            self._places.append(place)
            os.chmod(place, 0o711)
            link = os.path.join(place, b"d")
            os.symlink(directory, link)
            self._links[directory] = link
        return link


unix_paths = UnixPaths()
os.register_at_fork(after_in_child=unix_paths.forget_links)
atexit.register(unix_paths.remove_links)
