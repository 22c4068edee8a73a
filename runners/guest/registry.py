"""What a module handed over through `ADK(...).init()` or `Algorithmia.handler(...).serve()`."""


class Entry(object):
    """A function of one argument, or the exception that its loading raised."""

    def __init__(self, function, problem=None):
        self.function = function
        self.problem = problem


entries = []


def register(function, problem=None):
    """Answer calls with this function from now on; the last one registered counts."""
    entries.append(Entry(function, problem))


def takes(function):
    """How many positional arguments a function is declared with, `self` left out."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(1 for parameter in parameters if parameter.kind in kinds)


def has_something(value):
    """Whether a load result counts as one; an array has no truth value, and does."""
    try:
        return bool(value)
    except Exception:
        return value is not None
