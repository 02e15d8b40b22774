"""Forks clients of a daemon, each in its own process, and kills them with SIGKILL in the middle of an operation.

usage: short_lived_clients.py SOCKET COUNT SEED

A client implements just enough HTTP/2 and protobuf to begin an operation that waits: with a gRPC library it would take
a second to start. Half of them are killed after their operation was sent, the others at any moment. Prints the numbers
of both kinds, as JSON.
"""

import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time

AT_ONCE = 16
KINDS = ("accept", "recv", "attach", "resolve", "leased")


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A protobuf field: varint for a number, otherwise length-delimited."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    """The fields of a message, as (number, value)."""
    at = 0

    def number():
        nonlocal at
        result = shift = 0
        while True:
            byte = message[at]
            at += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while at < len(message):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = message[at : at + value], at + value
        yield tag >> 3, value


def inner(message, *path):
    for wanted in path:
        message = next(value for number, value in fields(message) if number == wanted)
    return message


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, b""))

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload

    def open(self, stream, path, token=None):
        headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        headers += [("content-type", "application/grpc"), ("te", "trailers")]
        if token is not None:
            headers.append(("sockbroker-session", token))
        block = b"".join(
            b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in headers
        )
        self.socket.sendall(self.frame(1, 4, stream, block))

    def send(self, stream, message, last=False):
        prefixed = b"\0" + struct.pack("!I", len(message)) + message
        self.socket.sendall(self.frame(0, 1 if last else 0, stream, prefixed))

    def receive(self, stream):
        """Returns the next message of a stream. Messages of these few bytes arrive in one frame."""
        while True:
            while len(self.buffer) >= 9:
                length = struct.unpack("!I", b"\0" + self.buffer[:3])[0]
                kind, _, at = struct.unpack("!BBI", self.buffer[3:9])
                if len(self.buffer) < 9 + length:
                    break
                payload, self.buffer = self.buffer[9 : 9 + length], self.buffer[9 + length :]
                if kind == 0 and at == stream and payload:
                    return payload[5:]
            more = self.socket.recv(65536)
            if not more:
                raise SystemExit("the daemon hung up")
            self.buffer += more


def operation(arm, request):
    return field(1, field(1, arm) + field(arm, request))


def begin(path, kind):
    """Connects, and begins an operation that waits."""
    connection = Connection(path)
    session = "/sockbroker.v1.SessionService/Session"
    token = None
    if kind == "leased":
        connection.open(1, "/sockbroker.v1.SessionService/OpenSession")
        connection.send(1, field(1, field(1, 1)), last=True)
        token = inner(connection.receive(1), 1).decode()
    connection.open(3, session, token)
    if kind == "resolve":
        connection.send(3, b"".join(operation(82 + i % 2, field(1, b"name.invalid")) for i in range(20)))
        return connection
    if kind == "accept":
        connection.send(3, operation(23, field(1, field(1, field(1, b"127.0.0.1")))))
        handle = inner(connection.receive(3), 1, 23, 1, 1)
        connection.send(3, operation(29, field(1, handle)))
        return connection
    connection.send(3, operation(21, b""))
    handle = inner(connection.receive(3), 1, 21, 1, 1)
    if kind == "attach":
        connection.open(5, "/sockbroker.v1.StreamService/Attach")
        connection.send(5, field(1, field(1, handle)))
        connection.receive(5)
    else:
        connection.send(3, operation(44, field(1, handle) + field(2, 100)))
    return connection


def client(path, kind, ready):
    try:
        connection = begin(path, kind)
        os.write(ready, b"r")
        connection.socket.recv(1)
        signal.pause()
    finally:
        os._exit(1)


def main(path, count, seed):
    rng = random.Random(seed)
    begun, killed, begun_in_full = 0, 0, 0
    living = {}
    kinds = dict.fromkeys(KINDS, 0)
    while killed < count:
        while begun < count and len(living) < AT_ONCE:
            kind = KINDS[begun % len(KINDS)]
            kinds[kind] += 1
            begun += 1
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                client(path, kind, write)
            os.close(write)
            dies_at = None if rng.random() < 0.5 else time.monotonic() + rng.random() * 0.02
            living[read] = (pid, dies_at)
        readable, _, _ = select.select(list(living), [], [], 0.001)
        now = time.monotonic()
        for read, (pid, dies_at) in list(living.items()):
            if dies_at is None:
                dies = read in readable
                begun_in_full += dies and os.read(read, 1) == b"r"
            else:
                dies = now >= dies_at
            if dies:
                os.kill(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                if not os.WIFSIGNALED(status):
                    raise SystemExit(f"a client ended by itself: {status}")
                os.close(read)
                del living[read]
                killed += 1
    print(json.dumps({"killed": killed, "waiting": begun_in_full, "kinds": kinds}))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
