"""`socketserver` in all its forms, served and used by unchanged programs."""

from __future__ import annotations

import pytest

from programs import Program, run

# Each returns its input reversed, and reports the thread or process that served it.
SERVER = """
    import os, socketserver, sys, threading

    form, address = sys.argv[1], ("127.0.0.1", 0) if len(sys.argv) == 2 else sys.argv[2]

    class StreamHandler(socketserver.StreamRequestHandler):
        def handle(self):
            while line := self.rfile.readline():
                self.wfile.write(line[:-1][::-1] + b" %d %d\\n" % (os.getpid(), threading.get_ident()))

    class DatagramHandler(socketserver.DatagramRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.read()[::-1] + b" %d %d" % (os.getpid(), threading.get_ident()))

    kind = DatagramHandler if "UDP" in form or "Datagram" in form else StreamHandler
    # The Unix forms that fork are there since 3.12; they are made of what was there before.
    base = getattr(socketserver, form.replace("Threading", "").replace("Forking", ""))
    mixin = socketserver.ForkingMixIn if "Forking" in form else socketserver.ThreadingMixIn
    Server = getattr(socketserver, form, None) or type(form, (mixin, base), {})
    with Server(address, kind) as server:
        print("serves", os.getpid(), threading.get_ident(), server.fileno() >= 2**30, server.server_address, flush=True)
        server.serve_forever()
"""

# Both ends of a unix datagram need a name.
CLIENT = """
    import os, socket, sys

    address = ("127.0.0.1", int(sys.argv[2])) if sys.argv[2].isdigit() else sys.argv[2]
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    answered = set()
    for turn in range(4):
        if "UDP" in sys.argv[1] or "Datagram" in sys.argv[1]:
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.bind(f"{address}-{turn}" if family == socket.AF_UNIX else ("127.0.0.1", 0))
                data = os.urandom(1000)
                client.sendto(data, address)
                answer = client.recv(65536)
                assert answer.startswith(data[::-1] + b" ")
                answered.add(answer[1000:])
        else:
            with socket.socket(family) as client:
                client.connect(address)
                with client.makefile("rwb") as file:
                    for length in (1, 10_000, 500_000):
                        data = os.urandom(length).replace(b"\\n", b"-")
                        file.write(data + b"\\n")
                        file.flush()
                        answer = file.readline()
                        assert answer.startswith(data[::-1] + b" "), length
                    answered.add(answer[length:].strip())
    for who in answered:
        print(*who.decode().split())
"""

FORMS = [
    f"{mixin}{base}"
    for mixin in ("Threading", "Forking")
    for base in ("TCPServer", "UDPServer", "UnixStreamServer", "UnixDatagramServer")
]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_answers_each_request(tmp_path, form):
    paths = [tmp_path / "server"] if "Unix" in form else []
    with Program(SERVER, arguments=[form, *paths]) as server:
        pid, thread, brokered, address = server.says(r"^serves (\d+) (\d+) (\w+) (.*)$").groups()
        assert brokered == "True"
        port = address.rsplit(",", 1)[-1].strip(" )")
        answered = [line.split() for line in run(CLIENT, arguments=[form, *(paths or [port])])]
    assert answered
    if "Forking" in form:
        assert len(answered) == 4 and pid not in {who for who, _ in answered}
    else:
        assert {who for who, _ in answered} == {pid} and thread not in {who for _, who in answered}


@pytest.mark.parametrize("form", ["ThreadingTCPServer", "ForkingTCPServer"])
def test_server_and_clients_in_one_process(form):
    script = f"""
        import socket, socketserver, threading
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline().upper())
        with socketserver.{form}(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for _ in range(3):
                with socket.create_connection(server.server_address) as client:
                    client.sendall(b"hello\\n")
                    print(client.makefile().readline().strip())
            server.shutdown()
    """
    assert run(script) == ["HELLO"] * 3
