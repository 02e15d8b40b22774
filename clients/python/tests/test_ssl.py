"""TLS on brokered sockets. Most tests do the same with the interpreter's own sockets, and compare the results."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import re
import select
import selectors
import socket as own_sockets
import ssl
import struct
import subprocess
import sys
import threading
import weakref

import pytest

import sockbroker.socket as brokered_sockets

from certificates import Certificates
from operator_view import OperatorView
from programs import Program, run

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


def both(scenario, *arguments):
    """Runs a scenario with local sockets and with brokered ones. Returns the results of both."""
    own, brokered = scenario(own_sockets, *arguments), scenario(brokered_sockets, *arguments)
    assert brokered == own
    return brokered


def connected(socket):
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client, server.accept()[0]


class Beside:
    """A function that runs on its own thread; `result` waits for it, and raises its exception."""

    def __init__(self, action, *arguments):
        self._outcome = []

        def act():
            try:
                self._outcome.append((action(*arguments), None))
            except BaseException as error:
                self._outcome.append((None, error))

        self._thread = threading.Thread(target=act, daemon=True)
        self._thread.start()

    def result(self):
        self._thread.join(WAIT_SECONDS)
        assert self._outcome, "it did not end"
        value, error = self._outcome[0]
        if error is not None:
            raise error
        return value


def secured(socket, certificates, server_context=None, client_context=None, **client):
    """Both ends of a TLS connection."""
    plain, accepted = connected(socket)
    server_context = server_context or certificates.server_context()
    client_context = client_context or certificates.client_context()
    server = Beside(lambda: server_context.wrap_socket(accepted, server_side=True))
    one = client_context.wrap_socket(plain, server_hostname="localhost", **client)
    return one, server.result()


def said(error):
    """Returns an exception's class and text, without the position in OpenSSL's source."""
    return type(error).__mro__[0].__name__, re.sub(r" ?\(?_ssl\.c:\d+\)?:? ?", "", str(error))


def outcome(action, *arguments):
    try:
        return action(*arguments)
    except (OSError, ValueError, NotImplementedError) as error:
        return said(error)


def received(end, size=65536):
    pieces = []
    while piece := end.recv(size):
        pieces.append(piece)
    return b"".join(pieces)


FIRST_SOCKETS = """
import ssl, sys, threading
import sockbroker.socket as socket

sys.setswitchinterval(1e-6)
context = ssl.create_default_context()
start = threading.Barrier(8)
classes = []

def wrap(end):
    start.wait()
    wrapped = context.wrap_socket(end, server_hostname="localhost", do_handshake_on_connect=False)
    classes.append(type(wrapped))

