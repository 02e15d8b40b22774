"""The little of protobuf's wire format that is written here by hand, where a message is nothing but one field of bytes."""

from __future__ import annotations


def varint(value: int) -> bytes:
    """Encodes a number, seven bits a byte, the least significant ones first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def only_field(message: bytes) -> memoryview:
    """Answers the bytes of a message's only field, without a copy. The field's tag is one byte long."""
    start = 1
    while message[start] > 0x7F:
        start += 1
    return memoryview(message)[start + 1 :]
