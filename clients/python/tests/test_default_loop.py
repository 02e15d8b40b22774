"""`asyncio` on its default event loop, in unchanged programs: each way to use a socket, with the data compared."""

from __future__ import annotations

from programs import Program, run

ECHO = """
    import asyncio, resource

    async def echo(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
        print("port", server.sockets[0].getsockname()[1], server.sockets[0].fileno() >= 2**30, flush=True)
        await server.serve_forever()
    asyncio.run(main())
"""

# All are connected before any sends, and none closes before all have their answers: 500 at once.
FIVE_HUNDRED = """
    import asyncio, hashlib, os, sys

    async def talk(reader, writer):
        sent, received = hashlib.sha256(), hashlib.sha256()
        for size in (1, 1000, 20_000):
            data = os.urandom(size)
            sent.update(data)
            writer.write(data)
            await writer.drain()
            received.update(await reader.readexactly(size))
        return sent.digest() == received.digest()

    async def main():
        opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", int(sys.argv[1])) for _ in range(500)))
        print(len({writer.get_extra_info("sockname") for _, writer in opened}))
        print((await asyncio.gather(*(talk(*pair) for pair in opened))).count(True))
        for _, writer in opened:
            writer.write_eof()
        print([await reader.read() for reader, _ in opened].count(b""))
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()
    asyncio.run(main())
"""


def test_echo_under_five_hundred_connections_at_once():
    with Program(ECHO) as server:
        port, brokered = server.says(r"^port (\d+) (\w+)$").groups()
        assert brokered == "True"
        assert run(FIVE_HUNDRED, arguments=[port]) == ["500", "500", "500"]


def test_protocols_of_create_server_and_create_connection():
    script = """
        import asyncio, os

        data = os.urandom(5_000_000)

        class Upload(asyncio.Protocol):
            # Pauses the sender every now and then, so that both sides' buffers fill.
            def connection_made(self, transport):
                self.transport, self.received = transport, bytearray()
            def data_received(self, data):
                self.received += data
                self.transport.pause_reading()
                asyncio.get_running_loop().call_soon(self.transport.resume_reading)
            def eof_received(self):
                self.transport.write(self.received)
                return False

        class Client(asyncio.Protocol):
            def __init__(self):
                self.received, self.done, self.pauses = bytearray(), asyncio.get_running_loop().create_future(), 0
            def connection_made(self, transport):
                transport.write(data)
                transport.write_eof()
            def pause_writing(self):
                self.pauses += 1
            def resume_writing(self):
                pass
            def data_received(self, data):
                self.received += data
            def connection_lost(self, error):
                self.done.set_result(error)

        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Upload, "127.0.0.1", 0)
            transport, client = await loop.create_connection(Client, *server.sockets[0].getsockname())
            print(await client.done, client.received == data, client.pauses > 0)
            server.close()
            await server.wait_closed()
        asyncio.run(main())
    """
    assert run(script) == ["None True True"]


def test_the_loops_own_socket_calls():
    script = """
        import asyncio, hashlib, os, socket, tempfile

        data = os.urandom(3_000_000)

        async def serve(loop, listener):
            accepted, address = await loop.sock_accept(listener)
            with accepted:
                accepted.setblocking(False)
                print(address == accepted.getpeername())
                while piece := await loop.sock_recv(accepted, 100_000):
                    await loop.sock_sendall(accepted, piece)

        async def receive(loop, client, buffer):
            view = memoryview(buffer)
            while len(view) and (count := await loop.sock_recv_into(client, view)):
                view = view[count:]
            return len(buffer) - len(view)

        async def main():
            loop = asyncio.get_running_loop()
            with socket.socket() as listener, socket.socket() as client:
                listener.bind(("127.0.0.1", 0))
                listener.listen()
                listener.setblocking(False)
                client.setblocking(False)
                server = asyncio.create_task(serve(loop, listener))
                await loop.sock_connect(client, listener.getsockname())
                buffer = bytearray(len(data))
                _, count = await asyncio.gather(loop.sock_sendall(client, data), receive(loop, client, buffer))
                print(count == len(data), buffer == data)
                with tempfile.TemporaryFile() as file:
                    file.write(data)
                    file.seek(0)
                    sent, count = await asyncio.gather(
                        loop.sock_sendfile(client, file, 1000, 2_000_000), receive(loop, client, memoryview(buffer)[:2_000_000]),
                    )
                    print(sent, count, buffer[:2_000_000] == data[1000:2_001_000], file.tell())
                client.shutdown(socket.SHUT_WR)
                await server
                print(await loop.sock_recv(client, 1))
            waiting = socket.socketpair()
            for end in waiting:
                end.setblocking(False)
            # One that is given up takes nothing with it.
            task = asyncio.ensure_future(loop.sock_recv(waiting[0], 10))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            waiting[1].send(b"later")
            print(task.cancelled(), await loop.sock_recv(waiting[0], 10))
            try:
                await loop.sock_connect(waiting[0], "/nowhere at all")
            except OSError as error:
                print(type(error).__name__)
            for end in waiting:
                end.close()
        asyncio.run(main())
    """
    assert run(script) == [
        "True", "True True", "2000000 2000000 True 2001000", "b''", "True b'later'", "FileNotFoundError",
    ]  # fmt: skip


