"""The public catalogue, its response cache, and the loss of the database."""
import concurrent.futures
import hashlib
import hmac
import re
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest
import requests

from accounts import bearer
from cloudfront import KEY_ID, allows, new_key, pem, policy_of
from conftest import Postgres, run, wait_for


@pytest.fixture
def catalogue(postgres, appliance):
    url, db = postgres.create_migrated()
    return appliance(DATABASE_URL=url).wait_healthy(), db.cursor()


def add(db, name, **columns):
    columns = {"type": "MOVIE", "name": name, "updatedAt": "2024-05-06 07:08:09.123", **columns}
    db.execute('INSERT INTO "Title" (%s) VALUES (%s) RETURNING "id"' % (
        ", ".join('"%s"' % c for c in columns), ", ".join(["%s"] * len(columns))), list(columns.values()))
    return db.fetchone()[0]


def names(a, path="/api/titles", **headers):
    r = requests.get(a.url + path, headers=headers)
    assert r.status_code == 200
    return [t["name"] for t in r.json()["titles"]]


def test_an_empty_catalogue_is_an_empty_list(catalogue):
    a, _ = catalogue
    assert requests.get(a.url + "/api/titles").text == '{"titles":[]}'


def test_a_title_has_the_documented_members(catalogue):
    a, db = catalogue
    new = add(db, 'Ni"ght\u00e9\n', type="SERIES", createdAt="2024-01-02 03:04:05.006", releaseDate="2019-01-01", genres=["Drama"],
              runtimeMinutes=90, isPpv=True, ppvPriceNaira=1500)
    db.execute('INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name", "updatedAt") VALUES (%s, 1, 1, \'One\', now())', [new])
    assert requests.get(a.url + "/api/titles").json() == {"titles": [{
        "id": str(new), "name": 'Ni"ght\u00e9\n', "type": "SERIES", "description": None, "genres": ["Drama"], "cast": [], "crew": [],
        "language": "en", "maturityRating": None, "runtimeMinutes": 90, "countryAvailability": [], "isOriginal": False, "posterUrl": None,
        "thumbnailUrl": None, "trailerUrl": None, "introStartSec": None, "introEndSec": None, "archived": False, "pendingReview": False,
        "isPpv": True, "ppvPriceNaira": 1500, "ppvCurrency": "NGN", "ppvDescription": None, "createdAt": "2024-01-02T03:04:05.006Z",
        "updatedAt": "2024-05-06T07:08:09.123Z", "episodeCount": 1, "seasonCount": 0, "releaseYear": 2019}]}


def test_titles_are_ordered_and_hidden_ones_omitted(catalogue):
    a, db = catalogue
    add(db, "undated")
    add(db, "old", releaseDate="1990-01-01")
    add(db, "new", releaseDate="2020-01-01", countryAvailability=None)
    add(db, "archived", archived=True)
    add(db, "pending", pendingReview=True)
    assert names(a) == ["new", "old", "undated"]
    assert "releaseYear" not in requests.get(a.url + "/api/titles").json()["titles"][2]


def test_titles_are_filtered_by_country(catalogue):
    a, db = catalogue
    add(db, "everywhere")
    add(db, "Kenya", countryAvailability=["KE"], releaseDate="2020-01-01")
    assert names(a) == ["everywhere"]
    assert names(a, "/api/titles?country=ke") == ["Kenya", "everywhere"]
    assert names(a, "/api/titles?country=%20ke%20&country=NG") == ["Kenya", "everywhere"]
    assert names(a, "/api/titles?country=%00ke") == ["everywhere"]
    assert names(a, **{"cf-ipcountry": "ke", "x-country": "NG"}) == ["Kenya", "everywhere"]
    assert names(a, **{"x-app-country": "Kenya"}) == ["Kenya", "everywhere"]
    assert names(a, **{"accept-language": "sw-KE,sw;q=0.9"}) == ["Kenya", "everywhere"]
    assert names(a, **{"accept-language": "ke,en"}) == ["everywhere"]


