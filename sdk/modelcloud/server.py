"""The HTTP side: what is asked for at which address, and how errors are told."""

import gzip
import json
import os
import time
import uuid

from flask import Flask, Response, request

from modelcloud import compression, posting
from modelcloud.__version__ import __version__
from modelcloud.exceptions import InvalidArgumentError, RunwayError
from modelcloud.working import Stopped

WORTH_COMPRESSING = 500
NO_JSON = "The body of all POST requests must contain JSON"
_GENERAL = {
    401: "Unauthorized (well... really unauthenticated but hey I didn't write the spec).",
    403: "Forbidden.",
    404: "Not found.",
    405: "Method not allowed.",
    500: "Internal server error.",
}
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
_FINISH_SECONDS = 5


class _NoBody(Exception):
    """A POST whose body is no JSON."""


def application(model):
    """Make the Flask application of a model."""
    app = Flask("modelcloud")
    app.url_map.strict_slashes = False

    @app.route("/", methods=["GET"])
    @app.route("/meta", methods=["GET"])
    def meta():
        said = model.described()
        said["modelSDKVersion"] = __version__
        said["millisRunning"] = model.millis_running()
        said["millisSinceLastCommand"] = model.millis_since_last_command()
        said["GPU"] = os.environ.get("GPU") == "1"
        answer = _json(said)
        answer.headers["X-Modelcloud-Jobs"] = "1"
        return answer

    @app.route("/healthcheck", methods=["GET"])
    def healthcheck():
        return _json({"status": model.running_status})

    @app.route("/setup", methods=["GET"])
    def options():
        return _json(model.described()["options"])

    @app.route("/setup", methods=["POST"])
    def setup():
        values = _body()
        model.worker.run(lambda: model.setup_model(values))
        return _json({"success": True})

    @app.route("/<name>", methods=["GET"])
    def command(name):
        return _json(model.command_described(name))

    @app.route("/<name>", methods=["POST"])
    def run(name):
        values = _body()
        inputs = model.decoded_inputs(name, values)
        formats = _formats(request.headers.get("X-Runway-Output-Format", ""))
        job = request.headers.get("X-Request-Id") or str(uuid.uuid4())
        if "text/event-stream" in request.headers.get("Accept", ""):
            messages = posting.streamed(model, job, name, inputs, formats)
            return Response(messages, mimetype="text/event-stream")
        return _json(posting.run(model, job, lambda: model.result(name, inputs, formats)))

    @app.route("/", methods=["POST"])
    def cancel():
        return _json(posting.cancel(model, _body()))

    _tell_errors(app)
    _open_and_compress(app)
    return app


def let_finish():
    """Wait a moment for answers that are being sent."""
    deadline = time.time() + _FINISH_SECONDS
    while posting.on_their_way() and time.time() < deadline:
        time.sleep(0.01)


def invalid(name, value, error):
    """What is told of an input that its type cannot read."""
    shown = repr(value)
    shown = shown if len(shown) < 100 else shown[:100] + "..."
    return InvalidArgumentError(name, "{} cannot be read: {}.".format(shown, error))


def _json(value, status=200):
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return Response(text.encode("utf-8"), status=status, mimetype="application/json")


def _body():
    """The fields of a POST; a body that is JSON but no object has none."""
    data = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        if request.headers.get("Content-Type") != "application/json":
            raise _NoBody()
        try:
            data = compression.gzip_decompress(data)
        except (OSError, EOFError):
            raise _NoBody()
    try:
        value = json.loads(data.decode("utf-8"))
    except ValueError:
        raise _NoBody()
    if value is None:
        raise _NoBody()
    return value if isinstance(value, dict) else {}


def _formats(header):
    """`photo=PNG;mask=EXR` as a dict."""
    pairs = (part.split("=", 1) for part in header.split(";") if "=" in part)
    found = {name.strip(): wanted.strip().upper() for name, wanted in pairs}
    for name, wanted in found.items():
        if wanted not in ("PNG", "JPEG", "JPG", "WEBP", "EXR"):
            raise InvalidArgumentError(name, "Its format can be PNG, JPEG, WEBP or EXR.")
    return found


def _tell_errors(app):
    @app.errorhandler(RunwayError)
    def told(error):
        error.print_exception()
        return _json(error.to_response(), error.code)

    @app.errorhandler(_NoBody)
    def no_body(_):
        return _json({"error": NO_JSON}, 400)

    @app.errorhandler(posting.WasCancelled)
    def cancelled(error):
        return _json({"error": str(error)}, 409)

    @app.errorhandler(Stopped)
    def stopped(error):
        return _json({"error": str(error)}, 503)

    for code, text in _GENERAL.items():
        app.register_error_handler(code, _general(code, text))


def _general(code, text):
    def answer(_):
        return _json({"error": text}, code)

    return answer


def _is_socket():
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _open_and_compress(app):
    @app.before_request
    def begin():
        posting.opened(0 if _is_socket() else 1)

    @app.teardown_request
    def end(_):
        posting.opened(0 if _is_socket() else -1)

    @app.after_request
    def finish(response):
        response.headers["Access-Control-Allow-Origin"] = "*"
        if request.method == "OPTIONS":
            asked = request.headers.get("Access-Control-Request-Headers", "")
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = asked or "*"
        accepts = "gzip" in request.headers.get("Accept-Encoding", "")
        is_whole = not (response.direct_passthrough or response.is_streamed)
        data = response.get_data() if is_whole else b""
        if (
            accepts
            and len(data) >= WORTH_COMPRESSING
            and "Content-Encoding" not in response.headers
        ):
            response.set_data(gzip.compress(data, 6))
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
        return response
