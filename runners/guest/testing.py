"""Run the author's unit tests inside a sandbox, as one call whose result is the report.

With pytest, where the author has asked for it in requirements.txt; otherwise functions `test_*`
without parameters and `unittest.TestCase`s, from files `test_*.py` and `*_test.py`.
"""

import os
import sys
import traceback
import unittest
from importlib import import_module
from time import perf_counter

from _agorithm import failures

MOST_MESSAGE = 20000
_LEFT_OUT = (".git", "__pycache__", "node_modules")


def report(tree):
    """Run every test of a tree; give what each did."""
    files = sorted(_files(tree))
    try:
        import pytest
    except ImportError:
        tests = [test for file in files for test in _of_file(tree, file)]
    else:
        tests = _by_pytest(pytest, tree, files)
    outcomes = [test["outcome"] for test in tests]
    return {
        "files": files,
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed"),
        "skipped": outcomes.count("skipped"),
        "tests": tests,
    }


def _files(tree):
    for folder, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            if name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")):
                yield os.path.relpath(os.path.join(folder, name), tree)


def _by_pytest(pytest, tree, files):
    if not files:
        return []
    recorder = _Recorder()
    arguments = ["-q", "-p", "no:cacheprovider", "--rootdir", tree, "--import-mode=importlib"]
    code = pytest.main(arguments + [os.path.join(tree, file) for file in files], [recorder])
    if int(code) > 1 and not recorder.tests:
        recorder.add("pytest", "failed", 0, "pytest ended with code {}.".format(int(code)))
    return recorder.tests


class _Recorder(object):
    """A plugin of pytest that keeps how each test ended."""

    def __init__(self):
        self.tests = []

    def add(self, name, outcome, seconds, message):
        self.tests.append(_test(name, outcome, seconds, message))

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.add(report.nodeid, report.outcome, report.duration, report.longreprtext)

    def pytest_collectreport(self, report):
        if report.failed:
            self.add(report.nodeid, "failed", 0, report.longreprtext)


def _of_file(tree, file):
    name = file[:-3].replace(os.sep, ".")
    began = perf_counter()
    try:
        module = import_module(name)
    except BaseException as error:
        return [_test(file, "failed", perf_counter() - began, _trace(error, tree))]
    found = [(key, value) for key, value in vars(module).items() if value is not None]
    tests = [
        _function(tree, "{}::{}".format(file, key), value)
        for key, value in found
        if key.startswith("test_") and callable(value) and not isinstance(value, type)
    ]
    for key, value in found:
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            if value.__module__ == module.__name__:
                tests.extend(_case(tree, "{}::{}".format(file, key), value))
    return tests


def _function(tree, name, function):
    code = getattr(function, "__code__", None)
    needed = code.co_argcount - len(function.__defaults__ or ()) if code else 0
    if needed:
        message = "It takes arguments: add pytest to requirements.txt to have fixtures."
        return _test(name, "skipped", 0, message)
    began = perf_counter()
    try:
        function()
    except unittest.SkipTest as reason:
        return _test(name, "skipped", perf_counter() - began, str(reason))
    except BaseException as error:
        return _test(name, "failed", perf_counter() - began, _trace(error, tree))
    return _test(name, "passed", perf_counter() - began, "")


def _case(tree, name, case):
    for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
        result = unittest.TestResult()
        began = perf_counter()
        test.run(result)
        seconds = perf_counter() - began
        own = "{}::{}".format(name, test.id().rpartition(".")[2])
        bad = result.failures + result.errors
        if bad:
            yield _test(own, "failed", seconds, bad[0][1])
        elif result.skipped:
            yield _test(own, "skipped", seconds, result.skipped[0][1])
        else:
            yield _test(own, "passed", seconds, "")


def _trace(error, tree):
    described = failures.describe(error, tree)
    return described["stacktrace"] or described["message"]


def _test(name, outcome, seconds, message):
    message = message[-MOST_MESSAGE:]
    return {"name": name, "outcome": outcome, "seconds": round(seconds, 3), "message": message}


def function(tree):
    """What a sandbox of the contract `tests` answers its calls with."""

    def run_tests(_):
        sys.argv[:] = [tree]
        try:
            return report(tree)
        except Exception:
            return {"files": [], "passed": 0, "failed": 1, "skipped": 0,
                    "tests": [_test("tests", "failed", 0, traceback.format_exc())]}  # fmt: skip

    return run_tests