def test_titles_are_filtered_by_maturity_rating(catalogue):
    a, db = catalogue
    for n, rating in enumerate(["R", "TV-14", "PG-13", "G", None]):
        add(db, rating or "unrated", maturityRating=rating, releaseDate="20%02d-01-01" % (20 - n))
    everything = ["R", "TV-14", "PG-13", "G", "unrated"]
    assert names(a) == everything
    assert names(a, "/api/titles?kidMode=TRUE") == everything[2:]
    assert names(a, "/api/titles?kidMode=0") == everything
    assert names(a, **{"x-kid-mode": "1"}) == everything[2:]
    assert names(a, **{"x-profile-age": "12.9"}) == everything[2:]
    assert names(a, **{"x-profile-age": "13"}) == everything[1:]
    assert names(a, **{"x-profile-age": "18"}) == everything
    assert names(a, **{"x-profile-age": "old", "x-profile-birthyear": "1899"}) == everything
    assert names(a, **{"x-profile-age": "nan"}) == everything


def test_ten_thousand_titles_in_one_response(catalogue):
    a, db = catalogue
    db.execute("""INSERT INTO "Title" ("type", "name", "updatedAt") SELECT 'MOVIE', 'Film ' || n, now() FROM generate_series(1, 10000) n""")
    assert len(names(a)) == 10000


