"""Compares the statuses and messages of each operation in assets/openapi.yaml with those that the route can send, according to its
declaration, its statements and its C code. The response `default` covers 500, 503 and refusals before a route is found."""
import json
import re

import pytest

import openapi
from conftest import run
from test_statements import FILES, FUNCTIONS, ROOT, STATEMENTS, name_of, nodes_of, reached, split

EVERYWHERE = {500, 503}
VALIDATION = "Validation failed; the body names the fields."
STATEMENT = {name_of(path): re.sub(r"--.*", "", split(path.read_text())[1]) for path in STATEMENTS}
MACROS = dict(re.findall(r'^#define (\w+)\s+"(.*)"', "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.[ch]")), re.M))

# The values of members that hold a status, for statements that return such a member as status.
PASSED = {"failure": {400, 500}, "deniedStatus": {200, 403}}

# Messages in a function that several handlers share, which this route never sends.
OTHERS = {("POST", "/api/auth/login"): {"Admin access denied"}}


def plain(path):
    return re.sub(r"\{[^}]*\}|:[A-Za-z]+|\*", "{}", path)


ROUTES = {(r["method"], plain(r["path"])): r for r in json.loads(run("docs", "routes").stdout)}
OPERATIONS = [(method.upper(), path) for path, item in openapi.document()["paths"].items() for method in item]
SOURCES = [re.sub(r'\b(\w+_PATH) "', lambda match: '"' + MACROS[match[1]], text) for text in FILES.values()]

# The texts in the code of the API and its clients.
TEXTS = "\n".join(text for path, text in FILES.items() if path.parent.name in ("api", "net"))


def macros_read(text):
    """Returns the text with C macros replaced by their string values."""
    return re.sub(r"\b[A-Z]\w+\b", lambda match: '"%s"' % MACROS[match[0]] if match[0] in MACROS else match[0], text)