threads = [threading.Thread(target=wrap, args=(end,)) for _ in range(4) for end in socket.socketpair()]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(classes), len(set(classes)))
"""


def test_threads_that_wrap_the_first_sockets_at_the_same_time_get_the_same_class():
    result = subprocess.run([sys.executable, "-c", FIRST_SOCKETS], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("8 1\n", "")


# Handshakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_negotiated_parameters_of_a_handshake(certificates, version):
    def scenario(socket):
        names = []
        server_context = certificates.server_context(version=version, set_alpn_protocols=["h2", "http/1.1"])
        server_context.sni_callback = lambda end, name, context: names.append((type(end) is not None, name))
        client_context = certificates.client_context(set_alpn_protocols=["http/1.1"])
        client, server = secured(socket, certificates, server_context, client_context)
        with client, server:
            facts = [
                (
                    isinstance(end, ssl.SSLSocket), end.version(), end.cipher(), end.selected_alpn_protocol(),
                    end.getpeercert(), end.compression(), end.server_side, end.server_hostname, end.session_reused,
                    end.pending(), end.gettimeout(), end.type, end.family, end.proto,
                )
                for end in (client, server)
            ]  # fmt: skip
            bindings = outcome(client.get_channel_binding), outcome(server.get_channel_binding)
            facts.append(bindings[0] == bindings[1])
            facts.append([client.getpeername() == server.getsockname(), client.getsockname() == server.getpeername()])
            facts.append(hashlib.sha256(client.getpeercert(True)).hexdigest())
            client.sendall(b"question")
            facts.append(server.recv(100))
            server.sendall(b"answer")
            facts.append(client.recv(100))
            facts.append(names)
            facts.append(re.sub(r"\d+", "N", repr(client)))
        return facts

    facts = both(scenario)
    assert facts[0][1] == version.name.replace("_", ".")
    assert facts[0][3] == "http/1.1" and facts[0][4]["subject"] == ((("commonName", "server"),),)
    assert facts[-2] == [(True, "localhost")]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_client_must_present_its_certificate(certificates, version):
    def scenario(socket, certificate):
        server_context = certificates.server_context(version=version, verify_mode=ssl.CERT_REQUIRED)
        server_context.load_verify_locations(certificates.authority)
        client_context = certificates.client_context()
        if certificate is not None:
            client_context.load_cert_chain(certificate)
        plain, accepted = connected(socket)
        server = Beside(lambda: server_context.wrap_socket(accepted, server_side=True))

        def talk():
            with client_context.wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(b"hello")
                return received(client)

        client = Beside(outcome, talk)

        def answer():
            with server.result() as end:
                end.sendall(end.recv(100))
                return end.getpeercert()["subject"]

        answered, heard = outcome(answer), client.result()
        # In TLS 1.3 a client has finished before it is refused: when it is notified depends on timing.
        return answered, heard if certificate is not None else isinstance(heard, tuple)

    assert both(scenario, certificates.client) == (((("commonName", "client"),),), b"hello")
    refused, told = both(scenario, None)
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in refused[1] and told


def test_handshakes_that_fail(certificates):
    def scenario(socket, server_file, name):
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.load_cert_chain(server_file)
        plain, accepted = connected(socket)
        server = Beside(outcome, lambda: server_context.wrap_socket(accepted, server_side=True))
        return outcome(lambda: certificates.client_context().wrap_socket(plain, server_hostname=name)), server.result()

    stranger = both(scenario, certificates.stranger, "localhost")
    assert stranger[0][0] == "SSLCertVerificationError" and stranger[1][0] == "SSLError"
    assert "Hostname mismatch" in both(scenario, certificates.server, "elsewhere.example")[0][1]


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.0\r\n\r\n", b"", b"\x16\x03\x01", b"\x80\x05\x01abc"])
def test_a_client_without_tls(certificates, nonsense):
    def scenario(socket):
        plain, accepted = connected(socket)
        with plain:
            plain.sendall(nonsense)
            plain.shutdown(socket.SHUT_WR)
            return outcome(lambda: certificates.server_context().wrap_socket(accepted, server_side=True))

    assert issubclass(getattr(ssl, both(scenario)[0]), ssl.SSLError)


def test_an_explicit_handshake(certificates):
    def scenario(socket):
        plain, accepted = connected(socket)
        client = certificates.client_context().wrap_socket(
            plain, server_hostname="localhost", do_handshake_on_connect=False
        )
        server = certificates.server_context().wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with client, server:
            before = client.version(), client.cipher(), outcome(client.getpeercert)
            beside = Beside(server.do_handshake)
            client.do_handshake()
            beside.result()
            client.sendall(b"hello")
            return before, server.recv(10), client.version()

    assert both(scenario)[0] == (None, None, ("ValueError", "handshake not done yet"))


def test_a_socket_that_is_connected_after_it_was_wrapped(certificates):
    def scenario(socket):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with certificates.server_context().wrap_socket(listener, server_side=True) as secure_listener:
                server = Beside(lambda: secure_listener.accept()[0])
                client = certificates.client_context().wrap_socket(socket.socket(), server_hostname="localhost")
                before = outcome(client.getpeername), outcome(client.do_handshake), outcome(client.read)
                client.connect(secure_listener.getsockname())
                with client, server.result() as accepted:
                    again = outcome(client.connect, ("127.0.0.1", 1))
                    accepted.sendall(b"hello")
                    return before, again, client.recv(10), type(accepted).__name__, client.version()

    assert both(scenario)[2] == b"hello"


def test_a_session_is_resumed(certificates):
    def scenario(socket):
        server_context = certificates.server_context(version=ssl.TLSVersion.TLSv1_2)
        client_context = certificates.client_context()
        client, server = secured(socket, certificates, server_context, client_context)
        with client, server:
            session = client.session
        client, server = secured(socket, certificates, server_context, client_context, session=session)
        with client, server:
            return client.session_reused, server.session_reused

    assert both(scenario) == (True, True)


def test_operations_that_a_tls_socket_refuses(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server:
            return [
                outcome(action)
                for action in (
                    client.dup,
                    lambda: client.recv(1, socket.MSG_PEEK),
                    lambda: client.send(b"x", socket.MSG_DONTWAIT),
                    lambda: client.sendto(b"x", ("127.0.0.1", 1)),
                    lambda: client.recvfrom(1),
                    lambda: client.sendmsg([b"x"]),
                    lambda: client.recvmsg(1),
                    lambda: certificates.server_context().wrap_socket(socket.socket(type=socket.SOCK_DGRAM)),
                    lambda: certificates.client_context().wrap_socket(socket.socket()),
                )
            ]

    assert both(scenario)[0][0] == "NotImplementedError"


def test_a_subclass_of_the_program(certificates):
    script = f"""
        import socket, ssl, threading
        class Mine(ssl.SSLSocket):
            def recv(self, *arguments):
                return super().recv(*arguments).upper()
        context = ssl.create_default_context(cafile={certificates.authority!r})
        context.sslsocket_class = Mine
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain({certificates.server!r})
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                with serving.wrap_socket(server.accept()[0], server_side=True) as accepted:
                    accepted.sendall(b"hello")
            thread = threading.Thread(target=serve)
            thread.start()
            with context.wrap_socket(socket.create_connection(server.getsockname()), server_hostname="localhost") as end:
                print(type(end).__name__, end.recv(10))
            thread.join()
    """
    assert run(script) == run(script, brokered=False) == ["Mine b'HELLO'"]
    context = certificates.client_context()
    context.sslsocket_class = type("Mine", (ssl.SSLSocket,), {})
    with brokered_sockets.socket() as end, pytest.raises(TypeError, match="interpreter's own socket"):
        context.wrap_socket(end, server_hostname="localhost")


# Data -------------------------------------------------------------------------------------------------------------------


class Turns:
    """Runs the steps of two non-blocking ends on one thread, each when a selector reports that it can continue."""

    def __init__(self, selector):
        self._selector = selector
        self.wants = set()

    def drive(self, *steps):
        """Each is a socket and a generator function, which yields whenever the socket would block."""
        with self._selector as selector:
            running = {}
            for end, step in steps:
                running[end] = step()
                self._go_on(selector, running, end)
            while running:
                ready = selector.select(WAIT_SECONDS)
                assert ready, "nothing is ready"
                for key, _ in ready:
                    self._go_on(selector, running, key.fileobj)

    def _go_on(self, selector, running, end):
        with contextlib.suppress(KeyError):
            selector.unregister(end)
        try:
            event = next(running[end])
        except StopIteration:
            del running[end]
        else:
            selector.register(end, event)

    def patiently(self, action, *arguments):
        while True:
            try:
                return action(*arguments)
            except ssl.SSLWantReadError:
                self.wants.add("read")
                yield selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                self.wants.add("write")
                yield selectors.EVENT_WRITE


@pytest.mark.parametrize("selector", ["SelectSelector", "PollSelector", "EpollSelector"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_without_blocking(certificates, selector, version):
    data = os.urandom(6 << 20)

    def scenario(socket):
        plain, accepted = connected(socket)
        for end in (plain, accepted):
            end.setblocking(False)
        client = certificates.client_context().wrap_socket(
            plain, server_hostname="localhost", do_handshake_on_connect=False
        )
        server = certificates.server_context(version=version).wrap_socket(
            accepted, server_side=True, do_handshake_on_connect=False
        )
        turns = Turns(getattr(selectors, selector)())
        arrived = []

        def send():
            yield from turns.patiently(client.do_handshake)
            sent = 0
            while sent < len(data):
                sent += yield from turns.patiently(client.send, data[sent : sent + (1 << 20)])
            client.setblocking(True)
            client.shutdown(socket.SHUT_WR)

        def receive():
            yield from turns.patiently(server.do_handshake)
            while piece := (yield from turns.patiently(server.recv, 65536)):
                arrived.append(piece)

        with client, server:
            turns.drive((client, send), (server, receive))
        return hashlib.sha256(b"".join(arrived)).hexdigest(), sorted(turns.wants)

    assert both(scenario) == (hashlib.sha256(data).hexdigest(), ["read", "write"])


def test_an_incomplete_write_is_repeated_with_the_same_data(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server:
            client.setblocking(False)
            data = bytes(range(256)) * (1 << 16)
            first = outcome(client.send, data)
            reader = Beside(received, server)
            sent = 0
            while not sent:
                select.select([], [client], [], WAIT_SECONDS)
                with contextlib.suppress(ssl.SSLWantWriteError):
                    sent = client.send(data)
            client.setblocking(True)
            client.sendall(b"end")
            client.shutdown(socket.SHUT_WR)
            return first[0], sent, reader.result() == data + b"end"

    assert both(scenario) == ("SSLWantWriteError", 256 << 16, True)

    def less(socket):
        client, server = secured(socket, certificates)
        with client, server:
            client.setblocking(False)
            return outcome(client.send, bytes(1 << 24))[0], outcome(client.send, b"x")[0]

    assert both(less) == ("SSLWantWriteError", "SSLError")


def test_timeouts(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server:
            client.settimeout(0.05)
            results = [outcome(client.recv, 1), outcome(client.unwrap)]
        client, server = secured(socket, certificates)
        with client, server:
            client.settimeout(0.05)
            results.append(outcome(client.sendall, bytes(1 << 24)))
        plain, silent = connected(socket)
        with plain, silent:
            plain.settimeout(0.05)
            results.append(outcome(lambda: certificates.client_context().wrap_socket(plain, server_hostname="localhost")))
        return results

    names = {name for name, _ in both(scenario)}
    assert names == {own_sockets.timeout.__name__}


def test_the_timeout_of_an_operation_covers_all_its_receives(certificates):
    plain, accepted = connected(brokered_sockets)
    client = certificates.client_context()
    accepted.settimeout(1)
    server = Beside(outcome, lambda: certificates.server_context().wrap_socket(accepted, server_side=True))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        client.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    hello = outgoing.read()
    # A byte each tenth of a second: no single receive takes as long as the timeout, but the whole hello takes far
    # longer.
    ended = threading.Event()

    def trickle():
        for byte in hello:
            plain.send(bytes([byte]))
            if ended.wait(0.1):
                return True
        return False

    with plain:
        trickling = Beside(trickle)
        assert server.result()[1] == "The handshake operation timed out"
        ended.set()
        assert trickling.result()


def test_data_after_a_record_is_readable(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        epoll, poll = select.epoll(), select.poll()
        with client, server, epoll:
            epoll.register(client, select.EPOLLIN)
            assert epoll.poll(0) in ([], [(client.fileno(), select.EPOLLIN)])
            for word in (b"one", b"two", b"three", b"four"):
                server.sendall(word)
            poll.register(client, select.POLLIN)
            words = []
            for wait in (
                lambda: select.select([client], [], [], WAIT_SECONDS)[0] == [client],
                lambda: poll.poll(WAIT_SECONDS * 1000) == [(client.fileno(), select.POLLIN)],
                lambda: epoll.poll(WAIT_SECONDS) == [(client.fileno(), select.EPOLLIN)],
                lambda: True,
            ):
                words.append((wait(), client.recv(100), client.pending()))
            return words, select.select([client], [], [], 0)[0]

    words, rest = both(scenario)
    assert [word for _, word, _ in words] == [b"one", b"two", b"three", b"four"] and rest == []
    assert all(ready and pending == 0 for ready, _, pending in words)


def test_the_remainder_of_a_record_is_pending(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server:
            server.sendall(b"0123456789")
            first = client.recv(4)
            rest = client.pending()
            buffer = bytearray(10)
            return first, rest, client.recv_into(buffer, 3), bytes(buffer[:3]), client.read(100), client.pending()

    assert both(scenario) == (b"0123", 6, 3, b"456", b"789", 0)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_connection_continues_after_the_end_of_tls(certificates, version):
    def scenario(socket):
        client, server = secured(socket, certificates, certificates.server_context(version=version))

        def serve():
            server.sendall(b"secret")
            plain = server.unwrap()
            # It may arrive together with the end of TLS.
            plain.sendall(b"open")
            return plain, plain.recv(100)

        serving = Beside(serve)
        first = client.recv(100)
        plain = client.unwrap()
        closed = outcome(client.read), outcome(client.unwrap), client.version()
        plain.sendall(b"reply")
        result = first, plain is client, plain.recv(4), closed[0], closed[2], serving.result()[1]
        plain.close()
        serving.result()[0].close()
        return result

    assert both(scenario)[:3] == (b"secret", True, b"open")


def test_connections_that_end_without_close_notify(certificates):
    def scenario(socket, suppress, reset):
        plain, accepted = connected(socket)
        server = Beside(lambda: certificates.server_context().wrap_socket(accepted, server_side=True))
        client = certificates.client_context().wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=suppress
        )
        with client:
            end = server.result()
            end.sendall(b"last")
            first = client.recv(10)
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
            return first, outcome(client.recv, 10)

    assert both(scenario, True, False) == (b"last", b"")
    ended = both(scenario, False, False)[1]
    assert ended == b"" or ended[0] == "SSLEOFError"  # Depends on the version of the interpreter.
    # Some versions of the interpreter treat this as an end, and suppress it.
    reset = scenario(brokered_sockets, True, True)
    assert reset == (b"last", ("ConnectionResetError", "[Errno 104] Connection reset by peer"))


def test_files(certificates):
    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server, client.makefile("rwb") as near, server.makefile("rw", encoding="utf-8", newline="\n") as far:
            near.write("grüße\n".encode() * 1000)
            near.flush()
            lines = {far.readline() for _ in range(1000)}
            far.write("zurück\n")
            far.flush()
            client.close()  # The file still has it open.
            return lines, near.readline()

    assert both(scenario) == ({"grüße\n"}, "zurück\n".encode())


def test_sendfile(certificates, tmp_path):
    data = os.urandom(3_000_000)
    (tmp_path / "data").write_bytes(data)

    def scenario(socket):
        client, server = secured(socket, certificates)
        with client, server, open(tmp_path / "data", "rb") as file:
            reader = Beside(received, server)
            sent = client.sendfile(file, 10)
            client.shutdown(socket.SHUT_WR)
            return sent, hashlib.sha256(reader.result()).hexdigest()

    assert both(scenario) == (len(data) - 10, hashlib.sha256(data[10:]).hexdigest())


def test_both_directions_at_once(certificates):
    size, piece = 48 << 20, os.urandom(1 << 20)

    def send(end):
        for _ in range(size // len(piece)):
            end.sendall(piece)

    def receive(end):
        digest, left, buffer = hashlib.sha256(), size, bytearray(65536)
        while left:
            got = end.recv_into(buffer, min(left, len(buffer)))
            assert got, "the data ended"
            digest.update(buffer[:got])
            left -= got
        return digest.hexdigest()

    client, server = secured(brokered_sockets, certificates)
    with client, server:
        senders = [Beside(send, end) for end in (client, server)]
        receivers = [Beside(receive, end) for end in (client, server)]
        expected = hashlib.sha256(piece * (size // len(piece))).hexdigest()
        assert [receiver.result() for receiver in receivers] == [expected, expected]
        for sender in senders:
            sender.result()


def test_a_forked_child_continues_with_data_that_its_parent_read_ahead(certificates):
    client, server = secured(brokered_sockets, certificates)
    with client, server:
        for word in (b"one", b"two", b"three"):
            client.sendall(word)
        # All three have arrived before the first is received.
        client.sendall(b"four")
        assert server.recv(10) == b"one"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                answer = b" ".join(server.recv(10) for _ in range(3))
                server.sendall(answer)
                status = 0
            finally:
                os._exit(status)
        assert client.recv(100) == b"two three four"
        assert os.waitpid(child, 0)[1] == 0


def test_nothing_is_left_behind(certificates, own_daemon):
    import sockbroker

    view = OperatorView(own_daemon)
    with sockbroker.connect(own_daemon.endpoint) as broker:

        class Sockets:
            create_server, create_connection = broker.create_server, broker.create_connection

        def play():
            client, server = secured(Sockets, certificates)
            with client, server:
                client.sendall(b"hello")
                server.recv(10)
            plain, accepted = connected(Sockets)
            with plain:
                plain.sendall(b"nonsense")
                with pytest.raises(ssl.SSLError):
                    certificates.server_context().wrap_socket(accepted, server_side=True)

        play()
        before = view.statistics().handles, len(os.listdir("/proc/self/fd")), threading.active_count()
        for _ in range(20):
            play()
        assert (view.statistics().handles, len(os.listdir("/proc/self/fd")), threading.active_count()) == before
    view.close()


def test_an_error_during_wrapping_leaves_no_cycle(certificates):
    def scenario(socket):
        # It is not connected, which wrap_socket detects by an error that it handles.
        end = certificates.client_context().wrap_socket(socket.socket(), server_hostname="localhost")
        end.close()
        return weakref.ref(end)

    gc.disable()
    try:
        assert scenario(own_sockets)() is None and scenario(brokered_sockets)() is None
    finally:
        gc.enable()


# Programs ---------------------------------------------------------------------------------------------------------------

HTTPS_SERVER = """
    import hashlib, http.server, ssl, sys
    data = hashlib.sha256(b"seed").digest() * 100_000
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            self.answer(data)
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(hashlib.sha256(body).hexdigest().encode())
        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if len(sys.argv) > 1:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print("port", server.server_address[1], server.socket.fileno() >= 2**30, flush=True)
        server.serve_forever()
