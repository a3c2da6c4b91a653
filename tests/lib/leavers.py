"""Clients that hang up: at any moment, and in every way in which a connection can end."""
import contextlib
import json
import socket
import struct


def message(method, path, body=None, token=None):
    """The bytes of a request."""
    body = json.dumps(body).encode() if body is not None else None
    head = "%s %s HTTP/1.1\r\nHost: localhost\r\n" % (method, path)
    head += "Authorization: Bearer %s\r\n" % token if token else ""
    head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body) if body is not None else ""
    return head.encode() + b"\r\n" + (body or b"")


def close(s):
    s.close()


def reset(s):
    """The client's kernel sends RST, as after a crash."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def half_close(s):
    """The client says that nothing more comes, and then waits for the end."""
    s.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while s.recv(65536):
            pass
    s.close()


def hang_up(chance, connect, request):
    """One client on a connection of connect(): whole requests, several at once or half of one (each from request()), answered or
    not, and then it is gone."""
    with contextlib.suppress(OSError):
        s = connect()
        try:
            for _ in range(chance.choice((0, 0, 1, 2))):  # on a connection that is kept
                s.sendall(message("GET", "/health"))
                s.recv(65536)
            data = b"".join(request() for _ in range(chance.choice((1, 1, 1, 2, 3))))
            s.sendall(data[:chance.choice((len(data), len(data), len(data), chance.randrange(1, len(data))))])
            s.settimeout(max(0.0001, chance.expovariate(1 / 0.03)))
            with contextlib.suppress(TimeoutError):
                s.recv(chance.choice((1, 65536)))
            s.settimeout(30)
        finally:
            chance.choice((close, reset, half_close))(s)
