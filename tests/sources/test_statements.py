"""The first lines of each statement name its routes and its parameters; the tests compare them with the code."""

import json
import pathlib
import re

import pytest

from conftest import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUERY = ROOT / "sql/query"
STATEMENTS = sorted(QUERY.rglob("*.sql"))
PATHS = dict(re.findall(r'(SIGN_\w+_PATH)\s+"(.*)"', (ROOT / "src/http/sign.h").read_text()))
FILES = {path: re.sub(r'(SIGN_\w+_PATH) "', lambda match: '"' + PATHS[match[1]], path.read_text()) for path in sorted((ROOT / "src").rglob("*.c"))}
SOURCES = list(FILES.values())
ROUTES = {match for source in SOURCES for match in re.findall(r'^ROUTE(?:_SQL)?\((\w+), "([^"]+)"', source, re.M)}

DECLARED = {(r["method"], r["path"]): {p["name"] for p in r["query"] if p["type"] not in ("country", "kidMode", "signed", "unused")}
            for r in json.loads(run("docs", "routes").stdout)}

# SQL functions with an object as parameter: the text of each, by name.
FUNCTIONS = {path.stem: re.sub(r"--.*", "", path.read_text()) for path in (ROOT / "sql/functions").rglob("*.sql")}


def split(text):
    """Returns the comment at the beginning of a file, and the rest of the file."""
    lines = text.splitlines()
    count = next(i for i, line in enumerate(lines) if not line.startswith("--"))
    return [line[2:].strip() for line in lines[:count]], "\n".join(lines[count:])


def documented(comment):
    """Returns the parameters that a comment describes in its lines $1:, $2: and so on, by number."""
    found = {}
    for part in re.findall(r"\$(\d): (.*?)(?=\s\$\d: |$)", " ".join(comment)):
        found[int(part[0])] = part[1].rstrip(".")
    return found


def arguments(sql, start):
    """Returns the arguments of a call whose opening bracket is before start."""
    found, depth, quoted = [""], 0, False
    for c in sql[start:]:
        quoted ^= c == "'"
        depth += 0 if quoted else (c == "(") - (c == ")")
        if depth < 0:
            break
        if c == "," and depth == 0 and not quoted:
            found.append("")
        else:
            found[-1] += c
    return [text.strip() for text in found]


def names_passed(it, sql):
    """Returns the names that SQL functions read of an object, or of its query parameters, that is their argument: (position, name)."""
    for call in re.finditer(r"wanzami\.(\w+)\(", sql):
        for n, text in enumerate(arguments(sql, call.end())):
            prefix = {it: "", f"{it} -> 'query'": "query."}.get(text)
            if prefix is None or call[1] not in FUNCTIONS:
                continue
            head, body = re.split(r"\sRETURNS\s|\nLANGUAGE ", FUNCTIONS[call[1]], maxsplit=1)
            parameter = arguments(head, head.index("(") + 1)[n].split()[0]
            yield from ((call.start(), prefix + name) for name in names_read(parameter, body))


def names_read(it, sql):
    """Returns the names that SQL reads of a JSON object, in order; query.NAME for a query parameter."""
    sql = re.sub(r"--.*", "", sql)
    found = list(names_passed(it, sql))
    it = rf"(?<![\w.\"]){re.escape(it)}(?!\w)(?:::jsonb)?"
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
    return list(dict.fromkeys(name for _, name in sorted(found, key=lambda f: f[0]) if name != "query"))


def names_of(number, sql):
    """Returns the names that a statement reads of its parameter. Parameters of a batch are arrays: it reads the elements of $1, and the bodies
    as a whole."""
    element = re.search(r"ROWS FROM \(jsonb_array_elements\(\$1\), jsonb_array_elements\(\$2\)\) WITH ORDINALITY \w+\((\w+), ", sql)
    if not element:
        return names_read(f"${number}", sql)
    return names_read(element[1], re.sub(rf"\w+\.(?={element[1]}\b)", "", sql)) if number == 1 else []


def name_of(path):
    return str(path.relative_to(QUERY))[:-4]


def of_route(comment):
    """Returns whether the first parameter of a statement is the context of a request; other statements have parameters by number."""
    return re.match(r"(GET|POST|PUT|PATCH|DELETE) /", comment[0])


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_comments_describe_all_parameters(path):
    comment, sql = split(path.read_text())
    told = documented(comment)
    used = {int(n) for n in re.findall(r"\$(\d)", re.sub(r"--.*", "", sql))}
    if of_route(comment):
        told = {n: text.removeprefix("array of the contexts: ").split(", ") for n, text in told.items() if text != "array of the bodies"}
        assert told == {n: names for n in (1, 2) if (names := names_of(n, sql))}
    else:
        assert set(told) == used


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_comments_name_the_routes(path):
    """Each route in a comment exists, and the comment of a statement without a handler names all of its routes."""
    comment = " ".join(split(path.read_text())[0])
    told = set(re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/:.-]*\w)", comment))
    assert told <= ROUTES
    for source in SOURCES:
        assert set(re.findall(rf'^ROUTE_SQL\((\w+), "([^"]+)", "{name_of(path)}"', source, re.M)) <= told


# The names that C adds to the context of a request. Below, a node is a function or variable of a C file with its text.

