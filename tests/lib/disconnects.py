"""Clients that disconnect at any moment, in each way in which a TCP connection can end."""
import contextlib
import json
import socket
import struct


def message(method, path, body=None, token=None):
    """Returns the bytes of a request."""
    body = json.dumps(body).encode() if body is not None else None
    head = "%s %s HTTP/1.1\r\nHost: localhost\r\n" % (method, path)
    head += "Authorization: Bearer %s\r\n" % token if token else ""
    head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body) if body is not None else ""
    return head.encode() + b"\r\n" + (body or b"")


def close(s):
    s.close()


def reset(s):
    """Sends RST, like the kernel of a client that has crashed."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def half_close(s):
    """Shuts down the sending side, then reads until the server closes."""
    s.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while s.recv(65536):
            pass
    s.close()


def hang_up(chance, connect, request):
    """Runs one client over a connection of connect(): sends whole requests, several at once, or half of one (each from request()), reads the
    responses or not, then disconnects."""
    with contextlib.suppress(OSError):
        s = connect()
        try:
            for _ in range(chance.choice((0, 0, 1, 2))):  # a keep-alive connection
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
