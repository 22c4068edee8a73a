"""A call of a process that speaks HTTP while it goes on: what there is so far, and its cancel.

A service written with our SDK streams a call that somebody watches as the messages of its web
socket (sdk/modelcloud/jobs.py), and takes their `cancel` as a POST to `/`. What any other process
sends as text is told while it comes; nothing can be cancelled there.
"""

import codecs
import json
import re
from http.client import HTTPConnection, HTTPException
from select import POLLIN, poll

from _agorithm import telling, wire

SPOKEN = "X-Modelcloud-Jobs"
STREAM = "text/event-stream"
_PIECE = 16 * 1024
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_STREAMED = ("text/", "application/x-ndjson", "application/jsonl")


class Cancelled(Exception):
    """The caller has ended the call, and so has the process."""


class Call(object):
    def __init__(self, channel, header, port, has_jobs):
        self.is_job = has_jobs
        self.headers = {"Accept": STREAM} if has_jobs and telling.number_in(header) else {}
        self._channel = channel
        self._id = header.get("id")
        self._port = port
        self._teller = telling.Teller(channel, header)

    def wait_for(self, connection):
        """Return when there is an answer to read; pass a cancel on that comes before."""
        if not self.is_job:
            return
        poller = poll()
        poller.register(connection.fileno(), POLLIN)
        poller.register(self._channel.fileno(), POLLIN)
        while True:
            if self._channel.has_more:
                self._heed()
                continue
            ready = dict(poller.poll())
            if connection.fileno() in ready:
                return
            self._heed()

    def outputs(self, response, limit):
        """Read a stream of messages; give (the last outputs as JSON, how it failed or None)."""
        outputs = b"null"
        while True:
            line = response.readline(limit + _PIECE)
            if self._channel.is_asked():
                self._heed()
            if not line:
                raise HTTPException("the stream of the job has no end")
            if not line.startswith(b"data:"):
                continue  # a sign of life
            message = _message(line[5:])
            kind = message.get("type")
            if kind == "output":
                text = json.dumps(message.get("outputData"), sort_keys=True, ensure_ascii=False)
                outputs = text.encode("utf-8")
                self._teller.tell(message.get("progress"), "json", outputs)
            elif kind == "cancelled":
                raise Cancelled()
            elif kind == "failed":
                return outputs, message
            elif kind == "succeeded":
                return outputs, None

    def read(self, response, kind, limit):
        """Read a body whole; text is told while it comes."""
        if not kind.lower().startswith(_STREAMED):
            return response.read(limit + 1)
        found = _CHARSET.search(kind)
        try:
            decoder = codecs.getincrementaldecoder(found.group(1) if found else "utf-8")("replace")
        except LookupError:
            return response.read(limit + 1)
        pieces, size = [], 0
        while size <= limit:
            piece = response.read1(_PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            self._teller.go_on(decoder.decode(piece).encode("utf-8"))
        return b"".join(pieces)

    def _heed(self):
        kind, asked, _ = self._channel.receive()
        if kind != wire.CANCEL or asked.get("id") != self._id:
            raise wire.Garbage("no CANCEL of the call in progress")
        body = json.dumps({"type": "cancel", "id": str(self._id)})
        connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", "/", body=body, headers={"Content-Type": "application/json"})
            connection.getresponse().read(_PIECE)
        except (OSError, HTTPException):  # the host ends the sandbox if nothing comes of it
            pass
        finally:
            connection.close()


def _message(text):
    try:
        message = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise HTTPException("the stream of the job is none of our SDK's")
    return message
