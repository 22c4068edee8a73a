"""A stand-in for Dropbox's API, below its own client library: written after its documentation.

It keeps files in memory and answers the endpoints that the connector uses, in the shapes and with
the errors that Dropbox documents. It proves the client side; it is not Dropbox.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import dropbox
import requests
from requests.adapters import BaseAdapter

_KNOWN: Final = "a token"


class Double(BaseAdapter):
    """Mounted in place of the network. A context manager that closes its client."""

    def __init__(self, *, token: str = _KNOWN) -> None:
        super().__init__()
        self._files: dict[str, bytes] = {}
        self._folders: set[str] = set()
        self._sessions: dict[str, bytes] = {}
        session = requests.Session()
        session.mount("https://", self)
        self.client = dropbox.Dropbox(token, session=session, max_retries_on_error=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def close(self) -> None:
        pass

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> Any:
        route = str(request.path_url).removeprefix("/2/")
        if request.headers["Authorization"] != f"Bearer {_KNOWN}":
            return _answer(request, 401, {"error": {".tag": "invalid_access_token"}})
        header = request.headers.get("Dropbox-API-Arg")
        body = request.body or b""
        raw = body if isinstance(body, bytes) else body.encode()
        argument: dict[str, Any] = json.loads(header or raw)
        try:
            return self._routes[route](self, request, argument, raw)
        except _Refused as refused:
            error = {"error_summary": refused.args[0], "error": refused.args[1]}
            return _answer(request, 409, error)

    def _metadata(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        return _answer(request, 200, self._entry(argument["path"]))

    def _list(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        folder = argument["path"]
        if folder and folder not in self._folders:
            raise _Refused("path/not_found/", _LOOKUP)
        return self._page(request, folder, 0, argument["limit"])

    def _go_on(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        folder, begin, limit = json.loads(argument["cursor"])
        return self._page(request, folder, begin, limit)

    def _page(
        self, request: requests.PreparedRequest, folder: str, begin: int, limit: int
    ) -> requests.Response:
        inside = sorted(
            path
            for path in (*self._files, *self._folders)
            if path.rpartition("/")[0] == folder and path != folder
        )
        entries = [self._entry(path) for path in inside[begin : begin + limit]]
        cursor = json.dumps([folder, begin + limit, limit])
        body = {"entries": entries, "cursor": cursor, "has_more": begin + limit < len(inside)}
        return _answer(request, 200, body)

    def _download(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        about = self._entry(argument["path"])
        answer = _answer(request, 200, None, self._files[argument["path"]])
        answer.headers["dropbox-api-result"] = json.dumps(about)
        return answer

    def _upload(
        self, request: requests.PreparedRequest, argument: dict[str, Any], raw: bytes
    ) -> requests.Response:
        return self._put(request, argument, raw)

    def _begin(
        self, request: requests.PreparedRequest, _argument: dict[str, Any], raw: bytes
    ) -> requests.Response:
        session = f"session{len(self._sessions)}"
        self._sessions[session] = raw
        return _answer(request, 200, {"session_id": session})

    def _append(
        self, request: requests.PreparedRequest, argument: dict[str, Any], raw: bytes
    ) -> requests.Response:
        self._extend(argument["cursor"], raw)
        return _answer(request, 200, None)

    def _finish(
        self, request: requests.PreparedRequest, argument: dict[str, Any], raw: bytes
    ) -> requests.Response:
        self._extend(argument["cursor"], raw)
        whole = self._sessions.pop(argument["cursor"]["session_id"])
        return self._put(request, argument["commit"], whole)

    def _make(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        self._folders.add(argument["path"])
        return _answer(request, 200, {"metadata": self._entry(argument["path"])})

    def _delete(
        self, request: requests.PreparedRequest, argument: dict[str, Any], _raw: bytes
    ) -> requests.Response:
        path = argument["path"]
        about = self._entry(path)
        below = f"{path}/"
        for known in [known for known in self._files if known == path or known.startswith(below)]:
            del self._files[known]
        self._folders = {known for known in self._folders if known != path}
        return _answer(request, 200, {"metadata": about})

    def _extend(self, cursor: Mapping[str, Any], raw: bytes) -> None:
        if cursor["offset"] != len(self._sessions[cursor["session_id"]]):
            raise _Refused("lookup_failed/incorrect_offset", {".tag": "other"})
        self._sessions[cursor["session_id"]] += raw

    def _put(
        self, request: requests.PreparedRequest, commit: Mapping[str, Any], content: bytes
    ) -> requests.Response:
        path = commit["path"]
        is_over = commit["mode"] in ("overwrite", {".tag": "overwrite"})
        if path in self._files and not is_over:
            raise _Refused("path/conflict/", {".tag": "other"})
        self._files[path] = content
        above = path.rpartition("/")[0]
        while above:
            self._folders.add(above)
            above = above.rpartition("/")[0]
        return _answer(request, 200, self._entry(path))

    def _entry(self, path: str) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        about = {"name": name, "path_lower": path.lower(), "path_display": path, "id": f"id:{name}"}
        if path in self._files:
            moment = "2026-01-31T10:00:00Z"
            size = {"size": len(self._files[path]), "rev": f"{len(self._files[path]):09x}"}
            return about | size | _FILE | {"client_modified": moment, "server_modified": moment}
        if path in self._folders:
            return about | {".tag": "folder"}
        raise _Refused("path/not_found/", _LOOKUP)

    _routes: Final[
        dict[
            str,
            Callable[
                [Any, requests.PreparedRequest, dict[str, Any], bytes],
                requests.Response,
            ],
        ]
    ] = {
        "files/get_metadata": _metadata,
        "files/list_folder": _list,
        "files/list_folder/continue": _go_on,
        "files/download": _download,
        "files/upload": _upload,
        "files/upload_session/start": _begin,
        "files/upload_session/append_v2": _append,
        "files/upload_session/finish": _finish,
        "files/create_folder_v2": _make,
        "files/delete_v2": _delete,
    }


class _Refused(Exception):
    """A documented error: its summary and its union."""


_LOOKUP: Final = {".tag": "path", "path": {".tag": "not_found"}}
_FILE: Final = {".tag": "file", "is_downloadable": True, "content_hash": "0" * 64}


def _answer(
    request: requests.PreparedRequest, status: int, body: object, raw: bytes | None = None
) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.request = request
    answer.url = str(request.url)
    answer.headers["Content-Type"] = (
        "application/json" if raw is None else "application/octet-stream"
    )
    answer.headers["X-Dropbox-Request-Id"] = "1"
    answer.raw = io.BytesIO(json.dumps(body).encode() if raw is None else raw)
    return answer
