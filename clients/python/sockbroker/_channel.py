"""Common to all channels to a daemon: gRPC's options, the session's lease, and the explanation of failures."""

from __future__ import annotations

import os
from typing import Any

from ._endpoint import Endpoint
from ._grpc import grpc
from ._status import broker_error, error_from_rpc

# How long a daemon may take to answer the first calls, in seconds.
WAIT_SECONDS = 10
# How long the daemon keeps the sockets of a process that is gone. A unix socket breaks only with the daemon or this
# process, so the lease only has to last until a broken connection is re-established, or a forked child makes its first
# call. The session does not end with the process (OpenSessionRequest.ends_with_process), because a child may outlive it.
LEASE_SECONDS = 5
OPTIONS: list[tuple[str, int]] = [
    # Otherwise two channels of one process to one daemon would share a connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


def explain(endpoint: Endpoint, error: Any) -> Exception:
    """Explains a failed connection in terms of the endpoint."""
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return broker_error("NOT_A_BROKER", f"the server at {endpoint} does not respond as a daemon")
    if error.code() == grpc.StatusCode.UNIMPLEMENTED:
        text = f"the server at {endpoint} is not a sockbroker daemon, or does not support sockbroker.v1"
        return broker_error("NOT_A_BROKER", text)
    if error.code() != grpc.StatusCode.UNAVAILABLE or tuple(error.trailing_metadata() or ()):
        return error_from_rpc(error)
    details = str(error.details())
    start = f"is the daemon running? sockbroker serve --endpoint {endpoint}"
    if "No such file" in details or "ENOENT" in details:
        return broker_error("ENDPOINT_NOT_FOUND", f"cannot reach {endpoint}: no such file; {start}")
    if "Permission denied" in details:
        admit = f"to admit this user, run the daemon with --admit uid:{os.geteuid()}"
        return broker_error("ENDPOINT_FORBIDDEN", f"cannot reach {endpoint}: permission denied; {admit}")
    return broker_error("ENDPOINT_REFUSED", f"cannot reach {endpoint}: nobody answers; {start}")
