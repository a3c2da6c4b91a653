"""Lists that are sent page by page (src/http/pages.h), and the search in them (docs/compatibility.md#list-parts)."""
import json
import re
import socket

import pytest
import requests

import services
from accounts import Account
from services import children, wait_for

USERS = 20000  # 10 pages of viewers
PATHS = {"/api/admin/users/all": "users", "/api/admin/email/audience": "recipients", "/api/admin/titles": "titles"}


@pytest.fixture
def api(database):
    """More viewers and titles than fit into a page; some were created at the same time."""
    database.rows("""INSERT INTO "User" ("email", "password", "name", "emailVerified", "createdAt", "updatedAt")
        SELECT 'viewer' || i || '@example.com', 'x', 'Name ' || i %% 100, true, timestamp '2020-01-01' + i / 7 * interval '1 second', now()
        FROM generate_series(1, %s) i""", (USERS,))
    database.rows("""INSERT INTO "Title" ("type", "name", "createdAt", "updatedAt")
        SELECT 'MOVIE', 'Film ' || i, timestamp '2020-01-01' + i / 7 * interval '1 second', now() FROM generate_series(1, 1500) i""")
    database.rows("ANALYZE")
    database.a = database.start(roles="api", WORKERS=1)
    database.root = Account(database, "SUPER_ADMIN")
    return database


def get(api, path, **options):
    r = api.a.get(path, token=api.root.token, timeout=120, **options)
    assert r.status_code == 200, r.text[:300]
    return r


