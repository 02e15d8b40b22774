"""sockbroker.aio: the end of a connection, of a daemon, of a broker."""

from __future__ import annotations

import asyncio
import errno
import os
import socket as stdlib
import subprocess
import sys
import warnings

import pytest

import sockbroker.aio

from aio_loop import HANG_SECONDS, connect, echo, handle_count, on_a_loop
from programs import run


@on_a_loop
async def test_a_killed_daemon_ends_all_waiting_calls_immediately(own_daemon):
    async with sockbroker.aio.connect(own_daemon.endpoint) as broker:
        reports = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context["exception"]))
        one, two = await broker.socketpair()
        full, _unread = await broker.socketpair()
        client, stream_end = await broker.socketpair()
        blocked, blocked_end = await broker.socketpair()
        server = await broker.start_server(echo, "127.0.0.1", 0)
        listener = await broker.socket()
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        datagram = await broker.open_datagram(("127.0.0.1", 0))
        packets = await broker.open_datagram(("127.0.0.1", 0))
        reader, writer = await broker.open_connection(sock=client)
        _, blocked_writer = await broker.open_connection(sock=blocked)
        blocked_writer.write(bytes(1 << 24))
        waits = {
            "recv": one.recv(1),
            "recvmsg": two.recvmsg(1, 100),
            "recv_into": stream_end.recv_into(bytearray(1)),
            "accept": listener.accept(),
            "sendall": full.sendall(bytes(1 << 24)),
            "message": datagram.receive(),
            "iteration": packets.__anext__(),
            "read": reader.read(),
            "drain": blocked_writer.drain(),
            "serve": server.serve_forever(),
        }
        tasks = {name: asyncio.ensure_future(wait) for name, wait in waits.items()}
        for _ in range(20):
            await handle_count(broker)
        assert not any(task.done() for task in tasks.values())
        own_daemon.kill()
        await asyncio.wait(tasks.values())
        outcomes = {name: task.exception() for name, task in tasks.items()}
        lost = {name for name, error in outcomes.items() if isinstance(error, sockbroker.ConnectionLost)}
        assert lost == set(tasks), outcomes
        assert {error.code for error in outcomes.values()} == {"CONNECTION_LOST"}
        assert reports and all(isinstance(error, sockbroker.ConnectionLost) for error in reports)
        with pytest.raises(sockbroker.ConnectionLost):
            await writer.wait_closed()
        with pytest.raises(sockbroker.BrokerError):
            await broker.socket()
    for each in (one, two, full, _unread, stream_end, blocked_end, listener, datagram, packets):
        await each.close()


def test_a_restarted_daemon_does_not_know_former_sockets(own_daemon):
    script = """
import asyncio, sys
import sockbroker.aio

async def lost(attempt):
    try:
        await attempt
        return "done"
    except sockbroker.ConnectionLost:
        return "lost"

async def main():
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        reader, writer = await broker.open_connection(sock=two)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for attempt in (reader.read(), one.recv(1), broker.socketpair(), broker.open_connection("127.0.0.1", 1)):
            print(await lost(attempt))
        print(broker.closed)
        await one.close()
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        await one.send(b"anew")
        print((await two.recv(10)).decode())
        await one.close()
        await two.close()

asyncio.run(main())
"""
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SOCKBROKER_ENDPOINT": own_daemon.endpoint},
    )
    assert program.stdout is not None and program.stdout.readline() == "ready\n"
    own_daemon.kill()
    own_daemon.start()
    out, _ = program.communicate("\n", timeout=HANG_SECONDS)
    assert out.split() == ["lost"] * 4 + ["True", "anew"] and program.returncode == 0


@on_a_loop
async def test_closing_a_broker_ends_waiting_calls():
    broker = await connect()
    one, two = await broker.socketpair()
    waiting = asyncio.ensure_future(one.recv(1))
    iterating = asyncio.ensure_future(two.__anext__())
    await handle_count(broker)
    await broker.close()
    for task in (waiting, iterating):
        with pytest.raises(sockbroker.ConnectionLost):
            await task
    assert broker.closed
    with pytest.raises(sockbroker.BrokerError) as caught:
        await broker.socket()
    assert caught.value.code == "BROKER_CLOSED"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await one.close()
        del two
    await broker.close()


@on_a_loop
async def test_a_missing_daemon_is_an_immediate_error(tmp_path):
    with pytest.raises(sockbroker.BrokerError) as caught:
        await sockbroker.aio.connect(str(tmp_path / "none.sock"))
    assert caught.value.code == "ENDPOINT_NOT_FOUND" and caught.value.errno == errno.ENOENT
    path = str(tmp_path / "other.sock")
    with stdlib.socket(stdlib.AF_UNIX) as other:
        other.bind(path)
        with pytest.raises(sockbroker.BrokerError) as caught:
            await sockbroker.aio.connect(path)
    assert caught.value.code == "ENDPOINT_REFUSED"


def test_it_works_in_a_program_whose_sockets_are_all_brokered():
    script = """
import asyncio, socket
import sockbroker.aio

async def main():
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        async with one, two:
            await one.send(b"explicit")
            print((await two.recv(10)).decode())
        local, other = socket.socketpair()
        with local, other:
            local.setblocking(False)
            other.send(b"implicit")
            print((await asyncio.get_running_loop().sock_recv(local, 10)).decode(), local.fileno() >= 2**30)

asyncio.run(main())
"""
    assert run(script) == ["explicit", "implicit True"]


def test_consecutive_loops():
    async def once():
        async with connect() as broker, await broker.socket() as sock:
            return sock.fileno()

    assert len({asyncio.run(once()) for _ in range(3)}) == 3
