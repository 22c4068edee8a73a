"""Bodies to Python values and back: each is decoded once and encoded once, here.

    json    the value that the JSON text says          (back: anything JSON can say)
    text    str                                        (back: str)
    binary  bytes                                      (back: bytes or bytearray)
    void    None
"""

import json
import re

MAX_DEPTH = 500

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class InputRefused(Exception):
    """The caller's fault: the input is not what its content type says."""

    error_type = "InputError"


class ResultRefused(Exception):
    """The author's fault: what `apply` returned cannot be sent."""

    error_type = "AlgorithmError"


class ResultTooLarge(ResultRefused):
    error_type = "TooLargeError"


def _refuse_constant(name):
    raise InputRefused("The input is not valid JSON: it contains {}.".format(name))


def _refuse_object(value):
    raise ResultRefused(_not_json(type(value)))


_decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode
_encode_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse_object
).encode


def decode(kind, body):
    """Give the value a body stands for; raise InputRefused if it stands for none."""
    if kind == "json":
        return _from_json(_text(body, "JSON"))
    if kind == "text":
        return _text(body, "text")
    return body if kind == "binary" else None


def encode(result, limit):
    """Give (kind, body) of what `apply` returned; raise ResultRefused if it cannot be sent."""
    if isinstance(result, str):
        kind, body = "text", _utf8(result)
    elif isinstance(result, (bytes, bytearray)):
        kind, body = "binary", bytes(result)
    else:
        kind, body = "json", _to_json(result)
    check_size(body, limit)
    return kind, body


def check_size(body, limit):
    """Raise ResultTooLarge for what cannot be returned in one piece."""
    if len(body) > limit:
        raise ResultTooLarge(
            "The result has {:,} bytes; at most {:,} can be returned. Put it into a file of a data"
            " collection and return its data:// address.".format(len(body), limit)
        )


def _text(body, what):
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputRefused(
            "The input is not valid {}: byte {} is not UTF-8. Send other data as"
            " application/octet-stream.".format(what, error.start)
        )


def _from_json(text):
    try:
        return _decode_json(text)
    except InputRefused:
        raise
    except RecursionError:
        raise InputRefused("The input is JSON that is nested too deeply.")
    except ValueError as error:
        if text[:1] == "\ufeff":
            return _from_json(text[1:])
        raise InputRefused("The input is not valid JSON: {}.".format(error))


def _to_json(result):
    try:
        body = _utf8(_encode_json(result))
    except ResultRefused:
        raise
    except RecursionError:
        raise ResultRefused("The result is nested too deeply for JSON.")
    except ValueError as error:
        if "ircular" in str(error):
            raise ResultRefused("The result contains itself, which JSON cannot say.")
        raise ResultRefused(
            "The result contains NaN or Infinity, which JSON does not know; return None or a"
            " string in its place."
        )
    except TypeError as error:
        raise ResultRefused("The result cannot be said in JSON: {}.".format(error))
    if is_too_deep(body):
        raise ResultRefused(
            "The result is nested more than {} levels deep, too deep for the JSON readers of"
            " callers.".format(MAX_DEPTH)
        )
    return body


def _utf8(text):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ResultRefused(
            "The result contains half a character (U+{:04X}, a lone surrogate), which no text can"
            " hold; decode bytes with errors='replace'.".format(ord(text[error.start]))
        )


def is_too_deep(body):
    """Whether brackets stand in brackets too often: the readers of callers stop near 1000."""
    if len(body) <= 2 * MAX_DEPTH or body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = body.translate(None, _NO_BRACKETS)
    if _levels(brackets) <= MAX_DEPTH:
        return False
    return _levels(_STRING.sub(b"", body).translate(None, _NO_BRACKETS)) > MAX_DEPTH


def _levels(brackets):
    """How often the innermost pairs can be taken away until none is left."""
    levels = 0
    while brackets and levels <= MAX_DEPTH:
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            return MAX_DEPTH + 1  # a bracket in a string: undecided
        brackets = fewer
        levels += 1
    return levels


def _not_json(kind):
    name = kind.__name__
    module = getattr(kind, "__module__", "") or ""
    full = name if module in ("builtins", "__main__") else "{}.{}".format(module, name)
    start = "The result contains an object of type {}, which JSON does not know".format(full)
    return "{}; {}.".format(start, _advice(name, module.partition(".")[0]))


def _advice(name, package):
    if package in ("numpy", "torch", "tensorflow", "jax", "jaxlib", "cupy"):
        if name in ("ndarray", "Tensor", "EagerTensor", "matrix", "ArrayImpl"):
            return "return its .tolist() (of a tensor: .numpy().tolist())"
        return "turn it into a plain number first: float(x), int(x), bool(x) or x.item()"
    if package == "pandas":
        return "return .to_dict() of it"
    if name in ("bytes", "bytearray", "memoryview"):
        return "return bytes alone, not inside a list or dict, or as base64 text"
    if name in ("set", "frozenset", "generator", "map", "filter", "zip", "dict_keys", "dict_values"):
        return "return list(...) of it"
    if name in ("datetime", "date", "time", "Timestamp"):
        return "return its .isoformat()"
    if name == "Decimal":
        return "return str(...) or float(...) of it"
    if name == "coroutine":
        return "apply must not be an async function"
    return "return dicts, lists, strings, numbers, True, False and None"
