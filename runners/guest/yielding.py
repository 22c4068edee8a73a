"""An `apply` that yields: what it yields is told on the way, and between two yields it can be cancelled.

    yield value              what there is so far; each takes the place of the one before
    yield value, 0.5         the same, and how far it is, 0 to 1
    yield None, 0.5          only how far it is
    return value             the result; without one it is the last value that was yielded

So do the commands of a model service.
"""

import os
from types import GeneratorType

from _agorithm import telling, values, wire


class Cancelled(Exception):
    """The caller has ended the call."""


def is_generator(result):
    """Whether the author's function yields; a generator expression is a list that was forgotten."""
    return type(result) is GeneratorType and result.gi_code.co_name != "<genexpr>"


def yields(function):
    """Whether calling the author's function gives a generator, as far as its definition says so."""
    function = getattr(getattr(function, "__self__", None), "apply_func", function)
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x20)


def drained(generator, channel, header, limit):
    """Give the result; raise Cancelled once the caller has no use for it any more."""
    teller = telling.Teller(channel, header)
    pid = os.getpid()
    last = None
    while True:
        try:
            said = next(generator)
        except StopIteration as end:
            return last if end.value is None else end.value
        value, progress = _parts(said)
        if value is not None:
            last = value
        if os.getpid() != pid:  # forked by the author: it has nothing to say in our name
            continue
        if channel.is_asked():
            _heed(channel, header)
            generator.close()  # what it holds is given back: its `finally` runs
            raise Cancelled()
        if teller.is_free:
            teller.tell(progress, *_encoded(value, limit))


def _heed(channel, header):
    """Receive the one thing that can be asked during a call."""
    kind, asked, _ = channel.receive()
    if kind != wire.CANCEL or asked.get("id") != header.get("id"):
        raise wire.Garbage("no CANCEL of the call in progress")


def _parts(said):
    if isinstance(said, tuple) and len(said) == 2:
        value, progress = said
        is_number = isinstance(progress, (int, float)) and not isinstance(progress, bool)
        if is_number and 0 <= progress <= 1:
            return value, float(progress)
    return said, None


def _encoded(value, limit):
    """Give (kind, body) of what can be told, else nothing: only a result must be sendable."""
    if value is None:
        return ()
    try:
        return values.encode(value, min(limit, wire.EVENT_BODY))
    except Exception:
        return ()
