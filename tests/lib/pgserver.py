"""Proxies and fake servers between a client and a PostgreSQL with TLS."""
import contextlib
import socket
import ssl

from listening import Listening


class DamagingProxy(Listening):
    """A proxy on `port` to another port that damages connections. For each connection, numbered in order of arrival, `plan(number)` returns
    the damage: None, or (direction, position, action, …) with the direction "server" or "client" of the bytes and the action cut, flip, stall
    or drip."""

    def __init__(self, target, plan=lambda number: None):
        self.target, self.plan, self.count = target, plan, 0
        self.passed = {}  # (number, direction): bytes
        self.open = set()
        super().__init__()

    def accepted(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open |= {client, server}
        number, self.count = self.count, self.count + 1
        for direction, a, b in (("client", client, server), ("server", server, client)):
            self.thread(self._copy, number, direction, a, b)

    def _copy(self, number, direction, source, target):
        plan = self.plan(number)
        done = 0
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if plan and plan[0] == direction:
                    _, position, action = plan
                    at = position - done
                    if action == "drip":
                        for i in range(len(data)):
                            target.sendall(data[i:i + 1])
                        done += len(data)
                        continue
                    if 0 <= at < len(data):
                        if action == "flip":
                            data = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1:]
                        else:
                            target.sendall(data[:at])
                            if action == "cut":
                                break
                            while source.recv(65536):  # stall: reads, and forwards nothing
                                pass
                            return
                target.sendall(data)
                done += len(data)
                self.passed[number, direction] = done
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for s in (source, target):
            self.open.discard(s)

    def close(self):
        super().close()
        for s in list(self.open):
            with contextlib.suppress(OSError):
                s.close()


class DirectTlsProxy(Listening):
    """A proxy with direct TLS (PostgreSQL 17) in front of a plain server."""

    def __init__(self, leaf, target, alpn="postgresql"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.chain, leaf.key)
        if alpn:
            self.context.set_alpn_protocols([alpn])
        self.target = target
        super().__init__()

    def talk(self, client):
        """Forwards in alternating directions; sufficient for the start of a session and simple queries."""
        with self.context.wrap_socket(client, server_side=True) as t, socket.create_connection(("127.0.0.1", self.target)) as server:
            t.settimeout(0.05)
            while True:
                for a, b in ((t, server), (server, t)):
                    with contextlib.suppress(socket.timeout):
                        a.settimeout(0.05)
                        data = a.recv(65536)
                        if not data:
                            return
                        b.sendall(data)


class FakeServer(Listening):
    """A fake server that replies to SSLRequest with the first byte of `answer` and to the client's first message with the rest. Then it waits
    for the client to disconnect (with `end`, it closes at once)."""

    def __init__(self, answer, end=False):
        self.answer, self.end = answer, end
        super().__init__()

    def talk(self, s):
        s.recv(8)
        s.sendall(self.answer[:1])
        if self.answer[1:] and s.recv(65536):
            s.sendall(self.answer[1:])
        while s.recv(65536) and not self.end:
            pass
