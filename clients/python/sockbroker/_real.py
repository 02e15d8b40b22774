"""The interpreter's own `_socket`, whatever `sys.modules` contains.

It has what this package does not reimplement: the exceptions, the constants, the pure conversions, and the validation
of arguments.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from typing import Any


def _load() -> Any:
    # Imported if necessary: loaded separately, it would have its own exceptions since Python 3.13.
    module = importlib.import_module("_socket")
    if not hasattr(module, "_sockbroker"):
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
