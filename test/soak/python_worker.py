"""python_worker.py ENDPOINT SECONDS SEED: a well-behaved program of the soak, on the Python client.

Three threads send data over sockets of the daemon and compare what arrives, while sockets are left to the garbage
collector, which runs at every opportunity. The last line is JSON; the status is zero if every byte arrived, and nothing
failed except for lack of descriptors, which the soak itself causes.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
import random
import sys
import threading
import time
import traceback
import warnings
from typing import Any, Callable

os.environ["SOCKBROKER_ENDPOINT"] = sys.argv[1]
from sockbroker import socket  # noqa: E402, it reads the variable

seconds, seed = float(sys.argv[2]), int(sys.argv[3])
deadline = time.monotonic() + seconds
counts = {"transfers": 0, "bytes": 0, "refused": 0, "garbage": 0}
mismatches: list[str] = []
failures: list[str] = []
counting = threading.Lock()


def add(**more: int) -> None:
    with counting:
        for name, count in more.items():
            counts[name] += count


def send_all(one: Any, chunks: list[bytes]) -> Callable[[], None]:
    """Sends on its own thread. Returns a function that waits for it."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for chunk in chunks:
                one.sendall(chunk)
            one.shutdown(socket.SHUT_WR)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        thread.join()
        if errors:
            raise errors[0]

    return end


def by_recv(one: Any, two: Any, chunks: list[bytes], dice: random.Random) -> bytes:
    end = send_all(one, chunks)
    received = bytearray()
    while data := two.recv(dice.randint(1, 300_000)):
        received += data
    end()
    return bytes(received)


def by_file(one: Any, two: Any, chunks: list[bytes], _: random.Random) -> bytes:
    end = send_all(one, chunks)
    with two.makefile("rb") as file:
        received: bytes = file.read()
    end()
    return received


def by_messages(one: Any, two: Any, chunks: list[bytes], _: random.Random) -> bytes:
    """One at a time: it is answered before the next is sent."""
    received = bytearray()
    for chunk in chunks:
        message = chunk[:10_000]
        one.sendall(message)
        left = len(message)
        while left:
            data = two.recv(left)
            received += data
            left -= len(data)
    chunks[:] = [chunk[:10_000] for chunk in chunks]
    return bytes(received)


def leave_garbage() -> None:
    """Two sockets in a cycle, one of them with unread data."""
    garbage: list[Any] = [*socket.socketpair()]
    garbage[0].send(b"nobody reads this")
    garbage.append(garbage)
    add(garbage=2)


WAYS = (by_recv, by_file, by_messages)


def transfer(dice: random.Random) -> None:
    try:
        if dice.random() < 0.3:
            leave_garbage()
        one, two = opened(dice)
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        add(refused=1)
        time.sleep(0.05)
        return
    with one, two:
        chunks = [dice.randbytes(dice.randint(1, 1 << dice.randint(4, 21))) for _ in range(dice.randint(1, 8))]
        way = dice.choice(WAYS)
        received = way(one, two, chunks, dice)
    sent = b"".join(chunks)
    if hashlib.sha256(sent).digest() != hashlib.sha256(received).digest():
        mismatches.append(f"{way.__name__}: {len(sent)} bytes sent, {len(received)} received")
    add(transfers=1, bytes=len(sent))


def opened(dice: random.Random) -> tuple[Any, Any]:
    if dice.random() < 0.3:
        one, two = socket.socketpair()
        return one, two
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        try:
            return one, server.accept()[0]
        except BaseException:
            one.close()
            raise


def work(number: int) -> None:
    dice = random.Random(seed + number)
    try:
        while time.monotonic() < deadline and not failures:
            transfer(dice)
    except BaseException:
        failures.append(traceback.format_exc())


warnings.simplefilter("ignore", ResourceWarning)
gc.set_threshold(50)
threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
gc.collect()
print(json.dumps({**counts, "mismatches": mismatches, "failure": "\n".join(failures) or None}))
sys.exit(1 if failures or mismatches else 0)
