"""Ingest of viewer events: many requests are stored in one transaction, each with its own response (docs/compatibility.md#event-ingest)."""
import concurrent.futures
import itertools
import threading

import pytest
import requests

from services import wait_for
from test_auth import claims, login, sign, user
from test_recs import get, profile, start, title, titles  # noqa: F401
from conftest import SECRETS


def post(a, body, **options):
    r = a.post("/api/events", body, token=options.pop("token", a.token), **options)
    return r.status_code, r.json()


def stored(a, where="true"):
    a.db.execute('SELECT "profileId", "titleId", "eventType"::text, country, "deviceId", metadata FROM "EngagementEvent" WHERE %s ORDER BY id' % where)
    return a.db.fetchall()


def test_each_request_of_a_batch_gets_its_own_response(start):  # noqa: F811
    a = start(WORKERS=1)
    titles(a, [title(1)])
    profile(a, 1)
    bob = user(a, "bob@example.com")
    profile(a, 2, owner=bob)
    gone = sign({**claims(a.token), "userId": "99999"}, SECRETS["JWT_ACCESS_SECRET"])
    unknown = {"message": "Invalid or expired token"}
    cases = [(lambda: post(a, {"eventType": "SKIP", "profileId": 1}), (201, {"count": 1})),
             (lambda: post(a, [{"eventType": "SKIP"}, {"eventType": "SEARCH", "titleId": "77"}]), (201, {"count": 2})),
             (lambda: post(a, {"events": []}), (400, {"message": "No events provided"})),
             (lambda: post(a, {"eventType": "SKIP", "profileId": 2}), (400, {"message": "One or more profileIds do not belong to the user"})),
             (lambda: post(a, {"eventType": "SKIP", "episodeId": "x"}), (400, {"message": "Invalid episodeId"})),
             (lambda: post(a, {"eventType": "SKIP"}, token=gone), (401, unknown)),
             (lambda: post(a, {"eventType": "SKIP"}, token="nonsense"), (401, unknown)),
             (lambda: post(a, {"eventType": "SKIP", "metadata": {"long": "x" * 17000}}), (400, {"message": "Event metadata too large, at most 16 KiB"})),
             (lambda: post(a, {"eventType": "LEAP"})[0], 400),
             (lambda: post(a, {"eventType": "SKIP", "titleId": "1", "country": "ng", "deviceId": "tv"}, headers={"x-experiment": "e", "x-variant": "v"}), (201, {"count": 1}))]
    rounds = 60
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        wanted = cases * rounds
        answers = list(pool.map(lambda c: c[0](), wanted))
    assert [x for x, c in zip(answers, wanted) if x != c[1]] == []
    assert len(stored(a)) == rounds * 4
    assert stored(a, "metadata ? 'variant'") == [(None, 1, "SKIP", "NG", "tv", {"experiment": "e", "variant": "v"})] * rounds
    assert stored(a, "\"eventType\" = 'SEARCH'") == [(None, None, "SEARCH", "UNKNOWN", "the-device", {"unresolvedTitleId": "77"})] * rounds


@pytest.mark.errors("statement failed")
def test_an_event_that_the_database_refuses_does_not_fail_the_others(start):  # noqa: F811
    """A title that is deleted during the statement fails the whole batch. Here a trigger fails for one device id."""
    a = start(WORKERS=1)
    a.db.execute("""CREATE FUNCTION refuse_device() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF new."deviceId" = 'poison' THEN RAISE EXCEPTION 'no'; END IF; RETURN new; END $$""")
    a.db.execute('CREATE TRIGGER refuse_device BEFORE INSERT ON "EngagementEvent" FOR EACH ROW EXECUTE FUNCTION refuse_device()')
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: post(a, {"eventType": "SKIP", "deviceId": "poison" if n % 50 == 7 else "d%d" % n})[0], range(400)))
    assert [n for n, status in enumerate(answers) if status != 201] == list(range(7, 400, 50)) and set(answers) == {201, 500}
    assert sorted(r[4] for r in stored(a)) == sorted("d%d" % n for n in range(400) if n % 50 != 7)