def test_concurrent_requests_share_few_connections(catalogue):
    a, db = catalogue
    add(db, "one")
    failures = []

    def reader():
        with requests.Session() as s:
            for _ in range(50):
                if s.get(a.url + "/api/titles").json()["titles"][0]["name"] != "one":
                    failures.append(1)

    threads = [threading.Thread(target=reader) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    db.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name ^@ 'wanzami' AND datname = current_database()")
    assert db.fetchone()[0] <= 2 * len(a.workers()) + 1, "and a third one of the worker that stores the figures of a minute"


def test_a_client_that_disconnects_affects_no_other(catalogue):
    a, db = catalogue
    db.execute('BEGIN; LOCK TABLE "Title"')
    for _ in range(20):
        with pytest.raises(requests.Timeout):
            requests.get(a.url + "/api/titles", timeout=0.05)
    workers = a.workers()
    db.execute("COMMIT")
    assert names(a) == []
    assert a.workers() == workers


def test_requests_without_the_database_get_503_and_ready_recovers(appliance):
    server = Postgres()
    try:
        url, db = server.create_migrated()
        a = appliance(DATABASE_URL=url, WORKERS=1).wait_healthy()
        r = requests.get(a.url + "/health/ready")
        assert (r.status_code, r.json()["postgres"]["state"]) == (200, "up")
        db.close()

        subprocess.run(["pkill", "-KILL", "-P", str(server.process.pid)], check=True)
        server.process.kill()
        server.process.wait()
        r = requests.get(a.url + "/api/titles", timeout=30)
        assert (r.status_code, r.text) == (503, '{"message":"Service unavailable"}')
        assert requests.get(a.url + "/health/ready", timeout=30).status_code == 503
        assert a.healthy()

        server.start()
        wait_for(lambda: requests.get(a.url + "/health/ready").status_code == 200, "/health/ready")
        assert names(a) == []
    finally:
        server.close()


def blocked_request(a, db, then):
    """Sends a request whose statement waits for a lock, calls the SQL function `then` on its backend, and returns the status of the response."""
    db.execute('BEGIN; LOCK TABLE "Title"')
    answers = []
    t = threading.Thread(target=lambda: answers.append(requests.get(a.url + "/api/titles", timeout=30).status_code))
    t.start()
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name ^@ 'wanzami' AND wait_event_type = 'Lock' AND datname = current_database()"

    def blocked():
        db.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the statistics are a snapshot
        db.execute(waiting)
        return db.fetchall()

    (pid,), = wait_for(blocked, "a blocked statement")
    db.execute("SELECT %s(%d)" % (then, pid))
    t.join()
    db.execute("ROLLBACK")
    return answers[0]


def test_a_connection_lost_during_a_statement_gets_503(catalogue):
    a, db = catalogue
    assert blocked_request(a, db, "pg_terminate_backend") == 503
    assert names(a) == []


@pytest.mark.errors("statement failed")
def test_a_statement_that_has_failed_works_the_next_time(postgres, appliance):
    url, db = postgres.create_migrated()
    a = appliance(DATABASE_URL=url.replace("127.0.0.1", "localhost"), WORKERS=1).wait_healthy()
    db = db.cursor()
    assert blocked_request(a, db, "pg_cancel_backend") == 500  # during prepare
    assert [names(a) for _ in range(5)] == [[]] * 5
    a = appliance(DATABASE_URL=url, WORKERS=1).wait_healthy()
    add(db, "no such year", releaseDate="infinity")  # during execute
    assert [requests.get(a.url + "/api/titles").status_code for _ in range(3)] == [500] * 3
    db.execute('DELETE FROM "Title"')
    assert [names(a) for _ in range(5)] == [[]] * 5


@pytest.mark.errors("statement failed", "state of the cron jobs", "transcode job of a dead worker", "transcode queue sweep failed")
def test_a_statement_works_after_its_tables_have_been_created(postgres, appliance):
    url, db = postgres.create()
    a = appliance(DATABASE_URL=url, WORKERS=1)
    wait_for(a.answers, "a response")
    assert [requests.get(a.url + "/api/titles").status_code for _ in range(3)] == [500] * 3
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert names(a) == []


def add_asset(db, rendition, url, **columns):
    columns = {"rendition": rendition, "url": url, "status": "READY", "updatedAt": "2024-01-01", **columns}
    db.execute('INSERT INTO "AssetVersion" (%s) VALUES (%s)' % (
        ", ".join('"%s"' % c for c in columns), ", ".join(["%s"] * len(columns))), list(columns.values()))


@pytest.fixture
def signing(postgres, appliance):
    url, db = postgres.create_migrated()
    return appliance(DATABASE_URL=url, S3_BUCKET="films", S3_ENDPOINT="http://s3.example:9000", S3_ACCESS_KEY="AK/1",
                     S3_SECRET_KEY="SK").wait_healthy(), db.cursor()


def get_title(a, title):
    r = requests.get("%s/api/titles/%d" % (a.url, title))
    assert r.status_code == 200
    return r.json()["title"]


def is_signed(url, access, secret):
    """Computes the signature independently: AWS Signature Version 4 in query parameters."""
    u = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(u.query))
    signature = query.pop("X-Amz-Signature")
    canonical = "&".join("%s=%s" % (k, urllib.parse.quote(v, safe="")) for k, v in sorted(query.items()))
    request = "\n".join(["GET", u.path, canonical, "host:" + u.netloc, "", "host", "UNSIGNED-PAYLOAD"])
    credential, scope = query["X-Amz-Credential"].rsplit("/", 4)[0], query["X-Amz-Credential"].rsplit("/", 4)[1:]
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return credential == access and signature == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_urls_of_objects_are_presigned(signing):
    a, db = signing
    new = add(db, "film", trailerUrl="s3://other/trailer/a b+\u00e9\"\\.mp4")
    add_asset(db, "R720", "s3://films/vod/1/x/R720.mp4", titleId=new)
    add_asset(db, "R1080", "https://cdn.example/1080.mp4", titleId=new)
    title = get_title(a, new)
    assert title["trailerUrl"].startswith("http://s3.example:9000/films/trailer/a%20b%2B%C3%A9%22%5C.mp4?")
    assert title["assetVersions"][0]["url"] == "https://cdn.example/1080.mp4"
    for url in (title["trailerUrl"], title["assetVersions"][1]["url"]):
        assert "X-Amz-Expires=43200&" in url
        assert is_signed(url, "AK/1", "SK")


