"""Repositories as folders on disk, with the hashes and listings that the Hub gives of them.

``{root}/datasets/{namespace}/{name}`` and ``{root}/models/{namespace}/{name}`` hold the revision
``main``; a folder beside it, ``{name}@{revision}``, holds another one. ``main`` moves on to that one
where a file ``{name}.main`` holds its name; what it was stays there under its commit.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

LAST_COMMIT = {"title": "Upload", "date": "2024-01-01T00:00:00.000Z"}


def commit_of(kind: str, repo_id: str, revision: str) -> str:
    """The 40 hex digits of a revision: always the same for the same names."""
    return hashlib.sha1(f"{kind}/{repo_id}@{revision}".encode()).hexdigest()


@dataclass(frozen=True)
class StoredFile:
    """One file; ``oid`` is its git blob's hash, ``sha256`` is None unless it lies in LFS."""

    path: str
    location: Path
    size: int
    oid: str
    sha256: str | None

    @property
    def etag(self) -> str:
        """What identifies the content: as on the Hub, sha256 in LFS and the blob's hash in git."""
        return self.sha256 or self.oid

    def info(self) -> dict[str, Any]:
        """An entry of a tree listing."""
        entry = {"type": "file", "oid": self.oid, "size": self.size, "path": self.path}
        if self.sha256:
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 133}
        return entry


@dataclass(frozen=True)
class Snapshot:
    """One revision of one repository."""

    kind: str
    repo_id: str
    folder: Path
    commit: str

    def files(self) -> dict[str, StoredFile]:
        """Every file by its path in the repository."""
        patterns = _lfs_patterns(self.folder)
        found = {}
        for location in sorted(self.folder.rglob("*")):
            if location.is_file():
                path = location.relative_to(self.folder).as_posix()
                found[path] = _stored_file(path, location, patterns)
        return found

    def folders(self) -> list[str]:
        """Every folder's path in the repository."""
        places = sorted(self.folder.rglob("*"))
        return [p.relative_to(self.folder).as_posix() for p in places if p.is_dir()]

    def tree(self, below: str, recursive: bool, expand: bool) -> list[dict[str, Any]] | None:
        """Entries below a folder (``""`` is the top); None where there is no such folder."""
        folders = self.folders()
        if below and below not in folders:
            return None
        start = f"{below}/" if below else ""
        entries = [self._folder_info(path) for path in folders]
        entries += [file.info() for file in self.files().values()]
        inside = [entry for entry in entries if entry["path"].startswith(start)]
        if not recursive:
            inside = [entry for entry in inside if "/" not in entry["path"][len(start) :]]
        return self._expanded(inside) if expand else inside

    def paths_info(self, paths: list[str], expand: bool) -> list[dict[str, Any]]:
        """Entries of the paths that exist."""
        files, folders = self.files(), self.folders()
        found = [files[path].info() for path in paths if path in files]
        found += [self._folder_info(path) for path in paths if path in folders]
        return self._expanded(found) if expand else found

    def _folder_info(self, path: str) -> dict[str, Any]:
        oid = hashlib.sha1(f"{self.commit}/{path}".encode()).hexdigest()
        return {"type": "directory", "oid": oid, "size": 0, "path": path}

    def _expanded(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [entry | {"lastCommit": {"id": self.commit} | LAST_COMMIT} for entry in entries]


@dataclass(frozen=True)
class Repository:
    """A repository with its revisions, by name; ``main`` may stand for another one."""

    kind: str
    repo_id: str
    revisions: dict[str, Path]
    main: str = "main"

    def snapshot(self, revision: str) -> Snapshot | None:
        """A revision by its name or its commit; None where there is none."""
        revision = self.main if revision == "main" else revision
        for name, folder in self.revisions.items():
            commit = commit_of(self.kind, self.repo_id, name)
            if revision in (name, commit):
                return Snapshot(self.kind, self.repo_id, folder, commit)
        return None


def find_repository(root: Path, kind: str, repo_id: str) -> Repository | None:
    """A repository of the kind ``datasets`` or ``models``; None where there is none."""
    namespace, _, name = repo_id.partition("/")
    folder = root / kind / namespace
    if not name or not folder.is_dir():
        return None
    revisions = {"main": folder / name} if (folder / name).is_dir() else {}
    for other in folder.glob(f"{name}@*"):
        revisions[other.name.partition("@")[2]] = other
    moved = folder / f"{name}.main"
    main = moved.read_text() if moved.is_file() else "main"
    return Repository(kind, repo_id, revisions, main) if revisions else None


def find_content(root: Path, sha256: str) -> StoredFile | None:
    """A file in LFS, by its content, out of any repository."""
    for folder in root.glob("*/*/*"):
        for file in Snapshot("", "", folder, "").files().values():
            if file.sha256 == sha256:
                return file
    return None


def _lfs_patterns(folder: Path) -> list[str]:
    attributes = folder / ".gitattributes"
    lines = attributes.read_text().splitlines() if attributes.is_file() else []
    return [line.split()[0] for line in lines if "filter=lfs" in line]


def _stored_file(path: str, location: Path, patterns: list[str]) -> StoredFile:
    status = location.stat()
    oid, sha256 = _hashes(location, status.st_size, status.st_mtime_ns)
    in_lfs = any(fnmatch(path, p) or fnmatch(location.name, p) for p in patterns)
    if in_lfs:
        oid = hashlib.sha1(f"pointer to {sha256}".encode()).hexdigest()
    return StoredFile(path, location, status.st_size, oid, sha256 if in_lfs else None)


@functools.cache
def _hashes(location: Path, size: int, modified_ns: int) -> tuple[str, str]:
    """Git blob hash and sha256; size and time are there so that a changed file is read anew."""
    content = location.read_bytes()
    return hashlib.sha1(b"blob %d\0" % size + content).hexdigest(), hashlib.sha256(
        content
    ).hexdigest()
