"""A server that has become read-only, as the old primary does in a failover: connections to it are closed, and writes go on as soon as a
server accepts them."""
import contextlib

from services import Postgres, run, wait_for

MAIL = {"email": "nobody@example.com"}


@contextlib.contextmanager
def read_only(db):
    """Makes the sessions of the server read-only, those that exist included, except db's."""
    with db.cursor() as c:
        c.execute("SET default_transaction_read_only = off")
        c.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        c.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            c.execute("ALTER SYSTEM RESET default_transaction_read_only")
            c.execute("SELECT pg_reload_conf()")


def test_connections_to_a_read_only_server_are_replaced(world):
    a = world.start("api", WORKERS=1)
    assert a.post("/api/auth/forgot-password", MAIL).status_code == 200
    with read_only(world.db):
        wait_for(lambda: a.post("/api/auth/forgot-password", MAIL).status_code == 503, "the server to be read-only")
        wait_for(lambda: a.get("/health/ready").status_code == 503, "the process to be not ready")
        assert a.get("/health").status_code == 200
    wait_for(lambda: a.post("/api/auth/forgot-password", MAIL).status_code == 200, "the server to accept writes")
    wait_for(lambda: a.get("/health/ready").status_code == 200, "the process to be ready")
    lost = [(line["error"], line.get("advice", "")) for line in a.log_lines() if line["msg"] == "database connection lost"]
    assert any(error == "the server is read-only" and "must name the primary" in advice for error, advice in lost) and "500" not in {str(line.get("status")) for line in a.log_lines()}


def test_of_two_hosts_the_one_that_can_be_written_is_used(world):
    """DATABASE_URL names both servers of a pair; the first is read-only."""
    name = world.env["DATABASE_URL"].rsplit("/", 1)[1]
    first = Postgres()
    try:
        with first.connect("postgres").cursor() as c:
            c.execute("CREATE DATABASE " + name)
            c.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            c.execute("SELECT pg_reload_conf()")
        two = {**world.env, "DATABASE_URL": "postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/%s" % (first.port, world.postgres.port, name)}
        assert run("migrate", **two).returncode == 0
        r = run("doctor", **two)
        assert r.returncode == 0 and "ok    database writable             yes, a row was written" in r.stdout, r.stdout
        assert run("job", "run", "upload-reaper", **two).returncode == 0
        a = world.start("api", WORKERS=1, DATABASE_URL=two["DATABASE_URL"])
        assert a.post("/api/auth/forgot-password", MAIL).status_code == 200 and a.get("/health/ready").status_code == 200
        with world.db.cursor() as c:
            c.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'wanzami api%' AND datname = current_database()")
        wait_for(lambda: a.post("/api/auth/forgot-password", MAIL).status_code == 200, "new connections to the second server")
        assert world.rows("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'wanzami api%' AND datname = current_database()") == [(True,)]
    finally:
        first.close()