def test_urls_of_films_lead_to_the_distribution(postgres, appliance):
    """MEDIA_CDN: those of renditions; a trailer keeps the bucket's URL."""
    key = new_key("ec")
    url, db = postgres.create_migrated()
    a = appliance(DATABASE_URL=url, S3_BUCKET="films", S3_ENDPOINT="http://s3.example:9000", S3_ACCESS_KEY="AK", S3_SECRET_KEY="SK",
                  MEDIA_CDN="https://films.example/", MEDIA_CDN_KEY_ID=KEY_ID, MEDIA_CDN_KEY_PEM=pem(key)).wait_healthy()
    db = db.cursor()
    new, folder = add(db, "film", trailerUrl="s3://films/trailer/1"), "vod/1/%032x/" % 7
    for rendition in ("R720", "R360"):
        add_asset(db, rendition, "s3://films/%s%s.mp4" % (folder, rendition), titleId=new)
    title = get_title(a, new)
    assert title["trailerUrl"].startswith("http://s3.example:9000/films/trailer/1?")
    before = time.time()
    for version in title["assetVersions"]:
        assert version["url"].startswith("https://films.example/%s%s.mp4?" % (folder, version["rendition"]))
        assert allows(key.public_key(), version["url"], before + 43200 - 60) and policy_of(version["url"])[0] == "https://films.example/%s*" % folder


def test_only_known_prefixes_are_presigned(signing):
    a, db = signing
    for trailer in ("s3://films/uploads/1/secret.mov", "s3://films/vod/1/R1080.mp4", "s3://films/secret", "s3://films", "s3://films/trailerx/1"):
        assert get_title(a, add(db, "x", trailerUrl=trailer))["trailerUrl"] is None
    for trailer in ("s3://films/trailers/1", "s3://films/preview-2/1", "s3://films/asset/1"):
        assert "X-Amz-Signature" in get_title(a, add(db, "x", trailerUrl=trailer))["trailerUrl"]
    assert get_title(a, add(db, "x", trailerUrl="0:1:key"))["trailerUrl"] == "0:1:key"


def test_without_a_bucket_urls_are_null(catalogue):
    a, db = catalogue
    assert get_title(a, add(db, "x", trailerUrl="s3://films/trailer/1"))["trailerUrl"] is None


def test_each_rendition_is_the_newest_ready_row_and_has_a_gate_url_for_pay_per_view(signing):
    a, db = signing
    new = add(db, "film")
    add_asset(db, "R360", "https://cdn/old", titleId=new, updatedAt="2024-01-01")
    add_asset(db, "R360", "https://cdn/new", titleId=new, updatedAt="2024-02-01")
    add_asset(db, "R360", "https://cdn/failed", titleId=new, updatedAt="2024-03-01", status="FAILED")
    add_asset(db, "R4K", "https://cdn/4k", titleId=new, sizeBytes=2 ** 40, durationSec=60)
    assert [(v["rendition"], v["url"]) for v in get_title(a, new)["assetVersions"]] == [("R4K", "https://cdn/4k"), ("R360", "https://cdn/new")]
    assert get_title(a, new)["assetVersions"][0]["sizeBytes"] == 2 ** 40
    db.execute('UPDATE "Title" SET "isPpv" = true')
    gated = get_title(a, new)["assetVersions"]
    assert all(v["url"].startswith(a.url + "/api/ppv/media/") for v in gated) and len({v["url"] for v in gated}) == 2
    assert [set(v) for v in gated] == [{"id", "rendition", "url", "sizeBytes", "durationSec", "status"}, {"id", "rendition", "url", "status"}]


def test_invalid_ids_get_400(catalogue):
    a, _ = catalogue
    for path in ("/api/titles/%s", "/api/titles/%s/episodes"):
        for bad in ("abc", "-1", "1.5", "0x1", "9223372036854775808", "9" * 300, "%zz"):
            r = requests.get(a.url + path % bad)
            assert (r.status_code, r.text) == (400, '{"message":"Invalid title id"}')
        r = requests.get(a.url + path % "0")
        assert (r.status_code, r.text) == (400, '{"message":"Missing title id"}')
    r = requests.get(a.url + "/api/titles/9223372036854775807")
    assert (r.status_code, r.text) == (404, '{"message":"Title not found"}')
    assert requests.get(a.url + "/api/titles/77/episodes").json() == {"episodes": []}
    assert requests.get(a.url + "/api/titles//episodes").status_code == 404


