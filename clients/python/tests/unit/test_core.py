"""The operations of a stream, without a stream or a daemon."""

from __future__ import annotations

import errno
import itertools
import sys
import threading
from collections import deque

import pytest

from sockbroker import BrokerError, ConnectionLost, _core, _requests
from sockbroker._gen.google_rpc import status_pb2
from sockbroker._gen.v1 import error_pb2, session_service_pb2, socket_service_pb2
from sockbroker._status import broker_error

LOST = broker_error("CONNECTION_LOST", "the connection to the broker is lost")


class Pending(_core.Pending):
    def __init__(self, verb="recv"):
        super().__init__(verb)
        self.outcomes = []

    def settle(self, result, error):
        self.outcomes.append((result, error))


class Driver:
    """Does what the driver of a stream does, step by step."""

    def __init__(self):
        self.queue = deque()
        self.core = _core.Operations(self.queue.append, self.queue.popleft, IndexError)
        self.left = None

    def begin(self, verb, request):
        pending = Pending(verb)
        self.core.begin(pending, request)
        return pending

    def message(self):
        """Returns the next message as the daemon decodes it, or None."""
        if self.left is None and not self.queue:
            return None
        encoded, self.left = self.core.gather(self.queue.popleft() if self.left is None else self.left)
        return session_service_pb2.SessionRequest.FromString(encoded) if encoded else None

    def messages(self):
        return list(iter(self.message, None))

    def answer(self, *results):
        self.core.settle(session_service_pb2.SessionResponse(results=results))


def result(op_id, **outcome):
    return session_service_pb2.OperationResult(op_id=op_id, **outcome)


def received(data):
    return socket_service_pb2.RecvResponse(data=data)


@pytest.fixture
def driver():
    return Driver()


# Sending ----------------------------------------------------------------------------------------------------------------


def test_operations_begun_together_share_a_message_in_order(driver):
    begun = [driver.begin("recv", _requests.recv(size)) for size in range(1, 6)]
    driver.core.post("close", _requests.close(7))
    (message,) = driver.messages()
    assert [operation.op_id for operation in message.operations] == [1, 2, 3, 4, 5, 6]
    assert [operation.WhichOneof("request") for operation in message.operations] == ["recv"] * 5 + ["close"]
    assert [operation.recv.max_bytes for operation in message.operations[:5]] == [1, 2, 3, 4, 5]
    assert [pending.op_id for pending in begun] == [1, 2, 3, 4, 5]


def test_a_message_ends_with_the_operation_that_exceeds_its_size(driver):
    for _ in range(10):
        driver.begin("send", _requests.send(bytes(30_000)))
    assert [len(message.operations) for message in driver.messages()] == [3, 3, 3, 1]


def test_a_large_operation_has_its_own_message(driver):
    for size in (10, 200_000, 10, 10, _core.MESSAGE_BYTES + 1, _core.MESSAGE_BYTES - 100, 10):
        driver.begin("send", _requests.send(bytes(size)))
    sizes = [[len(operation.send.data) for operation in message.operations] for message in driver.messages()]
    assert sizes == [[10], [200_000], [10, 10], [65_537], [65_436, 10]]


def test_nothing_is_sent_after_the_end(driver):
    driver.begin("recv", _requests.recv(1))
    driver.queue.append(_core.END)
    driver.begin("recv", _requests.recv(2))
    assert len(driver.message().operations) == 1
    assert (driver.left, driver.message()) == (_core.END, None)


# Settling ---------------------------------------------------------------------------------------------------------------


def test_each_operation_gets_its_own_outcome_once(driver):
    first, second, third = (driver.begin("recv", _requests.recv(10)) for _ in range(3))
    driver.messages()
    refusal = status_pb2.Status()
    refusal.details.add().Pack(error_pb2.SocketError(symbol="EAGAIN", error_number=errno.EAGAIN))
    driver.answer(result(2, error=refusal), result(1, recv=received(b"one")))
    driver.answer(result(1, recv=received(b"again")), result(99, recv=received(b"nobody's")))
    assert [(response.data, error) for response, error in first.outcomes] == [(b"one", None)]
    ((response, error),) = second.outcomes
    assert response is None and isinstance(error, BlockingIOError)
    assert third.outcomes == []


def test_a_result_of_another_verb_is_an_error(driver):
    pending = driver.begin("recv", _requests.recv(10))
    driver.answer(result(1, send=socket_service_pb2.SendResponse(sent_bytes=1)))
    ((response, error),) = pending.outcomes
    assert response is None and isinstance(error, BrokerError) and error.code == "NOT_A_BROKER"
    assert "recv was answered with send" in str(error)