PUT = r'request_param\(\S+, "(\w+)"'
BUILT_IN = set(re.findall(r'context_add\(\w*&?\w+, "(\w+)"', FILES[ROOT / "src/http/sql.c"])) | set(re.findall(PUT, FILES[ROOT / "src/http/pages.c"]))
CONTEXTS = {name_of(path): {name for name in names_of(1, sql) if not name.startswith("query.")}
            for path in STATEMENTS for comment, sql in [split(path.read_text())] if of_route(comment)}


def nodes_of(source):
    found = {name: body for name, body in re.findall(r"^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", source, re.M | re.S)}
    return found | {name: body for name, body in re.findall(r"^static [\w ]*?[ \t*](\w+)(?:\[\])? = (.*?);$", source, re.M | re.S)}


def reached(handler, file, shared):
    """Returns the nodes that a handler refers to, directly or indirectly, in its file and in shared files."""
    seen, todo = {}, [handler]
    while todo:
        name = todo.pop()
        if name not in seen and (name in file or name in shared):
            seen[name] = file.get(name, shared.get(name))
            todo += re.findall(r"\w+", seen[name])
    return seen


def handlers():
    """Yields each handler: its route, the statements that it may send, and the names that it adds to their context, by function."""
    shared = {name: body for path, source in FILES.items() if path.parent.name == "http"
              for name, body in nodes_of(source).items() if re.search(PUT, body)}
    for path, source in FILES.items():
        file = nodes_of(source)
        for method, route, handler in re.findall(r'^ROUTE\((\w+), "([^"]+)", (\w+)', source, re.M):
            nodes = reached(handler, file, shared)
            sent = {name for body in nodes.values() for name in re.findall(r'"([\w/-]+)"', body) if name in CONTEXTS}
            yield f"{method} {route}", sent, {(function, name) for function, body in nodes.items() for name in re.findall(PUT, body)}


HANDLERS = list(handlers())


def test_statements_read_only_names_in_their_context():
    missing = {(name, member) for source in SOURCES for name in re.findall(r'^ROUTE_SQL\(\w+, "[^"]+", "([^"]+)"', source, re.M)
               for member in CONTEXTS[name] - BUILT_IN}
    missing |= {(name, member) for _, sent, put in HANDLERS for name in sent for member in CONTEXTS[name] - BUILT_IN - {m for _, m in put}}
    assert not missing, "statements read members of $1 that no C code of their route adds"


def test_every_statement_of_a_route_is_sent():
    sent = {name for _, names, _ in HANDLERS for name in names}
    sent |= {name for source in SOURCES for name in re.findall(r'^ROUTE_SQL\(\w+, "[^"]+", "([^"]+)"', source, re.M)}
    assert sent == set(CONTEXTS)


def test_every_name_added_to_a_context_is_read():
    put = {entry for _, _, entries in HANDLERS for entry in entries}
    read = {(function, member) for _, sent, entries in HANDLERS for function, member in entries if any(member in CONTEXTS[name] for name in sent)}
    assert put == read, "C adds members to $1 that no statement of the route reads"
    calls = sum(len(re.findall(r"\brequest_param\(\w+, ", source)) for source in SOURCES)
    assert len(put) == calls, "calls of request_param() that no handler reaches, or without a literal name"


def test_built_in_names_are_read():
    guard = set(names_of(1, split((QUERY / "guard.sql").read_text())[1]))
    assert guard <= BUILT_IN
    assert BUILT_IN <= guard.union(*CONTEXTS.values())


def test_built_in_names_are_documented():
    header = (ROOT / "src/http/sql.h").read_text()
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/routes.md").read_text().split("| member of `$1`")[1].split("\n\n")[0], re.M)
    assert {name for name in re.findall(r"^ \*\t(\w+)\t", header, re.M)} == BUILT_IN | {"query"}
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == BUILT_IN | {"query"}


def routes_of(path):
    """Returns the routes that the first lines of a statement name."""
    return re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/:.-]*\w)", " ".join(split(path.read_text())[0]))


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_query_parameters_of_statements_are_declared(path):
    """Every route of a statement declares each query parameter that the statement reads."""
    comment, sql = split(path.read_text())
    read = {name[len("query."):] for name in names_of(1, sql) if name.startswith("query.")}
    assert "'query'" in sql or "{query" in sql or not read
    for route in routes_of(path) if read else []:
        assert read <= DECLARED[route], route
    assert routes_of(path) or not read


def test_declared_query_parameters_are_read():
    """A statement of the route, or its handler in C, reads each query parameter that the route declares."""
    read = {route: set() for route in DECLARED}
    for path in STATEMENTS:
        for route in routes_of(path):
            read[route] |= {name[len("query."):] for name in names_of(1, split(path.read_text())[1]) if name.startswith("query.")}
    for source in SOURCES:
        for route in re.findall(r'^ROUTE\((\w+), "([^"]+)"', source, re.M):
            read[route] |= set(re.findall(r'query_get\(r, "(\w+)"', source))
    assert {route: sorted(names - read[route]) for route, names in DECLARED.items() if names - read[route]} == {}


def test_query_parameters_of_handlers_are_declared():
    """query_get() returns nothing for a parameter that the route does not declare: the same file must declare its name."""
    for source in SOURCES:
        names = re.findall(r'query_get\(r, "(\w+)"', source)
        assert len(names) == len(re.findall(r"(?<!^)\bquery_get\(", source, re.M)), "a call without a literal name"
        assert set(names) <= set(re.findall(r'PARAM\("(\w+)", ', source))
