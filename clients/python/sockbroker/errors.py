"""Errors without a counterpart in Python's socket module.

Errors have four kinds, by origin. The kernel: a plain OSError of the subclass for its errno. The resolver:
socket.gaierror and socket.herror. The policy: PolicyDenial. The daemon, or the connection to it: BrokerError. All are
OSErrors, so that programs that handle errors of sockets handle these too.
"""

from __future__ import annotations


class BrokerError(OSError):
    """The daemon itself refused the request, or could not be reached.

    `code` is a stable symbol: a code of the API's BrokerError (QUOTA_EXCEEDED, HANDLE_BUSY, …; UNKNOWN_REQUEST from a
    daemon that is older than this client and does not know the request) or one of this client: ENDPOINT_NOT_FOUND,
    ENDPOINT_REFUSED, ENDPOINT_FORBIDDEN, NOT_A_BROKER, CONNECTION_LOST, BROKER_CLOSED. `errno` is the
    closest errno of the kernel. `reference` is what to search for in the daemon's log, for INTERNAL.
    """

    code: str = ""
    reference: str = ""


class ConnectionLost(BrokerError, ConnectionResetError):
    """The connection to the daemon broke, or its session is gone, and this socket with it. Its errno is ECONNRESET.

    `may_have_happened` is true for a call that was in progress when the connection broke: the daemon may have performed
    it, and its response is lost. If it is False nothing was done.
    """

    may_have_happened: bool = False


class PolicyDenial(PermissionError):
    """The daemon's policy denied the request. Its errno is EACCES.

    `rule` names the rule that decided ("default" if none matched), `principal` is the principal as which the daemon
    authenticated the caller, `permission` the permission that was denied, `endpoint` as a rule would write it, and
    `reason` one sentence.
    """

    rule: str = ""
    principal: str = ""
    permission: str = ""
    endpoint: str = ""
    reason: str = ""