def test_a_forgotten_operation_is_not_settled(driver):
    pending = driver.begin("who_am_i", _requests.who_am_i())
    driver.core.forget(pending)
    driver.answer(result(1, who_am_i=session_service_pb2.WhoAmIResponse()))
    driver.core.lose(LOST)
    assert pending.outcomes == []


# Cancelling -------------------------------------------------------------------------------------------------------------


def test_an_unsent_operation_is_withdrawn(driver):
    first, second = driver.begin("recv", _requests.recv(1)), driver.begin("recv", _requests.recv(2))
    assert driver.core.withdraw(first)
    (message,) = driver.messages()
    assert [operation.op_id for operation in message.operations] == [second.op_id]
    assert not driver.core.withdraw(second)
    driver.core.lose(LOST)
    assert (first.outcomes, len(second.outcomes)) == ([], 1)


def test_there_is_no_message_if_all_operations_are_withdrawn(driver):
    for pending in [driver.begin("recv", _requests.recv(1)) for _ in range(3)]:
        assert driver.core.withdraw(pending)
    assert (driver.messages(), list(driver.queue)) == ([], [])


def test_a_cancelled_operation_ends_by_its_result(driver):
    pending = driver.begin("recv", _requests.recv(1))
    driver.messages()
    driver.core.cancel(pending)
    (message,) = driver.messages()
    assert (list(message.cancel_op_ids), len(message.operations)) == ([1], 0)
    driver.answer(result(1, recv=received(b"done before")))
    assert [response.data for response, _ in pending.outcomes] == [b"done before"]


def test_an_exception_anywhere_in_begin_leaves_nothing():
    """A signal handler may raise one at any line; the test raises one at each line in turn."""

    class Interruption(Exception):
        pass

    for line in itertools.count(1):
        driver = Driver()
        pending = Pending()
        left = [line]

        def trace(frame, event, _, left=left):
            if frame.f_code is not _core.Operations.begin.__code__:
                return None
            if event == "line":
                left[0] -= 1
                if left[0] == 0:
                    raise Interruption
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            driver.core.begin(pending, _requests.recv(1))
        except Interruption:
            pass
        else:
            assert line > 5
            return
        finally:
            sys.settrace(before)
        assert driver.core.withdraw(pending), line
        other = driver.begin("recv", _requests.recv(2))
        assert [len(message.operations) for message in driver.messages()] == [1], line
        driver.answer(result(other.op_id, recv=received(b"other's")))
        assert (len(other.outcomes), pending.outcomes) == (1, []), line


# The end of a stream ----------------------------------------------------------------------------------------------------


def test_sent_operations_may_have_happened(driver):
    sent = driver.begin("send", _requests.send(bytes(_core.MESSAGE_BYTES)))
    unsent = driver.begin("send", _requests.send(b"unsent"))
    driver.message()
    assert not driver.core.ended
    driver.core.lose(LOST)
    driver.core.lose(BrokerError())
    errors = [error for pending in (sent, unsent) for _, error in pending.outcomes]
    assert [error.may_have_happened for error in errors] == [True, False]
    # Each has its own exception, with the same text.
    assert len({id(error) for error in (*errors, LOST)}) == 3
    assert {(error.code, str(error)) for error in errors} == {("CONNECTION_LOST", str(LOST))}
    assert (driver.core.end, driver.core.ended, driver.messages()) == (LOST, True, [])


def test_nothing_begins_after_the_end(driver):
    driver.core.lose(LOST)
    with pytest.raises(ConnectionLost) as caught:
        driver.begin("recv", _requests.recv(1))
    assert not caught.value.may_have_happened
    assert not driver.core.post("send", _requests.send(b"lost"))
    assert not driver.core.post("close", _requests.close(1))
    assert (driver.core.take_unanswered(), driver.messages()) == ([], [])


def test_the_end_during_begin_is_reported_once(driver):
    class Late(Pending):
        """The stream ends before the core has registered the operation."""

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "op_id" and value:
                driver.core.lose(LOST)

    late = Late()
    with pytest.raises(ConnectionLost) as caught:
        driver.core.begin(late, _requests.recv(1))
    assert (caught.value.may_have_happened, late.outcomes) == (False, [])

    other = Driver()
    other.core._put = lambda _: other.core.lose(LOST)
    noted = other.begin("recv", _requests.recv(1))
    assert [error.may_have_happened for _, error in noted.outcomes] == [False]


@pytest.mark.parametrize("verb", ["send", "close"])
def test_the_end_during_post_is_reported_to_the_caller(driver, verb):
    driver.core._put = lambda _: driver.core.lose(LOST)
    request = _requests.send(b"x") if verb == "send" else _requests.close(1)
    assert not driver.core.post(verb, request)
    assert driver.core.take_unanswered() == []


