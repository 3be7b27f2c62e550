"""Small data sets in the formats of the library `datasets`, made by it; a cache for each test; and a hub on this machine."""

from __future__ import annotations

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder where rows are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nlpsuite" / "data"


@pytest.fixture
def lib():
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets


@pytest.fixture
def films(lib):
    """Make rows of `sentence` and `label`, a numbered class; with `label` all of one number, such as -1."""

    def make(count, label=None):
        features = lib.Features({
            "sentence": lib.Value("string"), "label": lib.ClassLabel(names=["negative", "positive"]), "idx": lib.Value("int32"),
        })  # fmt: skip
        labels = [each % 2 if label is None else label for each in range(count)]
        texts = [f"a {'good' if each % 2 else 'bad'} film, number {each}" for each in range(count)]
        rows = {"sentence": texts, "label": labels, "idx": list(range(count))}
        return lib.Dataset.from_dict(rows, features=features)

    return make


COMMIT = "c0ffee" + "0" * 34


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: Path
    asked: list[str]
    status: dict[str, tuple[int, str]]
    """By data set, the status and the hub's word for it that all its pages answer with."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self._answer(json.loads(body) if body[:1] == b"{" else {})

    def _answer(self, body=None):
        path = unquote(urlsplit(self.path).path)
        self.asked.append(f"{self.command} {self.path}")
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "datasets"]:
            self._api("/".join(parts[2:4]), parts[4:], body or {})
        elif parts[0] == "datasets" and len(parts) > 4 and parts[3] == "resolve":
            self._file("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        else:
            self._send(404)

    def _refused(self, repository, revision=None, file=None):
        status = self.status.get(repository)
        if status is not None and (status[1] != "GatedRepo" or file):
            self._send(status[0], word=status[1])
        elif not (self.root / repository).is_dir():
            self._send(401, word="RepoNotFound")
        elif revision not in (None, "main", COMMIT):
            self._send(404, word="RevisionNotFound")
        else:
            return False
        return True

    def _api(self, repository, rest, body):
        revision = rest[1] if len(rest) > 1 else None
        if self._refused(repository, revision):
            return
        folder = self.root / repository
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not rest or rest[0] == "revision":
            siblings = [{"rfilename": path.relative_to(folder).as_posix()} for path in files]
            self._json({"id": repository, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []})
        elif rest[0] == "tree":
            below = folder.joinpath(*rest[2:])
            deep = "recursive=true" in self.path.lower()
            entries = sorted(below.rglob("*") if deep else below.iterdir()) if below.is_dir() else []
            self._json([self._entry(path, folder) for path in entries]) if below.is_dir() else self._send(
                404, word="EntryNotFound"
            )
        elif rest[0] == "paths-info":
            there = [folder / name for name in body.get("paths", ()) if (folder / name).exists()]
            self._json([self._entry(path, folder) for path in there])
        else:
            self._send(404)

    def _entry(self, path, folder):
        if path.is_dir():
            return {"type": "directory", "path": path.relative_to(folder).as_posix(), "oid": "0" * 40, "size": 0}
        digest = hashlib.sha1(path.read_bytes()).hexdigest()
        return {"type": "file", "path": path.relative_to(folder).as_posix(), "oid": digest, "size": path.stat().st_size}

    def _file(self, repository, revision, file):
        if self._refused(repository, revision, file):
            return
        path = self.root / repository / file
        if not path.is_file():
            self._send(404, word="EntryNotFound")
            return
        data = path.read_bytes()
        status, asked = 200, self.headers.get("Range")
        whole = len(data)
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            data = data[int(first) : int(last) + 1 if last else None]
            status = 206
            headers["Content-Range"] = f"bytes {first}-{int(first) + len(data) - 1}/{whole}"
        self._send(status, data, headers)

    def _json(self, value):
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status, data=b"", headers=None, word=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if word:
            self.send_header("X-Error-Code", word)
            self.send_header("X-Error-Message", word)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _serve(root):
    """Serve a folder of `ORG/NAME` folders; return the server, with its `handler` to look into."""
    handler = type("Served", (Handler,), {"root": root, "asked": [], "status": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server, handler


@pytest.fixture(scope="session")
def serve():
    """Serve a folder of `ORG/NAME` folders; returns the server, and what it was asked and is to answer."""
    return _serve
