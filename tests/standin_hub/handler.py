"""How each request to the stand-in Hub is answered, and how it is written down.

Files in git are answered through a relative redirect, files in LFS through a redirect to the
storage host, as on the real Hub.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .stored import Repository, Snapshot, StoredFile, find_content, find_repository

# small, so that a client that stops reading soon stops the sending too
CHUNK_BYTES = 1 << 16


@dataclass
class Request:
    """One request as it was answered.

    Attributes:
        host: ``hub``, ``storage``, or ``elsewhere`` for an address that is not the stand-in's.
        path: decoded, without the query.
        range: the Range header, or None.
        sent_bytes: size of the body that was sent.
    """

    method: str
    host: str
    path: str
    range: str | None = None
    status: int = 0
    sent_bytes: int = 0


class NotFoundError(Exception):
    """Becomes a 404 with the code that the Hub's libraries look for."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code, self.headers = code, dict(headers or {})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK_BYTES)
        super().setup()

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_CONNECT(self) -> None:
        self._note("elsewhere", self.path)
        self.send_error(403, "only the stand-in Hub can be reached")

    def log_message(self, *_: object) -> None:
        """Requests are kept in the hub's list instead."""

    def _note(self, host: str, path: str) -> None:
        self.request_record = Request(self.command, host, path, self.headers.get("Range"))
        self.server.hub.requests.append(self.request_record)

    def _answer(self) -> None:
        """One request, from its address to its answer."""
        address = urlsplit(self.path)
        own_host = not address.netloc or f"http://{address.netloc}" == self.server.address
        self._note(self.server.host if own_host else "elsewhere", unquote(address.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        # a part of the address may itself hold a quoted slash: cut first, unquote then
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        try:
            if not own_host:
                self.request_record.path = self.path
                raise NotFoundError("NotTheHub")
            if self.server.host == "storage":
                self._send_content(parts)
            elif parts[:2] == ["api", "resolve-cache"] and len(parts) > 5:
                self._send_from_git(*parts[2:6], "/".join(parts[6:]))
            elif parts[0] == "api" and len(parts) >= 4:
                self._send_json(self._api(parts[1:], parse_qs(address.query), parse_qs(body)))
            else:
                self._redirect_to_file(address.path, parts)
        except NotFoundError as error:
            headers = {"X-Error-Code": error.code, "X-Error-Message": error.code, **error.headers}
            self._send_json({"error": error.code}, 404, headers)

    def _api(self, parts: list[str], query: dict, form: dict) -> object:
        """``{kind}/{namespace}/{name}[/{call}/{revision}[/{path}]]``."""
        repository = self._repository(parts[0], f"{parts[1]}/{parts[2]}")
        call, revision, *path = [*parts[3:], *("", "")[len(parts[3:]) :]]
        if call == "refs":
            return _refs(repository)
        snapshot = self._snapshot(repository, revision or "main")
        if call in ("", "revision"):
            return _description(snapshot)
        if call == "tree":
            flags = {name: query.get(name) == ["true"] for name in ("recursive", "expand")}
            entries = snapshot.tree("/".join(path).strip("/"), **flags)
            if entries is None:
                raise NotFoundError("EntryNotFound", {"X-Repo-Commit": snapshot.commit})
            return entries
        if call == "paths-info":
            return snapshot.paths_info(form.get("paths", []), form.get("expand") == ["true"])
        raise NotFoundError("UnknownCall")

    def _repository(self, kind: str, repo_id: str) -> Repository:
        repository = find_repository(self.server.hub.root, kind, repo_id)
        if repository is None:
            raise NotFoundError("RepoNotFound")
        return repository

    def _snapshot(self, repository: Repository, revision: str) -> Snapshot:
        snapshot = repository.snapshot(revision)
        if snapshot is None:
            raise NotFoundError("RevisionNotFound")
        return snapshot

    def _file(self, kind: str, repo_id: str, revision: str, path: str) -> tuple[str, StoredFile]:
        snapshot = self._snapshot(self._repository(kind, repo_id), revision)
        file = snapshot.files().get(path)
        if file is None:
            raise NotFoundError("EntryNotFound", {"X-Repo-Commit": snapshot.commit})
        return snapshot.commit, file

    def _redirect_to_file(self, path: str, parts: list[str]) -> None:
        """``[datasets/]{namespace}/{name}/resolve/{revision}/{path}``."""
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[kind == "datasets" :]
        if len(parts) < 5 or parts[2] != "resolve":
            raise NotFoundError("RepoNotFound")
        repo_id = f"{parts[0]}/{parts[1]}"
        commit, file = self._file(kind, repo_id, parts[3], "/".join(parts[4:]))
        headers = {"X-Repo-Commit": commit, **_identity(file)}
        if file.sha256:
            linked = {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.etag}"'}
            location = f"{self.server.hub.storage}/{file.sha256}/{quote(file.path)}"
            self._send_nothing(302, {**headers, **linked, "Location": location})
        else:
            location = f"/api/resolve-cache/{kind}/{repo_id}/{commit}/{quote(file.path)}"
            self._send_nothing(307, {**headers, "Location": location})

    def _send_from_git(self, kind: str, namespace: str, name: str, commit: str, path: str) -> None:
        commit, file = self._file(kind, f"{namespace}/{name}", commit, path)
        self._send_file(file, {"X-Repo-Commit": commit})

    def _send_content(self, parts: list[str]) -> None:
        file = find_content(self.server.hub.root, parts[0])
        if file is None:
            raise NotFoundError("EntryNotFound")
        self._send_file(file, {})

    def _send_file(self, file: StoredFile, headers: Mapping[str, str]) -> None:
        span = _asked_span(self.headers.get("Range"), file.size)
        first, end = span or (0, file.size)
        if span and first >= end:
            self._send_nothing(416, {"Content-Range": f"bytes */{file.size}"})
            return
        if span:
            headers = {**headers, "Content-Range": f"bytes {first}-{end - 1}/{file.size}"}
        self._start(206 if span else 200, end - first, {**headers, **_identity(file)})
        if self.command == "HEAD":
            return
        with file.location.open("rb") as opened:
            opened.seek(first)
            while first < end and (chunk := opened.read(min(CHUNK_BYTES, end - first))):
                self.wfile.write(chunk)
                first += len(chunk)
                self.request_record.sent_bytes += len(chunk)

    def _send_json(
        self, content: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        text = json.dumps(content).encode()
        self._start(status, len(text), {**(headers or {}), "Content-Type": "application/json"})
        if self.command != "HEAD":
            self.wfile.write(text)
            self.request_record.sent_bytes = len(text)

    def _send_nothing(self, status: int, headers: Mapping[str, str]) -> None:
        self._start(status, 0, headers)

    def _start(self, status: int, size: int, headers: Mapping[str, str]) -> None:
        self.request_record.status = status
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(size)}.items():
            self.send_header(name, value)
        self.end_headers()


def _identity(file: StoredFile) -> dict[str, str]:
    return {"ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}


def _asked_span(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end of what a Range header asks for; None where it asks for no range."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _refs(repository: Repository) -> dict[str, list[dict[str, str]]]:
    branches = [
        {
            "name": name,
            "ref": f"refs/heads/{name}",
            "targetCommit": repository.snapshot(name).commit,
        }
        for name in repository.revisions
    ]
    return {"branches": branches, "converts": [], "tags": []}


def _description(snapshot: Snapshot) -> dict[str, object]:
    return {
        "id": snapshot.repo_id,
        "author": snapshot.repo_id.split("/")[0],
        "sha": snapshot.commit,
        "lastModified": "2024-01-01T00:00:00.000Z",
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": [{"rfilename": path} for path in snapshot.files()],
    }
