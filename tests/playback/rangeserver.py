"""An HTTP/1.1 server for files with byte ranges and CORS, limited to a number of bytes per second over all its connections. It counts requests and
the bytes that it sends, and collects what pages report."""
import http.server
import json
import os
import queue
import re
import socket
import threading
import time
import urllib.parse

PIECE = 8192  # bytes per write
SEND_BUFFER = 32768  # bytes in the kernel: counted as sent, not yet received
TYPES = {".html": "text/html", ".js": "text/javascript", ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".mp4": "video/mp4"}


class Pace:
    """Limits the callers of wait() to `rate` bytes per second, all of them together."""

    def __init__(self, rate):
        self.rate, self.lock, self.free_at, self.over = rate, threading.Lock(), 0.0, threading.Event()

    def wait(self, size):
        """Blocks until `size` bytes may be sent. Returns False if the server is closing."""
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            pause = self.free_at - time.monotonic()
        return not self.over.wait(max(pause, 0))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        super().setup()

    def log_message(self, *args):
        pass

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Content-Length, Content-Range")
        super().end_headers()

    def do_OPTIONS(self):
        self.send_response(204)
        self.send_header("Access-Control-Allow-Methods", "GET, HEAD")
        self.send_header("Access-Control-Allow-Headers", "Range")
        self.end_headers()

    def do_GET(self):
        """GET /NAME?TRY: the file NAME. Requests and bytes are counted under "NAME?TRY"."""
        url = urllib.parse.urlsplit(self.path)
        path = self.server.files.get(url.path[1:])
        if path is None:
            self.send_error(404)
            return
        size = os.path.getsize(path)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)) if wanted else (0, size - 1)
        self.server.count(self.path[1:], 0, (first, last) if wanted else None)
        if first >= size:
            self.send_response(416)
            self.send_header("Content-Range", "bytes */%d" % size)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, size))
        self.send_header("Content-Type", TYPES.get(os.path.splitext(path)[1], "application/octet-stream"))
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.send_file(path, first, last + 1, self.path[1:])

    def send_file(self, path, at, end, name):
        self.server.pace.over.wait(self.server.latency)
        try:
            with open(path, "rb") as f:
                f.seek(at)
                while at < end:
                    data = f.read(min(PIECE, end - at))
                    if not self.server.pace.wait(len(data)):
                        break
                    self.wfile.write(data)
                    self.server.count(name, len(data))
                    at += len(data)
        except OSError:  # the client has disconnected
            pass
        self.close_connection = self.close_connection or at < end

    def do_POST(self):
        """POST /report: keeps the JSON of the body. Responds with the bytes sent and the requests so far for each request target."""
        self.server.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(self.server.counted()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class RangeServer(http.server.ThreadingHTTPServer):
    """Serves `files` (name to path) on a free port of 127.0.0.1 until close(), with `rate` bytes per second, each response `latency` seconds late."""
    daemon_threads = True

    def __init__(self, files, rate=1e9, latency=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.pace, self.latency, self.reports = files, Pace(rate), latency, queue.Queue()
        self.sent, self.ranges, self.lock = {}, {}, threading.Lock()
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that disconnects in the middle of a request

    def count(self, name, size, *wanted):
        """Adds `size` bytes, and the ranges of requests: (first, last), or None for the whole file."""
        with self.lock:
            self.sent[name] = self.sent.get(name, 0) + size
            self.ranges.setdefault(name, []).extend(wanted)

    def counted(self):
        with self.lock:
            return {"bytes": dict(self.sent), "requests": {name: len(ranges) for name, ranges in self.ranges.items()}}

    def close(self):
        self.pace.over.set()
        self.shutdown()
        self.server_close()
