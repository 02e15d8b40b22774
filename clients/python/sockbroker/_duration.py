"""google.protobuf.Duration from this package's own descriptor pool; the default pool's is incompatible with its
messages.
"""

from __future__ import annotations

from typing import cast

from google.protobuf import duration_pb2, message_factory

from ._gen._pool import POOL

_Duration = cast(
    "type[duration_pb2.Duration]",
    message_factory.GetMessageClass(POOL.FindMessageTypeByName("google.protobuf.Duration")),
)


def duration(nanoseconds: int) -> duration_pb2.Duration:
    """Creates a Duration from nanoseconds."""
    return _Duration(seconds=nanoseconds // 1_000_000_000, nanos=nanoseconds % 1_000_000_000)
