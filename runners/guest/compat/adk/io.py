"""The published package's envelope functions, for algorithms whose tests use them."""

import base64
import json
import traceback


def format_data(request):
    if request["content_type"] in ["text", "json"]:
        return request["data"]
    if request["content_type"] == "binary":
        return wrap_binary_data(base64.b64decode(request["data"]))
    raise Exception("Invalid content_type: {}".format(request["content_type"]))


def is_binary(arg):
    return isinstance(arg, (bytes, bytearray))


def wrap_binary_data(data):
    return bytes(data)


def format_response(response):
    if is_binary(response):
        content_type = "binary"
        response = base64.b64encode(response).decode("ascii")
    elif isinstance(response, str):
        content_type = "text"
    else:
        content_type = "json"
    return json.dumps({"result": response, "metadata": {"content_type": content_type}})


def create_exception(exception, loading_exception=False):
    default = "LoadingError" if loading_exception else "AlgorithmError"
    trace = traceback.format_exception(type(exception), exception, exception.__traceback__)
    error = {
        "message": str(exception),
        "stacktrace": " ".join(trace),
        "error_type": getattr(exception, "error_type", default),
    }
    return json.dumps({"error": error})
