"""python client.py upload|download attach:PATH,HOST:PORT BYTES CHUNK, or pingpong attach:PATH,HOST:PORT ROUNDS BYTES: what
test/stubs/go/bench does, by the Python client."""

import os
import struct
import sys
import time

what, via, count, chunk = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
path, _, address = via.removeprefix("attach:").partition(",")
os.environ["SOCKBROKER_ENDPOINT"] = path
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "clients", "python"))

import sockbroker.socket as socket  # noqa: E402

host, _, port = address.rpartition(":")
connection = socket.create_connection((host, int(port)))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
connection.sendall({"upload": b"s", "download": b"d", "pingpong": b"e"}[what] + struct.pack(">Q", count))
data = bytes(chunk)
began = time.perf_counter()
if what == "upload":
    for _ in range(count // chunk):
        connection.sendall(data)
    connection.recv(1)
elif what == "download":
    left, buffer = count, bytearray(256 * 1024)
    while left > 0:
        left -= connection.recv_into(buffer)
else:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        connection.sendall(data)
        left = chunk
        while left > 0:
            left -= len(connection.recv(left))
        times.append((time.perf_counter() - start) * 1e6)
    times.sort()
    print(times[count // 2], times[count * 99 // 100])
    sys.exit()
print(count / 2**20 / (time.perf_counter() - began))