def test_a_change_by_one_worker_is_seen_by_all_at_once(postgres, appliance):
    url, db = postgres.create_migrated()
    a, c = appliance(roles="api", DATABASE_URL=url, WORKERS=4).wait_healthy(), db.cursor()
    for n in range(5):
        for _ in range(8):  # separate connections reach several workers
            assert len(names(a)) == n
        add(c, "film %d" % n)
        assert a.post("/api/auth/forgot-password", {"email": "nobody@example.com"}).status_code == 200


def test_a_change_in_the_database_is_seen_at_once(catalogue):
    """By a worker with few requests, which asks the database before it uses a cached response."""
    a, db = catalogue
    assert names(a) == []
    title = add(db, "film")
    for n in range(20):
        assert names(a) == [name(a, title)] == ["film" if n == 0 else "film %d" % (n - 1)]
        assert popular(a) == []
        db.execute('UPDATE "Title" SET "name" = %s', ("film %d" % n,))
    db.execute("""INSERT INTO "PopularitySnapshot" ("country", "type", "window", "items", "computedAt") VALUES ('NG', 'MOVIE', 'DAILY', %s, now())""",
               ('[{"titleId":"%d","score":1}]' % title,))
    db.execute("SELECT wanzami.lists_renew()")
    assert popular(a) == [str(title)]
    db.execute('DELETE FROM "Title"')
    assert names(a) == popular(a) == [] and requests.get(a.url + "/api/titles/%d" % title).status_code == 404


def name(a, title):
    return requests.get(a.url + "/api/titles/%d" % title).json()["title"]["name"]


def popular(a):
    return [item["titleId"] for item in requests.get(a.url + "/api/popularity?country=NG").json()["items"]]


def test_a_worker_with_many_requests_sees_the_changes_of_other_processes(postgres, appliance):
    """One request after the other on several connections, so that the worker uses cached responses without asking the database for each. After it
    has shown a change it does not show an earlier state."""
    url, db = postgres.create_migrated()
    a, c, ended = appliance(roles="api", DATABASE_URL=url, WORKERS=1).wait_healthy(), db.cursor(), threading.Event()
    title = add(c, "0")
    seen = []

    def look():
        with requests.Session() as session:
            while not ended.is_set():
                begun = len(seen)
                got = int(session.get(a.url + "/api/titles/%d" % title).json()["title"]["name"])
                assert got >= (seen[begun - 1] if begun else 0)
                seen.append(got)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(look) for _ in range(8)]
        try:
            for n in range(1, 30):
                c.execute('UPDATE "Title" SET "name" = %s', (str(n),))
                wait_for(lambda: any(look.done() for look in looks) or seen[-1:] == [n], "change %d" % n)
        finally:
            ended.set()
        for done in looks:
            done.result()


def test_cached_responses_are_sent_without_a_statement(postgres, appliance):
    """While the table is locked. Users get the same response, unless the title is pay-per-view."""
    url, db = postgres.create_migrated()
    a, c = appliance(roles="api", DATABASE_URL=url, WORKERS=1).wait_healthy(), db.cursor()
    plain, paid = add(c, "plain"), add(c, "paid", isPpv=True)
    paths = ["/api/titles", "/api/titles/%d" % plain, "/api/titles/%d/episodes" % plain, "/api/titles/%d" % paid, "/api/titles/%d/episodes" % paid, "/api/popularity", "/api/titles/999"]
    c.execute("""INSERT INTO "User" (email, password, name, "emailVerified", "updatedAt") VALUES ('a@example.com', 'x', 'A', true, now()) RETURNING id""")
    user = {"Authorization": "Bearer " + bearer(c.fetchone()[0], "d")}
    first = {path: requests.get(a.url + path) for path in paths}
    lock = postgres.connect(url.rsplit("/", 1)[1])
    lock.autocommit = False
    lock.cursor().execute('LOCK TABLE "Title"')
    for path in paths:
        for headers in ({}, user)[:1 if path in paths[3:5] else 2]:
            r = requests.get(a.url + path, headers=headers, timeout=60)
            assert (r.status_code, r.text, r.headers["ETag"] if r.ok else None) == (first[path].status_code, first[path].text, first[path].headers.get("ETag"))
    with pytest.raises(requests.Timeout):
        requests.get(a.url + paths[3], headers=user, timeout=1)  # what a user may see of a paid title is not shared
    lock.rollback()
    assert requests.get(a.url + paths[3], headers=user).status_code == 200


