"""CPU time per request of a worker: bodies, queries and headers of the largest accepted size in adverse shapes, compared with a plain request
of the same size in the same run. A shape with superlinear cost exceeds the limit by factors of hundreds."""
import statistics

from test_hostile import WRITING, api, path  # noqa: F401

MOST = 60  # allowed CPU time, relative to a plain body of the same size


def cost(world):
    """Returns the CPU time of all workers in nanoseconds (proc(5), schedstat)."""
    total = 0
    for pid in world.pids:
        with open("/proc/%d/schedstat" % pid) as f:
            total += int(f.read().split()[0])
    return total


def filled(head, piece, tail, size):
    """Returns head, as many pieces as fit, and tail."""
    return head + piece * max(1, (size - len(head) - len(tail)) // len(piece)) + tail


def shapes(name, size):
    """Yields bodies of at most `size` bytes with an adverse value of the field `name`."""
    key = b'{"%s":' % name.encode()
    made = {
        "zeros": filled(key + b"[0", b",0", b"]}", size),
        "empty objects": filled(key + b"[{}", b",{}", b"]}", size),
        "empty texts": filled(key + b'[""', b',""', b"]}", size),
        "nested lists": filled(key + b"[[]", b"," + b"[" * 30 + b"]" * 30, b"]}", size),
        "escapes": filled(key + b'"', b"\\u00e9", b'"}', size),
        "quotes": filled(key + b'"', b'\\"', b'"}', size),
        "blanks": filled(key, b" ", b'"x"}', size),
        "blanks in a text": filled(key + b'"', b" ", b'x"}', size),
        "digits": filled(key, b"9", b"}", size),
        "digits in a text": filled(key + b'"', b"9", b'"}', size),
        "at signs": filled(key + b'"', b"a@", b'b.example"}', size),
        "duplicates": filled(key + b"0", b"," + key[1:] + b"0", b"}", size),
        "many members": b"{" + b",".join(b'"k%d":0' % n for n in range(size // 12)) + b"}",
        "many members of an object": key + b"{" + b",".join(b'"k%d":0' % n for n in range(size // 13)) + b"}}",
    }
    return made


def spent(world, route, data):
    before = cost(world)
    r = world.a.request(route["method"], path(route), data=data, token=world.root.token, headers={"Content-Type": "application/json"}, allow_redirects=False, timeout=120)
    assert r.status_code < 500 or r.status_code == 503, (route["path"], r.status_code, data[:80], r.text[:200])
    return cost(world) - before


def fields(route):
    """Returns the name of one field of each type; common names for routes that do not declare fields."""
    if route["fields"]:
        return list({f["type"]: f["name"] for f in route["fields"]}.values())
    return ["events", "seasons", "name", "genres", "parts"]


def test_no_body_costs_much_more_cpu_time_than_a_plain_one(api):  # noqa: F811
    dear = {}
    for route in WRITING:
        if route["path"] == "/api/admin/titles/purge":  # this route deletes the catalogue, whatever its body
            continue
        size = min(route["bodyMax"], 102400) - 100
        plain = statistics.median(spent(api, route, filled(b'{"unknown":"', b"x", b'"}', size)) for _ in range(3))
        for name in fields(route):
            for what, data in shapes(name, size).items():
                taken = spent(api, route, data)
                if taken > MOST * plain:
                    dear["%s %s: %s in %s" % (route["method"], route["path"], what, name)] = round(taken / plain)
    assert dear == {}


def test_no_query_or_header_costs_much_more_cpu_time_than_a_plain_one(api):  # noqa: F811
    def asked(query="", **headers):
        before = cost(api)
        r = api.a.get("/api/titles" + query, headers=headers)
        assert r.status_code < 500
        return cost(api) - before

    plain = statistics.median(asked("?unknown=" + "x" * 1500, **{"User-Agent": "x" * 6000}) for _ in range(5))
    queries = {"many": "&".join("a%d=" % n for n in range(220)), "same": "&".join(["q=1"] * 300), "escapes": "q=" + "%41" * 400, "empty": "&" * 1500, "broken": "q=" + "%" * 1500}
    headers = {name: value for name in ("Accept-Language", "If-None-Match", "Authorization", "Range", "Cookie", "Accept-Encoding", "X-Forwarded-For", "Connection")
               for value in (",a" * 3000,)}
    dear = {what: taken for what, taken in [(w, asked("?" + q)) for w, q in queries.items()] + [(n, asked(**{n: v})) for n, v in headers.items()]
            if taken > MOST * plain}
    assert dear == {}
