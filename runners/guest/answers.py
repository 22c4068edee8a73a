"""One call as one HTTP request to a process in the same sandbox, and its answer as a result.

    2xx, JSON             json, the bytes as they came
    2xx, text/*           text
    204, or nothing       json, null
    other 2xx             binary
    400, 413, 415, 422    the caller's fault
    anything else         the algorithm's
"""

import json
import re
import socket
from html import unescape
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from _agorithm import jobs, values

MOST_MESSAGE = 500
MOST_MANIFEST = 512 * 1024
MOST_STACKTRACE = 64 * 1024
_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}
_TOO_LARGE = "The answer has more than {:,} bytes, which is all that can be returned."
_CALLERS_FAULT = (400, 413, 415, 422)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_STATUS = re.compile(r"\A[45]\d\d\b[ :]*(?=\S)")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


class Refused(Exception):
    """An answer that is no result."""

    def __init__(self, error_type, message, stacktrace=""):
        Exception.__init__(self, message)
        self.error_type = error_type
        self.stacktrace = stacktrace


class NoAnswer(Exception):
    """The connection ended before there was an answer."""


def dial(port):
    """Give a connection, None if nobody listens."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        return None
    return connection


def manifest(port, path, timeout=None):
    """Give (what a process says of itself, whether it runs jobs as our SDK does).

    What it says is nothing if it is no JSON object of a sensible size, or comes too late.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        content = response.read(MOST_MANIFEST + 1)
        found = json.loads(content.decode("utf-8"))
    except (OSError, HTTPException, ValueError, RecursionError):
        return {}, False
    finally:
        connection.close()
    if not isinstance(found, dict) or len(content) > MOST_MANIFEST:
        return {}, False
    return found, response.getheader(jobs.SPOKEN) is not None


def address(operation):
    return "/" + quote(str(operation or ""), safe="")


def post(port, header, body, limit, path="/", call=None):
    """Send the input and give (kind, body) of the answer; raise Refused, NoAnswer or jobs.Cancelled.

    `call` is what can happen meanwhile: it is told what there is so far, and may be cancelled.
    """
    headers = {"X-Request-Id": str(header.get("id")), "X-Forwarded-Proto": "https"}
    sent = _TYPES.get(header.get("kind"))
    if sent is not None:
        headers["Content-Type"] = sent
    if call is not None:
        headers.update(call.headers)
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("POST", path, body=body, headers=headers)
        if call is not None:
            call.wait_for(connection.sock)
        response = connection.getresponse()
        kind = response.getheader("Content-Type") or ""
        if call is not None and kind.startswith(jobs.STREAM) and call.is_job:
            return "json", _of_job(call.outputs(response, limit), limit)
        content = response.read(limit + 1) if call is None else call.read(response, kind, limit)
    except (OSError, HTTPException) as error:
        raise NoAnswer(_words(error))
    finally:
        connection.close()
    if len(content) > limit:
        raise Refused("TooLargeError", _TOO_LARGE.format(limit))
    return _result(response.status, kind, content)


def _of_job(ended, limit):
    """The result of a job by its last word; raise Refused for one that failed."""
    outputs, failed = ended
    if failed is not None:
        code = failed.get("code")
        code = code if isinstance(code, int) else 500
        kind = "InputError" if code in _CALLERS_FAULT else "AlgorithmError"
        raise Refused(kind, *_failure(code, "application/json", json.dumps(failed).encode("utf-8")))
    if len(outputs) > limit:
        raise Refused("TooLargeError", _TOO_LARGE.format(limit))
    return _json(outputs.decode("utf-8"))


def _result(status, content_type, content):
    if not 200 <= status < 300:
        kind = "InputError" if status in _CALLERS_FAULT else "AlgorithmError"
        raise Refused(kind, *_failure(status, content_type, content))
    if status == 204 or not content:
        return "json", b"null"
    media = content_type.partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        return "json", _json(_decoded(content_type, content))
    if media.startswith("text/"):
        return "text", _decoded(content_type, content).encode("utf-8")
    return "binary", content


def _json(text):
    body = text.lstrip("\ufeff").encode("utf-8")
    try:
        json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        is_sound = not values.is_too_deep(body)
    except (ValueError, RecursionError):
        is_sound = False
    if not is_sound:
        raise Refused("AlgorithmError", "The app says that its answer is JSON, and it is not.")
    return body


def _refuse_constant(name):
    raise ValueError(name)


def _decoded(content_type, content):
    found = _CHARSET.search(content_type)
    try:
        return content.decode(found.group(1) if found else "utf-8", "strict")
    except (LookupError, UnicodeDecodeError):
        raise Refused(
            "AlgorithmError",
            "The app's answer is not in the encoding that its content type says ({}).".format(
                content_type[:100] or "none"
            ),
        )


def _failure(status, content_type, content):
    """Give (message, stacktrace); frames that come with the error are not for every caller."""
    body = content.decode("utf-8", "replace")
    said = _said(content_type, body)
    text = "The app answered {}".format(status)
    return ("{}: {}".format(text, said) if said else text + "."), _frames(body)


def _frames(body):
    try:
        frames = json.loads(body)["traceback"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return "\n".join(map(str, frames))[:MOST_STACKTRACE] if isinstance(frames, list) else ""


def _said(content_type, text):
    """The app's own words: of its JSON, the title of its page, or the beginning of the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        for name in ("error", "message", "detail"):
            said = value.get(name)
            if isinstance(said, dict):
                said = said.get("message")
            if isinstance(said, str) and said:
                return said[:MOST_MESSAGE]
    title = _TITLE.search(text) if "html" in content_type.lower() else None
    if title:
        words = " ".join(unescape(title.group(1)).split())
        return _STATUS.sub("", words)[:MOST_MESSAGE]
    return text.strip()[:MOST_MESSAGE]


def _words(error):
    return str(error) or type(error).__name__
