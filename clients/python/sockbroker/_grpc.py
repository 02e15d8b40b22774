"""gRPC, imported when it is first needed.

It imports asyncio, which imports socket. When `run` puts another `_socket` in place, that has to be there before, so no
module that it is made of may import gRPC as it is loaded.
"""

from __future__ import annotations

import os
from typing import Any


class _Lazy:
    def __getattr__(self, name: str) -> Any:
        # Read by gRPC when it is imported: without the first, the child of a fork hangs in its first call.
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc as module

        value = getattr(module, name)
        setattr(self, name, value)
        return value


grpc: Any = _Lazy()