class Route:
    """A route and the text that determines its responses: `c` is that of its functions, `sql` that of its statements and of the SQL functions
    that they call."""

    def __init__(self, method, path):
        self.method, self.path = method, path
        self.operation = openapi.document()["paths"][path][method.lower()]
        self.route = ROUTES[method, plain(path)]
        pattern = re.compile(rf'^ROUTE(?:_SQL)?\({method}, "{re.escape(self.route["path"])}", "?([\w/-]+).*?;', re.M | re.S)
        source, found = next((text, match) for text in SOURCES for match in [pattern.search(text)] if match)
        self.declaration = found[0]
        self.c = "" if self.route["statement"] else macros_read("\n".join(reached(found[1], nodes_of(source), {}).values()))
        self.statements = [self.route["statement"]] if self.route["statement"] else \
            sorted({name for name in re.findall(r'"([\w/-]+)"', self.c) if name in STATEMENT})
        self.sql = "\n".join(self.called())

    def called(self):
        """Yields the texts of the statements, and of the SQL functions that they call directly or indirectly."""
        seen, todo = set(), [STATEMENT[name] for name in self.statements]
        while todo:
            text = todo.pop()
            yield text
            names = set(re.findall(r"wanzami\.(\w+)\(", text)) & set(FUNCTIONS) - seen
            seen |= names
            todo += [FUNCTIONS[name] for name in names]

    def of_declaration(self):
        """Returns the statuses of the steps before the handler (docs/routes.md)."""
        guard, found = self.route["guard"], set()
        if guard:
            found |= {401} if guard == "user" else {401, 403}
        if self.route["limit"]:
            found.add(429)
        takes = "requestBody" in self.operation and not self.route["raw"]
        if takes or self.route["fields"] is not None or "{" in self.path or any(p["refuse"] for p in self.route["query"]):
            found.add(400)
        return found

    def of_sql(self):
        found = {int(status) for status in re.findall(r"\brefuse(?:_with)?\((\d{3}),", self.sql)}
        for name in self.statements:
            for status in re.findall(r"^(?:SELECT|RETURNING) (.*?) AS status\b", STATEMENT[name], re.M):
                found |= {int(number) for number in re.findall(r"\b[2-5]\d\d\b", re.sub(r"'[^']*'", "", status))}
                found |= {number for member in re.findall(r"\$1 ->> '(\w+)'\)::int", status) for number in PASSED[member]}
        return found

    def of_c(self):
        found = {int(number) for call in re.findall(r"\b(?:reply_message|reply_json|sql_refusal)\([\w>-]+, ([^,;]*),", self.c)
                 for number in re.findall(r"\b[2-5]\d\d\b", call)}
        found |= {int(number) for number in re.findall(r"\bhttp_response\([^,]*, (\d{3}),|\bstatus == (\d{3})|\breturn \((2\d\d)\)", self.c)
                  for number in number if number}
        for call, statuses in (("limit_try", {429}), ("reply_redirect", {302}), ("reply_not_modified", {304}), ("page_reply", {200, 304}), ("page_file_reply", {200, 304, 404}),
                               ("playlist_cache_reply", {200, 304})):
            if call + "(" in self.c:
                found |= statuses
        return found

    def statuses(self):
        found = self.of_declaration() | self.of_sql() | self.of_c()
        if self.method == "GET" and 200 in found and "http_response(" not in self.c:
            found.add(304)  # reply_json() adds an ETag
        return found - EVERYWHERE

    def messages(self):
        """Returns (status, message) of the refusals with a literal text, and of those that follow from the declaration."""
        route, found = self.route, set()
        if route["guard"]:
            found |= {(401, "Missing access token"), (401, "Invalid or expired token")}
            found |= {(403, "Admin role required")} if route["guard"] != "user" else set()
            found |= {(403, "Insufficient permissions")} if route["guard"] not in ("user", "admin") else set()
        if route["limit"] or "limit_try(" in self.c:
            found.add((429, "Too many requests. Please wait a bit and try again."))
        if route["id"] and '.id_wrong = "' not in self.declaration:
            found |= {(400, "%s %s id" % (word, route["id"])) for word in ("Missing", "Invalid")}
        if route["fields"] is not None:
            found.add((400, route["issues"] or VALIDATION))
        found |= {(400, "Invalid " + p["name"]) for p in route["query"] if p["refuse"]}
        found |= {(int(status), text.replace("''", "'")) for status, text in re.findall(r"\brefuse\((\d{3}), '((?:[^']|'')*)'\)", self.sql)}
        for status, rest in re.findall(r"\b(?:reply_message|sql_refusal)\([\w>-]+, (\d{3}), ([^;]*);", self.c):
            texts = re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'\brequest_format\(.*|\[[^]]*\]', "", rest))
            found |= {(int(status), re.sub(r'^\{\\"message\\":\\"(.*)\\"\}$', r"\1", text)) for text in texts}
        return {(status, text) for status, text in found if status >= 400 and status not in EVERYWHERE} - \
            {(status, text) for status, text in found if text in OTHERS.get((self.method, self.path), ())}

    def can_send(self, message):
        """Returns whether the message, which need not be a literal, is in the statements of the route or in C code of the API."""
        name = re.fullmatch(r"Invalid ([\w{}]+)", message)
        if name and "'Invalid ' ||" in self.sql:
            return name[1] == "{field}" or f"'{name[1]}'" in self.sql
        return message in TEXTS or message.replace("'", "''") in self.sql

    def documented(self):
        """Returns (status, message) of the refusals that the document describes by their messages."""
        return {(int(status), message) for status, answer in self.operation["responses"].items() if status != "default"
                if answer.get("$ref", "").endswith("/Refused") for message in answer["description"].split(" / ")}


@pytest.fixture(scope="module", params=OPERATIONS, ids=" ".join)
def route(request):
    return Route(*request.param)


def test_documented_statuses_match_the_code(route):
    assert {int(status) for status in route.operation["responses"] if status != "default"} - EVERYWHERE == route.statuses()
    assert "default" in route.operation["responses"]


def test_documented_messages_match_the_code(route):
    documented, known = route.documented(), route.messages()
    assert known - documented == set(), "messages that the document lacks"
    assert {(status, message) for status, message in documented - known if message != "Invalid path" and not route.can_send(message)} == set(), \
        "documented messages that no code of the route sends"
