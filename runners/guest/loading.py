"""Import the author's module, in whichever of three forms it is written, and find its function.

    plain    a function `apply(input)`; imported under its own name
    handler  `Algorithmia.handler(apply, load).serve()`; run as a program
    ADK      `ADK(apply, load).init()`; run as a program

A module of the last two forms, or any module of a tree with the marker file `.adk`, runs with
`__name__ == "__main__"`, so that a guard around the last line does not hide it.
"""

import os
import re
import sys
from importlib import import_module
from importlib._bootstrap import _find_spec, module_from_spec  # importlib.util takes 5 ms
from importlib._bootstrap_external import spec_from_file_location
from importlib.machinery import PathFinder

from _agorithm import registry

HERE = os.path.dirname(os.path.abspath(__file__))

_HANDS_OVER = re.compile(rb"\bADK\s*\(|\.serve\s*\(")
_COROUTINE, _VARARGS = 0x80, 0x04


class LoadingFailed(Exception):
    """The module has nothing that could be called."""

    error_type = "LoadingError"


class _Substitutes(object):
    """Puts our module in the place of one, and gives others back what newer Pythons took away."""

    def find_spec(self, name, path=None, target=None):
        if name == "Algorithmia.handler":
            file = os.path.join(HERE, "handler.py")
            return spec_from_file_location(name, file)
        amend = _AMENDED.get(name)
        if amend is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            _amend_after_loading(spec.loader, amend)
        return spec


def make_folder(tree, work):
    """Make the working folder, in which the author's files stand, and go there."""
    os.makedirs(work, exist_ok=True)
    os.chdir(work)
    for name in os.listdir(tree):
        try:
            if name != ".git":
                os.symlink(os.path.join(tree, name), os.path.join(work, name))
        except FileExistsError:
            pass


def prepare(tree, work):
    """Make the folders what an author expects; to be called once, before `load`."""
    make_folder(tree, work)
    sys.path[:0] = [tree, os.path.join(HERE, "compat")]
    sys.path.append(os.path.join(tree, "src"))
    sys.argv[:] = [tree]
    sys.meta_path.insert(0, _Substitutes())
    for name, amend in _AMENDED.items():
        if name in sys.modules:
            amend(sys.modules[name])


def load(name):
    """Give the author's function of one argument; raises whatever the author's code raises."""
    module = _run(name)
    if registry.entries:
        entry = registry.entries[-1]
        if entry.problem is not None:
            raise entry.problem
        return entry.function
    function = getattr(module, "apply", None)
    if function is None:
        raise LoadingFailed("{} defines no function apply(input).".format(_file(module, name)))
    _check(function, _file(module, name))
    return function


def _run(name):
    parent, _, child = name.rpartition(".")
    path = import_module(parent).__path__ if parent else None
    spec = _find_spec(name, path)
    if spec is None:
        file = name.replace(".", "/") + ".py"
        raise LoadingFailed("The algorithm has no file {}.".format(file))
    if spec.loader is None or not hasattr(spec.loader, "get_code"):
        raise LoadingFailed("{} is a folder without __init__.py.".format(name.replace(".", "/")))
    module = module_from_spec(spec)
    code = spec.loader.get_code(name)
    sys.modules[name] = sys.modules["__main__"] = module
    is_program = os.path.exists(".adk") or _hands_over(spec.origin)
    if is_program:
        module.__name__ = "__main__"
        sys.argv[:] = [spec.origin]
    try:
        exec(code, module.__dict__)
    except SystemExit as error:
        if not (is_program and error.code in (None, 0)):
            raise
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def _hands_over(path):
    try:
        with open(path, "rb") as file:
            return _HANDS_OVER.search(file.read()) is not None
    except (OSError, TypeError):
        return False


def _check(function, file):
    if not callable(function):
        raise LoadingFailed("apply in {} is not a function.".format(file))
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__self__"):
        return
    if code.co_flags & _COROUTINE:
        raise LoadingFailed("apply in {} must not be an async function.".format(file))
    needed = code.co_argcount - len(function.__defaults__ or ())
    if needed > 1 or (code.co_argcount == 0 and not code.co_flags & _VARARGS):
        arguments = ", ".join(code.co_varnames[: code.co_argcount])
        raise LoadingFailed(
            "apply in {} must take exactly one argument, the input; it is apply({}).".format(
                file, arguments
            )
        )


def _file(module, name):
    path = getattr(module, "__file__", None) or name
    return os.path.join(*path.split(os.sep)[-2:])


def _amend_after_loading(loader, amend):
    execute = loader.exec_module

    def exec_module(module):
        execute(module)
        amend(module)

    loader.exec_module = exec_module


def _amend_inspect(inspect):
    """`inspect.getargspec` was removed in 3.11; many packages of its time still ask for it."""
    if hasattr(inspect, "getargspec"):
        return
    from collections import namedtuple

    ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")

    def getargspec(func):
        return ArgSpec(*inspect.getfullargspec(func)[:4])

    inspect.ArgSpec, inspect.getargspec = ArgSpec, getargspec


def _amend_traceback(traceback):
    """`etype=` was removed in 3.10 from the functions that format exceptions."""
    for name in ("format_exception", "print_exception", "format_exception_only"):
        setattr(traceback, name, _accepting_etype(getattr(traceback, name)))


def _accepting_etype(function):
    def with_etype(*arguments, **named):
        if "etype" in named:
            arguments = (named.pop("etype"),) + arguments
        return function(*arguments, **named)

    with_etype.__name__ = function.__name__
    with_etype.__doc__ = function.__doc__
    return with_etype


_AMENDED = {"inspect": _amend_inspect}
if sys.version_info >= (3, 10):
    _AMENDED["traceback"] = _amend_traceback
