"""The errors that have no counterpart in Python's socket module.

There are four kinds, by who said no. The kernel: a plain OSError of the subclass that its errno calls for. The resolver:
socket.gaierror and socket.herror. The policy: PolicyDenial. The broker, or the way to it: BrokerError. All four are
OSErrors, so that a program which handles what sockets may raise handles these too.
"""

from __future__ import annotations


class BrokerError(OSError):
    """The broker itself said no, or could not be reached.

    `code` is a stable symbol: a code of the API's BrokerError (QUOTA_EXCEEDED, HANDLE_BUSY, …; UNKNOWN_REQUEST from a
    daemon that is older than this client and does not know what it is asked) or one of this client:
    ENDPOINT_NOT_FOUND, ENDPOINT_REFUSED, ENDPOINT_FORBIDDEN, NOT_A_BROKER, DATA_AHEAD, CONNECTION_LOST, BROKER_CLOSED. `errno` is the
    nearest that the kernel has. `reference` is what to look for in the daemon's log, for INTERNAL.
    """

    code: str = ""
    reference: str = ""


class ConnectionLost(BrokerError, ConnectionResetError):
    """The connection to the broker broke, or its session is gone, and this socket with it. Its errno is ECONNRESET.

    `may_have_happened` says of a call that was under way when the connection broke that the daemon may have performed it, and
    what it answered is lost. If it is False nothing was done.
    """

    may_have_happened: bool = False


class PolicyDenial(PermissionError):
    """The daemon's policy said no. Its errno is EACCES.

    `rule` names the rule that decided ("default" when none matched), `principal` is as whom the daemon knows the caller,
    `operation` the policy's verb, `endpoint` as a rule would write it, and `reason` one sentence.
    """

    rule: str = ""
    principal: str = ""
    operation: str = ""
    endpoint: str = ""
    reason: str = ""
