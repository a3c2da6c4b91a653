"""An HTTP proxy between the appliance and a server, on which a test can hold requests or their responses. It changes no byte."""
import contextlib
import re
import socket
import threading

from listening import Listening
from services import wait_for


class Gate(Listening):
    """Listens on its own port and forwards to `port`. During hold(), requests whose first line matches wait, except the first `after` of them;
    with `answer`, they are forwarded and the response waits."""

    def __init__(self, port):
        self.server, self.opened, self.pattern, self.held = port, threading.Event(), None, []
        self.opened.set()
        super().__init__()
        self.url = "http://127.0.0.1:%d" % self.port

    @contextlib.contextmanager
    def hold(self, pattern, after=0, answer=False):
        self.held, self.left, self.answer = [], after, answer
        self.opened.clear()
        self.pattern = re.compile(pattern)
        try:
            yield self
        finally:
            self.pattern = None
            self.opened.set()

    def wait_held(self):
        """Waits until a request, or its response, is held."""
        wait_for(lambda: self.held, "a request like %s" % self.pattern.pattern, 60)

    def close(self):
        self.opened.set()
        super().close()

    def talk(self, client):
        with socket.create_connection(("127.0.0.1", self.server)) as server:
            answers = threading.Event()  # whether requests may pass
            answers.set()
            self.thread(self._answers, server, client, answers)
            try:
                while self._request(client, server, answers):
                    pass
            finally:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def _request(self, client, server, answers):
        """Forwards one request; returns False at the end of the connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(1)
            if not data:
                return False
            head += data
        line = head.split(b"\r\n", 1)[0].decode("latin-1")
        held = self._wants(line)
        if held and self.answer:
            answers.clear()
        elif held:
            self.held.append(line)
            self.opened.wait()
        server.sendall(head)
        found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
        left = int(found.group(1)) if found else 0
        while left > 0:
            data = client.recv(min(left, 1 << 16))
            if not data:
                return False
            server.sendall(data)
            left -= len(data)
        if held and self.answer:
            self.opened.wait()
            answers.set()
        return True

    def _wants(self, line):
        if self.pattern is None or not self.pattern.search(line):
            return False
        self.left -= 1
        return self.left < 0

    def _answers(self, server, client, may_pass):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if not may_pass.is_set():
                    self.held.append(data.split(b"\r\n", 1)[0].decode("latin-1"))
                may_pass.wait()
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
