"""The appliance with its database behind TLS: CA certificates from the environment, in the sandbox, across a restart of the database."""
from pki import Authority
from services import SECRETS, run, wait_for
from test_libpq import read, server  # noqa: F401


def url(server, database, options="sslmode=verify-full"):
    return "postgresql://onlytls@localhost:%d/%s?%s" % (server.port, database, options)


def encrypted_connections(db):
    with db.cursor() as c:
        c.execute("SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                  "WHERE usename = 'onlytls'")
        return c.fetchone()


def database(server):
    plain, db = server.create()
    name = plain.rsplit("/", 1)[1]
    with db.cursor() as c:
        c.execute("ALTER DATABASE %s OWNER TO onlytls" % name)
    return name, db


def test_database_connections_over_tls_survive_a_restart(server, appliance, keyvalue, folder):
    root = Authority(folder)
    server.wear(root.issue("localhost"))
    name, db = database(server)
    env = {**SECRETS, "REDIS_URL": keyvalue.url, "MEDIA_DIR": folder + "/media", "DATABASE_URL": url(server, name)}
    r = run("migrate", **env)
    assert r.returncode == 1 and "DATABASE_CA_PEM" in r.stdout + r.stderr
    r = run("migrate", DATABASE_CA_PEM=read(Authority(folder).alone), **env)
    assert r.returncode == 1 and "signed by an unknown CA" in r.stdout + r.stderr
    env["DATABASE_CA_PEM"] = read(root.alone).replace("\n", "\\n")
    assert run("migrate", **env).returncode == 0

    a = appliance(roles="api", **env).wait_healthy()
    wait_for(lambda: encrypted_connections(db)[0] >= 2, "connections over TLS")
    assert encrypted_connections(db)[1] == 0
    assert a.get("/health/ready").status_code == 200
    server.kill()
    server.ensure()
    db = server.connect(name)
    wait_for(lambda: encrypted_connections(db)[0] >= 2, "connections after the restart", 40)
    assert a.get("/health/ready").status_code == 200
    db.close()


def test_ca_certificates_are_read_from_a_file(server, appliance, keyvalue, folder):
    root = Authority(folder)
    server.wear(root.issue("localhost"))
    name, db = database(server)
    env = {**SECRETS, "REDIS_URL": keyvalue.url, "MEDIA_DIR": folder + "/media",
           "DATABASE_URL": url(server, name, "sslmode=verify-full&sslrootcert=" + root.alone)}
    assert run("migrate", **env).returncode == 0
    appliance(roles="api", **env).wait_healthy()
    wait_for(lambda: encrypted_connections(db)[0] >= 2, "connections over TLS")
    db.close()
