"""Creates Python's exceptions from what the daemon reported. The only module that does."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ._gen.google_rpc import status_pb2
from ._gen.v1 import error_pb2
from ._metadata_keys import DETAILS_KEY
from ._real import real
from .errors import BrokerError, ConnectionLost, PolicyDenial

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

# The closest errno for each code of the daemon.
_BROKER_ERRNOS = {
    "QUOTA_EXCEEDED": errno.EMFILE,
    "NOT_SUPPORTED_ON_HOST": errno.EOPNOTSUPP,
    "HANDLE_BUSY": errno.EBUSY,
    "UNREAD_DATA": errno.EBUSY,
    "DRAINING": errno.ECONNRESET,
    "SESSION_NOT_FOUND": errno.ECONNRESET,
    "LEASE_EXPIRED": errno.ECONNRESET,
    "CANCELLED": errno.ECONNRESET,
    "MALFORMED_REQUEST": errno.EINVAL,
    "UNAUTHENTICATED": errno.EACCES,
    "ENDPOINT_NOT_FOUND": errno.ENOENT,
    "ENDPOINT_REFUSED": errno.ECONNREFUSED,
    "ENDPOINT_FORBIDDEN": errno.EACCES,
    "NOT_A_BROKER": errno.EPROTO,
    "UNKNOWN_REQUEST": errno.EOPNOTSUPP,
    "BROKER_CLOSED": errno.EBADF,
    "FINALIZER_CANNOT_WAIT": errno.EDEADLK,
}
# Errors after which there is no session, and thus no socket.
_LOSSES = frozenset({"DRAINING", "SESSION_NOT_FOUND", "LEASE_EXPIRED", "CANCELLED", "CONNECTION_LOST"})

_DETAILS = {
    message.DESCRIPTOR.full_name: message
    for message in (
        error_pb2.SocketError,
        error_pb2.ResolverError,
        error_pb2.HostError,
        error_pb2.TimeoutError,
        error_pb2.ArgumentError,
        error_pb2.PolicyDenial,
        error_pb2.BrokerError,
    )
}


def error_from_status(status: status_pb2.Status) -> Exception:
    """Creates the exception that Python would raise, or one of errors.py."""
    for detail in status.details:
        message = _DETAILS.get(detail.type_url.rpartition("/")[2])
        if message is not None:
            return _error_from_detail(message.FromString(detail.value))
    return broker_error("INTERNAL", status.message or "the broker gave no reason")


def error_from_rpc(error: Any) -> Exception:
    """Creates the exception for a gRPC call that ended: the daemon's own reason if it gave one, or a lost connection."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            return error_from_status(status_pb2.Status.FromString(value))
    if error.code().name == "UNIMPLEMENTED":
        return broker_error("UNKNOWN_REQUEST", "the daemon does not know this call: it is older than this client")
    return broker_error("CONNECTION_LOST", "the connection to the broker is lost")


def kernel_error(number: int) -> OSError:
    """Creates the OSError of an errno as the interpreter would, with its subclass and text."""
    return OSError(number, os.strerror(number))


def is_kernel_error(error: BaseException | None) -> TypeGuard[OSError]:
    """Whether it is an error of the kernel other than EAGAIN and timeouts, after which a caller may continue."""
    others = (BrokerError, PolicyDenial, BlockingIOError)
    return isinstance(error, OSError) and error.errno is not None and not isinstance(error, others)


def broker_error(code: str, message: str, reference: str = "") -> BrokerError:
    """Creates a BrokerError by its code."""
    if code in _LOSSES:
        error: BrokerError = ConnectionLost(errno.ECONNRESET, message)
    else:
        error = BrokerError(_BROKER_ERRNOS.get(code, errno.EIO), message)
    error.code = code
    error.reference = reference
    return error


def _error_from_detail(detail: object) -> Exception:
    if isinstance(detail, error_pb2.SocketError):
        # The number is the daemon's; this host may have another for the same symbol.
        number = getattr(errno, detail.symbol, detail.error_number)
        return OSError(number, os.strerror(number) if number == detail.error_number else detail.message)
    if isinstance(detail, error_pb2.ResolverError):
        return _resolver_error(detail)
    if isinstance(detail, error_pb2.HostError):
        error: Exception = real.herror(detail.code, detail.message)
        return error
    if isinstance(detail, error_pb2.TimeoutError):
        error = real.timeout("timed out")
        return error
    if isinstance(detail, error_pb2.ArgumentError):
        return _argument_error(detail)
    if isinstance(detail, error_pb2.PolicyDenial):
        return _policy_denial(detail)
    assert isinstance(detail, error_pb2.BrokerError)
    try:
        code = error_pb2.BrokerError.Code.Name(detail.code).removeprefix("CODE_")
    except ValueError:  # A newer daemon's.
        code = f"UNKNOWN_{detail.code}"
    if code == "HANDLE_NOT_FOUND":
        return kernel_error(errno.EBADF)
    return broker_error(code, detail.message, detail.reference)


def _resolver_error(detail: error_pb2.ResolverError) -> Exception:
    number = getattr(real, detail.symbol, detail.code)
    error: Exception = real.gaierror(number, detail.message)
    return error


def _argument_error(detail: error_pb2.ArgumentError) -> Exception:
    kinds: dict[int, type[Exception]] = {
        error_pb2.ArgumentError.KIND_OVERFLOW: OverflowError,
        error_pb2.ArgumentError.KIND_TYPE: TypeError,
        error_pb2.ArgumentError.KIND_OS: OSError,
        error_pb2.ArgumentError.KIND_UNICODE: UnicodeError,
    }
    return kinds.get(detail.kind, ValueError)(detail.message)


def _policy_denial(detail: error_pb2.PolicyDenial) -> PolicyDenial:
    text = f"{os.strerror(errno.EACCES)}: {detail.reason} (rule {detail.rule!r})"
    error = PolicyDenial(errno.EACCES, text)
    error.rule = detail.rule
    error.principal = detail.principal
    error.permission = detail.permission
    error.endpoint = detail.endpoint
    error.reason = detail.reason
    return error