def test_the_response_cache_separates_countries_and_children(catalogue):
    a, db = catalogue
    add(db, "grown-up", maturityRating="R")
    add(db, "ghana", countryAvailability=["GH"])
    for _ in range(3):
        assert set(names(a)) == {"grown-up"}
        assert set(names(a, **{"cf-ipcountry": "GH"})) == {"grown-up", "ghana"}
        assert set(names(a, **{"cf-ipcountry": "GH", "x-kid-mode": "1"})) == {"ghana"}


def test_the_response_cache_separates_pages_and_ignores_unknown_parameters(postgres, appliance):
    """The requests arrive while the table is locked. Requests that differ only in undeclared parameters share one statement; each value of a
    declared parameter has one (docs/routes.md). /metrics has the number of statements."""
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, WORKERS=1).wait_healthy()
    for n in range(9):
        add(db.cursor(), "film %d" % n)
    lock = postgres.connect(url.rsplit("/", 1)[1])
    lock.autocommit = False

    def calls():
        return int(re.search(r"^wanzami_database_calls_total (\d+)", a.get("/metrics").text, re.M)[1])

    def call_concurrently(query):
        """Sends the requests concurrently; returns the number of titles in each response, and the number of statements."""
        before, said = calls(), []
        lock.cursor().execute('LOCK TABLE "Title"')
        clients = [socket.create_connection(("127.0.0.1", a.port)) for _ in range(8)]
        for n, s in enumerate(clients):
            s.sendall(b"GET /api/titles?%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (query % n).encode())
        assert a.get("/health").status_code == 200  # the worker has read them before this request
        lock.rollback()
        for s in clients:
            with s, s.makefile("rb") as answer:
                said.append(answer.read().count(b'"name":'))
        return said, calls() - before

    for query in ("limit=%d", "limit=0x%d&kidMode=0&offset=1", "offset=9&limit=5&q=%d"):
        said, ran = call_concurrently(query)
        assert ran > 8 and said == ([0] * 8 if "q=" in query else list(range(8))), query
    assert len(names(a)) == 9
    lock.cursor().execute('LOCK TABLE "Title"')
    for query in ("x=%d", "limit[]=%d", "limit=-1%d&kidMode=0", "limit=%d&limit=1", "country=&x%d=y"):
        for n in range(8):
            assert len(requests.get(a.url + "/api/titles?" + query % n, timeout=60).json()["titles"]) == 9, query  # no statement, which would wait for the lock
    lock.rollback()


def test_concurrent_requests_while_clients_disconnect(catalogue):
    a, db = catalogue
    for n in range(50):
        add(db, "film %d" % n, description="x" * 2000)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        def ask(n):
            if n % 3:
                return len(names(a, **{"cf-ipcountry": "C%d" % (n % 7)}))
            with socket.create_connection(("127.0.0.1", a.port)) as s:  # sends a request and disconnects
                s.sendall(b"GET /api/titles HTTP/1.1\r\nHost: x\r\n\r\n")
            return 50
        assert set(pool.map(ask, range(300))) == {50}
    assert a.request("HEAD", "/api/titles").headers["content-length"] == a.get("/api/titles").headers["content-length"]
