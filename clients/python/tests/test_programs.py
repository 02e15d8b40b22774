"""Unchanged programs and parts of the standard library, with `python -m sockbroker run`."""

from __future__ import annotations

from programs import Program, run


def test_every_socket_is_brokered():
    script = """
        import socket, ssl, sys
        with socket.socket() as one:
            print(one.fileno() >= 2**30, socket.__name__, sys.argv[1:])
    """
    assert run(script) == ["True socket []"]


def test_families_that_are_not_selected_stay_local():
    script = """
        import os, socket
        with socket.socket() as inet:
            one, two = socket.socketpair()
            with one, two:
                one.sendall(b"x")
                print(inet.fileno() >= 2**30, one.fileno() < 2**30, two.recv(1))
    """
    assert run(script, "--families", "inet") == ["True True b'x'"]


def test_http_server_and_client():
    script = """
        import hashlib, http.client, http.server, os, threading, urllib.request
        data = os.urandom(3_000_000)
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            def log_message(self, *_): pass
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", "/")
            print(connection.getresponse().read() == data)
            with urllib.request.urlopen("http://127.0.0.1:%d/" % server.server_address[1]) as answer:
                print(answer.read() == data)
            connection.close()
            server.shutdown()
    """
    assert run(script) == ["True", "True"]


def test_the_pure_python_protobuf_works(monkeypatch):
    monkeypatch.setenv("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
    script = """
        import select, socket
        from google.protobuf.internal import api_implementation
        print(api_implementation.Type())
        one, two = socket.socketpair()
        with one, two:
            one.settimeout(20)
            two.sendall(b"hello")
            print(select.select([one], [], [], 20)[0] == [one], one.recvmsg(10))
            try:
                one.bind("/nowhere at all/path")
            except OSError as error:
                print(error)
    """
    answer = "True (b'hello', [], 0, None)"
    assert run(script) == ["python", answer, "[Errno 2] No such file or directory"]


def test_a_module_is_run_as_python_runs_it(tmp_path, monkeypatch):
    (tmp_path / "page").write_bytes(b"served " * 100_000)
    monkeypatch.chdir(tmp_path)
    with Program("-m http.server --bind 127.0.0.1 0") as server:
        port = server.says(r"Serving HTTP on 127\.0\.0\.1 port (\d+)").group(1)
        script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read() == b'served ' * 100_000)"
        assert run(script, arguments=[f"http://127.0.0.1:{port}/page"]) == ["True"]


def test_xmlrpc():
    script = """
        import hashlib, os, threading, xmlrpc.client, xmlrpc.server

        data = os.urandom(1_000_000)
        def digest(binary):
            return hashlib.sha256(binary.data).hexdigest()
        def fails():
            raise ValueError("as it was told to")
        with xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
            for function in (digest, fails):
                server.register_function(function)
            server.register_function(lambda: xmlrpc.client.Binary(data), "data")
            server.register_multicall_functions()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with xmlrpc.client.ServerProxy("http://%s:%d" % server.server_address) as proxy:
                print(proxy.digest(xmlrpc.client.Binary(data)) == hashlib.sha256(data).hexdigest())
                print(proxy.data().data == data)
                try:
                    proxy.fails()
                except xmlrpc.client.Fault as fault:
                    print(fault.faultString)
                calls = xmlrpc.client.MultiCall(proxy)
                for index in range(100):
                    calls.digest(xmlrpc.client.Binary(bytes([index])))
                print(list(calls()) == [hashlib.sha256(bytes([index])).hexdigest() for index in range(100)])
            server.shutdown()
    """
    assert run(script) == ["True", "True", "<class 'ValueError'>:as it was told to", "True"]


def test_green_threads_are_refused_with_a_reason():
    script = """
        import gevent.monkey
        gevent.monkey.patch_all()
        import socket, sockbroker
        look_up = lambda: socket.getaddrinfo("127.0.0.1", 1)
        for make in (socket.socket, socket.socketpair, sockbroker.connect, look_up):
            try:
                make()
            except RuntimeError as error:
                print(error)
    """
    said = run(script)
    assert len(said) == 4 and all("do not work with gevent.monkey.patch_all()" in line for line in said)
