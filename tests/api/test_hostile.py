"""Invalid input for every route: the response is a 4xx (docs/compatibility.md#unstorable-text, #body-errors)."""
import gzip
import json
import re
import socket

import pytest

from accounts import Account
from conftest import run, wait_for

JSON = {"Content-Type": "application/json"}
ROUTES = json.loads(run("docs", "routes").stdout)
WRITING = [r for r in ROUTES if r["method"] in ("POST", "PUT", "PATCH") and not r["raw"]]
BAD_BODIES = {
    "U+0000": b'{"name":"a\\u0000b"}', "a NUL": b'{"name":"a\x00b"}', "a key with U+0000": b'{"na\\u0000me":1}',
    "a lone high surrogate": b'{"name":"\\ud800"}', "a lone low surrogate": b'{"name":"\\udc00x"}', "surrogates the wrong way round": b'{"name":"\\udc00\\ud800"}',
    "bytes that are no UTF-8": b'{"name":"\xff\xfe"}', "an overlong slash": b'{"name":"\xc0\xaf"}', "an encoded surrogate": b'{"name":"\xed\xa0\x80"}',
    "an open string": b'{"name":"', "a comma too many": b'{"name":1,}', "a text": b'"text"', "a number": b"1", "null": b"null", "blanks": b"   ",
    "deep lists": b"[" * 50000 + b"]" * 50000, "deep objects": b'{"a":' * 10000 + b"1" + b"}" * 10000, "a number of no bound": b'{"name":1e999999999}',
}
VALUES = [None, True, -1, 0, 1.5, 2 ** 31, -2 ** 63 - 1, 10 ** 30, 5e-324, 1.7e308, "", " ", "x" * 60000, [], {}, [[[]]], [None, 1, "x"], [{"email": 1}], {"a": {"b": []}}, "\u202e\ufeff",
          "\U0001f4a5", "'; DROP TABLE \"User\"; --", "%s%n%00", "-9223372036854775809", "NaN", "Infinity", "0x7fffffffffffffff", "2020-13-45", "999999-01-01", "\\", "{{name}}"]
USUAL_NAMES = ["name", "email", "titleId", "id", "type", "status", "role", "subject", "message", "seasonNumber", "episodeNumber", "releaseDate", "releaseYear",
               "genres", "runtimeMinutes", "events", "eventType", "occurredAt", "metadata", "profileId", "key", "expiresIn", "kind", "contentType", "seasons",
               "isPpv", "ppvPriceNaira", "reference", "data", "event", "code", "state", "items"]
IDS = ["0", "-1", "1.5", "1e3", "0x10", "9223372036854775807", "9223372036854775808", "9" * 400, "%00", "1%00", "%zz", "%", "%ff", "%c0%af", "%ed%a0%80", "a'b", "%F0%9F%92%A5",
       "..%2f..%2fetc%2fpasswd", "%20", "NaN", "1;2", "%0d%0aX-Y:%20z"]


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", WORKERS=2, GOOGLE_CLIENT_ID="id", GOOGLE_CLIENT_SECRET="secret", GOOGLE_REDIRECT_URI="http://localhost:3000/oauth/google/callback")
    world.root = Account(world, "SUPER_ADMIN", "root@example.com")
    world.pids = wait_for(lambda: len(world.a.workers()) == 2 and sorted(world.a.workers()), "two workers")
    yield world
    assert world.a.healthy() and sorted(world.a.workers()) == world.pids, "a worker has crashed"
    failures = [l for l in world.a.log_lines() if l["level"] in ("error", "fatal")]
    assert not failures, failures[:3]


def path(route, value="1"):
    return re.sub(r":[A-Za-z]+", lambda _: value, route["path"]).replace("*", value)


def send(api, route, data=None, value="1", **headers):
    r = api.a.request(route["method"], path(route, value), data=data, token=api.root.token, headers={**(JSON if data is not None else {}), **headers},
                      allow_redirects=False)
    return r


def test_unreadable_bodies_get_4xx(api):
    for route in WRITING:
        for what, data in BAD_BODIES.items():
            r = send(api, route, data)
            assert 400 <= r.status_code < 500, (what, route["method"], route["path"], r.status_code, r.text[:200])
            assert isinstance(r.json()["message"], str)


def test_a_nul_character_gets_the_same_message_on_all_routes(api):
    """Except the route with its own message: test_support.py."""
    for route in WRITING:
        if route["path"] != "/api/support/tickets":
            assert send(api, route, BAD_BODIES["U+0000"]).json() == {"message": "Invalid request"}, route["path"]


def test_absurd_values_never_get_5xx(api):
    """Each value in all fields at once, then in each field alone, and in each element of a list."""
    wrong = []
    for route in WRITING:
        names = [f["name"] for f in route["fields"]] if route["fields"] is not None else USUAL_NAMES
        for value in VALUES:
            if route["path"] == "/api/admin/titles/purge":
                continue
            bodies = [{n: value for n in names}] + ([{n: value} for n in names] if route["fields"] is not None and len(names) > 1 else [])
            if route["fields"] is None:
                bodies += [{"events": [{n: value for n in names}], "seasons": [{n: value for n in names}], "name": "A", "type": "SERIES"}]
            for body in bodies:
                r = send(api, route, json.dumps(body).encode())
                if r.status_code >= 500 or not r.headers["content-type"].startswith(("application/json", "text/")):
                    wrong.append((route["method"], route["path"], r.status_code, json.dumps(body)[:120]))
    assert not wrong, wrong[:20]


