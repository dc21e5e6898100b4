"""A small stand-in for the Hugging Face hub: serves one real model folder over HTTP, and takes datasets."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.engine.hub_datasets import DatasetHub

COMMIT = "c" * 40


class HubServer:
    """Serves `folder` as the repository `name`. `cut_after` drops the connection in the middle of the weights.

    `datasets` answers what uploads ask.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.datasets = DatasetHub()
        self.cut_after: int | None = None
        self.ranges: list[str] = []
        self.requests: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_POST(self) -> None:
                hub.answer(self, body=True)

            def do_PUT(self) -> None:
                hub.answer(self, body=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = self.datasets.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = handler.path.partition("?")[0]
        self.requests.append(f"{handler.command} {path}")
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if reply := self.datasets.answer(handler, path, sent):
            status, value = reply
            self._json(handler, value, status, {"X-Error-Code": "RepoNotFound"} if status == 404 else None)
        elif re.fullmatch(rf"/api/models/{self.name}(/revision/[^/]+)?", path):
            self._json(handler, {"id": self.name, "sha": COMMIT, "siblings": [], "private": False})
        elif path.startswith(f"/api/models/{self.name}/tree/"):
            self._json(handler, [self._entry(file) for file in sorted(self.folder.iterdir())])
        elif path.startswith(f"/{self.name}/resolve/"):
            self._file(handler, self.folder / path.rpartition("/")[2], body=body)
        else:
            self._json(handler, {"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    def _entry(self, file: Path) -> dict[str, object]:
        content = file.read_bytes()
        entry: dict[str, object] = {
            "type": "file",
            "path": file.name,
            "size": len(content),
            "oid": hashlib.sha1(content).hexdigest(),
        }
        if file.suffix == ".safetensors":
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        return entry

    def _file(self, handler: BaseHTTPRequestHandler, file: Path, *, body: bool) -> None:
        if not file.is_file():
            self._json(handler, {"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        content = file.read_bytes()
        kind = hashlib.sha256 if file.suffix == ".safetensors" else hashlib.sha1
        start, status = 0, 200
        if (wanted := handler.headers.get("Range")) and body:
            self.ranges.append(wanted)
            start, status = int(re.findall(r"\d+", wanted)[0]), 206
        handler.send_response(status)
        handler.send_header("ETag", f'"{kind(content).hexdigest()}"')
        handler.send_header("X-Repo-Commit", COMMIT)
        handler.send_header("Accept-Ranges", "bytes")
        handler.send_header("Content-Length", str(len(content) - start))
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.end_headers()
        if body:
            self._send(handler, content[start:], cut=file.suffix == ".safetensors")

    def _send(self, handler: BaseHTTPRequestHandler, content: bytes, *, cut: bool) -> None:
        if cut and self.cut_after is not None:
            handler.wfile.write(content[: self.cut_after])
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.close()
        else:
            handler.wfile.write(content)

    def _json(
        self,
        handler: BaseHTTPRequestHandler,
        value: object,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        for name, text in (headers or {}).items():
            handler.send_header(name, text)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)
