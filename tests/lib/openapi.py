"""assets/openapi.yaml, loaded for the tests: every response of the appliance is checked against it."""
import functools
import os
import re

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@functools.lru_cache
def document():
    with open(os.path.join(ROOT, "assets", "openapi.yaml")) as f:
        return yaml.load(f, yaml.CSafeLoader)


def resolve(thing):
    while "$ref" in thing:
        found = document()
        for key in thing["$ref"].split("/")[1:]:
            found = found[key]
        thing = found
    return thing


@functools.lru_cache
def _patterns():
    found = []
    for path, item in document()["paths"].items():
        words = [".+" if s == "{path}" else "[^/]+" if s.startswith("{") else re.escape(s) for s in path.split("/")]
        found.append((path.count("{"), re.compile("/".join(words) + "/?", re.IGNORECASE), path, item))
    return sorted(found, key=lambda f: f[0])  # literal path segments precede parameters


@functools.lru_cache(None)
def operation(method, path):
    """Returns the path template and the operation of a request, or None."""
    for _, pattern, template, item in _patterns():
        name = "get" if method == "HEAD" else method.lower()
        if name in item and pattern.fullmatch(path):
            return template, item[name]
    return None


@functools.lru_cache(None)
def _validator(template, method, status):
    op = document()["paths"][template][method]
    answer = op["responses"].get(status) or op["responses"].get("default")
    assert answer, "%s %s responded with %s, which openapi.yaml does not declare" % (method, template, status)
    content = resolve(answer).get("content", {})
    if "application/json" not in content:
        return None
    resolver = jsonschema.RefResolver("", document())
    return jsonschema.Draft202012Validator(content["application/json"]["schema"], resolver=resolver)


def _shortened(thing):
    """Returns a copy with only the first and last elements of long lists, because the validation of 100,000 rows is too slow."""
    if isinstance(thing, dict):
        return {k: _shortened(v) for k, v in thing.items()}
    if isinstance(thing, list):
        return [_shortened(v) for v in (thing if len(thing) <= 200 else thing[:100] + thing[-100:])]
    return thing


def check(method, path, response):
    """Fails unless the document allows this response. `path` is without its query string."""
    if method == "OPTIONS":
        return
    found = operation(method, path)
    if found is None:
        if path.startswith("/api/"):
            assert response.status_code in (400, 404, 405, 411, 413, 414, 415, 431), (method, path, response.status_code)
        return
    template, _ = found
    name = "get" if method == "HEAD" else method.lower()
    validator = _validator(template, name, str(response.status_code))
    if validator is None or method == "HEAD" or response.status_code in (204, 304):
        return
    assert response.headers["content-type"].startswith("application/json"), (method, path, response.headers["content-type"])
    problems = [("/".join(map(str, e.absolute_path)), e.message[:300]) for e in validator.iter_errors(_shortened(response.json()))]
    assert not problems, "%s %s responded with %d, which does not match openapi.yaml: %s" % (method, path, response.status_code, problems[:5])
