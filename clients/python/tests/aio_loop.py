"""Shared by the tests of sockbroker.aio: an event loop for each test, both ends of a connection, data."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import hashlib
import os
import random


import sockbroker.aio
from sockbroker._gen.v1 import session_service_pb2


# Long enough for each of these on a busy machine; a test that hangs fails after it.
HANG_SECONDS = 60


def on_a_loop(test):
    """Runs a test on its own event loop. Fails on exceptions that nobody handles."""

    @functools.wraps(test)
    def on_its_loop(*arguments, **keywords):
        unnoticed = []

        async def body():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: unnoticed.append(context))
            await asyncio.wait_for(test(*arguments, **keywords), HANG_SECONDS)

        asyncio.run(body())
        gc.collect()
        assert not unnoticed

    return on_its_loop


def connect():
    return sockbroker.aio.connect(os.environ["SOCKBROKER_ENDPOINT"])


async def handle_count(broker):
    """Returns how many sockets the daemon has for the broker, after everything that was begun before."""
    request = session_service_pb2.GetSessionRequest()
    return (await broker._session.perform("get_session", request)).session.handle_count


@contextlib.asynccontextmanager
async def connected(broker):
    """Returns both ends of a TCP connection, as sockets."""
    async with await broker.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        async with await broker.socket() as client:
            await client.connect(await listener.getsockname())
            accepted, address = await listener.accept()
            async with accepted:
                assert address == await client.getsockname()
                yield client, accepted


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def pieces(count, size):
    """Returns data without repetitions, in pieces."""
    generator = random.Random(count)
    return [generator.getrandbits(8 * size).to_bytes(size, "little") for _ in range(count)]


def digest(data):
    return hashlib.sha256(b"".join(data)).hexdigest()
