"""An operator's view of a daemon: the totals of its resources."""

from __future__ import annotations

import os
import time

import grpc

from sockbroker._gen.v1 import admin_service_pb2, session_service_pb2

from daemon import Daemon

# Timeout in seconds for states that no event reports.
WAIT_SECONDS = 60


class OperatorView:
    """Uses one connection that stays open, so that queries change nothing."""

    def __init__(self, daemon: Daemon) -> None:
        self._process = daemon.process
        self._channel = grpc.insecure_channel(daemon.endpoint.replace("unix://", "unix:"))
        # The connection's own session is created by the first call that needs one.
        self._ask("SessionService/WhoAmI", session_service_pb2.WhoAmIRequest(), session_service_pb2.WhoAmIResponse)

    def _ask(self, method, request, response):
        call = self._channel.unary_unary(
            f"/sockbroker.v1.{method}", type(request).SerializeToString, response.FromString
        )
        return call(request, timeout=WAIT_SECONDS)

    def statistics(self):
        """Returns a GetStatisticsResponse."""
        return self._ask(
            "AdminService/GetStatistics",
            admin_service_pb2.GetStatisticsRequest(),
            admin_service_pb2.GetStatisticsResponse,
        )

    def holds(self) -> dict[str, int]:
        """Returns the counts that must return to their former values when a client ends, and the number of open
        descriptors.
        """
        statistics = self.statistics()
        names = ("connections", "sessions", "handles", "waiting_operations", "streams", "timers")
        counted = {name: getattr(statistics, name) for name in names}
        return {**counted, "descriptors": len(os.listdir(f"/proc/{self._process.pid}/fd"))}

    def waiting(self) -> int:
        """Counts what waits in the daemon: operations, and attach and watch streams."""
        statistics = self.statistics()
        return int(statistics.waiting_operations + statistics.streams)

    def until(self, holds, what: str) -> None:
        """Polls until a condition without arguments holds. After a timeout, fails with all counts."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.holds()}\n{self.listed()}"

    def listed(self) -> str:
        """Lists the sessions and handles."""
        pb = admin_service_pb2
        sessions = self._ask("AdminService/ListSessions", pb.ListSessionsRequest(), pb.ListSessionsResponse)
        handles = self._ask("AdminService/ListHandles", pb.ListHandlesRequest(), pb.ListHandlesResponse)
        return f"{sessions}\n{handles}"

    def close(self) -> None:
        self._channel.close()
