"""Runs everything of the author's in one thread, one thing at a time: the thread that set up.

Sessions, graphs and contexts of many frameworks belong to the thread that made them. Meanwhile
other threads answer health checks and take new requests in.
"""

import ctypes
import queue
import threading


class Cancelled(BaseException):
    """Raised in the author's code when its job is cancelled."""


class Stopped(Exception):
    """The server is ending and takes nothing new."""


class Task(object):
    def __init__(self, function):
        self.function = function
        self.is_cancelled = False
        self.done = threading.Event()
        self.result = None
        self.error = None


class Worker(object):
    """A queue, and whoever works on it; without one, whoever asks works by themselves."""

    def __init__(self):
        self._tasks = queue.Queue()
        self._lock = threading.RLock()
        self._thread = None
        self._current = None
        self._is_stopping = False

    def run(self, function, begun=None):
        """Run it where it must run; give what it gives. `begun` is told of the task, if it is one."""
        if self._thread is None or self._thread == threading.get_ident():
            with self._lock:
                return function()
        task = Task(function)
        if begun is not None:
            begun(task)
        self.submit(task)
        task.done.wait()
        if task.error is not None:
            raise task.error
        return task.result

    def submit(self, task):
        """Put it in line."""
        if self._is_stopping:
            raise Stopped("The server is stopping.")
        self._tasks.put(task)
        return task

    def begin(self, task):
        """Put it in line, or do it now where nobody else works."""
        if self._thread is not None:
            self.submit(task)
            return
        with self._lock:
            self._do(task)

    def cancel(self, task):
        """Interrupt it at its next step, or leave it out if it has not begun."""
        with self._lock:
            task.is_cancelled = True
            if self._current is task:
                thread = ctypes.c_ulong(self._thread)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Cancelled))

    def work(self):
        """Work until `stop`; what is in progress then is finished."""
        self._thread = threading.get_ident()
        while not (self._is_stopping and self._tasks.empty()):
            try:
                task = self._tasks.get(timeout=0.2)
            except queue.Empty:
                continue
            except Cancelled:  # came a moment too late
                continue
            self._do(task)
        self._thread = None

    def stop(self):
        self._is_stopping = True

    def _do(self, task):
        try:
            try:
                with self._lock:
                    self._current = task
                if task.is_cancelled:
                    raise Cancelled()
                task.result = task.function()
            except BaseException as error:
                task.error = error
            finally:
                with self._lock:
                    self._current = None
            for _ in range(100):  # one that was sent a moment ago comes here
                pass
        except Cancelled:
            pass
        task.done.set()
