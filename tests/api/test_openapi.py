"""The document of the API: that it is one, that it names every route and no other, and that people can read it."""
import json
import os
import re
import subprocess
from urllib.parse import urljoin

import jsonschema
import requests

import openapi
from conftest import run
from services import ROOT, npm_install


def operations():
    return [(method.upper(), path, op) for path, item in openapi.document()["paths"].items() for method, op in item.items()]


def routes():
    """(method, path) of every route, with what is variable in the path as {}."""
    text = run("docs", "routes").stdout
    assert "(null)" not in text
    return {(r["method"], plain(r["path"])): r for r in json.loads(text)}


def plain(path):
    return re.sub(r"\{[^}]*\}|:[A-Za-z]+|\*", "{}", path)


def test_every_route_is_in_it_and_no_other():
    assert set(routes()) == {(method, plain(path)) for method, path, _ in operations()}


def test_what_a_route_wants_of_a_caller_is_in_it():
    there = routes()
    for method, path, op in operations():
        guarded = there[method, plain(path)]["guard"] is not None
        assert guarded == ({"bearerAuth": []} in op.get("security", []) and {} not in op["security"]), (method, path)


def test_the_query_parameters_of_a_route_are_in_it():
    """The names on both sides, the defaults, and the choices of a parameter that is refused otherwise."""
    there = routes()
    for method, path, op in operations():
        told = [openapi.resolve(p) for p in op.get("parameters", [])]
        told = {p["name"]: p["schema"] for p in told if p["in"] == "query"}
        declared = {p["name"]: p for p in there[method, plain(path)]["query"]}
        assert set(told) == set(declared), (method, path)
        for name, p in declared.items():
            default = told[name].get("default")
            assert (None if default is None else str(default)) == p.get("default"), (method, path, name)
            if p["refuse"] and p["type"] == "choice":
                assert told[name]["enum"] == p["choices"].split("|"), (method, path, name)


def test_it_is_a_document():
    doc = openapi.document()
    ids = [op["operationId"] for _, _, op in operations()]
    assert len(set(ids)) == len(ids)
    assert {t for _, _, op in operations() for t in op["tags"]} == {t["name"] for t in doc["tags"]}
    for _, path, op in operations():
        named = {openapi.resolve(p)["name"] for p in op.get("parameters", []) if openapi.resolve(p)["in"] == "path"}
        assert named == set(re.findall(r"\{([^}]*)\}", path)), path

    def references(thing):
        if isinstance(thing, dict):
            yield from ([thing["$ref"]] if isinstance(thing.get("$ref"), str) else [])
            thing = list(thing.values())
        if isinstance(thing, list):
            for part in thing:
                yield from references(part)

    used = set(references(doc))
    there = {"#/components/%s/%s" % (kind, name) for kind in ("parameters", "responses", "schemas") for name in doc["components"][kind]}
    assert used == there
    for schema in doc["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def schemas(thing, place):
    """Each schema in a part of the document, with its place; references are followed."""
    if "$ref" in thing:
        place, thing = thing["$ref"], openapi.resolve(thing)
    yield place, thing
    for key in ("allOf", "anyOf", "oneOf"):
        for n, part in enumerate(thing.get(key, [])):
            yield from schemas(part, "%s/%s/%d" % (place, key, n))
    for name, part in thing.get("properties", {}).items():
        yield from schemas(part, "%s/properties/%s" % (place, name))
    for key in ("items", "additionalProperties"):
        if isinstance(thing.get(key), dict):
            yield from schemas(thing[key], "%s/%s" % (place, key))


def bodies():
    """(kind, schema) of each body: kind is request or response."""
    for method, path, op in operations():
        parts = [("request", op["requestBody"])] if "requestBody" in op else []
        for kind, part in parts + [("response", answer) for answer in op["responses"].values()]:
            for content in openapi.resolve(part).get("content", {}).values():
                for place, schema in schemas(content["schema"], "%s %s %s" % (method, path, kind)):
                    yield kind, place, schema


def test_no_field_of_a_request_has_a_default():
    """Generators make a field with a default one that the client must send."""
    assert {place for kind, place, schema in bodies() if kind == "request" and "default" in schema} == set()


def test_objects_name_their_fields():
    """Generators make an object without fields one that must be empty, and one whose alternatives only say what is required one of no type."""
    for _, place, schema in bodies():
        if "object" in schema.get("type", ()):
            assert "properties" in schema or "additionalProperties" in schema, place
        for part in schema.get("anyOf", []):
            assert set(part) != {"required"}, place


def test_a_linter_finds_no_error():
    folder = os.path.join(ROOT, "tests", "openapi")
    npm_install(folder)
    r = subprocess.run(["node", "lint.mjs", os.path.join(ROOT, "assets", "openapi.yaml")], cwd=folder, capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stdout + r.stderr


def test_it_is_served(appliance):
    a = appliance(roles="api").wait_healthy()
    r = requests.get(a.url + "/api/openapi.json")
    assert r.headers["content-type"] == "application/json; charset=utf-8" and r.json() == openapi.document()
    assert requests.get(a.url + "/api/openapi.json", headers={"If-None-Match": r.headers["etag"]}).status_code == 304
    page = requests.get(a.url + "/api/docs")
    assert page.status_code == 200 and "script-src 'self'" in page.headers["content-security-policy"]
    assert "connect-src 'self';" in page.headers["content-security-policy"]
    paths = re.findall(r'(?:href|src)="(/api/docs/[^"]+)"', page.text)
    for path in paths:
        r = requests.get(a.url + path)
        assert r.status_code == 200, path
        paths += [p for p in (urljoin(path, name) for name in re.findall("^import .* from '([^']+)'", r.text, re.M)) if p not in paths]
    assert set(paths) == {"/api/docs/docs.css", "/api/docs/docs.js", "/api/docs/schema.js", "/api/docs/try.js", "/console/dom.js"}
    for path in ("/api/docs/index.html", "/api/docs/nothing.js", "/api/docs/js"):
        assert requests.get(a.url + path).status_code == 404, path
