"""The hub's side of an upload: dataset repositories that take commits, with large files by Git LFS."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

LARGE = (".parquet", ".png")
Reply = tuple[int, Any]


@dataclass
class Repository:
    """A dataset on the hub."""

    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.parquet filter=lfs\n"})
    commits: list[str] = field(default_factory=list)


class DatasetHub:
    """Repositories by name, and what the requests that change them are answered with."""

    def __init__(self) -> None:
        self.address = ""
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.fails_at = ""
        """Requests whose path holds this text fail."""

    def answer(self, handler: BaseHTTPRequestHandler, path: str, body: bytes) -> Reply | None:
        """Status and JSON; None for a request that is about no dataset."""
        if self.fails_at and self.fails_at in path:
            return 403, {"error": "out of order"}
        for pattern, method in (
            (r"POST /api/repos/create", self._create),
            (r"POST /api/validate-yaml", self._validate),
            (r"GET /api/datasets/(?P<name>[\w.-]+/[\w.-]+)(?:/revision/\w+)?", self._info),
            (r"GET /api/datasets/(?P<name>[\w.-]+/[\w.-]+)/tree/\w+", self._tree),
            (r"POST /api/datasets/(?P<name>[\w.-]+/[\w.-]+)/preupload/\w+", self._preupload),
            (r"POST /datasets/(?P<name>[\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", self._batch),
            (r"PUT /lfs/(?P<name>\w+)", self._store),
            (r"POST /api/datasets/(?P<name>[\w.-]+/[\w.-]+)/commit/\w+", self._commit),
        ):
            if match := re.fullmatch(pattern, f"{handler.command} {path}"):
                name = match.groupdict().get("name", "")
                if "/" in name and name not in self.repositories:
                    return 404, {"error": "Repository not found"}
                return method(name, body)
        return None

    def _create(self, _: str, body: bytes) -> Reply:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        address = {"url": f"{self.address}/datasets/{name}"}
        if name in self.repositories:
            return 409, {"error": "You already created this dataset repo", **address}
        self.repositories[name] = Repository(private=asked.get("visibility") == "private")
        return 200, address

    def _validate(self, _: str, body: bytes) -> Reply:
        asked = json.loads(body)
        errors = [] if asked["content"].startswith("---\n") else [{"message": "no metadata"}]
        return 200, {"errors": errors, "warnings": []}

    def _info(self, name: str, _: bytes) -> Reply:
        found = self.repositories[name]
        files = [{"rfilename": path} for path in found.files]
        return 200, {"id": name, "sha": "d" * 40, "private": found.private, "siblings": files}

    def _tree(self, name: str, _: bytes) -> Reply:
        files = self.repositories[name].files.items()
        return 200, [
            {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for path, content in files
        ]

    def _preupload(self, _: str, body: bytes) -> Reply:
        def mode(file: Mapping[str, Any]) -> dict[str, Any]:
            large = file["path"].endswith(LARGE)
            return {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}

        return 200, {"files": [mode(file) for file in json.loads(body)["files"]]}

    def _batch(self, _: str, body: bytes) -> Reply:
        def upload(asked: Mapping[str, Any]) -> dict[str, Any]:
            there = asked["oid"] in self.large
            actions = {} if there else {"actions": {"upload": {"href": f"{self.address}/lfs/{asked['oid']}"}}}
            return {"oid": asked["oid"], "size": asked["size"], **actions}

        return 200, {"transfer": "basic", "objects": [upload(asked) for asked in json.loads(body)["objects"]]}

    def _store(self, name: str, body: bytes) -> Reply:
        if hashlib.sha256(body).hexdigest() != name:
            return 400, {"error": "other bytes than announced"}
        self.large[name] = body
        return 200, {}

    def _commit(self, name: str, body: bytes) -> Reply:
        repository, files = self.repositories[name], dict(self.repositories[name].files)
        for line in body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "header":
                repository.commits.append(value["summary"])
            elif step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif step["key"] == "deletedFile":
                files.pop(value["path"], None)
        repository.files = files
        return 200, {"commitUrl": f"{self.address}/datasets/{name}/commit/{'d' * 40}", "commitOid": "d" * 40}