def test_transports_send_files():
    script = """
        import asyncio, hashlib, os, tempfile

        async def main():
            loop = asyncio.get_running_loop()
            received, done = hashlib.sha256(), loop.create_future()
            async def take(reader, writer):
                while piece := await reader.read(65536):
                    received.update(piece)
                writer.close()
                done.set_result(received.hexdigest())
            server = await asyncio.start_server(take, "127.0.0.1", 0)
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with tempfile.TemporaryFile() as file:
                data = os.urandom(3_000_000)
                file.write(data)
                writer.write(b"first")
                print(await loop.sendfile(writer.transport, file, fallback=False))
                writer.write(b"last")
                writer.close()
            print(await done == hashlib.sha256(b"first" + data + b"last").hexdigest())
            server.close()
        asyncio.run(main())
    """
    assert run(script) == ["3000000", "True"]


def test_datagram_endpoints_in_both_directions():
    script = """
        import asyncio, os, socket

        class Endpoint(asyncio.DatagramProtocol):
            def __init__(self):
                self.received, self.errors = asyncio.Queue(), asyncio.Queue()
            def connection_made(self, transport):
                self.transport = transport
            def datagram_received(self, data, address):
                self.received.put_nowait((data, address))
            def error_received(self, error):
                self.errors.put_nowait(error)

        async def main():
            loop = asyncio.get_running_loop()
            _, server = await loop.create_datagram_endpoint(Endpoint, local_addr=("127.0.0.1", 0))
            name = server.transport.get_extra_info("sockname")
            _, client = await loop.create_datagram_endpoint(Endpoint, remote_addr=name)
            own = client.transport.get_extra_info("sockname")
            same = 0
            for size in (1, 1000, 1472, 60_000):
                data = os.urandom(size)
                client.transport.sendto(data)
                got, address = await server.received.get()
                server.transport.sendto(got[::-1], address)
                back, sender = await client.received.get()
                same += got == data and address == own and back == data[::-1] and sender == name
            print(same)
            # What came while nobody looked is there, one by one.
            for index in range(100):
                client.transport.sendto(b"%d" % index)
            print([int((await server.received.get())[0]) for _ in range(100)] == list(range(100)))
            server.transport.close()
            await asyncio.sleep(0)
            with socket.socket(type=socket.SOCK_DGRAM) as unused:
                unused.bind(("127.0.0.1", 0))
                _, refused = await loop.create_datagram_endpoint(Endpoint, remote_addr=unused.getsockname())
            refused.transport.sendto(b"to nobody")
            print(type(await refused.errors.get()).__name__)
            for end in (client, refused):
                end.transport.close()
        asyncio.run(main())
    """
    assert run(script) == ["4", "True", "ConnectionRefusedError"]


def test_readers_and_writers_with_local_descriptors():
    script = """
        import asyncio, os, socket

        async def main():
            loop = asyncio.get_running_loop()
            one, two = socket.socketpair()
            reader, writer = os.pipe()
            for end in (one, two):
                end.setblocking(False)
            readable, filled, piped = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()

            # Filled until it takes no more, and emptied until it does again.
            def fill():
                sent = 0
                try:
                    while True:
                        sent += one.send(bytes(100_000))
                except BlockingIOError:
                    loop.remove_writer(one)
                    filled.put_nowait(sent)
            loop.add_writer(one, fill)
            total = await filled.get()
            again = loop.create_future()
            loop.add_writer(one, lambda: again.done() or again.set_result("writable again"))
            received = 0
            def drain():
                nonlocal received
                received += len(two.recv(1 << 20))
                if received == total:
                    readable.put_nowait(received)
            loop.add_reader(two, drain)
            print(await readable.get() == total > 0, await again, loop.remove_writer(one), loop.remove_writer(one))

            loop.add_reader(reader, lambda: piped.put_nowait(os.read(reader, 10)))
            os.write(writer, b"local")
            print(await piped.get(), loop.remove_reader(two))
            one.send(b"nobody looks")
            loop.add_reader(two, lambda: readable.put_nowait(two.recv(100)))
            print(await readable.get())
            one.close()
            print(await readable.get())
            loop.remove_reader(two)
            loop.remove_reader(reader)
            two.close()
        asyncio.run(main())
    """
    assert run(script) == ["True writable again True False", "b'local' True", "b'nobody looks'", "b''"]


def test_unix_sockets(tmp_path):
    script = """
        import asyncio, hashlib, os, sys

        async def main():
            async def echo(reader, writer):
                writer.write((await reader.read())[::-1])
                await writer.drain()
                writer.close()
            server = await asyncio.start_unix_server(echo, sys.argv[1])
            same = 0
            for size in (0, 1, 1_000_000):
                data = os.urandom(size)
                reader, writer = await asyncio.open_unix_connection(sys.argv[1])
                writer.write(data)
                writer.write_eof()
                same += await reader.read() == data[::-1]
                writer.close()
            print(same)
            server.close()
        asyncio.run(main())
    """
    assert run(script, arguments=[tmp_path / "server"]) == ["3"]


def test_look_ups_and_errors():
    script = """
        import asyncio, socket

        async def main():
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo("localhost", 80, family=socket.AF_INET, type=socket.SOCK_STREAM)
            print(found[0][4])
            print(await loop.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV))
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                try:
                    await asyncio.open_connection(*unused.getsockname())
                except ConnectionRefusedError as error:
                    print(error.errno)
            with socket.create_server(("127.0.0.1", 0)) as listener:
                try:
                    await asyncio.wait_for(loop.sock_accept(nonblocking(listener)), 0.05)
                except asyncio.TimeoutError:
                    print("nobody came")

        def nonblocking(listener):
            listener.setblocking(False)
            return listener
        asyncio.run(main())
    """
    assert run(script) == ["('127.0.0.1', 80)", "('127.0.0.1', '80')", "111", "nobody came"]
