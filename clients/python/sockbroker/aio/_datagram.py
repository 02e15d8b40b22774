"""A datagram endpoint: a socket with its messages."""

from __future__ import annotations

from typing import Any

from ._messages import Message, MessageStream
from ._socket import Buffer, Socket


class Datagram:
    """The result of `Broker.open_datagram`. Iterating over it receives; `async with` closes it.

    An error of the kernel for a message that was sent (such as ECONNREFUSED) is raised by the next call, sending or
    receiving, as on a local socket; the endpoint remains usable.
    """

    def __init__(self, socket: Socket, messages: MessageStream, sockname: Any, peername: Any) -> None:
        """Internal."""
        self.socket = socket
        self.sockname = sockname
        self.peername = peername
        self._messages = messages

    async def __aenter__(self) -> Datagram:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> Datagram:
        return self

    async def __anext__(self) -> Message:
        return await self._messages.__anext__()

    async def receive(self) -> Message:
        """Waits for the next message."""
        return await self._messages.receive()

    async def send(self, data: Buffer, address: Any = None) -> None:
        """Sends a message, to an address or to the connected peer."""
        if address is None:
            await self.socket.send(data)
        else:
            await self.socket.sendto(data, address)

    async def close(self) -> None:
        """Closes the socket. Idempotent."""
        await self.socket.close()
