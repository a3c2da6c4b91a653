"""Host names are resolved on a thread, so that an unresponsive DNS server blocks no request."""
import concurrent.futures
import contextlib
import os

import pytest

from conftest import BINARY
from nameserver import SilentNameServer
from services import EMULATOR, VALGRIND, wait_for

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root for a resolv.conf of its own")


@pytest.fixture
def names():
    with contextlib.closing(SilentNameServer()) as n:
        yield n


@pytest.fixture
def asking(names, tmp_path, appliance):
    """An appliance that uses the silent DNS server, with a resolver timeout of one minute."""
    (tmp_path / "resolv.conf").write_text("nameserver %s\noptions timeout:60 attempts:1\n" % names.address)
    command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(tmp_path / "resolv.conf"),
               *VALGRIND, *EMULATOR, BINARY]
    return lambda **env: appliance(command=command, **env)


def ready(a):
    answer = a.request("GET", "/health/ready").json()
    return answer["postgres"]["state"], answer["valkey"]["state"]


def test_requests_are_served_while_dns_does_not_respond(postgres, keyvalue, names, asking):
    url, _ = postgres.create_migrated()
    a = asking(DATABASE_URL=url.replace("127.0.0.1", "database.test"), WORKERS=1,
               REDIS_URL=keyvalue.url.replace("127.0.0.1", "valkey.test"))
    wait_for(a.answers, "a response")
    wait_for(lambda: names.asked == {"database.test", "valkey.test"}, "queries for both names")
    assert a.request("GET", "/health").json() == {"status": "starting", "reason": "the database cannot be reached"}
    assert ready(a) == ("down", "down")
    assert a.request("GET", "/api/titles").status_code == 503
    names.speak()
    wait_for(lambda: ready(a) == ("up", "up"), "the database and Valkey to be up")
    assert a.request("GET", "/health").status_code == 200
    assert a.request("GET", "/api/titles").status_code == 200


def test_a_worker_that_has_just_started_counts_in_valkey(postgres, keyvalue, names, asking):
    """A failed login that arrives before the connection to Valkey is there counts for all processes."""
    url, _ = postgres.create_migrated()
    a = asking(DATABASE_URL=url, WORKERS=1, REDIS_URL=keyvalue.url.replace("127.0.0.1", "valkey.test"))
    wait_for(a.answers, "a response")
    keyvalue.command("FLUSHALL")
    before = a.metric("requests_open")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        attempt = pool.submit(a.post, "/api/auth/login", {"email": "nobody@example.com", "password": "guess number 1", "deviceId": "tv"})
        wait_for(lambda: attempt.done() or a.metric("requests_open") > before, "the login to arrive")
        names.speak()
        assert attempt.result().status_code == 401
    counts = {key: keyvalue.command("GET", key) for key in keyvalue.command("KEYS", "{q}limit:login:*")}
    assert len(counts) == 3 and set(counts.values()) == {b"1"}, "of the network, of the account in it, and of the account"


def test_of_several_hosts_an_existing_one_is_used(postgres, keyvalue, names, asking):
    names.speak()
    url, _ = postgres.create_migrated()
    port = url.rsplit(":", 1)[1].split("/")[0]
    a = asking(DATABASE_URL=url.replace("127.0.0.1:" + port, "127.0.0.1:1,database.test:%s,not..a.name:2" % port), REDIS_URL=keyvalue.url).wait_healthy()
    wait_for(lambda: ready(a)[0] == "up", "the database to be up")
