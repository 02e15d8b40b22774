"""Encodes and decodes protobuf's wire format by hand, for messages that only consist of one bytes field."""

from __future__ import annotations


def varint(value: int) -> bytes:
    """Encodes a number, seven bits per byte, least significant first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def only_field(message: bytes) -> memoryview:
    """Returns the bytes of a message's only field, without a copy. The field's tag is one byte long."""
    start = 1
    while message[start] > 0x7F:
        start += 1
    return memoryview(message)[start + 1 :]
