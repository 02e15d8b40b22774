"""gRPC, imported on first use.

It imports asyncio, which imports socket. When `run` replaces `_socket`, that must happen first, so modules that `run`
needs must not import gRPC while they are loaded.
"""

from __future__ import annotations

import os
from typing import Any

from . import _fork


class _Lazy:
    def __getattr__(self, name: str) -> Any:
        _fork.prepare_grpc()
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc as module

        value = getattr(module, name)
        setattr(self, name, value)
        return value


grpc: Any = _Lazy()
