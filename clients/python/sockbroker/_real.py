"""The interpreter's own `_socket`, whatever `sys.modules` says that it is.

It has what this package does not make anew: the exceptions, the constants, the pure conversions, and the judgement of
arguments.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from typing import Any


def _load() -> Any:
    module = sys.modules.get("_socket")
    if module is not None and hasattr(module, "CAPI") and not hasattr(module, "_sockbroker"):
        return module
    if "_socket" in sys.builtin_module_names:
        spec = importlib.machinery.BuiltinImporter.find_spec("_socket")
    else:
        spec = importlib.machinery.PathFinder.find_spec("_socket")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


real: Any = _load()
