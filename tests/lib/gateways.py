"""Fake servers of Paystack, Flutterwave and Google, as far as the appliance uses their APIs, with
their paths, keys and response formats. One HTTP server implements all three."""
import hashlib
import hmac
import http.server
import json
import threading
import urllib.parse

from services import free_port


class Gateways:
    """`payments` are the initiated payments, by reference; pay() completes one. `refunds` are the refunded amounts, by reference.
    `people` are the Google accounts, by authorization code.

    hold() delays all responses until release(); say(status, body) sets the response to every request until say(None); stop() closes the
    port until start()."""

    paystack_key, flutterwave_key, flutterwave_secret = "sk_test_of_the_tests", "FLWSECK_TEST-of-the-tests", "hash-of-the-tests"
    google_id, google_secret = "client-of-the-tests", "secret-of-the-tests"

    def __init__(self):
        self.port = free_port()
        self.payments, self.people, self.tokens, self.requests, self.refunds = {}, {}, {}, [], {}
        self.unlisted = set()  # references that the lists leave out
        self.broken = set()  # references whose status is answered with 500
        self.limit, self.said, self.waiting = None, None, 0
        self.lock, self.open = threading.Lock(), threading.Event()
        self.open.set()
        self.start()

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer._serve(self, b"")

            def do_POST(self):
                outer._serve(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

            def handle_error(self, request, client_address):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()

    def hold(self):
        self.open.clear()

    def release(self):
        self.open.set()

    def say(self, status, body=b""):
        self.said = None if status is None else (status, body)

    def env(self):
        base = "http://127.0.0.1:%d" % self.port
        return {"PAYSTACK_BASE_URL": base, "FLW_BASE_URL": base, "PAYSTACK_SECRET_KEY": self.paystack_key, "FLW_SECRET_KEY": self.flutterwave_key,
                "FLW_WEBHOOK_SECRET": self.flutterwave_secret, "PAYSTACK_CALLBACK_URL": "https://app.example/ppv/success?from=pay",
                "GOOGLE_CLIENT_ID": self.google_id, "GOOGLE_CLIENT_SECRET": self.google_secret, "APP_ORIGIN": "https://app.example",
                "GOOGLE_REDIRECT_URI": "https://app.example/auth/google/callback", "GOOGLE_AUTH_URL": base + "/o/oauth2/v2/auth",
                "GOOGLE_TOKEN_URL": base + "/token", "GOOGLE_USERINFO_URL": base + "/v1/userinfo"}

    def _serve(self, handler, body):
        with self.lock:
            self.requests.append((handler.command, handler.path, dict(handler.headers), body))
            self.waiting += 1
        self.open.wait(60)
        with self.lock:
            self.waiting -= 1
            status, answer = self.said or self._answer(handler, body)
        if not isinstance(answer, bytes):
            answer = json.dumps(answer).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            handler.wfile.write(answer)
        except OSError:
            pass

    def _answer(self, handler, body):
        url = urllib.parse.urlsplit(handler.path)
        bearer = handler.headers.get("Authorization", "")
        if url.path == "/token":
            return self._token(urllib.parse.parse_qs(body.decode()))
        if url.path == "/v1/userinfo":
            person = self.tokens.get(bearer[len("Bearer "):])
            return (200, person) if person else (401, {"error": "invalid_token"})
        if url.path.startswith("/v3/"):
            if bearer != "Bearer " + self.flutterwave_key:
                return 401, {"status": "error", "message": "Invalid authorization key", "data": None}
            return self._flutterwave(handler.command, url, body)
        if bearer != "Bearer " + self.paystack_key:
            return 401, {"status": False, "message": "Invalid key", "type": "validation_error"}
        return self._paystack(handler.command, url, body)

    def _paystack(self, method, url, body):
        if (method, url.path) == ("POST", "/transaction/initialize"):
            order = json.loads(body)
            if self.limit is not None and order["amount"] > self.limit:
                return 400, {"status": False, "message": "Amount exceeds the limit", "code": "invalid_params"}
            if order["reference"] in self.payments:
                return 400, {"status": False, "message": "Duplicate Transaction Reference", "code": "duplicate_reference"}
            self.payments[order["reference"]] = {"id": 4000000000 + len(self.payments), "status": "abandoned", "reference": order["reference"],
                                                 "amount": order["amount"], "currency": order["currency"], "metadata": order["metadata"],
                                                 "customer": {"email": order["email"]}}
            return 200, {"status": True, "message": "Authorization URL created", "data": {
                "authorization_url": "https://checkout.paystack.example/" + order["reference"], "access_code": "code", "reference": order["reference"]}}
        if (method, url.path) == ("POST", "/refund"):
            order = json.loads(body)
            p = self.payments.get(order["transaction"])
            if p is None or p["status"] != "success":
                return 404, {"status": False, "message": "Transaction not found", "code": "transaction_not_found"}
            if self.refunds.get(p["reference"], 0) + order["amount"] > p["amount"]:
                return 400, {"status": False, "message": "Transaction has been fully reversed", "code": "transaction_reversed"}
            self.refunds[p["reference"]] = self.refunds.get(p["reference"], 0) + order["amount"]
            return 200, {"status": True, "message": "Refund has been queued for processing", "data": {"id": 1, "status": "pending", "amount": order["amount"]}}
        if url.path == "/transaction":
            data, pages = self._page("reference", "success", urllib.parse.parse_qs(url.query), 2)
            return 200, {"status": True, "message": "Transactions retrieved", "data": data, "meta": {"page": 1, "pageCount": pages}}
        reference = urllib.parse.unquote(url.path.rsplit("/", 1)[1])
        if reference in self.broken:
            return 500, {"status": False, "message": "oops"}
        if reference not in self.payments:
            return 400, {"status": False, "message": "Transaction reference not found.", "type": "validation_error", "code": "transaction_not_found"}
        return 200, {"status": True, "message": "Verification successful", "data": self.payments[reference]}

    def _flutterwave(self, method, url, body):
        if (method, url.path) == ("POST", "/v3/payments"):
            order = json.loads(body)
            if self.limit is not None and order["amount"] > self.limit:
                return 400, {"status": "error", "message": "Amount exceeds the limit", "data": None}
            self.payments[order["tx_ref"]] = {"id": 700000 + len(self.payments), "tx_ref": order["tx_ref"], "amount": order["amount"],
                                              "charged_amount": order["amount"] + 0.2, "currency": order["currency"], "status": "pending",
                                              "customer": order["customer"], "meta": order["meta"]}
            return 200, {"status": "success", "message": "Hosted Link", "data": {"link": "https://checkout.flutterwave.example/" + order["tx_ref"]}}
        if method == "POST" and url.path.endswith("/refund"):
            found = [p for p in self.payments.values() if str(p["id"]) == url.path.split("/")[3] and p["status"] == "successful"]
            amount = json.loads(body)["amount"]
            if not found or self.refunds.get(found[0]["tx_ref"], 0) + amount > found[0]["amount"]:
                return 400, {"status": "error", "message": "Refund amount exceeds the transaction's", "data": None}
            self.refunds[found[0]["tx_ref"]] = self.refunds.get(found[0]["tx_ref"], 0) + amount
            return 200, {"status": "success", "message": "Transaction refund initiated", "data": {"id": 75923, "tx_id": found[0]["id"], "amount_refunded": amount}}
        if url.path == "/v3/transactions":
            data, pages = self._page("tx_ref", "successful", urllib.parse.parse_qs(url.query), 10)
            return 200, {"status": "success", "message": "Transactions fetched", "data": data, "meta": {"page_info": {"total_pages": pages}}}
        reference = urllib.parse.parse_qs(url.query)["tx_ref"][0]
        if self.payments.get(reference, {}).get("status", "pending") == "pending":
            return 404, {"status": "error", "message": "No transaction was found for this id", "data": None}
        return 200, {"status": "success", "message": "Transaction fetched successfully", "data": self.payments[reference]}

    def _page(self, name, status, query, size):
        """Returns a page of the payments with this status, without their days, and the number of pages."""
        assert query["status"] == [status] and query["from"] and query["to"]
        found, page = [p for p in self.payments.values() if name in p and p["status"] == status and p[name] not in self.unlisted], int(query["page"][0])
        return found[(page - 1) * size:page * size], -(-len(found) // size)

    def _token(self, form):
        code = form.get("code", [""])[0]
        if form.get("client_secret") != [self.google_secret] or form.get("client_id") != [self.google_id]:
            return 401, {"error": "invalid_client", "error_description": "Unauthorized"}
        if form.get("grant_type") != ["authorization_code"] or code not in self.people:
            return 400, {"error": "invalid_grant", "error_description": "Bad Request"}
        token = "ya29." + hashlib.sha256(code.encode()).hexdigest()
        self.tokens[token] = self.people.pop(code)
        return 200, {"access_token": token, "expires_in": 3599, "scope": "openid email profile", "token_type": "Bearer"}

    def pay(self, reference, **more):
        """Completes a payment. Returns the body of the gateway's webhook."""
        p = self.payments[reference]
        flutterwave = "tx_ref" in p
        p.update({"status": "successful" if flutterwave else "success"}, **more)
        return {"event": "charge.completed" if flutterwave else "charge.success", "data": dict(p)}


def paystack_signature(body, key=Gateways.paystack_key):
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
