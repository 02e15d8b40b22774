"""What an operator sees of a daemon: how much there is of everything in it."""

from __future__ import annotations

import os
import time

import grpc

from sockbroker._gen.v1 import admin_service_pb2, session_service_pb2

from daemon import Daemon

# How long something may take that no event tells of, in seconds.
PATIENCE_SECONDS = 60


class OperatorView:
    """It asks over one connection that stays open, so that asking changes nothing."""

    def __init__(self, daemon: Daemon) -> None:
        self._process = daemon.process
        self._channel = grpc.insecure_channel(daemon.endpoint.replace("unix://", "unix:"))
        # The connection's own session comes with the first call that needs one.
        self._ask("SessionService/WhoAmI", session_service_pb2.WhoAmIRequest(), session_service_pb2.WhoAmIResponse)

    def _ask(self, method, request, response):
        call = self._channel.unary_unary(
            f"/sockbroker.v1.{method}", type(request).SerializeToString, response.FromString
        )
        return call(request, timeout=PATIENCE_SECONDS)

    def statistics(self):
        """Returns a GetStatisticsResponse."""
        return self._ask(
            "AdminService/GetStatistics",
            admin_service_pb2.GetStatisticsRequest(),
            admin_service_pb2.GetStatisticsResponse,
        )

    def holds(self) -> dict[str, int]:
        """Counts what somebody's end must leave nothing of, and the descriptors as the kernel has them."""
        statistics = self.statistics()
        names = ("connections", "sessions", "handles", "waiting_operations", "streams", "timers")
        counted = {name: getattr(statistics, name) for name in names}
        return {**counted, "descriptors": len(os.listdir(f"/proc/{self._process.pid}/fd"))}

    def waiting(self) -> int:
        """Counts what waits in the daemon: operations, and streams that tell of readiness or carry data."""
        statistics = self.statistics()
        return int(statistics.waiting_operations + statistics.streams)

    def until(self, holds, what: str) -> None:
        """Asks again and again until a condition of no arguments holds. Fails after a while, with all there is to see."""
        deadline = time.monotonic() + PATIENCE_SECONDS
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
