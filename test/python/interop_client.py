"""The cases of gRPC's interoperability tests, by gRPC's C library.

usage: interop_client.py SOCKET

Prints the name of each case that passed, and raises for the first that does not.
"""

import json
import queue
import sys
import time
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import BytesValue

RESPONSES = [31_415, 9, 2_653, 58_979]
REQUESTS = [27_182, 8, 1_828, 45_904]
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"

channel = grpc.insecure_channel(f"unix:{sys.argv[1]}")
codec = {"request_serializer": BytesValue.SerializeToString, "response_deserializer": BytesValue.FromString}


def path(method: str, service: str = "interop.Test") -> str:
    return f"/{service}/{method}"


empty = channel.unary_unary(path("Empty"), **codec)
unary = channel.unary_unary(path("Unary"), **codec)
output = channel.unary_stream(path("Output"), **codec)
duplex = channel.stream_stream(path("Duplex"), **codec)
sleep = channel.stream_stream(path("Sleep"), **codec)


def request(pad: int = 0, **options: Any) -> BytesValue:
    return BytesValue(value=json.dumps(options).ljust(pad).encode())


def failure(call: Any) -> grpc.RpcError:
    try:
        list(call) if hasattr(call, "__next__") else call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it did not fail")


def empty_unary() -> None:
    assert empty(BytesValue()).value == b""


def large_unary() -> None:
    assert len(unary(request(271_828, size=314_159)).value) == 314_159


def server_streaming() -> None:
    assert [len(message.value) for message in output(request(sizes=RESPONSES))] == RESPONSES


def ping_pong() -> None:
    answered: list[int] = []

    def requests() -> Iterator[BytesValue]:
        for index, (pad, size) in enumerate(zip(REQUESTS, RESPONSES)):
            while len(answered) < index:
                pass
            yield request(pad, size=size)

    for message in duplex(requests()):
        answered.append(len(message.value))
    assert answered == RESPONSES


def empty_stream() -> None:
    assert list(duplex(iter(()))) == []


def cancel_after_begin() -> None:
    call = sleep(iter(()))
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    until_none_is_open()


def cancel_after_first_response() -> None:
    # Until there is nothing to get: a call whose requests have ended would end with OK.
    requests: queue.SimpleQueue[BytesValue | None] = queue.SimpleQueue()
    requests.put(request(27_182, size=31_415))
    call = duplex(iter(requests.get, None))
    next(call)
    call.cancel()
    assert failure(call).code() == grpc.StatusCode.CANCELLED
    requests.put(None)
    until_none_is_open()


def timeout_on_sleeping_server() -> None:
    assert failure(sleep(iter((request(),)), timeout=0.1)).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    until_none_is_open()


def until_none_is_open() -> None:
    """The server has no call that it has not ended."""
    end = time.monotonic() + 20
    while unary(request(open=True)).value != b"0":
        assert time.monotonic() < end, "a call is open"


def custom_metadata() -> None:
    metadata = (
        ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
        ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"),
    )
    response = unary(request(echo=[key for key, _ in metadata]), metadata=metadata)
    assert response.value == b"test_initial_metadata_value\xab\xab\xab"


def fails_with(message: str) -> None:
    failing = request(status={"code": 2, "message": message})
    for error in (failure(lambda: unary(failing)), failure(duplex(iter((failing,))))):
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, message), error


def status_code_and_message() -> None:
    fails_with("test status message")


def special_status_message() -> None:
    fails_with(SPECIAL)


def unimplemented_method() -> None:
    missing = channel.unary_unary(path("Missing"), **codec)
    assert failure(lambda: missing(BytesValue())).code() == grpc.StatusCode.UNIMPLEMENTED


def unimplemented_service() -> None:
    missing = channel.unary_unary(path("Empty", "interop.None"), **codec)
    assert failure(lambda: missing(BytesValue())).code() == grpc.StatusCode.UNIMPLEMENTED


def client_compressed() -> None:
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        assert len(unary(request(271_828, size=1_000), compression=compression).value) == 1_000
        requests = (request(100_000, size=size) for size in RESPONSES)
        assert [len(message.value) for message in duplex(requests, compression=compression)] == RESPONSES


for case in (
    empty_unary,
    large_unary,
    server_streaming,
    ping_pong,
    empty_stream,
    cancel_after_begin,
    cancel_after_first_response,
    timeout_on_sleeping_server,
    custom_metadata,
    status_code_and_message,
    special_status_message,
    unimplemented_method,
    unimplemented_service,
    client_compressed,
):
    case()
    print(case.__name__, flush=True)
