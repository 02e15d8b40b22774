"""The grammar of endpoints: the same texts as in the tests of the TypeScript client and the daemon."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sockbroker._endpoint import DEFAULT_ENDPOINT, Endpoint, parse_endpoint

VECTORS: dict[str, list[Any]] = json.loads(
    (Path(__file__).parents[3] / "test/support/endpoints.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("text, path", VECTORS["valid"])
def test_is_a_unix_socket(text: str, path: str) -> None:
    assert parse_endpoint(text) == Endpoint(path.replace("{cwd}", os.getcwd()))


@pytest.mark.parametrize("text, why", VECTORS["refused"])
def test_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_endpoint(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "environment, chosen",
    [("unix:///run/environment", "unix:///run/environment"), ("", DEFAULT_ENDPOINT), (None, DEFAULT_ENDPOINT)],
)
def test_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, environment: str | None, chosen: str) -> None:
    monkeypatch.delenv("SOCKBROKER_ENDPOINT", raising=False)
    if environment is not None:
        monkeypatch.setenv("SOCKBROKER_ENDPOINT", environment)
    assert str(parse_endpoint()) == chosen
