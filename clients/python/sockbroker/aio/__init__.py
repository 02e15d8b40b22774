"""Brokered sockets for asyncio, on grpc.aio.

    import asyncio
    import sockbroker.aio

    async def main() -> None:
        async with sockbroker.aio.connect() as broker:
            reader, writer = await broker.open_connection("example.org", 80)
            writer.write(b"HEAD / HTTP/1.0\\r\\n\\r\\n")
            print(await reader.read())

    asyncio.run(main())

Everything here belongs to the event loop that it was made in. Tasks may be cancelled at any time: an operation that is
cancelled has had no effect, or what it received is kept for the next one.
"""

from __future__ import annotations

from ..errors import BrokerError, ConnectionLost, PolicyDenial
from ._broker import Broker, connect
from ._datagram import Datagram
from ._messages import Message, MessageStream
from ._server import Server
from ._socket import Socket

__all__ = [
    "Broker",
    "BrokerError",
    "ConnectionLost",
    "Datagram",
    "Message",
    "MessageStream",
    "PolicyDenial",
    "Server",
    "Socket",
    "connect",
]
