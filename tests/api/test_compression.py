"""The gzip content coding of responses: when it is used, its headers, and equal bodies with and without it."""
import gzip

import pytest
import requests

from accounts import Account

NAMES = ["A film of the market, number %03d" % n for n in range(200)]


@pytest.fixture
def titles(world):
    """A service with 200 published titles in its public list."""
    a = world.start("api")
    world.rows("""INSERT INTO "Title" (type, name, description, "updatedAt")
        SELECT 'MOVIE', name, 'A story of ' || name || ' and the city', now() FROM unnest(%s) name""", (NAMES,))
    return a


def fetch(a, path, coding=None, method="GET", **headers):
    """Returns the response and its body as it was transferred."""
    r = requests.request(method, a.url + path, headers={"Accept-Encoding": coding, **headers}, stream=True, timeout=20)
    return r, r.raw.read(decode_content=False)


def vary(r):
    return {name.strip().lower() for name in r.headers["Vary"].split(",")}


def test_accept_encoding_decides(titles):
    plain, body = fetch(titles, "/api/titles")
    assert "Content-Encoding" not in plain.headers and len(body) > 30000
    for coding, compressed in [
            ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("deflate,gzip", True), ("*", True), ("gzip;q=1.000, *;q=0", True), ("x-gzip", True),
            (",gzip,", True), ("gzip ; q=0.1", True),
            (None, False), ("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0", False),
            ("gzip;q=0, *", False), ("gzipped", False), ("agzip", False), (";", False), (",", False), ("g" * 8000, False)]:
        r, raw = fetch(titles, "/api/titles", coding)
        assert r.headers.get("Content-Encoding") == ("gzip" if compressed else None), coding
        assert (gzip.decompress(raw) if compressed else raw) == body, coding
        assert int(r.headers["Content-Length"]) == len(raw)
        assert "accept-encoding" in vary(r) & vary(plain)
        if compressed:
            assert len(raw) < len(body) / 4


def test_the_etag_holds_for_both_codings(titles):
    plain, _ = fetch(titles, "/api/titles")
    small, _ = fetch(titles, "/api/titles", "gzip")
    assert plain.headers["ETag"] == small.headers["ETag"] and plain.headers["ETag"].startswith("W/")
    for coding in (None, "gzip"):
        r, raw = fetch(titles, "/api/titles", coding, **{"If-None-Match": plain.headers["ETag"]})
        assert (r.status_code, raw) == (304, b"") and "Content-Encoding" not in r.headers and "accept-encoding" in vary(r)


def test_head_has_the_headers_of_get(titles):
    for coding in (None, "gzip"):
        get, raw = fetch(titles, "/api/titles", coding)
        head, none = fetch(titles, "/api/titles", coding, "HEAD")
        assert none == b"" and head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(raw))
        assert head.headers.get("Content-Encoding") == get.headers.get("Content-Encoding")


def test_a_change_reaches_clients_of_both_codings(titles, world):
    a = titles
    fetch(a, "/api/titles", "gzip")
    editor = Account(world, "SUPER_ADMIN")
    r = a.request("POST", "/api/admin/titles", token=editor.token, json={"name": "A new film", "type": "MOVIE"})
    assert r.status_code == 201
    small, raw = fetch(a, "/api/titles", "gzip")
    assert gzip.decompress(raw) == fetch(a, "/api/titles")[1]


def test_lists_that_are_not_cached_are_compressed(titles, world):
    editor = Account(world, "SUPER_ADMIN")
    headers = {"Authorization": "Bearer " + editor.token}
    plain, body = fetch(titles, "/api/admin/titles", **headers)
    small, raw = fetch(titles, "/api/admin/titles", "gzip", **headers)
    assert small.headers["Content-Encoding"] == "gzip" and gzip.decompress(raw) == body and small.headers["ETag"] == plain.headers["ETag"]


def test_small_responses_errors_and_tokens_are_not_compressed(titles, world):
    a = titles
    for path in ("/health", "/api/titles/999999", "/nowhere"):
        assert "Content-Encoding" not in fetch(a, path, "gzip")[0].headers
    account = Account(world, name="A" * 2000)
    r, raw = fetch(a, "/api/auth/me", "gzip", Authorization="Bearer " + account.token)
    assert r.status_code == 200 and len(raw) > 2000 and "Content-Encoding" not in r.headers
    r = requests.post(a.url + "/api/auth/login", json={"email": "x" * 3000}, headers={"Accept-Encoding": "gzip"}, timeout=20)
    assert "Content-Encoding" not in r.headers


@pytest.mark.parametrize("path", ["/console", "/console/console.js", "/console/upload.js", "/console/hls.js", "/console/console.css", "/api/docs", "/api/docs/docs.js", "/api/openapi.json"])
def test_pages_are_compressed_and_equal(appliance, path):
    a = appliance(ROLE="api").wait_healthy()
    plain, body = fetch(a, path)
    for _ in range(2):
        small, raw = fetch(a, path, "gzip")
        assert plain.status_code == small.status_code == 200
        if len(body) >= 1024:
            assert small.headers["Content-Encoding"] == "gzip" and gzip.decompress(raw) == body and len(raw) < len(body) / 2
        assert small.headers["ETag"] == plain.headers["ETag"] and "accept-encoding" in vary(small)
        assert fetch(a, path, "gzip", **{"If-None-Match": plain.headers["ETag"]})[0].status_code == 304
