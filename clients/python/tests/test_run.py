"""`python -m sockbroker run` itself: its arguments, and its errors."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from daemon import Daemon

ABOUT_ITSELF = "import socket, sys; print(sys.argv, __name__, socket.socket().fileno() >= 2**30, sys.path[0] == %r)"


def run(*arguments, environment=None, through=(), **options):
    command = [*through, sys.executable, "-m", "sockbroker", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})}, **options
    )


def answer(*arguments, **options):
    done = run("run", *arguments, **options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_code_is_run_as_python_runs_it():
    assert answer("-c", ABOUT_ITSELF % "", "a", "-b") == "['-c', 'a', '-b'] __main__ True True\n"


def test_the_standard_input_is_run_as_python_runs_it():
    done = answer("--families", "inet", "--", "-", "a", input=ABOUT_ITSELF % "")
    assert done == "['-', 'a'] __main__ True True\n"


def test_a_module_and_a_script_are_run_as_python_runs_them(tmp_path):
    (tmp_path / "it.py").write_text(ABOUT_ITSELF % str(tmp_path))
    where = os.path.realpath(tmp_path)
    assert answer("-m", "it", "a", cwd=tmp_path) == f"['{where}/it.py', 'a'] __main__ True True\n"
    assert answer("it.py", "a", cwd=tmp_path) == "['it.py', 'a'] __main__ True True\n"
    # The modules of a script are where its link points to.
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(tmp_path / "it.py")
    assert answer("elsewhere/link", cwd=tmp_path) == "['elsewhere/link'] __main__ True True\n"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P came with Python 3.11")
def test_a_safe_path_remains_safe(tmp_path):
    (tmp_path / "it.py").write_text("import sys; print(sys.path[0] in ('', sys.argv[1]), 'json' in sys.modules)")
    (tmp_path / "json.py").write_text("raise Exception('this is not the one')")
    safe = {"PYTHONSAFEPATH": "1"}
    for arguments in (["it.py"], ["-c", (tmp_path / "it.py").read_text()]):
        said = answer(*arguments, str(tmp_path), cwd=tmp_path, environment=safe)
        assert said.startswith("False")


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("import sys; sys.exit(7)", 7), ("1/0", 1)])
def test_the_exit_status_is_the_programs(code, status):
    assert run("run", "-c", code).returncode == status


def test_classes_of_code_are_found_in_main():
    script = """
        import pickle, threading
        class Thing: pass
        def late():
            threading.main_thread().join()
            print(type(pickle.loads(pickle.dumps(Thing()))).__name__)
        threading.Thread(target=late).start()
    """
    assert answer("-c", textwrap.dedent(script)) == "Thing\n"


def test_help_is_not_an_error():
    for arguments in (["run", "--help"], ["--help"], ["run", "--families", "inet", "--help"]):
        done = run(*arguments, environment={"SOCKBROKER_ENDPOINT": "/nowhere"})
        assert (done.returncode, done.stderr) == (0, "") and "--endpoint E" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "python -m sockbroker run"),
        (["ran"], "python -m sockbroker run"),
        (["run"], "which program?"),
        (["run", "--"], "which program?"),
        (["run", "--nonsense", "x"], "unknown option --nonsense"),
        (["run", "-x"], "unknown option -x"),
        (["run", "--endpoint"], "--endpoint needs a value"),
        (["run", "--endpoint", "other:x", "-c", ""], "not 'other:x'"),
        (["run", "--endpoint", "tcp://localhost:1", "-c", ""], "only unix sockets are supported"),
        (["run", "--families", "inet,nonsense", "-c", ""], "unknown family 'nonsense'"),
        (["run", "-m"], "-m needs a value"),
        (["run", "-c"], "-c needs a value"),
        (["run", "nowhere.py"], "there is no file 'nowhere.py'"),
    ],
)
def test_wrong_usage_is_reported(arguments, said):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sockbroker run: ") and said in done.stderr and done.stderr.count("\n") == 1


def test_a_program_does_not_start_without_a_daemon(tmp_path):
    (tmp_path / "file").touch()
    for path, said in ((tmp_path / "none", "no such file"), (tmp_path / "file", "nobody answers")):
        done = run("run", "--endpoint", str(path), "-c", "print('started')")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("sockbroker run: ") and done.stderr.count("\n") == 1
        assert said in done.stderr and f"unix://{path}" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_a_program_does_not_start_if_the_daemon_does_not_admit_it():
    with Daemon("--admit", "uid:12345") as daemon:
        os.chmod(os.path.dirname(daemon.path), 0o711)
        os.chmod(daemon.path, 0o666)
        admitted, stranger = (
            run(
                *("run", "--endpoint", daemon.path, "-c", "import socket; socket.socket(); print('started')"),
                through=("setpriv", "--reuid", uid, "--clear-groups"),
            )
            for uid in ("12345", "12346")
        )
    assert (admitted.returncode, admitted.stdout) == (0, "started\n"), admitted.stderr
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert stranger.stderr.startswith("sockbroker run: ") and stranger.stderr.count("\n") == 1


def test_the_check_leaves_nothing_behind():
    """No threads, connection or child: a program may fork, or become another user, before its first socket."""
    script = """
        import errno, os, threading
        print(len(os.listdir("/proc/self/task")), threading.active_count())
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            print("no child")
        print([link for link in map(os.readlink, [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{n}")]) if "socket:" in link])
    """
    assert answer("-c", textwrap.dedent(script)).splitlines() == ["1 1", "no child", "[]"]
