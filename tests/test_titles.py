"""The public catalogue, and what happens to it when the database goes."""
import os
import subprocess
import threading

import pytest
import requests

from conftest import Postgres, run, wait_for


@pytest.fixture
def catalogue(postgres, appliance):
    url, db = postgres.create()
    assert run("migrate", DATABASE_URL=url).returncode == 0
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


def test_an_empty_catalogue(catalogue):
    a, _ = catalogue
    assert requests.get(a.url + "/api/titles").text == '{"titles":[]}'


def test_a_title_as_clients_read_it(catalogue):
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


def test_order_and_what_is_hidden(catalogue):
    a, db = catalogue
    add(db, "undated")
    add(db, "old", releaseDate="1990-01-01")
    add(db, "new", releaseDate="2020-01-01", countryAvailability=None)
    add(db, "archived", archived=True)
    add(db, "pending", pendingReview=True)
    assert names(a) == ["new", "old", "undated"]
    assert "releaseYear" not in requests.get(a.url + "/api/titles").json()["titles"][2]


def test_country(catalogue):
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


def test_maturity(catalogue):
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


def test_ten_thousand_titles_in_one_answer(catalogue):
    a, db = catalogue
    db.execute("""INSERT INTO "Title" ("type", "name", "updatedAt") SELECT 'MOVIE', 'Film ' || n, now() FROM generate_series(1, 10000) n""")
    assert len(names(a)) == 10000


def test_many_at_once_over_few_connections(catalogue):
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
    db.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wanzami' AND datname = current_database()")
    assert db.fetchone()[0] <= 2 * (os.cpu_count() or 1)


def test_a_client_that_leaves_harms_nobody(catalogue):
    a, db = catalogue
    db.execute('BEGIN; LOCK TABLE "Title"')
    for _ in range(20):
        with pytest.raises(requests.Timeout):
            requests.get(a.url + "/api/titles", timeout=0.05)
    workers = a.workers()
    db.execute("COMMIT")
    assert names(a) == []
    assert a.workers() == workers


def test_ready_follows_the_database_and_requests_never_hang(appliance):
    server = Postgres()
    try:
        url, db = server.create()
        assert run("migrate", DATABASE_URL=url).returncode == 0
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
        wait_for(lambda: requests.get(a.url + "/health/ready").status_code == 200, "readiness")
        assert names(a) == []
    finally:
        server.close()


def test_a_statement_in_flight_when_the_connection_breaks_answers_503(catalogue, postgres):
    a, db = catalogue
    db.execute('BEGIN; LOCK TABLE "Title"')
    answers = []
    t = threading.Thread(target=lambda: answers.append(requests.get(a.url + "/api/titles", timeout=30).status_code))
    t.start()
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'wanzami' AND wait_event_type = 'Lock' AND datname = current_database()"

    def blocked():
        db.execute(waiting)
        return db.fetchall()

    (pid,), = wait_for(blocked, "a blocked statement")
    db.execute("SELECT pg_terminate_backend(%s)", [pid])
    t.join()
    assert answers == [503]
    db.execute("ROLLBACK")
    assert names(a) == []
