"""Every kind of call that waits, each as a program that makes it on request and prints how it ended."""

from __future__ import annotations

import textwrap

from programs import Program

# What a program can use, set up before it prints that it is ready.
_SETUP = """
    import asyncio, os, select, selectors, socket, sys, threading

    one, two = socket.socketpair()
    server = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    WAIT_SECONDS = 300

    # Connections that nobody accepts: there is no room for another.
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
    full_unix = socket.socket(socket.AF_UNIX)
    full_unix.bind("")
    full_unix.listen(0)
    fillers.append(socket.socket(socket.AF_UNIX))
    fillers[-1].connect(full_unix.getsockname())

    # Data that nobody takes: there is no room for more.
    stuck, taker = socket.socketpair()
    stuck.setblocking(False)
    try:
        while True:
            stuck.send(bytes(100_000))
    except BlockingIOError:
        stuck.setblocking(True)

    def flowing(receive):
        # So much that the daemon begins to send ahead; then there is no more.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sender = socket.create_connection(listener.getsockname())
            receiver, _ = listener.accept()
        total, got = 1 << 23, 0
        thread = threading.Thread(target=sender.sendall, args=(bytes(total),))
        thread.start()
        while got < total:
            got += len(receiver.recv(1 << 16))
        thread.join()
        print("flowed", flush=True)
        receive(receiver)

    def flowing_out():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sender = socket.create_connection(listener.getsockname())
            fillers.append(listener.accept()[0])
        sender.sendall(bytes(1 << 26))

    def timed(end):
        end.settimeout(WAIT_SECONDS)
        return end

    def nonblocking(end):
        end.setblocking(False)
        return end

    def ready(selector, event=selectors.EVENT_READ):
        # Readiness is how select and its like say that a connection is lost; the next call says it in words.
        with selector:
            selector.register(one, event)
            assert selector.select()
        nonblocking(one).recv(1)

    def polled(poll, *limit):
        poll.register(one, select.POLLIN)
        assert poll.poll(*limit)
        nonblocking(one).recv(1)

    def selected(*limit):
        assert select.select([udp, one], [], [], *limit)[0]
        nonblocking(one).recv(1)

    def forked(call):
        child = os.fork()
        if child == 0:
            try:
                call()
            except ConnectionResetError as error:
                print("child", type(error).__name__, flush=True)
            os._exit(0)
        print("forked", child, flush=True)
        os.waitpid(child, 0)
        one.send(b"x")

    def threaded(call):
        errors = []
        def run():
            try:
                call()
            except OSError as error:
                errors.append(error)
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 3
        raise errors[0]

    async def streams():
        reader, _ = await asyncio.open_connection(sock=one)
        await reader.read(1)

    async def datagrams():
        lost = asyncio.get_running_loop().create_future()
        class Protocol(asyncio.DatagramProtocol):
            def error_received(self, error):
                lost.done() or lost.set_exception(error)
            def connection_lost(self, error):
                lost.done() or lost.set_exception(error)
        await asyncio.get_running_loop().create_datagram_endpoint(Protocol, sock=udp)
        await lost

    async def of_the_loop(name, end, *arguments):
        await getattr(asyncio.get_running_loop(), name)(nonblocking(end), *arguments)
"""

CALLS = {
    "recv of what flows": "flowing(lambda end: end.recv(1))",
    "recv_into of what flows": "flowing(lambda end: end.recv_into(bytearray(1 << 20)))",
    "timed recv of what flows": "flowing(lambda end: timed(end).recv(1))",
    "sendall that flows": "flowing_out()",
    "recv": "one.recv(1)",
    "recv_into": "one.recv_into(bytearray(1))",
    "recvmsg": "one.recvmsg(1, 100)",
    "recvmsg_into": "one.recvmsg_into([bytearray(1)])",
    "recvfrom": "udp.recvfrom(1)",
    "recvfrom_into": "udp.recvfrom_into(bytearray(1))",
    "recv of a large piece": "one.recv(1 << 20)",
    "recv for all": "one.recv(1000, socket.MSG_WAITALL)",
    "peek": "one.recv(1, socket.MSG_PEEK)",
    "timed recv": "timed(one).recv(1)",
    "timed recvfrom": "timed(udp).recvfrom(1)",
    "makefile": "one.makefile('rb').readline()",
    "accept": "server.accept()",
    "timed accept": "timed(server).accept()",
    "connect to a full backlog": "socket.socket().connect(full.getsockname())",
    "connect to a full unix backlog": "socket.socket(socket.AF_UNIX).connect(full_unix.getsockname())",
    "timed connect to a full backlog": "socket.create_connection(full.getsockname(), WAIT_SECONDS)",
    "send": "stuck.send(b'x')",
    "sendall": "one.sendall(bytes(1 << 24))",
    "timed sendall": "timed(one).sendall(bytes(1 << 24))",
    "sendmsg": "stuck.sendmsg([b'x'])",
    "select": "selected()",
    "timed select": "selected(WAIT_SECONDS)",
    "poll": "polled(select.poll())",
    "timed poll": "polled(select.poll(), WAIT_SECONDS * 1000)",
    "epoll": "polled(select.epoll())",
    "timed epoll": "polled(select.epoll(), WAIT_SECONDS)",
    "select selector": "ready(selectors.SelectSelector())",
    "poll selector": "ready(selectors.PollSelector())",
    "epoll selector": "ready(selectors.EpollSelector())",
    "asyncio streams": "asyncio.run(streams())",
    "asyncio datagrams": "asyncio.run(datagrams())",
    "sock_recv": "asyncio.run(of_the_loop('sock_recv', one, 1))",
    "sock_accept": "asyncio.run(of_the_loop('sock_accept', server))",
    "sock_connect": "asyncio.run(of_the_loop('sock_connect', socket.socket(), full.getsockname()))",
    "sock_sendall": "asyncio.run(of_the_loop('sock_sendall', stuck, b'x'))",
    "forked child": "forked(lambda: one.recv(1))",
    "forked child that selects": "forked(lambda: selected())",
    "threads": "threaded(lambda: one.recv(1))",
}

_END = """
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        {call}
    except Exception as error:
        print("ended by", type(error).__name__, getattr(error, "code", None), isinstance(error, ConnectionResetError))
    else:
        print("ended")
    sys.stdout.flush()
    sys.stdin.readline()
"""


def program_of(call: str, endpoint: str) -> Program:
    """Starts a program for one of CALLS, or any expression. It prints "ready", and makes the call after the next line
    of input.
    """
    script = textwrap.dedent(_SETUP) + textwrap.dedent(_END).format(call=CALLS.get(call, call))
    return Program(script, environment={"SOCKBROKER_ENDPOINT": endpoint})
