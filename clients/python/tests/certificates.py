"""Certificates for tests, made with openssl(1): an authority, and certificates that it signed for a server and a
client.
"""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import Optional


class Certificates:
    """`authority`, `server` and `client` are PEM files; the last two contain their keys. `stranger` is self-signed."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self.authority = self._self_signed("authority", "keyUsage=critical,keyCertSign")
        self.stranger = self._self_signed("stranger", "subjectAltName=DNS:localhost")
        self.server = self._signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.client = self._signed("client", "subjectAltName=DNS:client.example")

    def server_context(self, **options: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return _with(context, options)

    def client_context(self, **options: object) -> ssl.SSLContext:
        return _with(ssl.create_default_context(cafile=self.authority), options)

    def _self_signed(self, name: str, extension: str) -> str:
        path = self._path(name)
        self._openssl(
            "req", "-x509", *self._new_key(path), "-out", f"{path}.certificate", "-days", "2", "-subj", f"/CN={name}",
            "-addext", extension,
        )  # fmt: skip
        return self._joined(path)

    def _signed(self, name: str, extension: str) -> str:
        path = self._path(name)
        with open(f"{path}.extensions", "w", encoding="ascii") as file:
            file.write(f"{extension}\nauthorityKeyIdentifier=keyid\n")
        self._openssl("req", *self._new_key(path), "-out", f"{path}.request", "-subj", f"/CN={name}")
        self._openssl(
            "x509", "-req", "-in", f"{path}.request", "-CA", self.authority, "-CAcreateserial", "-days", "2",
            "-extfile", f"{path}.extensions", "-out", f"{path}.certificate",
        )  # fmt: skip
        return self._joined(path)

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _new_key(self, path: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{path}.key"]

    def _joined(self, path: str) -> str:
        with open(f"{path}.pem", "w", encoding="ascii") as joined:
            for part in ("certificate", "key"):
                with open(f"{path}.{part}", encoding="ascii") as file:
                    joined.write(file.read())
        return f"{path}.pem"

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _with(context: ssl.SSLContext, options: dict[str, object]) -> ssl.SSLContext:
    version: Optional[object] = options.pop("version", None)
    if version is not None:
        context.minimum_version = context.maximum_version = version  # type: ignore[assignment]
    for name, value in options.items():
        if callable(getattr(context, name)):
            getattr(context, name)(value)
        else:
            setattr(context, name, value)
    return context
