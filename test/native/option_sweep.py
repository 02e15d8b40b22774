"""Prints CPython's getsockopt results for some options of a socket, as JSON; option-sweep.test.ts compares them.

Standard input: {"socket": [family, type, protocol], "filters": [hexadecimal or null], "options": [[level, name]],
"sizes"}. Standard output: [{"level:name": [an outcome for each size]} for each filter]. An outcome is a negative errno,
an int for size 0, or bytes as hexadecimal, with dots for those that depend on the socket or on the former contents of
its memory: the kernel need not write as many bytes as it reports, nor do all options write without reading. It is null
if these decide about an error.
"""

import ctypes
import json
import socket
import struct
import sys


def ask(one, level, name, size, before):
    # The bytes of the result are where these were.
    bytes([before]) * size
    try:
        return one.getsockopt(level, name, size).hex() if size else one.getsockopt(level, name)
    except OSError as error:
        return -error.errno


def outcome(first, second):
    if first == second:
        return first
    if isinstance(first, str) and isinstance(second, str) and len(first) == len(second):
        return "".join(a if a == b else "." for a, b in zip(first, second))
    return None


def answers(pair, level, name, sizes):
    for size in sizes:
        yield outcome(*(ask(one, level, name, size, before) for one, before in zip(pair, (0x1B, 0xE4))))


def attach(one, program):
    kept = ctypes.create_string_buffer(program)
    one.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(program) // 8, ctypes.addressof(kept)))


def main():
    order = json.load(sys.stdin)
    found = []
    for program in order["filters"]:
        pair = [socket.socket(*order["socket"]) for _ in range(2)]
        if program is not None:
            for one in pair:
                attach(one, bytes.fromhex(program))
        found.append({f"{level}:{name}": [*answers(pair, level, name, order["sizes"])] for level, name in order["options"]})
    json.dump(found, sys.stdout)


main()
