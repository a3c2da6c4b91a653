"""The credentials endpoint of ECS, which serves AWS keys to a task."""
import datetime
import http.server
import json
import threading

from services import free_port


class Credentials:
    """The credentials endpoint of ECS: serves `keys` to clients that send `token`."""

    def __init__(self):
        outer = self
        self.keys, self.token, self.asked, self.failing = {}, "endpoint-secret", 0, False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked += 1
                ok = self.path == "/v2/credentials/task" and self.headers.get("Authorization") == outer.token and not outer.failing
                body = json.dumps(outer.keys if ok else {"message": "no"}).encode()
                self.send_response(200 if ok else 403)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = "http://127.0.0.1:%d/v2/credentials/task" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def give(self, access, secret, seconds):
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        self.keys = {"RoleArn": "arn", "AccessKeyId": access, "SecretAccessKey": secret, "Token": "session+token/of==" * 40,
                     "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
