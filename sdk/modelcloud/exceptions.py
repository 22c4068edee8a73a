"""What can go wrong, with the status and the sentence that callers rely on."""

import sys
import traceback


class RunwayError(Exception):
    """An error with a status for HTTP and a message for whoever called."""

    code = 500
    message = "An unknown error occurred."

    def get_traceback(self):
        """The frames it came through, one line each, without leading blanks."""
        if self.__traceback__ is None:
            lines = traceback.format_stack()
        else:
            lines = traceback.format_exception(type(self), self, self.__traceback__)
        return [line.strip() for line in "".join(lines).splitlines() if line.strip()]

    def print_exception(self):
        """Write message and frames to stderr, in red."""
        frames = "\n".join(self.get_traceback())
        sys.stderr.write("\033[91m{}\n{}\033[0m\n".format(self.message, frames))
        sys.stderr.flush()

    def to_response(self):
        return {
            "error": self.message,
            "traceback": self.get_traceback(),
            "type": type(self).__name__,
        }


class MissingOptionError(RunwayError):
    def __init__(self, name):
        RunwayError.__init__(self, name)
        self.code = 400
        self.message = "Missing option: {}.".format(name)


class MissingInputError(RunwayError):
    def __init__(self, name):
        RunwayError.__init__(self, name)
        self.code = 400
        self.message = "Missing input: {}.".format(name)


class InvalidArgumentError(RunwayError):
    def __init__(self, name, detail=None):
        RunwayError.__init__(self, name, detail)
        self.code = 400
        self.message = "Invalid argument: {}.".format(name)
        if detail:
            self.message += " {}".format(detail)


class InferenceError(RunwayError):
    def __init__(self, what):
        RunwayError.__init__(self, what)
        self.code = 500
        self.message = "Error during inference: {}.".format(what)


class SetupError(RunwayError):
    def __init__(self, what):
        RunwayError.__init__(self, what)
        self.code = 500
        self.message = "Error during setup: {}.".format(what)


class UnknownCommandError(RunwayError):
    def __init__(self, name):
        RunwayError.__init__(self, name)
        self.code = 404
        self.message = "Unknown command: {}.".format(name)


class MissingArgumentError(RunwayError):
    def __init__(self, name):
        RunwayError.__init__(self, name)
        self.code = 500
        self.message = "Missing argument: {}.".format(name)
