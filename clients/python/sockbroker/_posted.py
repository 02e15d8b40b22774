"""What a socket does where nothing may wait for the daemon (`_waiting`): what needs no answer is begun and forgotten.

So a finalizer that shuts down a connection, or flushes a file made of a socket, does so on any thread. What it sends is taken
for sent.
"""

from __future__ import annotations

from typing import Any, Callable

from . import _requests, _waiting
from ._descriptors import Descriptor
from ._gen.v1 import socket_service_pb2
from ._status import broker_error

_ANSWERS: dict[str, Callable[[Any], Any]] = {
    "send": lambda request: socket_service_pb2.SendResponse(sent_bytes=len(request.data)),
    "sendall": lambda request: socket_service_pb2.SendallResponse(),
    "sendmsg": lambda request: socket_service_pb2.SendmsgResponse(sent_bytes=sum(map(len, request.buffers))),
    "sendto": lambda request: socket_service_pb2.SendtoResponse(sent_bytes=len(request.data)),
    "setsockopt": lambda request: socket_service_pb2.SetsockoptResponse(),
    "shutdown": lambda request: socket_service_pb2.ShutdownResponse(),
}


def post(descriptor: Descriptor, verb: str, request: Any) -> Any:
    """Begins an operation, and answers what it will have come to. Raises BrokerError where that cannot be known."""
    if verb in descriptor.names:
        return descriptor.names[verb]
    answer = _ANSWERS.get(verb)
    if answer is None:
        _waiting.require()
    assert answer is not None
    response = answer(request)
    if verb == "send" and descriptor.stream:
        # What one `send` left over, nobody would send.
        verb, request = "sendall", _requests.sendall(request.data, request.flags)
    request.handle = descriptor.handle
    if not descriptor.session.post(verb, request):
        raise broker_error("CONNECTION_LOST", "the connection to the broker is lost")
    return response
