"""A file system in this process whose files do not answer: a FUSE server that speaks the protocol itself, without a
library.
"""

import ctypes
import os
import struct
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 25, 26
INTERRUPT, IOCTL, POLL, BATCH_FORGET, STATX = 36, 39, 40, 42, 52
#: Requests on an open file.
QUESTIONS = (GETATTR, READ, STATFS, FLUSH, IOCTL, POLL, STATX)
ROOT = 1


def attributes(inode):
    mode = 0o40777 if inode == ROOT else 0o100666
    return struct.pack("<6Q3I7I", inode, 1 << 30, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(operation, inode):
    if operation == INIT:
        return struct.pack("<4IHHIIHHI28x", 7, 31, 65536, 0, 12, 10, 65536, 1, 32, 0, 0)
    if operation == LOOKUP:
        return struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    if operation == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(inode)
    if operation == OPEN:
        return struct.pack("<QII", 1, 0, 0)
    return b""


class Files:
    """Mounts itself on a directory. ``silent`` has the operations that are no longer answered."""

    def __init__(self, directory):
        self.silent = ()
        self.device = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if libc.mount(b"fuse", directory.encode(), b"fuse", 6, options):
            raise OSError(ctypes.get_errno(), "mount")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            request = os.read(self.device, 1 << 20)
            _, operation, unique, inode = struct.unpack_from("<IIQQ", request)
            if operation in (FORGET, BATCH_FORGET, INTERRUPT) or operation in self.silent:
                continue
            body = answer(operation, inode)
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
