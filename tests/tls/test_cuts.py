"""A proxy between libpq and PostgreSQL that cuts, delays and corrupts, at every position of a handshake and in the middle of data."""
import pytest

from pgserver import DamagingProxy
from pki import Authority
from test_libpq import encrypted, info, server  # noqa: F401

WAIT_MS = 1500  # how long a connection may take, where some will wait for ever


@pytest.fixture
def root(folder, server):
    root = Authority(folder)
    server.wear(root.issue("localhost"))
    return root


def connect(between, root, **options):
    return info(between.port, sslmode="verify-full", sslrootcert=root.alone, **options)


@pytest.mark.parametrize("direction", ["server", "client"])
@pytest.mark.parametrize("action", ["cut", "flip"])
def test_at_every_position_of_a_handshake(pg, server, root, direction, action):
    with DamagingProxy(server.port) as between:
        assert pg(info(between.port, sslmode="require", user="somebody"), "try", 1) == 'error: connection to server at "127.0.0.1", ' \
            'port %d failed: FATAL:  role "somebody" does not exist' % between.port
        length = between.passed[0, direction]
    with DamagingProxy(server.port, lambda number: (direction, number, action)) as between:
        said = pg(connect(between, root), "try", length, *([WAIT_MS] if action == "flip" else [])).splitlines()
    assert len(said) == length == between.count
    end = len(said)
    while said[end - 1] == "ok":
        end -= 1
    assert length - end < 40, "only what a client says last, when it goes, may be lost"
    for position, line in enumerate(said[:end]):
        if (direction, position) == ("client", 10):
            continue  # the version in the header of the first record, of which RFC 5246 lets servers think what they like
        assert line == "waits" or (line.startswith("error: ") and len(line) > 60 and "ROUND" not in line), (position, line)
    waiting = [position for position, line in enumerate(said) if line == "waits"]
    assert action == "flip" or not waiting, "a connection that ended is seen at once"
    assert len(waiting) < 60, "only a length that was made larger lets both sides wait (or a machine that is very busy): %s" % waiting


def test_byte_by_byte(pg, server, root):
    for direction in ("server", "client"):
        with DamagingProxy(server.port, lambda number: (direction, 0, "drip")) as between:
            encrypted(pg(connect(between, root)))


@pytest.mark.parametrize("verb", ["down", "up", "pipe"])
@pytest.mark.parametrize("direction", ["server", "client"])
@pytest.mark.parametrize("action", ["cut", "flip"])
def test_in_the_middle_of_data(pg, server, root, verb, direction, action):
    with DamagingProxy(server.port) as between:
        pg(connect(between, root), verb, 2)
        middle = between.passed[0, direction] * 2 // 3
    with DamagingProxy(server.port, lambda number: (direction, middle, action)) as between:
        said = pg(connect(between, root), verb, 2)
    assert said.startswith("error: "), said
    if action == "flip" and direction == "server":
        assert "damaged" in said


def test_the_server_dies(pg, server, root):
    import subprocess
    with subprocess.Popen([pg.tool, info(server, sslmode="require"), "break"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "up\n"
        server.kill()
        said, _ = p.communicate("go on\n", timeout=60)
    assert p.returncode == 1 and said.startswith("error: ") and ("closed the connection" in said or "terminating connection" in said), (p.returncode, said)
