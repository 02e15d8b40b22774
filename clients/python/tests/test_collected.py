"""Garbage collection: finalizers run on any thread, including those of gRPC and those that read responses."""

from __future__ import annotations

import textwrap

import pytest

from programs import run

# Each creates garbage from the two sockets, in a cycle, so that only the collector finds them.
KINDS = {
    "socket": """
        holder.sockets = one, two
    """,
    "file that reads": """
        holder.files = one.makefile("rb"), two.makefile("rb")
        one.close(), two.close()
    """,
    "file that holds what was written": """
        holder.files = one.makefile("wb"), two.makefile("wb")
        for file in holder.files:
            file.write(b"unsent")
        one.close(), two.close()
    """,
    "generator": """
        def hold(sock):
            with sock:
                yield sock
                holder
        holder.generators = hold(one), hold(two)
        for generator in holder.generators:
            next(generator)
    """,
    "finalizer that closes": """
        holder.closing = one, two
    """,
    "finalizer that shuts down and closes": """
        holder.ending = one, two
    """,
    "finalizer that sends and closes": """
        holder.leaving = one, two
    """,
    "finalizer that asks for names": """
        holder.named = one, two
    """,
    "selector": """
        holder.selector = selectors.DefaultSelector()
        holder.selector.register(one, selectors.EVENT_READ)
        assert holder.selector.select(0.001) == []
        holder.selector.register(two, selectors.EVENT_WRITE)
        holder.closing = one, two
    """,
    "TLS": """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        holder.tls = context.wrap_socket(one, do_handshake_on_connect=False, server_hostname="localhost")
        two.close()
    """,
    "asyncio transport": """
        loop = asyncio.new_event_loop()
        one.setblocking(False)
        holder.transport = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=one))
        holder.loop = loop
        two.close()
    """,
}

HEAD = """
    import asyncio, errno, gc, os, selectors, socket, ssl, sys, threading

    class Holder:
        closing = ending = leaving = named = ()

        def __del__(self):
            note_place()
            for sock in self.closing:
                sock.close()
            for sock in self.ending:
                sock.shutdown(socket.SHUT_RDWR)
                sock.close()
            for sock in self.leaving:
                sock.sendall(b"good-bye")
                assert sock.send(b"!") == 1
                sock.close()
            for sock in self.named:
                assert "socket object" in repr(sock) or "socket.socket" in repr(sock)
                sock.close()

    places = set()

    def note_place():
        places.update(PLACES & names_of(sys._getframe()))

    def names_of(frame):
        names = set()
        while frame is not None:
            names.add(frame.f_code.co_name)
            frame = frame.f_back
        return names

    PLACES = {"channel_spin", "consume_request_iterator", "_read"}

    def make():
        one, two = socket.socketpair()
        holder = Holder()
        holder.itself = holder
"""


