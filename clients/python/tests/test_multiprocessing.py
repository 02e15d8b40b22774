"""`multiprocessing` in unchanged programs: managers with a brokered address, and processes of all start methods."""

from __future__ import annotations

import pytest

from programs import Program, run

METHODS = ["fork", "spawn", "forkserver"]

MANAGER = """
    import hashlib, multiprocessing, os, socket, sys
    from multiprocessing.managers import BaseManager

    class Store:
        def __init__(self):
            self.kept = {}
        def keep(self, name, data):
            self.kept[name] = data
            return hashlib.sha256(data).hexdigest()
        def get(self, name):
            return self.kept[name]
        def names(self):
            return sorted(self.kept)
        def is_brokered(self):
            with socket.socket() as one:
                return one.fileno() >= 2**30

    class Manager(BaseManager):
        pass

    kept = Store()
    def store():
        return kept
    Manager.register("store", store)

    def keep(address, name):
        manager = Manager(address=address, authkey=b"key")
        manager.connect()
        data = os.urandom(2_000_000)
        assert manager.store().keep(name, data) == hashlib.sha256(data).hexdigest()
        assert manager.store().get(name) == data
"""

ONE_PROGRAM = (
    MANAGER
    + """
    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        address = sys.argv[2] if len(sys.argv) > 2 else ("127.0.0.1", 0)
        with Manager(address=address, authkey=b"key", ctx=context) as manager:
            print(manager.store().is_brokered())
            processes = [context.Process(target=keep, args=(manager.address, name)) for name in "abc"]
            for process in processes:
                process.start()
            print([process.join() or process.exitcode for process in processes])
            keep(manager.address, "d")
            print(manager.store().names())
    """
)


@pytest.mark.parametrize("family", ["inet", "unix"])
@pytest.mark.parametrize("method", METHODS)
def test_a_manager_and_processes_of_one_program(tmp_path, method, family):
    address = [tmp_path / "manager"] if family == "unix" else []
    assert run(ONE_PROGRAM, arguments=[method, *address]) == ["True", "[0, 0, 0]", "['a', 'b', 'c', 'd']"]


SERVER = (
    MANAGER
    + """
    if __name__ == "__main__":
        address = sys.argv[1] if len(sys.argv) > 1 else ("127.0.0.1", 0)
        server = Manager(address=address, authkey=b"key").get_server()
        print("serves", server.address, server.listener._listener._socket.fileno() >= 2**30, flush=True)
        server.serve_forever()
    """
)

CLIENT = (
    MANAGER
    + """
    if __name__ == "__main__":
        address = ("127.0.0.1", int(sys.argv[1])) if sys.argv[1].isdigit() else sys.argv[1]
        for name in sys.argv[2:]:
            keep(address, name)
        try:
            Manager(address=address, authkey=b"another").connect()
        except multiprocessing.AuthenticationError:
            print("wrong key")
        manager = Manager(address=address, authkey=b"key")
        manager.connect()
        try:
            manager.store().get("nothing")
        except KeyError as error:
            print(error)
        print(manager.store().names())
    """
)


@pytest.mark.parametrize("family", ["inet", "unix"])
def test_a_manager_and_clients_of_other_programs(tmp_path, family):
    with Program(SERVER, arguments=[tmp_path / "manager"] if family == "unix" else []) as server:
        address, brokered = server.says(r"^serves (.*) (\w+)$").groups()
        assert brokered == "True"
        where = address.rsplit(", ", 1)[-1].strip(")")
        assert run(CLIENT, arguments=[where, "a", "b"]) == ["wrong key", "'nothing'", "['a', 'b']"]
        # A program with local sockets can connect to it.
        assert run(CLIENT, brokered=False, arguments=[where, "c"]) == ["wrong key", "'nothing'", "['a', 'b', 'c']"]


@pytest.mark.parametrize("method", METHODS)
def test_processes_of_all_start_methods(method):
    script = """
        import concurrent.futures, multiprocessing, os, socket, sys, threading
        from multiprocessing.connection import Client, Listener

        def child(connection):
            connection.send_bytes(connection.recv_bytes()[::-1])
            other = connection.recv().get()
            other.send("by a connection that came through a queue")
            other.close()

        def brokered(_):
            with socket.socket() as one:
                return one.fileno() >= 2**30

        def send(address, data):
            with Client(address, authkey=b"key") as client:
                client.send_bytes(data)

        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            one, two = context.Pipe()
            data = os.urandom(1_000_000)
            with context.Manager() as manager:
                queue = manager.Queue()
                process = context.Process(target=child, args=(two,))
                process.start()
                one.send_bytes(data)
                print(one.recv_bytes() == data[::-1])
                three, four = context.Pipe()
                queue.put(four)
                one.send(queue)
                print(three.recv(), process.join() or process.exitcode)
            with context.Pool(2) as pool:
                print(pool.map(brokered, range(4)))
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
                print(list(executor.map(brokered, range(4))))
            with Listener(("127.0.0.1", 0), authkey=b"key") as listener:
                sender = context.Process(target=send, args=(listener.address, data * 20))
                sender.start()
                with listener.accept() as accepted:
                    print(brokered(0), accepted.fileno() >= 2**30, accepted.recv_bytes() == data * 20)
                sender.join()
    """
    four = "[True, True, True, True]"
    assert run(script, arguments=[method]) == [
        "True", "by a connection that came through a queue 0", four, four, "True True True",
    ]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_processes_have_the_same_families(method):
    script = """
        import multiprocessing, socket, sys
        def report():
            with socket.socket() as inet, socket.socket(socket.AF_UNIX) as unix:
                print(inet.fileno() >= 2**30, unix.fileno() < 2**30, flush=True)
        if __name__ == "__main__":
            process = multiprocessing.get_context(sys.argv[1]).Process(target=report)
            process.start()
            process.join()
    """
    assert run(script, "--families", "inet,inet6", arguments=[method]) == ["True True"]