def test_odd_bodies_are_stored_or_refused(start):  # noqa: F811
    a = start(WORKERS=1)
    for text, fine in [
            ('{"eventType":"SKIP","metadata":{"n":1e400,"m":-1E-400}}', True), ('{"eventType":"SKIP","metadata":{"n":1' + "0" * 300 + '}}', True),
            ('{"eventType":"SKIP","metadata":{"n":1e999999}}', False), ('{"eventType":"SKIP","metadata":{"n":1e-999999}}', False),
            ('{"eventType":"SKIP","metadata":{"n":' + "9" * 20000 + '}}', False), ('{"eventType":"SKIP","metadata":{"n":"\\u0000"}}', False),
            ('{"eventType":"SKIP","metadata":{"n":"\\ud800"}}', False), ('{"eventType":"SKIP","metadata":{"n":' + "[" * 5000 + "]" * 5000 + '}}', False),
            ('[' * 20000 + ']' * 20000, False), ('{"eventType":"SKIP","titleId":1e400}', False), ('{"eventType":"SKIP","titleId":-1}', True),
            ('{"eventType":"SKIP","titleId":1e2}', True), ('{"eventType":"SKIP","titleId":101.0}', True), ('{"eventType":"SKIP","titleId":"101.0"}', False),
            ('{"eventType":"SKIP","titleId":101.5}', False), ('{"eventType":"SKIP","titleId":"\\u000b9223372036854775807\\n"}', True),
            ('{"eventType":"SKIP","titleId":9223372036854775808}', False), ('{"eventType":"SKIP","titleId":"-9223372036854775808"}', True), ('{"eventType":"SKIP","metadata":{"":""}}', True), ('{"eventType":"SKIP","country":""}', True)]:
        send, before = {"data": text.encode(), "headers": {"Content-Type": "application/json"}}, len(stored(a))
        for _ in range(2):
            r = a.request("POST", "/api/events", token=a.token, **send)
            assert r.status_code == 201 if fine else 400 <= r.status_code < 500, (text[:99], r.status_code, r.text)
            assert post(a, {"eventType": "SKIP"}) == (201, {"count": 1})
        assert len(stored(a)) - before == (4 if fine else 2), text[:99]


class Reporters:
    """Clients that send events without a pause and record the acknowledged ones."""

    def __init__(self, a):
        self.a, self.acknowledged, self.over, self.numbers = a, [], threading.Event(), itertools.count()
        self.threads = [threading.Thread(target=self.report) for _ in range(12)]
        for t in self.threads:
            t.start()

    def report(self):
        with requests.Session() as s:
            while not self.over.is_set():
                number = next(self.numbers)
                try:
                    r = s.post(self.a.url + "/api/events", json={"eventType": "SKIP", "metadata": {"number": number}},
                               headers={"Authorization": "Bearer " + self.a.token}, timeout=30)
                except requests.RequestException:
                    continue
                assert r.status_code in (201, 503), r.text
                if r.status_code == 201:
                    self.acknowledged.append(number)

    def more(self, count):
        goal = len(self.acknowledged) + count
        wait_for(lambda: len(self.acknowledged) >= goal, "%d more acknowledged events" % count, 60)

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join()


def numbers(db):
    with db.cursor() as c:
        c.execute("SELECT (metadata ->> 'number')::int FROM \"EngagementEvent\"")
        return {n for n, in c.fetchall()}


def test_acknowledged_events_survive_a_kill_of_the_database(start, postgres):  # noqa: F811
    a = start()
    name = a.env["DATABASE_URL"].rsplit("/", 1)[1]
    reporters = Reporters(a)
    for _ in range(3):
        reporters.more(300)
        postgres.kill()
        postgres.start()
    reporters.more(300)
    reporters.end()
    db = postgres.connect(name)
    assert set(reporters.acknowledged) - numbers(db) == set() and len(set(reporters.acknowledged)) == len(reporters.acknowledged)
    db.close()


def test_acknowledged_events_survive_a_kill_of_the_process(start):  # noqa: F811
    a = start()
    reporters = Reporters(a)
    for _ in range(3):
        reporters.more(300)
        a.restart()
    reporters.more(300)
    reporters.end()
    assert set(reporters.acknowledged) - numbers(a.db.connection) == set()


def test_shutdown_responds_to_received_events(start):  # noqa: F811
    a = start()
    reporters = Reporters(a)
    reporters.more(500)
    assert a.stop() == 0
    reporters.end()
    assert set(reporters.acknowledged) - numbers(a.db.connection) == set()