def with_garbage(kind: str, rest: str) -> str:
    body = textwrap.indent(textwrap.dedent(KINDS[kind]), "    ")
    return "\n".join([textwrap.dedent(HEAD), body, textwrap.dedent(rest)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_collector_may_run_on_every_thread_at_any_time(kind: str) -> None:
    program = with_garbage(
        kind,
        """
    one, two = socket.socketpair()
    gc.set_threshold(1)
    for _ in range(150):
        make()
        one.send(b"x")
        assert two.recv(1) == b"x"
    print("done")
""",
    )
    assert run(program) == ["done"]


@pytest.mark.parametrize("kind", KINDS)
def test_finalizers_run_on_threads_that_send_requests_and_read_responses(kind: str) -> None:
    # A profile function collects at each of these places, and nothing else collects.
    program = with_garbage(
        kind,
        """
    due = []

    def collect(frame, event, argument):
        if event == "call" and due and due[0] in names_of(frame):
            due.clear()
            gc.collect()

    gc.disable()
    threading.setprofile(collect)
    one, two = socket.socketpair()
    for place in sorted(PLACES) * 3:
        make()
        due.append(place)
        while due:
            one.send(b"x")
            assert two.recv(1) == b"x"
    assert places == PLACES
    threading.setprofile(None)
    print("done")
""",
    )
    assert run(program) == ["done"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_collector_may_run_on_the_threads_of_grpc_while_the_interpreter_ends(kind: str) -> None:
    program = with_garbage(
        kind,
        """
    main = threading.main_thread().ident
    due = [True]

    def collect(frame, event, argument):
        if due and "channel_spin" in names_of(frame) and "_disconnect" in names_of(sys._current_frames()[main]):
            due.clear()
            gc.collect()

    gc.disable()
    threading.setprofile(collect)
    one, two = socket.socketpair()
    make()
    print("ends", flush=True)
""",
    )
    # gRPC may have nothing left to do when the channel is closed, and then nothing is collected: rare, and not for
    # every kind.
    assert run(program) == ["ends"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_collector_may_run_during_a_fork(kind: str) -> None:
    # Registered before the client's own functions: the first runs after those, the others before them.
    program = with_garbage(
        kind,
        """
    os.register_at_fork(before=gc.collect, after_in_parent=gc.collect, after_in_child=gc.collect)
    one, two = socket.socketpair()
    gc.disable()
    for _ in range(3):
        make()
        child = os.fork()
        if child == 0:
            one.send(b"x")
            os._exit(0)
        assert two.recv(1) == b"x"
        assert os.waitpid(child, 0)[1] == 0
    print("done")
""",
    )
    assert run(program) == ["done"]


def test_collected_sockets_are_closed_and_data_sent_by_their_finalizers_arrives() -> None:
    program = """
        import gc, socket, threading

        class Leaving:
            def __del__(self):
                self.sock.sendall(b"good-bye")
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.close()

        one, two = socket.socketpair()
        gc.disable()

        def collect(frame, event, argument):
            if event == "call" and due and threading.current_thread() is not threading.main_thread():
                due.clear()
                gc.collect()

        due = []
        threading.setprofile(collect)
        # Its threads begin now.
        import select
        poller = select.poll()
        poller.register(one, select.POLLIN)
        assert poller.poll(1) == []
        peers = []
        for _ in range(20):
            leaving = Leaving()
            leaving.itself = leaving
            leaving.sock, peer = socket.socketpair()
            peers.append(peer)
            del leaving
            due.append(True)
            while due:
                assert poller.poll(1) == []
        assert [peer.recv(100) for peer in peers] == [b"good-bye"] * 20
        assert [peer.recv(100) for peer in peers] == [b""] * 20
        print("done")
    """
    assert run(program) == ["done"]


def test_a_resource_warning_names_the_socket_like_its_last_repr() -> None:
    program = """
        import gc, socket, warnings
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        text = repr(sock)
        assert "laddr=('127.0.0.1', " in text
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del sock
            gc.collect()
        assert [str(warning.message) for warning in caught] == [f"unclosed {text}"]
        print("done")
    """
    assert run(program) == ["done"]


def test_a_query_that_would_wait_in_a_finalizer_is_an_error_with_the_reason() -> None:
    program = """
        import gc, socket, threading

        class Asking:
            def __del__(self):
                try:
                    answers.append(self.sock.recv(1))
                except OSError as error:
                    answers.append(error)
                self.sock.close()

        answers, due = [], []

        def collect(frame, event, argument):
            if event == "call" and due and frame.f_code.co_name == "settle":
                due.clear()
                gc.collect()

        gc.disable()
        threading.setprofile(collect)
        one, two = socket.socketpair()
        asking = Asking()
        asking.itself = asking
        asking.sock, peer = socket.socketpair()
        peer.send(b"x")
        del asking
        due.append(True)
        while due:
            one.send(b"x")
        print(answers[0].code, answers[0].strerror)
    """
    (line,) = run(program)
    assert line.startswith("FINALIZER_CANNOT_WAIT a finalizer")


def test_a_finalizer_on_a_program_thread_can_receive() -> None:
    program = """
        import gc, socket

        class Asking:
            def __del__(self):
                answers.append(self.sock.recv(1))
                self.sock.close()

        answers = []
        asking = Asking()
        asking.itself = asking
        asking.sock, peer = socket.socketpair()
        peer.send(b"x")
        del asking
        gc.collect()
        assert answers == [b"x"]
        print("done")
    """
    assert run(program) == ["done"]


def test_a_broker_may_be_closed_by_a_finalizer_on_a_starting_thread() -> None:
    # Starting a thread waits for it: here on the thread that would have to close the channels.
    program = """
        import gc, sockbroker, threading

        class Owner:
            def __init__(self):
                self.itself = self
                self.broker = sockbroker.connect()

            def __del__(self):
                self.broker.close()
                closed.append(threading.current_thread().name)

        def set_ident(self):
            real(self)
            gc.collect()

        closed = []
        gc.disable()
        Owner()
        real, threading.Thread._set_ident = threading.Thread._set_ident, set_ident
        sockbroker.connect().close()
        assert closed and closed != [threading.main_thread().name]
        print("done")
    """
    assert run(program, brokered=False) == ["done"]


def test_a_broker_may_be_closed_by_a_finalizer_on_any_thread() -> None:
    program = """
        import gc, sockbroker
        import sockbroker.socket as socket

        class Owner:
            def __init__(self):
                self.itself = self
                self.broker = sockbroker.connect()
                self.sockets = self.broker.socketpair()

            def __del__(self):
                self.broker.close()

        one, two = socket.socketpair()
        gc.set_threshold(1)
        for _ in range(20):
            Owner()
            one.send(b"x")
            assert two.recv(1) == b"x"
        print("done")
    """
    assert run(program, brokered=False) == ["done"]


def test_aio_sockets_and_writers_may_be_collected_on_any_thread() -> None:
    program = """
        import asyncio, gc
        import sockbroker.aio
        import sockbroker.socket as socket

        class Holder:
            pass

        async def main():
            one, two = socket.socketpair()
            async with sockbroker.aio.connect() as broker:
                async with await broker.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
                    gc.set_threshold(1)
                    for _ in range(20):
                        holder = Holder()
                        holder.itself = holder
                        holder.sockets = await broker.socketpair()
                        holder.streams = await broker.open_connection(*server.sockname)
                        del holder
                        one.send(b"x")
                        assert two.recv(1) == b"x"
                    gc.set_threshold(700)
            one.close(), two.close()

        asyncio.run(main())
        print("done")
    """
    assert run(program, brokered=False) == ["done"]


@pytest.mark.parametrize("work", ["send and receive", "poll", "open and close", "look up", "send much"])
def test_a_signal_handler_may_use_sockets_whatever_it_interrupts(work: str) -> None:
    program = """
        import select, signal, socket, sys, threading

        one, two = socket.socketpair()
        three, four = socket.socketpair()
        handled = 0

        def handle(number, frame):
            global handled
            handled += 1
            one.send(b"x")
            assert two.recv(1) == b"x"
            assert select.select([], [one], [], 0)[1] == [one]
            if handled % 10 == 0:
                assert socket.getaddrinfo("127.0.0.1", 80)
                for sock in socket.socketpair():
                    sock.close()
            if handled < 100:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)

        def send_and_receive():
            three.send(b"y")
            assert four.recv(1) == b"y"

        def poll():
            poller = select.epoll()
            poller.register(three, select.EPOLLIN)
            assert poller.poll(0) == []
            poller.close()

        def open_and_close():
            for sock in socket.socketpair():
                sock.close()

        def look_up():
            assert socket.getaddrinfo("localhost", 80)

        def send_much():
            server = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()

            def drain():
                while accepted.recv(1 << 20):
                    pass
            thread = threading.Thread(target=drain)
            thread.start()
            client.sendall(bytes(4 << 20))
            client.close()
            thread.join()
            accepted.close()
            server.close()

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        while handled < 100:
            vars()[sys.argv[1]]()
        print("done")
    """
    assert run(program, arguments=[work.replace(" ", "_")]) == ["done"]


def test_a_started_session_imports_no_more_modules() -> None:
    # A signal handler during an import finds a partly initialised module.
    program = """
        import select, selectors, socket, ssl, sys

        socket.socket().close()  # The session begins, and gRPC is imported.
        before = set(sys.modules)
        server = socket.create_server(("localhost", 0))
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
        try:
            client.connect(("127.0.0.1", 1))
        except OSError:
            pass
        poller = select.epoll()
        poller.register(accepted, select.EPOLLIN)
        assert poller.poll(0) == []
        assert select.select([], [client], [], 0)[1] == [client]
        assert socket.getaddrinfo("localhost", 80) and socket.gethostbyname("localhost")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", ("localhost", 9))
        for sock in (client, accepted, server, *socket.socketpair()):
            sock.close()
        print(*sorted(set(sys.modules) - before))
    """
    assert run(program) == [""]
