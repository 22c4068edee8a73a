"""A model: its options, its commands, the server that answers for them, and how it is run."""

import inspect
import json
import os
import signal
import sys
import threading
import time
from collections import OrderedDict

from werkzeug.serving import WSGIRequestHandler, make_server, run_simple

from modelcloud import jobs, server
from modelcloud.data_types.base import named
from modelcloud.exceptions import (
    InferenceError,
    MissingInputError,
    MissingOptionError,
    RunwayError,
    SetupError,
    UnknownCommandError,
)
from modelcloud.working import Worker

STARTING = "STARTING"
RUNNING = "RUNNING"


class _Handler(WSGIRequestHandler):
    """Logs each request but those that only ask, again and again, how the server is."""

    def log_request(self, *said):
        if getattr(self, "path", "").partition("?")[0].rstrip("/") != "/healthcheck":
            super(_Handler, self).log_request(*said)


class RunwayModel(object):
    """Everything about one model. `app` is a Flask application, to which routes may be added."""

    def __init__(self):
        self.options = []
        self.commands = OrderedDict()
        self.command_fns = {}
        self.setup_fn = None
        self.model = None
        self.running_status = STARTING
        self.worker = Worker()
        self._began = time.time()
        self._last_command = None
        self.app = server.application(self)
        jobs.serve(self)

    # What an author says

    def setup(self, decorated_fn=None, options=None):
        """Say how the model is made; with options the function takes a dict of their values."""
        if decorated_fn is not None:
            self.options = []
            self.setup_fn = decorated_fn
            return decorated_fn
        declared = [named(kind, name) for name, kind in options.items()]

        def decorator(function):
            self.options = declared
            self.setup_fn = function
            return function

        return decorator

    def command(self, name, inputs=None, outputs=None, description=None):
        """Say what can be asked of the model, and with which fields."""
        if not inputs or not outputs:
            raise Exception("You need to provide at least one input and output for the command")
        entry = {
            "name": name,
            "description": description,
            "inputs": [named(kind, field) for field, kind in inputs.items()],
            "outputs": [named(kind, field) for field, kind in outputs.items()],
        }

        def decorator(function):
            self.commands[name] = entry
            self.command_fns[name] = function
            return function

        return decorator

    # What the wire says of it

    def millis_running(self):
        return int(round((time.time() - self._began) * 1000))

    def millis_since_last_command(self):
        if self._last_command is None:
            return None
        return int(round((time.time() - self._last_command) * 1000))

    def described(self):
        """Options and commands, as a builder reads them."""
        return {
            "options": [option.to_dict() for option in self.options],
            "commands": [self.command_described(name) for name in self.commands],
        }

    def command_described(self, name):
        if name not in self.commands:
            raise UnknownCommandError(name)
        entry = self.commands[name]
        found = {"name": entry["name"], "description": entry["description"]}
        for side in ("inputs", "outputs"):
            found[side] = [field.to_dict() for field in entry[side]]
        return found

    # What is run, each in the worker's thread

    def setup_model(self, values):
        """Make the model anew; until that has succeeded it is starting."""
        self.running_status = STARTING
        if self.setup_fn is None:
            self.model = None
        else:
            decoded = self._decoded(self.options, values, MissingOptionError)
            try:
                self.model = (
                    self.setup_fn(decoded) if _takes_any(self.setup_fn) else self.setup_fn()
                )
            except RunwayError:
                raise
            except Exception as error:
                raise SetupError(repr(error)) from error
        self.running_status = RUNNING

    def decoded_inputs(self, name, values):
        if name not in self.commands:
            raise UnknownCommandError(name)
        return self._decoded(self.commands[name]["inputs"], values, MissingInputError)

    def results(self, name, inputs, formats=None):
        """Give each (outputs, progress) of a command that is run on decoded inputs."""
        self._last_command = time.time()
        try:
            found = self.command_fns[name](self.model, inputs)
            if not inspect.isgenerator(found):
                yield self._encoded(name, found, formats)
                return
            while True:
                try:
                    each = next(found)
                except StopIteration as end:
                    if end.value is not None:
                        yield self._encoded(name, end.value, formats)
                    return
                yield self._encoded(name, each, formats)
        except RunwayError:
            raise
        except Exception as error:
            raise InferenceError(repr(error)) from error

    def result(self, name, inputs, formats=None):
        """Give the last outputs of a command."""
        last = None
        for last, _ in self.results(name, inputs, formats):
            pass
        if last is None:
            raise InferenceError("it yielded nothing")
        return last

    @staticmethod
    def _decoded(fields, values, missing):
        found = {}
        for field in fields:
            if field.name in values:
                value = values[field.name]
                is_left_out = value is None and getattr(field, "default", value) is None
                found[field.name] = None if is_left_out else _decode(field, value)
            elif hasattr(field, "default"):
                default = field.default
                found[field.name] = None if default is None else _decode(field, default)
            else:
                raise missing(field.name)
        return found

    def _encoded(self, name, returned, formats):
        progress = None
        if isinstance(returned, tuple) and len(returned) == 2:
            returned, progress = returned
        fields = self.commands[name]["outputs"]
        is_named = isinstance(returned, dict) and (
            len(fields) > 1 or fields[0].name in returned or not _takes_dicts(fields[0])
        )
        values = returned if is_named else {fields[0].name: returned}
        if not is_named and len(fields) > 1:
            raise InferenceError("it returned no dict, and has {} outputs".format(len(fields)))
        encoded = {}
        for field in fields:
            if field.name not in values:
                raise InferenceError("its result has no {!r}".format(field.name))
            try:
                wanted = (formats or {}).get(field.name)
                encoded[field.name] = field.serialize(values[field.name], wanted)
            except RunwayError as error:
                raise InferenceError(error.message.rstrip(".")) from error
        return encoded, progress

    # Running

    def run(
        self,
        host="0.0.0.0",
        port=9000,
        model_options=None,
        debug=False,
        meta=False,
        no_serve=False,
    ):
        """Set the model up and serve it until somebody ends the process.

        What the environment says wins over what the code says.
        """
        host = _said("HOST") or host
        port = int(_said("PORT") or os.environ.get("PORT") or port)
        said = _said("MODEL_OPTIONS")
        options = json.loads(said) if said else model_options or {}
        if _flag("META", meta):
            print(json.dumps(self.described()))
            return
        _print("Setting up model...")
        try:
            self.worker.run(lambda: self.setup_model(options))
        except RunwayError as error:
            error.print_exception()
            sys.exit(1)
        if _flag("NO_SERVE", no_serve):
            _print('Not starting model server because "no_serve" directive is present.')
            return
        _print("Starting model server at http://{}:{}...".format(host, port))
        if _flag("DEBUG", debug):
            run_simple(
                host, port, self.app, threaded=True, use_reloader=True, request_handler=_Handler
            )
        else:
            self._serve(host, port)

    def _serve(self, host, port):
        """Answer in threads and work in this one, until a signal says that it is enough."""
        listening = make_server(host, port, self.app, threaded=True, request_handler=_Handler)
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever)
        thread.daemon = True
        thread.start()

        def leave(*_):
            self.worker.stop()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, leave)
        try:
            self.worker.work()
        except KeyboardInterrupt:
            _print("Stopping server...")
        listening.shutdown()
        server.let_finish()
        listening.server_close()


def _decode(field, value):
    """Whatever a caller sends that cannot be read is the caller's fault."""
    try:
        return field.deserialize(value)
    except RunwayError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OSError) as error:
        raise server.invalid(field.name, value, error) from error


def _takes_any(function):
    try:
        return bool(inspect.signature(function).parameters)
    except ValueError:  # a function in C that does not say
        return True


def _takes_dicts(field):
    return field.type == "any"


def _said(name):
    return os.environ.get("RW_" + name) or os.environ.get("MODELCLOUD_" + name)


def _flag(name, default):
    said = _said(name)
    return bool(int(said)) if said else default


def _print(text):
    print(text)
    sys.stdout.flush()
