"""The first lines of each statement name its routes and its parameters as the code has them."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
QUERY = ROOT / "sql/query"
STATEMENTS = sorted(QUERY.rglob("*.sql"))
GATE = re.search(r'SIGN_GATE_PATH\s+"(.*)"', (ROOT / "src/http/sign.h").read_text())[1]
SOURCES = [path.read_text().replace('SIGN_GATE_PATH "', f'"{GATE}') for path in (ROOT / "src").rglob("*.c")]
ROUTES = {match for source in SOURCES for match in re.findall(r'^ROUTE(?:_SQL)?\((\w+), "([^"]+)"', source, re.M)}

# The names that SQL functions read of a context that they get as a whole.
INSIDE = {
    r"wanzami\.viewer\(\$1\)": ["userId", "query.profileId"],
    r"wanzami\.ppv_way\(t, \$1\)": ["enforcement", "userId", "deviceId"],
    r"wanzami\.user_change\([^,]*, \$1,": ["userId", "deviceId", "need"],
    r"wanzami\.title_found\(p, \$1 -> 'query'\)": ["query.q"],
    r"wanzami\.ticket_issue\(\$2\)": ["email", "subject", "message"],
}


def split(text):
    """The comment at the beginning of a file and the rest of it."""
    lines = text.splitlines()
    count = next(i for i, line in enumerate(lines) if not line.startswith("--"))
    return [line[2:].strip() for line in lines[:count]], "\n".join(lines[count:])


def documented(comment):
    """The parameters of a comment: its lines that begin with $1:, $2: and so on, by number."""
    found = {}
    for part in re.findall(r"\$(\d): (.*?)(?=\s\$\d: |$)", " ".join(comment)):
        found[int(part[0])] = part[1].rstrip(".")
    return found


def names_of(number, sql):
    """The names that a statement reads of the object $number, in their order; query.NAME for a query parameter."""
    sql = re.sub(r"--.*", "", sql)
    it = re.escape(f"${number}")
    found = []
    for names, prefix in ((rf"{it} -> 'query' \?\| ARRAY\[([^\]]*)\]", "query."), (rf"{it} \?\|? ?(?:ARRAY\[)?('[^)\]]*?')(?:\]|\s)", "")):
        for match in re.finditer(names, sql):
            found += [(match.start(), prefix + name) for name in re.findall(r"'(\w+)'", match[1])]
    for match in re.finditer(rf"wanzami\.edit_numbers\({it}, ([^)]*)\)", sql):
        found += [(match.start(), name) for name in re.findall(r"'(\w+)'", match[1])]
    for match in re.finditer(rf"(?:{it} -> 'query'|{it}),? (?:->>? )?'(\w+)'|{it} #>>? '{{([\w,]+)}}'", sql):
        path = (match[1] or match[2]).split(",")
        if "'query', '" in match[0] or path[0] == "query" and len(path) > 1:
            path = ["query." + path[-1]]
        found.append((match.start(), path[0]))
    for pattern, names in INSIDE.items():
        found += [(match.start(), name) for match in re.finditer(pattern, sql) if f"${number}" in match[0] for name in names]
    return list(dict.fromkeys(name for _, name in sorted(found, key=lambda f: f[0]) if name != "query"))


def name_of(path):
    return str(path.relative_to(QUERY))[:-4]


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_parameters_are_named(path):
    comment, sql = split(path.read_text())
    told = documented(comment)
    used = {int(n) for n in re.findall(r"\$(\d)", re.sub(r"--.*", "", sql))}
    if re.match(r"(GET|POST|PUT|PATCH|DELETE) /", comment[0]) and "Batch." not in " ".join(comment):
        expected = {n: names_of(n, sql) for n in (1, 2)}
        assert {n: text.split(", ") for n, text in told.items()} == {n: names for n, names in expected.items() if names}
    else:
        assert set(told) == used


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_routes_are_named(path):
    """Each route that a comment names exists, and each route that a statement answers alone is in its comment."""
    comment = " ".join(split(path.read_text())[0])
    told = set(re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/:.-]*\w)", comment))
    assert told <= ROUTES
    for source in SOURCES:
        assert set(re.findall(rf'^ROUTE_SQL\((\w+), "([^"]+)", "{name_of(path)}"', source, re.M)) <= told
