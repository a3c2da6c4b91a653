"""A proxy between libpq and PostgreSQL cuts, delays and corrupts bytes at every position of a handshake and within data."""
import pytest

from pgserver import DamagingProxy
from pki import Authority
from test_libpq import encrypted, info, server  # noqa: F401

WAIT_MS = 1500  # time limit of a connection; some never complete


@pytest.fixture
def root(folder, server):
    root = Authority(folder)
    server.wear(root.issue("localhost"))
    return root


def connect(between, root, **options):
    return info(between.port, sslmode="verify-full", sslrootcert=root.alone, **options)


@pytest.mark.parametrize("direction", ["server", "client"])
@pytest.mark.parametrize("action", ["cut", "flip"])
def test_faults_at_every_position_of_a_handshake(pg, server, root, direction, action):
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
    assert length - end < 40, "only the client's last message may be lost"
    for position, line in enumerate(said[:end]):
        if (direction, position) == ("client", 10):
            continue  # the version in the header of the first record, which RFC 5246 lets servers ignore
        assert line == "waits" or (line.startswith("error: ") and len(line) > 60 and "ROUND" not in line), (position, line)
    waiting = [position for position, line in enumerate(said) if line == "waits"]
    assert action == "flip" or not waiting, "a closed connection is detected at once"
    assert len(waiting) < 60, "only a length field that was increased (or a very busy machine) makes both sides wait: %s" % waiting


def test_a_handshake_byte_by_byte_succeeds(pg, server, root):
    for direction in ("server", "client"):
        with DamagingProxy(server.port, lambda number: (direction, 0, "drip")) as between:
            encrypted(pg(connect(between, root)))


@pytest.mark.parametrize("verb", ["down", "up", "pipe"])
@pytest.mark.parametrize("direction", ["server", "client"])
@pytest.mark.parametrize("action", ["cut", "flip"])
def test_faults_within_data_are_detected(pg, server, root, verb, direction, action):
    with DamagingProxy(server.port) as between:
        pg(connect(between, root), verb, 2)
        middle = between.passed[0, direction] * 2 // 3
    with DamagingProxy(server.port, lambda number: (direction, middle, action)) as between:
        said = pg(connect(between, root), verb, 2)
    assert said.startswith("error: "), said
    if action == "flip" and direction == "server":
        assert "damaged" in said


def test_a_kill_of_the_server_is_detected(pg, server, root):
    import subprocess
    with subprocess.Popen([pg.tool, info(server, sslmode="require"), "break"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "up\n"
        server.kill()
        said, _ = p.communicate("go on\n", timeout=60)
    assert p.returncode == 1 and said.startswith("error: ") and ("closed the connection" in said or "terminating connection" in said), (p.returncode, said)