"""

HTTPS_CLIENTS = """
    import hashlib, http.client, os, ssl, sys, urllib.error, urllib.request
    port, authority = int(sys.argv[1]), sys.argv[2]
    data, sent = hashlib.sha256(b"seed").digest() * 100_000, os.urandom(2_000_000)
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection("localhost", port, context=context)
    for _ in range(2):
        connection.request("GET", "/")
        print(connection.getresponse().read() == data)
    connection.request("POST", "/", sent)
    print(connection.getresponse().read().decode() == hashlib.sha256(sent).hexdigest())
    print(connection.sock.getpeercert()["subject"], connection.sock.fileno() >= 2**30)
    connection.close()
    with urllib.request.urlopen("https://localhost:%d/" % port, context=context) as answer:
        print(answer.read() == data)
    try:
        urllib.request.urlopen("https://localhost:%d/" % port)
    except urllib.error.URLError as error:
        print(type(error.reason).__name__)
"""

REQUESTS = """
    import hashlib, os, sys
    import requests
    base, authority = sys.argv[1], sys.argv[2]
    data, sent = hashlib.sha256(b"seed").digest() * 100_000, os.urandom(2_000_000)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = authority
        for _ in range(3):
            print(session.get(base).content == data)
        print(session.post(base, data=sent).text == hashlib.sha256(sent).hexdigest())
        with session.get(base, stream=True) as answer:
            digest = hashlib.sha256()
            for piece in answer.iter_content(10_000):
                digest.update(piece)
        print(digest.hexdigest() == hashlib.sha256(data).hexdigest())
    if base.startswith("https"):
        try:
            requests.get(base)
        except requests.exceptions.SSLError as error:
            print("CERTIFICATE_VERIFY_FAILED" in str(error))