def test_invalid_ids_never_get_5xx(api):
    for route in ROUTES:
        for value in IDS if ":" in route["path"] else []:
            r = send(api, route, b"{}" if route in WRITING else None, value)
            assert r.status_code < 500, (route["method"], route["path"], value, r.text)
            if route["id"] and value != "9223372036854775807":
                assert 400 <= r.status_code < 500, (route["method"], route["path"], value, r.status_code, r.text)


def test_absurd_queries_never_get_5xx(api):
    queries = ["limit=%00", "limit=%zz&days=%", "q=%ff", "q=" + "x" * 900, "a[b]=c&a=d&a", "=&&&=", "&".join("k%d=v" % n for n in range(90)), "limit=" + "9" * 400,
               "days=-1e308", "days=1e-320", "country=%F0%9F%92%A5", "country='%22;--", "limit=NaN&offset=Infinity", "hours=0&hours=-5&window=x&type=y", "profileId=" + "9" * 30,
               "profileId=-1", "profileId=1.5", "profileId=%00", "redirectUri=javascript:alert(1)", "titleId[]=1", "status=%27&gateway=%27"]
    for route in ROUTES:
        if route["method"] != "GET" or route["raw"]:
            continue
        for query in queries:
            r = api.a.get(path(route) + "?" + query, token=api.root.token, allow_redirects=False)
            assert r.status_code < 500, (route["path"], query, r.text[:200])


def raw(api, data, more=b""):
    """Sends raw bytes and returns status line and body of the response. A send error means that the server has already refused."""
    with socket.create_connection(("127.0.0.1", api.a.port), 30) as s:
        try:
            s.sendall(data)
            for _ in range(160 if more else 0):
                s.sendall(more)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = s.recv(65536)
            if not got:
                break
            answer += got
    return int(answer.split(b" ", 2)[1])


def head(route, api, *lines):
    return ("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n%s\r\n" % (
        route["method"], path(route), api.root.token, "".join(line + "\r\n" for line in lines))).encode()


def test_a_body_of_ten_megabytes_is_refused(api):
    for route in WRITING:
        assert raw(api, head(route, api, "Content-Length: %d" % (160 * 65536)), b"x" * 65536) == 413, route["path"]


def test_a_body_one_byte_over_the_limit_is_refused(api):
    for route in WRITING:
        text = b'{"a":"' + b"x" * (route["bodyMax"] - 7) + b'"}'
        assert len(text) == route["bodyMax"] + 1
        r = send(api, route, text)
        assert r.status_code == 413, (route["path"], r.status_code)


def test_a_gzip_bomb_is_refused(api):
    import zlib
    z = zlib.compressobj(9, wbits=31)
    bomb = b"".join([z.compress(b" " * 1000000) for _ in range(100)] + [z.flush()])
    for route in WRITING:
        r = send(api, route, bomb, **{"Content-Encoding": "gzip"})
        assert r.status_code == 413, (route["path"], r.status_code, len(bomb))


def test_a_compressed_body_without_a_valid_token_has_the_usual_limit(api):
    """Only an authorized client of the campaign route gets its larger limit for the decompressed body."""
    parcel = gzip.compress(b'{"subject":"' + b"x" * 1000000 + b'"}')
    for token, status in ((None, 413), ("nonsense", 413), (api.root.token, 400)):
        r = api.a.post("/api/admin/email/send", data=parcel, token=token, headers={**JSON, "Content-Encoding": "gzip"})
        assert r.status_code == status, (token, r.text)
    assert len(parcel) < 102400


def test_ten_thousand_headers_get_431(api):
    for route in ROUTES:
        assert raw(api, head(route, api, *["x-%d: y" % n for n in range(10000)])) == 431, route["path"]


def test_invalid_lengths_are_refused(api):
    for route in WRITING[::5]:
        for line, status in (("Content-Length: -1", 400), ("Content-Length: 1e3", 400), ("Content-Length: 99999999999999999999", 413), ("Content-Length: 5, 5", 400),
                             ("Transfer-Encoding: gzip", 501), ("Content-Length: ", 400)):
            assert raw(api, head(route, api, line)) == status, (route["path"], line)


def test_invalid_methods_and_paths_are_refused(api):
    for line, statuses in ((b"BREW /api/titles HTTP/1.1", {404}), (b"GET  /api/titles HTTP/1.1", {400}), (b"GET /api/titles", {400}), (b"GET http://x/api/titles HTTP/1.1", {200}),
                           (b"GET /api/titles HTTP/9.9", {400}), (b"GET /" + b"a" * 12000 + b" HTTP/1.1", {414}), (b"GET /api/\x00 HTTP/1.1", {400}),
                           (b"GET /%00 HTTP/1.1", {400, 404}), (b"GET /api/admin/users/../logs HTTP/1.1", {404}), (b"DELETE /api/titles HTTP/1.1", {404})):
        assert raw(api, line + b"\r\nHost: x\r\n\r\n") in statuses, line
