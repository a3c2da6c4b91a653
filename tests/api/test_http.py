"""HTTP at the level of bytes, over a socket: chunked bodies, Expect, HTTP/1.0, forms of the request target, empty lines, Date
(docs/compatibility.md#http-messages)."""
import email.utils
import json
import random
import re
import socket
import time

import pytest

from conftest import wait_for

ROUTE = b"/api/auth/forgot-password"
PLAIN = json.dumps({"email": "no-address"}).encode()
CHUNKED = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" % ROUTE


@pytest.fixture(scope="module")
def api(module_appliance):
    return module_appliance(roles="api", WORKERS=1).wait_healthy()


class Client:
    def __init__(self, api):
        self.api = api
        self.socket = socket.create_connection(("127.0.0.1", api.port), 20)
        self.file = self.socket.makefile("rb")

    def send(self, *parts):
        """Sends each part after the only worker has read the previous one."""
        for part in parts:
            self.socket.sendall(part)
            assert len(parts) == 1 or self.api.healthy()
        return self

    def answer(self, head=False):
        """Returns (status, headers, body) of the next response."""
        line = self.file.readline()
        if not line:
            return None
        headers = {}
        for field in iter(self.file.readline, b"\r\n"):
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        status = int(line.split()[1])
        return status, headers, b"" if head or status in (100, 204, 304) else self.file.read(int(headers["content-length"]))


def ask(api, *parts):
    return Client(api).send(*parts).answer()


def chunks(body, sizes, extension=b"", trailer=b""):
    out = b""
    while body:
        n = next(sizes)
        out += b"%x%s\r\n%s\r\n" % (len(body[:n]), extension, body[:n])
        body = body[n:]
    return out + b"0\r\n" + trailer + b"\r\n"


def expected(api, body=PLAIN):
    made = ask(api, b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (ROUTE, len(body), body))
    return made[0], made[2]


def test_a_chunked_body_is_decoded_at_every_cut(api):
    wanted = expected(api)
    assert wanted[0] == 400 and b"Invalid email" in wanted[1]
    raw = chunks(PLAIN, iter([5, 1, 7] + [1] * 100), b";a=b", b"X-Trailer: 1\r\n")
    for cut in range(1, len(raw)):
        status, _, body = ask(api, CHUNKED + raw[:cut], raw[cut:])
        assert (status, body) == wanted, cut
    status, _, body = ask(api, *(bytes([b]) for b in CHUNKED + raw))
    assert (status, body) == wanted