"""


def test_an_https_server_and_clients_that_verify_it(certificates):
    with Program(HTTPS_SERVER, arguments=[certificates.server]) as server:
        port, brokered = server.says(r"^port (\d+) (\w+)$").groups()
        assert brokered == "True"
        assert run(HTTPS_CLIENTS, arguments=[port, certificates.authority]) == [
            "True", "True", "True", "((('commonName', 'server'),),) True", "True", "SSLCertVerificationError",
        ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests(certificates, scheme):
    pytest.importorskip("requests", reason="requests is not installed: test/python/requirements.txt has it")
    with Program(HTTPS_SERVER, arguments=[certificates.server] if scheme == "https" else []) as server:
        port = server.says(r"^port (\d+) True$").group(1)
        lines = run(REQUESTS, arguments=[f"{scheme}://localhost:{port}/", certificates.authority])
        assert lines == ["True"] * (6 if scheme == "https" else 5)


def test_asyncio(certificates):
    script = """
        import asyncio, hashlib, os, ssl, sys
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(sys.argv[1])
        asking = ssl.create_default_context(cafile=sys.argv[2])

        async def echo(reader, writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def talk(port, size):
            reader, writer = await asyncio.open_connection("localhost", port, ssl=asking)
            data = os.urandom(size)
            writing = asyncio.ensure_future(write(writer, data))
            answer = await reader.readexactly(size)
            await writing
            certificate = writer.get_extra_info("peercert")["subject"]
            brokered = writer.get_extra_info("socket").fileno() >= 2**30
            writer.close()
            return answer == data and certificate == ((("commonName", "server"),),) and brokered

        async def write(writer, data):
            writer.write(data)
            await writer.drain()

        async def main():
            server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=serving)
            port = server.sockets[0].getsockname()[1]
            print(all(await asyncio.gather(*(talk(port, 10_000) for _ in range(50)))))
            print(await talk(port, 5_000_000))
            try:
                await asyncio.open_connection("localhost", port, ssl=True)
            except ssl.SSLCertVerificationError as error:
                print(error.reason)
            server.close()

        asyncio.run(main())
    """
    assert run(script, arguments=[certificates.server, certificates.authority]) == [
        "True", "True", "CERTIFICATE_VERIFY_FAILED",
    ]  # fmt: skip


FORKING_SERVER = """
    import socketserver, ssl, sys
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(sys.argv[1])
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline().upper())
    class Server(socketserver.ForkingTCPServer):
        def get_request(self):
            end, address = super().get_request()
            return serving.wrap_socket(end, server_side=True), address
    with Server(("127.0.0.1", 0), Handler) as server:
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
"""


def test_a_forking_server(certificates):
    with Program(FORKING_SERVER, arguments=[certificates.server]) as server:
        address = "127.0.0.1", int(server.says(r"^port (\d+)$").group(1))
        for _ in range(5):
            plain = own_sockets.create_connection(address, WAIT_SECONDS)
            with certificates.client_context().wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(b"hello\n")
                with client.makefile("rb") as file:
                    assert file.read() == b"HELLO\n"