def test_an_operation_left_unanswered_during_post_is_posted_once(driver):
    left = []

    def put(_):
        driver.core.lose(LOST)
        left.extend(driver.core.take_unanswered())

    driver.core._put = put
    assert driver.core.post("close", _requests.close(1))
    assert [verb for verb, _ in left] == ["close"]


def test_the_daemons_reason_is_passed_to_all_operations(driver):
    pending = driver.begin("recv", _requests.recv(1))
    reason = BrokerError(errno.EIO, "it broke")
    reason.code = "INTERNAL"
    driver.core.lose(reason)
    ((_, error),) = pending.outcomes
    assert (type(error), error.code, error.strerror) == (BrokerError, "INTERNAL", "it broke")


def test_posted_operations_that_may_be_repeated_are_left_unanswered(driver):
    for handle in (1, 2, 3):
        assert driver.core.post("close", _requests.close(handle))
    assert driver.core.post("setblocking", _requests.setblocking(True, 4))
    assert driver.core.post("send", _requests.send(b"once"))
    driver.messages()
    driver.answer(result(2, close=socket_service_pb2.CloseResponse()))
    driver.core.lose(LOST)
    left = driver.core.take_unanswered()
    assert [(verb, request.handle) for verb, request in left] == [("close", 1), ("close", 3), ("setblocking", 4)]
    assert driver.core.take_unanswered() == []


# Threads ----------------------------------------------------------------------------------------------------------------


def test_threads_begin_and_withdraw_while_others_send_and_settle(driver):
    """Each operation is either sent and settled, or withdrawn, never both, whatever the threads do when the stream
    ends.
    """
    begun = []
    sent = set()
    stop = threading.Event()

    def begin():
        while not stop.is_set():
            pending = Pending()
            try:
                driver.core.begin(pending, _requests.recv(1))
            except ConnectionLost:
                return
            begun.append((pending, pending.op_id % 3 == 0 and driver.core.withdraw(pending)))

    def send():
        while not stop.is_set():
            message = driver.message()
            if message is not None:
                ids = [operation.op_id for operation in message.operations]
                sent.update(ids)
                driver.answer(*(result(op_id, recv=received(b"x")) for op_id in ids if op_id % 5))

    threads = [threading.Thread(target=begin) for _ in range(4)] + [threading.Thread(target=send)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        stop.wait(1)
        driver.core.lose(LOST)
        stop.set()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(begun) > 100 and any(withdrawn for _, withdrawn in begun)
    for pending, withdrawn in begun:
        if withdrawn:
            assert pending.op_id not in sent
            continue
        assert len(pending.outcomes) == 1, pending.op_id
        _, error = pending.outcomes[0]
        if error is not None and not error.may_have_happened:
            assert pending.op_id not in sent


# Sessions ---------------------------------------------------------------------------------------------------------------


def test_a_session_lives_until_it_is_closed_or_the_daemon_does_not_know_it():
    life = _core.Life()
    life.require()
    assert (life.not_connected(LOST), life.over) == (False, False)
    with pytest.raises(BrokerError) as caught:
        life.require(closed=True)
    assert (caught.value.code, life.over) == ("BROKER_CLOSED", False)
    assert life.not_connected(broker_error("LEASE_EXPIRED", "the lease is over"))
    with pytest.raises(ConnectionLost, match="the lease is over") as caught:
        life.require()
    assert (caught.value.code, life.over) == ("CONNECTION_LOST", True)
    closed = _core.Life()
    closed.closed = True
    with pytest.raises(BrokerError, match="closed"):
        closed.require()


def test_a_connection_that_could_not_be_made_has_no_effect():
    error = _core.same_again(LOST, may_have_happened=True)
    _core.Life().not_connected(error)
    assert not error.may_have_happened


@pytest.mark.parametrize(
    ("verb", "happened", "ended", "again"),
    [
        ("send", False, True, True),
        ("send", True, True, False),
        ("getsockname", True, True, True),
        # The stream continues: the error is the result.
        ("getsockname", True, False, False),
        ("send", False, False, False),
    ],
)
def test_operations_that_are_sent_again_over_the_next_connection(verb, happened, ended, again):
    assert _core.goes_again(verb, _core.same_again(LOST, may_have_happened=happened), ended) is again


def test_attempts_to_connect_become_less_frequent():
    pauses = list(itertools.islice(_core.retry_pauses(), 8))
    assert (pauses[0], pauses[-1], pauses) == (0.01, 0.25, sorted(pauses))
