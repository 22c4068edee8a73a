"""The process that stays behind: it pumps the relay's bytes and takes in what is printed.

It runs nothing of the author's, so it answers also while the author's process computes, prints
without end, or is blocked in a request that it makes through this very relay. When the author's
process ends, it ends with the same exit code, and the last that was printed goes to the host.
"""

import _signal
import os
import select

from _agorithm import forward, telling

PORTS = (("relay.sock", "relay_port"), ("egress.sock", "egress_port"))


class Supervisor(object):
    def __init__(self, printed, options):
        self._printed = printed
        self._forwarders = []
        for name, port in PORTS:
            path = os.path.join(options["run"], name)
            if os.path.exists(path):
                self._forwarders.append(forward.Forwarder(int(options[port]), path))
        path = os.path.join(options["run"], "events.sock")
        self._voice = telling.Voice(path) if os.path.exists(path) else None

    def leave(self):
        """In the child: the ports are the supervisor's."""
        for forwarder in self._forwarders:
            forwarder.close()
        if self._voice is not None:
            self._voice.close()

    def watch(self, child):
        """Work until the child ends; never returns."""
        os.close(self._printed.writing_end)
        os.set_blocking(self._printed.reading_end, False)
        woken, waker = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(waker, False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.set_wakeup_fd(waker)
        self._loop(child, woken)

    def _loop(self, child, woken):
        poller = select.epoll()
        poller.register(woken, select.EPOLLIN)
        poller.register(self._printed.reading_end, select.EPOLLIN)
        handlers = {
            woken: lambda _: self._reap(child, woken),
            self._printed.reading_end: lambda _: self._drain(poller),
        }
        for forwarder in self._forwarders:
            forwarder.join(poller, handlers)
        self._reap(child, woken)  # it may have ended already
        while True:
            patience = self._patience()
            for descriptor, events in poller.poll(patience):
                handler = handlers.get(descriptor)
                if handler is not None:
                    handler(events)
            for forwarder in self._forwarders:
                forwarder.retry()

    def _patience(self):
        """Seconds until something has to be done though nothing has come; -1 if there is nothing."""
        told = -1 if self._voice is None else self._voice.tell()
        if any(one.is_waiting for one in self._forwarders):
            return 0.01 if told < 0 else min(0.01, told)
        return told

    def _drain(self, poller):
        try:
            data, number = self._printed.drain()
        except BlockingIOError:
            return
        if not data:
            poller.unregister(self._printed.reading_end)  # nobody is left to print
        elif self._voice is not None:
            self._voice.take(data, number)

    def _reap(self, child, woken):
        """Bury whoever died (orphans too, if this is process 1); end if it was the child."""
        try:
            os.read(woken, 512)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == child:
                self._end(status)

    def _end(self, status):
        if os.WIFSIGNALED(status):
            code = 128 + os.WTERMSIG(status)
        else:
            code = os.WEXITSTATUS(status)
        if code:
            self._last_words(code)
        os._exit(code)

    def _last_words(self, code):
        try:
            while self._printed.drain()[0]:
                pass
        except BlockingIOError:
            pass
        kept, _ = self._printed.kept()
        sentence = "agorithm: the algorithm's process ended with code {}\n".format(code)
        try:
            os.write(self._printed.complaints, kept[-4096:] + b"\n" + sentence.encode("ascii"))
        except OSError:
            pass
