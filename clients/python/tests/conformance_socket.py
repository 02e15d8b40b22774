"""sockbroker.socket for test/conformance/oracle.py, which needs to know how many operations wait in the daemon."""

import sockbroker.socket
from sockbroker import _default
from sockbroker._gen.v1 import admin_service_pb2

globals().update((name, value) for name, value in vars(sockbroker.socket).items() if not name.startswith("__"))


def _waiting_operations():
    """Returns how many operations wait, including those of other sessions and attach streams. Needs the permission
    `admin`.
    """
    session = _default.current_session()
    method = session.connection().tracked.channel.unary_unary(
        "/sockbroker.v1.AdminService/GetStatistics",
        admin_service_pb2.GetStatisticsRequest.SerializeToString,
        admin_service_pb2.GetStatisticsResponse.FromString,
    )
    return method(admin_service_pb2.GetStatisticsRequest(), metadata=session.metadata).waiting_operations
