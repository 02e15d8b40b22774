"""Replacements for functions in C."""

from __future__ import annotations

import functools
from typing import Any, Callable


class Builtin:
    """A function that does not become a method: programs store functions such as `open` as attributes of their classes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._function(*arguments, **keywords)

    def __repr__(self) -> str:
        return repr(self._function)


def put(module: Any, name: str, function: Callable[..., Any]) -> None:
    """Replaces a function of a module."""
    setattr(module, name, Builtin(function))