def raw(api, *requests_sent, small=False):
    """Returns a socket on which these requests have been sent."""
    s = socket.socket()
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", api.a.port))
    s.settimeout(120)
    s.sendall("".join("%s\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (r, api.root.token) for r in requests_sent).encode())
    return s


def everything(s):
    return b"".join(iter(lambda: s.recv(65536), b""))


def unchunked(text):
    """Returns the body of a chunked response that ends as it has to."""
    out = b""
    while True:
        size, text = text.split(b"\r\n", 1)
        if int(size, 16) == 0:
            assert text == b"\r\n"
            return out
        out, text = out + text[:int(size, 16)], text[int(size, 16) + 2:]


def test_a_list_of_many_pages_is_complete_and_in_order(api):
    viewers = [str(i) for i, in api.rows("""SELECT "id" FROM "User" WHERE "role" = 'USER' ORDER BY "createdAt" DESC, "id" DESC""")]
    r = get(api, "/api/admin/users/all")
    assert [u["id"] for u in r.json()["users"]] == viewers
    assert r.headers["transfer-encoding"] == "chunked" and "content-length" not in r.headers
    titles = [name for name, in api.rows("""SELECT "name" FROM "Title" ORDER BY "createdAt" DESC, "id" DESC""")]
    assert [t["name"] for t in get(api, "/api/admin/titles").json()["titles"]] == titles
    answer = get(api, "/api/admin/email/audience").json()
    assert [r["email"] for r in answer["recipients"]] == ["viewer%s@example.com" % i for i in range(1, USERS + 1)]
    assert answer["total"] == USERS
    for limit, offset in ((2000, 0), (2001, 0), (4000, 10), (5000, 15001), (10, USERS), (0, 0)):
        part = get(api, "/api/admin/users/all?limit=%d&offset=%d" % (limit, offset)).json()["users"]
        assert [u["id"] for u in part] == viewers[offset:offset + limit]
    assert [u["id"] for u in get(api, "/api/admin/users/all?offset=17000").json()["users"]] == viewers[17000:]


def test_search_among_viewers(api):
    api.rows("""UPDATE "User" SET "name" = 'Àda %_Obi' WHERE "id" IN (5, 9000)""")
    for path, name in (("/api/admin/users/all", "users"), ("/api/admin/email/audience/users", "recipients")):
        found = lambda q: sorted(u["email"] for u in get(api, path + "?q=" + q).json()[name])
        assert found("%C3%A0DA+%25_o") == ["viewer5@example.com", "viewer9000@example.com"]
        assert found("VIEWER1999") == sorted(["viewer1999@example.com"] + ["viewer1999%d@example.com" % i for i in range(10)])
        assert found("nobody") == []
        assert len(found("name+7")) == len([i for i in range(1, USERS + 1) if str(i % 100).startswith("7") and i not in (5, 9000)])
        assert len(get(api, path + "?q=&limit=3").json()[name]) == 3


def test_other_requests_of_the_connection_and_other_kinds_of_clients(api):
    """Two requests at once; HTTP/1.0; a client that wants the connection closed; HEAD."""
    with raw(api, "GET /api/admin/users/all HTTP/1.1", "GET /api/admin/users?x HTTP/1.1\r\nConnection: close") as s:
        head, rest = everything(s).split(b"\r\n\r\n", 1)
        body, rest = rest.split(b"\r\n0\r\n\r\n", 1)
        assert b"connection: keep-alive" in head and len(json.loads(unchunked(body + b"\r\n0\r\n\r\n"))["users"]) == USERS
        assert rest.startswith(b"HTTP/1.1 200") and len(json.loads(rest.split(b"\r\n\r\n", 1)[1])["users"]) == 1
    with raw(api, "GET /api/admin/users/all HTTP/1.0") as s:
        head, body = everything(s).split(b"\r\n\r\n", 1)
        assert b"chunked" not in head and len(json.loads(body)["users"]) == USERS
    with raw(api, "GET /api/admin/users/all HTTP/1.1\r\nConnection: close") as s:
        head, body = everything(s).split(b"\r\n\r\n", 1)
        assert b"connection: close" in head and b"chunked" not in head and len(json.loads(body)["users"]) == USERS
    with raw(api, "HEAD /api/admin/users/all HTTP/1.1\r\nConnection: close") as s:
        assert everything(s).endswith(b"\r\n\r\n")
    session = requests.Session()
    for path, name in PATHS.items():
        assert session.get(api.a.url + path, headers={"Authorization": "Bearer " + api.root.token}).json()[name]
    logged = [line for line in api.a.log_lines() if line["msg"] == "request" and line["path"] == "/api/admin/users/all" and line["method"] == "GET"]
    assert [line["status"] for line in logged] == [200] * 4 and min(line["bytes"] for line in logged) > 100 * USERS


@pytest.mark.skipif("'asan' in services.BINARY", reason="the sanitizer keeps freed memory for a while")
def test_memory_of_the_worker_is_bounded(api):
    def peak():
        return sum(int(re.search(r"^VmHWM:\s+(\d+) kB", open("/proc/%d/status" % pid).read(), re.M).group(1)) for pid in children(api.a.process.pid))
    get(api, "/api/admin/users/all?limit=2000")
    before = peak()
    r = get(api, "/api/admin/users/all")
    assert len(r.content) > 4 << 20
    assert peak() - before < 3 << 10


def test_clients_that_leave_and_lists_that_fail(api):
    """A client that reads slowly holds one page; when it has left, or the next page fails, nothing is left of the request."""
    left = raw(api, "GET /api/admin/users/all HTTP/1.1", small=True)
    assert left.recv(12) == b"HTTP/1.1 200"
    left.close()
    slow = raw(api, "GET /api/admin/users/all HTTP/1.1", small=True)
    start = slow.recv(100)
    api.rows('ALTER TABLE "Session" RENAME TO hidden')
    text = start + everything(slow)
    assert text.startswith(b"HTTP/1.1 200") and not text.endswith(b"\r\n0\r\n\r\n")
    slow.close()
    api.rows('ALTER TABLE hidden RENAME TO "Session"')
    wait_for(lambda: [line for line in api.a.log_lines() if line["msg"].startswith("a list was cut off")], "the line of the list that was cut off")
    assert len(get(api, "/api/admin/users/all").json()["users"]) == USERS
