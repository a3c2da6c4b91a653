"""The statuses and messages that assets/openapi.yaml documents for an operation are those that its route can answer with: the declaration of the
route, its statements and its code in C say which. 500 and 503, and what is refused before a route is found, belong to the response `default`."""
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

# What the status of a statement is if the handler passes it.
PASSED = {"failure": {400, 500}, "deniedStatus": {200, 403}}

# A message that a handler shares with another one, which does not send it.
OTHERS = {("POST", "/api/auth/login"): {"Admin access denied"}}


def plain(path):
    return re.sub(r"\{[^}]*\}|:[A-Za-z]+|\*", "{}", path)


ROUTES = {(r["method"], plain(r["path"])): r for r in json.loads(run("docs", "routes").stdout)}
OPERATIONS = [(method.upper(), path) for path, item in openapi.document()["paths"].items() for method in item]
SOURCES = [re.sub(r'\b(\w+_PATH) "', lambda match: '"' + MACROS[match[1]], text) for text in FILES.values()]

# What the functions of the API and of its clients may say.
SAID = "\n".join(text for path, text in FILES.items() if path.parent.name in ("api", "net"))


def macros_read(text):
    """The text with the texts of C macros in their place."""
    return re.sub(r"\b[A-Z]\w+\b", lambda match: '"%s"' % MACROS[match[0]] if match[0] in MACROS else match[0], text)


class Route:
    """A route with all that can make its answers: `c` is the text of its functions, `sql` that of its statements and of the functions that they call."""

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
        """The texts of the statements, and of the SQL functions that they call directly or through others."""
        seen, todo = set(), [STATEMENT[name] for name in self.statements]
        while todo:
            text = todo.pop()
            yield text
            names = set(re.findall(r"wanzami\.(\w+)\(", text)) & set(FUNCTIONS) - seen
            seen |= names
            todo += [FUNCTIONS[name] for name in names]

    def of_declaration(self):
        """Statuses that the steps before the handler answer with (docs/routes.md)."""
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
        for call, statuses in (("limit_try", {429}), ("reply_redirect", {302}), ("reply_not_modified", {304}), ("page_reply", {200, 304})):
            if call + "(" in self.c:
                found |= statuses
        return found

    def statuses(self):
        found = self.of_declaration() | self.of_sql() | self.of_c()
        if self.method == "GET" and 200 in found and "http_response(" not in self.c:
            found.add(304)  # reply_json() adds an ETag
        return found - EVERYWHERE

    def messages(self):
        """(status, message) of the refusals whose text is one literal, and of those that follow from the declaration."""
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

    def can_say(self, message):
        """Whether the message, which need not be one literal, is in the statements of the route or in C code of the API."""
        name = re.fullmatch(r"Invalid ([\w{}]+)", message)
        if name and "'Invalid ' ||" in self.sql:
            return name[1] == "{field}" or f"'{name[1]}'" in self.sql
        return message in SAID or message.replace("'", "''") in self.sql

    def told(self):
        """(status, message) of the refusals that the document describes by their messages."""
        return {(int(status), message) for status, answer in self.operation["responses"].items() if status != "default"
                if answer.get("$ref", "").endswith("/Refused") for message in answer["description"].split(" / ")}


@pytest.fixture(scope="module", params=OPERATIONS, ids=" ".join)
def route(request):
    return Route(*request.param)


def test_statuses(route):
    assert {int(status) for status in route.operation["responses"] if status != "default"} - EVERYWHERE == route.statuses()
    assert "default" in route.operation["responses"]


def test_messages(route):
    told, known = route.told(), route.messages()
    assert known - told == set(), "the document does not have these messages"
    assert {(status, message) for status, message in told - known if message != "Invalid path" and not route.can_say(message)} == set(), \
        "no code of this route says so"
