"""Operations where nothing may wait for the daemon (`_waiting`): those that need no answer are started and not awaited.

So a finalizer that shuts down a connection, or flushes a file for a socket, works on any thread. What it sends is
assumed to be sent.
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
    """Starts an operation, and returns its expected result. Raises BrokerError if that cannot be known."""
    if verb in descriptor.names:
        return descriptor.names[verb]
    answer = _ANSWERS.get(verb)
    if answer is None:
        _waiting.require()
    assert answer is not None
    response = answer(request)
    if verb == "send" and descriptor.stream:
        # Nobody would send what one `send` left over.
        verb, request = "sendall", _requests.sendall(request.data, request.flags)
    request.handle = descriptor.handle
    if not descriptor.session.post(verb, request):
        raise broker_error("CONNECTION_LOST", "the connection to the broker is lost")
    return response
