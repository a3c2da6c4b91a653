"""A TCP proxy between the appliance and a server that a test cuts at a given request: before the server receives it, or after the server has
replied and before the reply arrives. It changes no byte."""
import contextlib
import re
import socket
import threading

from listening import Listening
from services import wait_for


class Cut:
    """One connection, from the moment at which it carries the matching request."""

    def __init__(self, pattern, answer):
        self.pattern, self.answer = re.compile(pattern), answer
        self.asked, self.answered, self.dropped = threading.Event(), threading.Event(), threading.Event()
        self.ends = ()

    def take(self, *ends):
        self.ends = ends
        self.asked.set()
        if not self.answer:
            self.drop()

    def wait(self):
        """Waits until the request was sent; it is lost, or the server has it."""
        wait_for(self.asked.is_set, "the question %r" % self.pattern.pattern, 60)

    def wait_answered(self):
        """Waits until the server has replied; the reply is held."""
        wait_for(self.answered.is_set, "an answer to %r" % self.pattern.pattern, 60)

    def is_open(self):
        """Returns whether the appliance still has the connection."""
        try:
            return self.ends[0].recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True

    def drop(self):
        self.dropped.set()
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Wire(Listening):
    """Listens on its own port and forwards to `port`."""

    def __init__(self, port):
        self.server, self.next = port, None
        super().__init__()

    @contextlib.contextmanager
    def cut(self, pattern, answer=False):
        """Loses the next matching request with its connection; with `answer`, the server receives it, and its reply is held until drop() or
        the end of the block."""
        self.next = cut = Cut(pattern, answer)
        try:
            yield cut
        finally:
            self.next = None
            cut.drop()

    def talk(self, client):
        with socket.create_connection(("127.0.0.1", self.server)) as server:
            mine = []  # the cut of this connection
            self.thread(self._answers, server, client, mine)
            seen = b""
            with contextlib.suppress(OSError):
                while data := client.recv(1 << 16):
                    seen = (seen + data)[-(1 << 17):]
                    if not mine and (cut := self._wanted(seen)):
                        mine.append(cut)
                        cut.take(client, server)
                        if not cut.answer:
                            return
                    server.sendall(data)
            if mine:
                mine[0].dropped.wait()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def _wanted(self, data):
        cut = self.next
        if cut is None or cut.asked.is_set() or not cut.pattern.search(data):
            return None
        return cut

    def _answers(self, server, client, mine):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if mine:
                    mine[0].answered.set()
                    mine[0].dropped.wait()
                    break
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
