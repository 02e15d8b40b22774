"""Functions of the interpreter that take a descriptor: with a brokered socket's, compared with a real one."""

from __future__ import annotations

import pytest

from programs import both, run


def test_signals_wake_an_asyncio_loop() -> None:
    program = """
        import asyncio, os, signal

        async def main():
            loop, handled = asyncio.get_running_loop(), asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
                handled.clear()
                loop.add_signal_handler(number, handled.set)
                os.kill(os.getpid(), number)
                await handled.wait()
                assert loop.remove_signal_handler(number)
            return "handled"

        print(asyncio.run(main()))
    """
    assert both(program) == ["handled"]


def test_an_event_loop_wakes_itself_without_the_daemon() -> None:
    program = """
        import asyncio, threading, socket
        loop = asyncio.new_event_loop()
        assert loop._ssock.fileno() < 1 << 30 and loop._csock.fileno() < 1 << 30
        threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,)).start()
        loop.run_forever()
        loop.close()
        one, two = socket.socketpair()
        print(one.fileno() >= 1 << 30)
    """
    assert run(program) == ["True"]


def test_an_asyncio_subprocess_has_pipes() -> None:
    program = """
        import asyncio, sys

        async def main():
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "print(input() * 2)", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            print((await process.communicate(b"ab\\n"))[0])

        asyncio.run(main())
    """
    assert both(program) == ["b'abab\\n'"]


@pytest.mark.parametrize("change", ["", "os.fork", "dup"])
def test_a_socket_can_be_the_wakeup_descriptor(change: str) -> None:
    program = """
        import os, signal, socket, sys
        one, two = socket.socketpair()
        try:
            signal.set_wakeup_fd(one.fileno())
        except ValueError as error:
            print("blocking" in str(error))
        one.setblocking(False)
        number = one.fileno()
        print(signal.set_wakeup_fd(number))
        signal.signal(signal.SIGUSR1, lambda *_: None)
        if sys.argv[1:] == ["os.fork"]:
            child = os.fork()
            if child:
                sys.exit(os.waitpid(child, 0)[1])
        if sys.argv[1:] == ["dup"]:
            two = two.dup()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGUSR1)
            print(two.recv(1) == bytes([signal.SIGUSR1]))
        print(signal.set_wakeup_fd(-1) == number, signal.set_wakeup_fd(-1), flush=True)
        os._exit(0)
    """
    assert both(program, *([change] if change else []))[-1] == "True -1"


def test_set_wakeup_fd_fails_like_the_original() -> None:
    program = """
        import signal, socket, threading
        one, two = socket.socketpair()
        one.setblocking(False)
        number = one.fileno()

        def attempt(*arguments):
            try:
                print(signal.set_wakeup_fd(*arguments))
            except Exception as error:
                print(type(error).__name__, getattr(error, "errno", None))

        thread = threading.Thread(target=attempt, args=(number,))
        thread.start()
        thread.join()
        one.close()
        attempt(number)
        attempt("x")
        attempt()
    """
    both(program)


FILES = """
    import io, os, socket, sys
    one, two = socket.socketpair()
    number = one.detach()

    def attempt(function, *arguments, **keywords):
        try:
            result = function(*arguments, **keywords)
            print("file" if isinstance(result, io.IOBase) else result)
            return result
        except Exception as error:
            print(type(error).__name__, error.args[0] if isinstance(error, OSError) else error)

    for make in (open, os.fdopen, io.open):
        for mode in ("rz", "r+b", "w+", "rw", ""):
            attempt(make, number, mode, closefd=False)
        attempt(make, number, "rb", 0, encoding="utf-8", closefd=False)
        attempt(make, number, "r", 0, closefd=False)
        two.send(b"one\\ntwo\\n")
        with make(number, "rb", closefd=False) as file:
            print(file.readline(), file.read(4), file.readable(), file.writable(), file.seekable(), file.isatty())
            attempt(file.write, b"x")
        with attempt(make, number, "wb", 0, closefd=False) as file:
            print(file.write(b"abc"), two.recv(10), file.fileno() == number, file.name == number, file.mode)
            attempt(file.read)
        with attempt(make, number, "w", 1, encoding="utf-16-le", newline="\\r\\n", closefd=False) as file:
            file.write("a\\n")
            print(two.recv(10))
            file.write("b")
        print(two.recv(10))
    file = os.fdopen(number, "w")
    file.write("last")
    file.close()
    print(two.recv(10), two.recv(10))
    attempt(open, number, "rb")
    attempt(file.write, "x")
"""


def test_files_can_be_made_of_sockets() -> None:
    assert both(FILES)[-3:] == ["b'last' b''", "OSError 9", "ValueError I/O operation on closed file."]


