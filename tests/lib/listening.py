"""What all servers and proxies of the tests' own do before they differ."""
import contextlib
import socket
import threading


class Listening:
    """Listens on `port` until it is closed. Each connection gets a thread in talk(), and is closed when that returns."""

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
                with contextlib.suppress(OSError):  # whoever it is passed on to may be away
                    self.accepted(connection)

    def accepted(self, connection):
        """In the order in which connections come."""
        self.thread(self._talk, connection)

    def _talk(self, connection):
        with contextlib.suppress(OSError), connection:
            self.talk(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # accept() in the thread would keep it open
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