def test_large_chunked_bodies_and_pipelined_requests(api):
    dice = random.Random(7)
    for size in (4000, 16384, 60000, 102400):
        body = json.dumps({"email": "x" * (size - 13)}).encode()
        assert len(body) == size
        raw = chunks(body, iter(lambda: dice.choice([1, 3, 900, 5000, 20000]), 0))
        c = Client(api).send(CHUNKED + raw + CHUNKED + chunks(PLAIN, iter([3] * 20)) + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [c.answer()[::2] for _ in range(2)] == [expected(api, body), expected(api)], size
        assert c.answer()[0] == 200


def test_a_chunked_body_of_a_get_is_skipped(api):
    c = Client(api).send(b"GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\nGET /api/nothing HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [c.answer()[0], c.answer()[0]] == [200, 404]


def test_a_chunked_body_has_the_usual_size_limits(api):
    assert ask(api, CHUNKED + chunks(b"x" * 102401, iter([9000] * 20)))[0] == 413
    assert ask(api, CHUNKED + b"ffffffff\r\n" + b"x" * 150000)[0] == 413
    assert ask(api, CHUNKED + chunks(b"x" * 400, iter([1] * 400), b";" + b"e" * 60))[0] == 400
    assert ask(api, CHUNKED + b"0\r\n" + b"T: x\r\n" * 5000)[0] == 400


def test_a_stalled_chunked_body_gets_408(appliance):
    api = appliance(roles="api", WORKERS=1, BODY_TIMEOUT_SEC=2).wait_healthy()
    for part in (b"", b"5", b"5\r\nab", b"5\r\nabcde\r\n0\r\n"):
        assert ask(api, CHUNKED + part)[0] == 408, part
    assert api.healthy()


@pytest.mark.parametrize("head", [
    b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding : chunked", b" Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:", b"X: y\rTransfer-Encoding: chunked"])
def test_an_ambiguous_content_length_is_refused(api, head):
    """One refusal, and the following bytes are not parsed as a request (request smuggling)."""
    c = Client(api).send(b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n" % (ROUTE, head))
    assert c.answer()[0] in (400, 501)
    assert c.answer() is None


@pytest.mark.parametrize("raw", [
    b"\r\n", b"g\r\n", b"-1\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b" 5\r\nabcde\r\n0\r\n\r\n", b"+5\r\nabcde\r\n0\r\n\r\n", b"5\nabcde\n0\n\n", b"5 x\r\nabcde\r\n0\r\n\r\n", b"5\r\nabcde0\r\n\r\n",
    b"5\r\nabcde\n0\r\n\r\n", b"5;a\x00b\r\nabcde\r\n0\r\n\r\n", b"000000005\r\nabcde\r\n0\r\n\r\n", b"123456789abcdef01\r\n", b"5;\nabcde\r\n0\r\n\r\n",
    b"5\r\nabcdef\r\n0\r\n\r\n", b"0\r\nX: y\n\r\n", b"0\r\n\n", b"5\rabcde\r\n"])
def test_a_malformed_chunk_is_refused(api, raw):
    c = Client(api).send(CHUNKED + raw + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert c.answer()[0] == 400
    assert c.answer() is None


def test_expect_100_continue_gets_100(api):
    for head, body in ((b"Content-Length: %d" % len(PLAIN), PLAIN), (b"Transfer-Encoding: chunked", chunks(PLAIN, iter([4] * 20)))):
        c = Client(api).send(b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-Continue\r\n%s\r\n\r\n" % (ROUTE, head))
        assert c.answer()[0] == 100
        status, _, answer = c.send(body).answer()
        assert (status, answer) == expected(api)
        assert c.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").answer()[0] == 200


def test_a_refused_request_with_expect_gets_no_100(api):
    line = b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" % ROUTE
    assert ask(api, line + b"Content-Length: 999999\r\n\r\n")[0] == 413
    assert ask(api, b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 5\r\n\r\nabcde" % ROUTE)[0] == 417
    # No 100 if the body has already arrived, if there is none, or to an HTTP/1.0 client.
    for request in (line + b"Content-Length: 2\r\n\r\n{}", line + b"\r\n", line.replace(b"1.1", b"1.0") + b"Content-Length: 2\r\n\r\n{}"):
        assert ask(api, request)[0] == 400


@pytest.mark.parametrize("request_line, status", [
    (b"GET /health HTTP/1.0\r\n\r\n", 200), (b"OPTIONS / HTTP/1.0\r\n\r\n", 204), (b"HEAD /health HTTP/1.0\r\nHost: a\r\n\r\n", 200),
    (b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200), (b"POST /api/auth/verify-email HTTP/1.0\r\n\r\n", 400),
    (b"PUT /x HTTP/1.0\r\n\r\n", 404), (b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)])
def test_http_1_0_gets_a_response_and_a_close(api, request_line, status):
    c = Client(api).send(request_line)
    made = c.answer(head=request_line.startswith(b"HEAD"))
    assert made[0] == status and made[1]["connection"] == "close"
    assert c.answer() is None


@pytest.mark.parametrize("target, status", [
    (b"http://any.example/health", 200), (b"HTTPS://any.example:8080/health?x=1", 200), (b"http://any.example", 404), (b"http://any.example?x", 404),
    (b"http:///health", 400), (b"http://user@any.example/health", 400), (b"ftp://any.example/health", 400), (b"health", 400), (b"*", 400), (b"//health", 404)])
def test_all_forms_of_the_request_target(api, target, status):
    assert ask(api, b"GET %s HTTP/1.1\r\nHost: other.example\r\n\r\n" % target)[0] == status


def test_options_asterisk_gets_a_response(api):
    made = ask(api, b"OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: http://b.example\r\n\r\n")
    assert made[0] == 204 and made[1]["access-control-allow-origin"] == "http://b.example"


def test_empty_lines_before_a_request_are_skipped(api):
    c = Client(api)
    for lines in (b"\r\n", b"\r\n" * 50, b""):
        assert c.send(lines + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").answer()[0] == 200
    assert c.send(b"\r", b"\n", b"\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n").answer()[0] == 200
    assert ask(api, b"\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 400


def test_a_large_body_after_an_empty_line_is_read(api):
    """The first read fills the buffer, the empty line is dropped, and the rest of the body is still in the socket."""
    c = Client(api)
    body = json.dumps({"email": "x" * 60000}).encode()
    for _ in range(20):
        status, _, answer = c.send(b"\r\nPOST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (ROUTE, len(body), body)).answer()
        assert status == 400 and b"Invalid email" in answer


def test_a_request_after_a_post_without_a_length_gets_a_response(api):
    c = Client(api).send(b"POST %s HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n" % ROUTE)
    assert [c.answer()[0], c.answer()[0]] == [400, 200]


def test_methods_are_case_sensitive(api):
    assert [ask(api, b"%s /health HTTP/1.1\r\nHost: a\r\n\r\n" % m)[0] for m in (b"GET", b"get", b"Get", b"PROPFIND")] == [200, 404, 404, 404]


def test_every_response_has_a_date(api):
    requests = [b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /health HTTP/1.1\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /console/ HTTP/1.1\r\nHost: a\r\n\r\n", CHUNKED + b"g\r\n"]
    for request in requests:
        status, headers, _ = ask(api, request)
        when = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
        assert abs(when - time.time()) < 30 and re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"]), status


def test_clients_that_disconnect_mid_request_leak_nothing(api):
    raw = CHUNKED + chunks(PLAIN, iter([3] * 20))
    before = api.workers()
    for cut in range(len(CHUNKED) - 3, len(raw)):
        Client(api).send(raw[:cut]).socket.close()
    assert wait_for(api.healthy, "/health") and api.workers() == before
