"""Measures the Python client beside grpcio without it, for python.mjs.

usage: python-worker.py DAEMON_PATH ECHO_PATH PORTS_JSON

Reads lines "CASE SECONDS", and returns each with a number.
"""

import json
import os
import socket as direct
import sys
import threading
import time
from collections import deque

daemon_path, echo_path, ports = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
os.environ["SOCKBROKER_ENDPOINT"] = daemon_path
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "clients", "python"))

import grpc  # noqa: E402

import sockbroker  # noqa: E402
import sockbroker.socket as brokered  # noqa: E402

PAYLOAD = bytes([7]) * 16
MESSAGE_BYTES = 256 * 1024
THREADS = 8
IN_FLIGHT = 64

channel = grpc.insecure_channel(f"unix:{echo_path}")
echo = channel.unary_unary("/echo.Echo/Unary")


def in_threads(count, make, seconds):
    """Returns how many operations per second this many threads complete; `make` returns a function that performs some
    and counts them.
    """
    workers = [make() for _ in range(count)]
    counts = [0] * count
    over = time.perf_counter() + seconds

    def run(index):
        work = workers[index]
        while time.perf_counter() < over:
            counts[index] += work()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def bare_unary():
    def work():
        echo(PAYLOAD)
        return 1

    return work


def one_by_one():
    one, two = brokered.socketpair()

    def work():
        one.send(PAYLOAD)
        two.recv(len(PAYLOAD))
        return 2

    return work


def pipelined():
    one, two = brokered.socketpair()
    pipeline = sockbroker.Pipeline()
    begun = deque()

    def work():
        begun.append(pipeline.submit(one.send, PAYLOAD))
        begun.append(pipeline.submit(two.recv, len(PAYLOAD)))
        if len(begun) <= IN_FLIGHT:
            return 0
        sent, received = begun.popleft().result(), begun.popleft().result()
        if sent != len(PAYLOAD) or received != PAYLOAD:
            raise AssertionError("a wrong result")
        return 2

    return work


def ping_pong(connect, seconds):
    connection = connect(("127.0.0.1", ports["echo"]))
    connection.setsockopt(direct.IPPROTO_TCP, direct.TCP_NODELAY, 1)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        connection.send(b"x")
        connection.recv(1)
        count += 1
    rate = count / (time.perf_counter() - started)
    connection.close()
    return rate


def bare_round_trips(seconds):
    """The minimum cost of a byte in each direction: one call each."""
    return in_threads(1, bare_unary, seconds) / 2


def megabytes(count, started):
    return count / 1e6 / (time.perf_counter() - started)


def download_bare(seconds):
    call = channel.unary_stream("/echo.Echo/Source")(b"")
    started, count = time.perf_counter(), 0
    for message in call:
        count += len(message)
        if time.perf_counter() - started > seconds:
            break
    call.cancel()
    return megabytes(count, started)


def download(seconds):
    connection = brokered.create_connection(("127.0.0.1", ports["source"]))
    buffer = bytearray(MESSAGE_BYTES)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        count += connection.recv_into(buffer)
    rate = megabytes(count, started)
    connection.close()
    return rate


def upload_bare(seconds):
    message = bytes(MESSAGE_BYTES)
    started, count = time.perf_counter(), 0

    def messages():
        nonlocal count
        while time.perf_counter() - started < seconds:
            count += len(message)
            yield message

    if int(channel.stream_unary("/echo.Echo/Sink")(messages())) != count:
        raise AssertionError("bytes are missing")
    return megabytes(count, started)


def upload(seconds):
    connection = brokered.create_connection(("127.0.0.1", ports["sink"]))
    data = bytes(64 * MESSAGE_BYTES)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        connection.sendall(data)
        count += len(data)
    connection.shutdown(direct.SHUT_WR)
    if int(connection.recv(100)) != count:
        raise AssertionError("bytes are missing")
    rate = megabytes(count, started)
    connection.close()
    return rate


CASES = {
    "unary-bare": lambda seconds: in_threads(1, bare_unary, seconds),
    "unary-bare-threads": lambda seconds: in_threads(THREADS, bare_unary, seconds),
    "one-by-one": lambda seconds: in_threads(1, one_by_one, seconds),
    "one-by-one-threads": lambda seconds: in_threads(THREADS, one_by_one, seconds),
    "pipelined": lambda seconds: in_threads(1, pipelined, seconds),
    "pipelined-threads": lambda seconds: in_threads(THREADS, pipelined, seconds),
    "ping-pong-direct": lambda seconds: ping_pong(direct.create_connection, seconds),
    "ping-pong-bare": bare_round_trips,
    "ping-pong": lambda seconds: ping_pong(brokered.create_connection, seconds),
    "download-bare": download_bare,
    "download": download,
    "upload-bare": upload_bare,
    "upload": upload,
}

print("ready", flush=True)
for line in sys.stdin:
    case, seconds = line.split()
    print(CASES[case](float(seconds)), flush=True)
