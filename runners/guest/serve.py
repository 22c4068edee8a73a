"""What runs inside a sandbox: load an author's module once, then answer one call after another.

Started as `<python> -I serve.py [run=FOLDER] [tree=FOLDER] [work=FOLDER] [relay_port=N]
[egress_port=N] [echo=1]`; without arguments the paths are those of every sandbox of the platform. Two
processes: the one started stays behind as the supervisor (supervisor.py: it pumps the relay's
bytes and keeps what is printed), its child runs the author's code and nothing else of ours but
this loop. So a flood of output, a busy interpreter or a patched `socket` module in the author's
process cannot stop the relay, and no thread of ours disturbs a fork.

Standard library only, Python 3.6 to 3.13. Nothing of the platform imports this folder, and
nothing here imports the platform; it shares only the wire (runners/protocol.py) with it.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _own_package():
    """Make the files beside this one importable, under a name no author uses."""
    package = type(sys)("_agorithm")
    package.__path__ = [HERE]
    sys.modules["_agorithm"] = package


if __name__ == "__main__":  # a spawned child of the author's imports this file, to no effect
    _own_package()
    from _agorithm import output, supervisor

DEFAULTS = {
    "run": "/run/agorithm",
    "tree": "/opt/algorithm",
    "work": "/tmp/work",
    "relay_port": "9000",
    "egress_port": "9001",
    "echo": "",
}


def main(arguments):
    options = dict(DEFAULTS)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in DEFAULTS or not value:
            sys.exit("serve.py does not know the argument {!r}".format(argument))
        options[name] = value
    _blind_stdin()
    printed = output.Printed(echo=bool(options["echo"]))
    pump = supervisor.Supervisor(printed, options)
    pid = os.fork()
    if pid:
        pump.watch(pid)  # never returns
    pump.leave()
    os._exit(_serve(options, printed))


def _serve(options, printed):
    """The author's process. Gives its exit code."""
    from _agorithm import wire, working

    capture = output.Capture(printed)
    capture.install()
    try:
        channel = wire.Channel(os.path.join(options["run"], "pool.sock"))
        return working.serve(channel, capture, tree=options["tree"], work=options["work"])
    except wire.HostGone:
        return 0
    except (wire.Garbage, OSError) as error:
        capture.complain("the sandbox cannot speak with its host: {}".format(error))
        return 65
    except BaseException as error:  # the interpreter itself was broken by what ran in it
        capture.complain("the guest cannot go on: {!r}".format(error))
        return 70


def _blind_stdin():
    nothing = os.open(os.devnull, os.O_RDONLY)
    if nothing != 0:
        os.dup2(nothing, 0)
        os.close(nothing)


if __name__ == "__main__":
    main(sys.argv[1:])
