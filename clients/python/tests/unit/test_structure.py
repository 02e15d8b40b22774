"""What the modules of the package may do, as their source says it."""

from __future__ import annotations

import ast
import pathlib
from collections import Counter
from collections.abc import Iterator

import sockbroker

PACKAGE = pathlib.Path(sockbroker.__file__).parent
REQUESTS = "sockbroker._requests"
# What a caller sends beside requests, or what is in them.
PARTS = {"AttachStart", "ClientFrame", "OptionValue", "ShutdownFrame", "SyncFrame", "Timeout", "WatchInterest"}


def sources() -> dict[str, ast.Module]:
    """The modules that are not generated, by name."""
    paths = [path for path in PACKAGE.rglob("*.py") if "_gen" not in path.parts]
    return {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def name_of(path: pathlib.Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# Requests ---------------------------------------------------------------------------------------------------------------


def is_message(node: ast.expr) -> bool:
    """Whether it is the class of a message that a caller sends."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("Request") or name in PARTS


def messages_built(tree: ast.AST) -> Iterator[str]:
    """The classes of such messages that are used as values: called, or given to somebody who may call them."""
    for field, value in ast.iter_fields(tree):
        # An annotation only names a class.
        if field in ("annotation", "returns"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, (ast.Attribute, ast.Name)) and is_message(node):
                # To encode or to decode by it makes none.
                if not isinstance(tree, ast.Attribute):
                    yield ast.unparse(node)
            elif isinstance(node, ast.AST) and not is_type(node):
                yield from messages_built(node)


def is_type(node: ast.AST) -> bool:
    """Whether it is a type with its parameters, as an alias has it."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Callable", "Optional", "Union")
    )


def test_requests_are_built_in_one_place():
    built = {
        name: found
        for name, tree in sources().items()
        if name != REQUESTS and (found := set(messages_built(tree)))
    }
    assert built == {"sockbroker.aio._operations": {"session_service_pb2.SessionRequest"}}


def test_each_request_is_built_once():
    requests = Counter(name for name in messages_built(sources()[REQUESTS]) if name.endswith("Request"))
    assert {name: count for name, count in requests.items() if count > 1} == {}
    assert len(requests) > 40


def test_whoever_builds_a_request_is_noticed():
    for text in (
        "pb2.RecvRequest(max_bytes=1)",
        "RecvRequest()",
        "verb = [pb2.SendRequest]",
        "make = pb2.SendallRequest if stream else pb2.SendRequest",
        "f(pb2.Timeout)",
        "frame = stream_service_pb2.ClientFrame(data=b'')",
    ):
        assert list(messages_built(ast.parse(text))), text
    for text in (
        "queue: Queue[Optional[pb2.WatchRequest]] = Queue()",
        "call(pb2.RecvRequest.SerializeToString)",
        "def f(request: pb2.RecvRequest) -> pb2.SendRequest: ...",
        "Limit = Optional[pb2.Timeout]",
    ):
        assert not list(messages_built(ast.parse(text))), text