def test_functions_that_no_socket_supports_fail_like_the_kernel() -> None:
    program = """
        import os, socket, stat, termios
        one, two = socket.socketpair()
        number = one.fileno()
        calls = [
            (os.lseek, 0, os.SEEK_CUR), (os.pread, 1, 0), (os.pwrite, b"x", 0), (os.preadv, [bytearray(1)], 0), (os.ftruncate, 0),
            (os.fsync,), (os.fdatasync,), (os.get_terminal_size,), (os.tcgetpgrp,), (os.ttyname,), (os.fchdir,),
            (termios.tcgetattr,), (termios.tcdrain,), (termios.tcflush, termios.TCIFLUSH),
        ]
        for closed in (False, True):
            for function, *arguments in calls:
                try:
                    print(function.__name__, function(number, *arguments))
                except (OSError, termios.error) as error:
                    if not closed:
                        print(function.__name__, type(error).__name__, error.args)
                    else:
                        print(function.__name__, "closed")
            one.close()
        print(stat.S_ISSOCK(os.fstat(two.fileno()).st_mode), os.isatty(two.fileno()))
    """
    assert both(program)[-1] == "True False"


def test_functions_that_need_a_local_descriptor_report_it() -> None:
    program = """
        import errno, faulthandler, fcntl, os, socket
        one, two = socket.socketpair()
        number = one.fileno()
        attempts = [
            lambda: os.dup2(number, 0),
            lambda: os.dup2(0, number),
            lambda: faulthandler.enable(one),
            lambda: faulthandler.dump_traceback(file=number),
            lambda: faulthandler.dump_traceback_later(1, file=one),
            lambda: fcntl.flock(one, fcntl.LOCK_EX),
            lambda: fcntl.lockf(number, fcntl.LOCK_EX),
            lambda: os.fchmod(number, 0o600),
            lambda: os.lockf(number, os.F_LOCK, 1),
        ]
        for attempt in attempts:
            try:
                attempt()
            except OSError as error:
                assert error.errno == errno.EBADF and f"{number} is a brokered socket's" in error.strerror, error
        print(len(attempts))
    """
    assert run(program) == ["9"]


def test_dup2_between_sockets() -> None:
    program = """
        import os, socket
        one, two = socket.socketpair()
        three, four = socket.socketpair()
        assert os.dup2(one.fileno(), three.fileno()) == three.fileno()
        print(four.recv(1), os.get_inheritable(three.fileno()))
        three.send(b"x")
        print(two.recv(1))
        one.close()
        three.send(b"y")
        print(two.recv(1))
        try:
            os.dup2(three.fileno(), three.fileno(), False)
        except OSError as error:
            print(error.errno)
        assert os.dup2(three.fileno(), three.fileno()) == three.fileno()
        three.close()
        print(two.recv(1))
        try:
            os.dup2(three.fileno() if three.fileno() >= 0 else one.fileno(), two.fileno())
        except OSError as error:
            print(error.errno)
    """
    assert both(program)[-2:] == ["b''", "9"]


def test_asyncio_pipes_accept_sockets() -> None:
    program = """
        import asyncio, socket

        async def main():
            loop = asyncio.get_running_loop()
            one, two = socket.socketpair()
            reader = asyncio.StreamReader()
            read, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), one.makefile("rb", 0))
            write, _ = await loop.connect_write_pipe(asyncio.Protocol, two.makefile("wb", 0))
            write.write(b"hello")
            print(await reader.readexactly(5))
            write.close()
            one.close(), two.close()
            print(await reader.read())
            read.close()

        asyncio.run(main())
    """
    assert both(program) == ["b'hello'", "b''"]


def test_functions_stored_in_a_class_do_not_become_methods() -> None:
    program = """
        import fcntl, io, os, select, signal, socket

        class Keeper:
            open, io_open, close, dup, dup2, fstat, fcntl, select, wakeup = (
                open, io.open, os.close, os.dup, os.dup2, os.fstat, fcntl.fcntl, select.select, signal.set_wakeup_fd
            )

        keeper, socket = Keeper(), socket.socket()
        with keeper.open(os.devnull) as file, keeper.io_open(os.devnull):
            number = keeper.dup(file.fileno())
            keeper.dup2(file.fileno(), number)
            print(keeper.fstat(number).st_rdev == keeper.fstat(file.fileno()).st_rdev, keeper.wakeup(-1))
            keeper.close(number)
        copy = keeper.dup(socket.fileno())
        print(keeper.fcntl(copy, fcntl.F_GETFD), keeper.select([], [copy], [], 0)[0])
        keeper.close(copy)
    """
    assert both(program)[0] == "True -1"
