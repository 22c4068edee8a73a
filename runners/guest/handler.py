"""Stands in for `Algorithmia.handler`: same class, but it hands its functions to our loop.

The published one reads requests from stdin, and cannot start on Python 3.11 and later
(`inspect.getargspec` is gone).
"""

from _agorithm import registry


class Handler(object):
    def __init__(self, apply_func, load_func):
        self.FIFO_PATH = "/tmp/algoout"
        if registry.takes(load_func) > 0:
            raise Exception("load function must not have parameters")
        self.apply_arity = registry.takes(apply_func)
        if not 1 <= self.apply_arity <= 2:
            message = "apply function may have between 1 and 2 parameters, not {}"
            raise Exception(message.format(self.apply_arity))
        self.apply_func = apply_func
        self.load_func = load_func
        self.load_result = None

    def load(self):
        self.load_result = self.load_func()

    def apply(self, payload):
        if self.apply_arity == 2 and registry.has_something(self.load_result):
            return self.apply_func(payload, self.load_result)
        return self.apply_func(payload)

    def serve(self):
        try:
            self.load()
        except Exception as error:
            registry.register(self.apply, problem=error)
        else:
            registry.register(self.apply)
