"""What CPython's getsockopt answers for some options of a socket, as JSON: option-sweep.test.ts compares.

Standard input: {"socket": [family, type, protocol], "filter": hexadecimal or null, "options": [[level, name]], "sizes"}.
Standard output: {"level:name": [an outcome for each size]}. An outcome is a negative errno, an int for size 0, bytes as
hexadecimal, or their number alone where two sockets answered different ones.
"""

import ctypes
import json
import socket
import struct
import sys


def ask(one, level, name, size):
    try:
        return one.getsockopt(level, name, size).hex() if size else one.getsockopt(level, name)
    except OSError as error:
        return -error.errno


def answers(pair, level, name, sizes):
    for size in sizes:
        first, second = (ask(one, level, name, size) for one in pair)
        yield {"length": len(first) // 2} if first != second and isinstance(first, str) else first


def attach(one, program):
    kept = ctypes.create_string_buffer(program)
    one.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(program) // 8, ctypes.addressof(kept)))


def main():
    order = json.load(sys.stdin)
    pair = [socket.socket(*order["socket"]) for _ in range(2)]
    if order["filter"] is not None:
        for one in pair:
            attach(one, bytes.fromhex(order["filter"]))
    found = {f"{level}:{name}": [*answers(pair, level, name, order["sizes"])] for level, name in order["options"]}
    json.dump(found, sys.stdout)


main()
