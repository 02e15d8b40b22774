"""The structure of the package's modules, according to their source."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections import Counter
from collections.abc import Iterator

import sockbroker

PACKAGE = pathlib.Path(sockbroker.__file__).parent
REQUESTS = "sockbroker._requests"
# What a caller sends apart from requests, or what they contain.
PARTS = {"AttachStart", "ClientFrame", "OptionValue", "ShutdownFrame", "SyncFrame", "Timeout", "WatchInterest"}


@functools.cache
def sources() -> dict[str, ast.Module]:
    """The modules that are not generated, by name."""
    paths = [path for path in PACKAGE.rglob("*.py") if "_gen" not in path.parts]
    return {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def name_of(path: pathlib.Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# Circles ----------------------------------------------------------------------------------------------------------------


def imports(name: str, tree: ast.Module, modules: set[str]) -> set[str]:
    """The modules of the package that a module imports: when it is loaded, in a function, or only for types."""
    package = name if (PACKAGE.parent / name.replace(".", "/")).is_dir() else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                found.add(whole if whole in modules else source)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(text.value for text in node.args[:1] if isinstance(text, ast.Constant))
    return found & modules - {name}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other."""
    reached = {name: reachable(name, graph) for name in graph}
    groups = {tuple(sorted(each for each in graph if each in reached[name] and name in reached[each])) for name in graph}
    return sorted(list(group) for group in groups if group)


def reachable(name: str, graph: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [*graph[name]]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left.extend(graph[each])
    return found


def test_no_modules_import_each_other():
    modules = sources()
    graph = {name: imports(name, tree, set(modules)) for name, tree in modules.items()}
    assert circles(graph) == []
    assert {"sockbroker._fork", "sockbroker._stream"} <= graph["sockbroker._session"]


def test_a_circle_is_reported():
    modules = {
        "sockbroker._a": "def f():\n    from . import _b",
        "sockbroker._b": "if TYPE_CHECKING:\n    from .aio._c import C",
        "sockbroker.aio._c": "import sockbroker._a",
        "sockbroker._d": "from ._a import A",
    }
    graph = {name: imports(name, ast.parse(text), set(modules)) for name, text in modules.items()}
    assert circles(graph) == [["sockbroker._a", "sockbroker._b", "sockbroker.aio._c"]]


# Forks ------------------------------------------------------------------------------------------------------------------


def test_one_module_registers_fork_handlers():
    registering = [name for name, tree in sources().items() if "register_at_fork" in ast.unparse(tree)]
    assert registering == ["sockbroker._fork"]


# Requests ---------------------------------------------------------------------------------------------------------------


def is_message(node: ast.expr) -> bool:
    """Whether it is the class of a message that a caller sends."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("Request") or name in PARTS


def messages_built(tree: ast.AST) -> Iterator[str]:
    """The classes of such messages that are used as values: called, or passed to code that may call them."""
    for field, value in ast.iter_fields(tree):
        # An annotation only names a class.
        if field in ("annotation", "returns"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, (ast.Attribute, ast.Name)) and is_message(node):
                # Encoding or decoding with it creates no message.
                if not isinstance(tree, ast.Attribute):
                    yield ast.unparse(node)
            elif isinstance(node, ast.AST) and not is_type(node):
                yield from messages_built(node)


def is_type(node: ast.AST) -> bool:
    """Whether it is a type with parameters, as in an alias."""
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
    assert built == {}


def test_each_request_is_built_once():
    requests = Counter(name for name in messages_built(sources()[REQUESTS]) if name.endswith("Request"))
    assert {name: count for name, count in requests.items() if count > 1} == {}
    assert len(requests) > 40


def test_building_a_request_elsewhere_is_reported():
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


# The core ---------------------------------------------------------------------------------------------------------------


def outside(name: str, modules: dict[str, ast.Module]) -> set[str]:
    """What a module, and those it consists of, import from outside the package."""
    graph = {each: imports(each, tree, set(modules)) for each, tree in modules.items()}
    found: set[str] = set()
    for each in {name, *reachable(name, graph)}:
        for node in ast.walk(modules[each]):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).partition(".")[0])
    return found


def test_the_core_has_no_input_or_output():
    forbidden = {"asyncio", "grpc", "os", "queue", "select", "selectors", "socket", "threading", "time"}
    modules = sources()
    assert outside("sockbroker._core", modules) & forbidden == {"os"}  # os.strerror
    assert {"queue", "threading"} <= outside("sockbroker._stream", modules)
    assert {"asyncio"} <= outside("sockbroker.aio._operations", modules)


# Constants --------------------------------------------------------------------------------------------------------------

LINUX = "sockbroker._linux"


def constants_of(tree: ast.Module) -> set[str]:
    """Names of Linux to which a module itself assigns a number."""
    table = {node.target.id for node in sources()[LINUX].body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    prefixes = ("EPOLL", "POLL", *{name.partition("_")[0] + "_" for name in table if "_" in name})
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, (ast.Constant, ast.Tuple)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {each.id.lstrip("_") for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        found |= {name for name in names if name in table or (name.startswith(prefixes) and name.isupper())}
    return found


def test_linux_constants_are_written_in_one_place():
    found = {name: constants_of(tree) for name, tree in sources().items() if name != LINUX}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_constant_written_elsewhere_is_reported():
    assert constants_of(ast.parse("_MSG_PEEK = 2")) == {"MSG_PEEK"}
    assert constants_of(ast.parse("SOL_NEW: int = 300")) == {"SOL_NEW"}
    assert constants_of(ast.parse("_EPOLLNEW = 1024")) == {"EPOLLNEW"}
    assert constants_of(ast.parse("_MSG_OOB, _MSG_PEEK = 1, 2")) == {"MSG_OOB", "MSG_PEEK"}
    assert constants_of(ast.parse("_PIECE_BYTES = 4096")) == set()
