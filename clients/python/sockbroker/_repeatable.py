"""Operations that may be repeated if it is unknown whether they were performed: those without side effects."""

from __future__ import annotations

import functools

from ._gen.v1 import (
    conversion_service_pb2,
    host_service_pb2,
    interface_service_pb2,
    policy_service_pb2,
    resolver_service_pb2,
    session_service_pb2,
    socket_service_pb2,
)

_MODULES = (
    conversion_service_pb2,
    host_service_pb2,
    interface_service_pb2,
    policy_service_pb2,
    resolver_service_pb2,
    session_service_pb2,
    socket_service_pb2,
)
_NO_SIDE_EFFECTS = 1


@functools.lru_cache(maxsize=None)
def is_repeatable(verb: str) -> bool:
    """Whether the API marks a verb as free of side effects."""
    name = "".join(part.capitalize() for part in verb.split("_"))
    for module in _MODULES:
        for service in module.DESCRIPTOR.services_by_name.values():
            method = service.methods_by_name.get(name)
            if method is not None:
                return bool(method.GetOptions().idempotency_level == _NO_SIDE_EFFECTS)
    return False
