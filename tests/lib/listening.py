"""Base class of the tests' own servers and proxies."""
import contextlib
import socket
import threading


class Listening:
    """Listens on `port` until close(). Each connection gets a thread that runs talk(); it is closed when talk() returns."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread(self._accept)

    @staticmethod
    def thread(run, *args):
        threading.Thread(target=run, args=args, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                with contextlib.suppress(OSError):  # the server behind a proxy may be down
                    self.accepted(connection)

    def accepted(self, connection):
        """Hook: called in the order in which connections arrive."""
        self.thread(self._talk, connection)

    def _talk(self, connection):
        with contextlib.suppress(OSError), connection:
            self.talk(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # accept() in the thread would keep the socket open
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
