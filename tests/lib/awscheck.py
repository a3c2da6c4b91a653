"""Checks aws commands of a page against the models of AWS's SDK: service, operation and options exist, and the input (options and files) has
the right shape, required members, limits, enumerations and patterns. Uses no network."""
import glob
import json
import os
import re
import shlex

import botocore.session
import botocore.waiter
from botocore import xform_name
from botocore.validate import ParamValidator

GLOBAL = {"query", "output", "region", "cli-input-json"}
ONLY_IN_THE_CLI = {("ecr", "get-login-password"), ("logs", "tail")}
RENAMED_BY_THE_CLI = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
_session = botocore.session.Session()
_models = {}


def model(service):
    if service not in _models:
        _models[service] = _session.get_service_model(service)
    return _models[service]


# Commands of a page

def code_lines(text):
    """Yields the indented lines of a page: continuation lines joined, comments removed, loops over words or files unrolled."""
    lines = [line[4:] for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.startswith("    ")]
    loops = []  # (variable, words, lines)
    for line in lines:
        line = re.sub(r"(^|\s)# .*", "", line)
        begin = re.match(r"\s*for (\w+) in (.*); do$", line)
        if begin:
            words = [w for word in begin[2].split() for w in ([word] if "*" not in word else sorted(glob.glob(word)))]
            assert words, line
            loops.append((begin[1], words, []))
        elif line.strip() == "done":
            name, words, body = loops.pop()
            for word in words:
                done = [re.sub(r"\$%s\b|\$\{%s\}" % (name, name), word, inner) for inner in body]
                if loops:
                    loops[-1][2].extend(done)
                else:
                    yield from done
        elif loops:
            loops[-1][2].append(line)
        else:
            yield line
    assert not loops


def commands(text):
    """Yields the arguments of every aws command of a page."""
    for line in code_lines(text):
        for found in re.finditer(r"(?<![\w-])aws ((?:[^'\"|;)]|\"[^\"]*\"|'[^']*')*)", line):
            yield shlex.split(found[1])


# Input of the operation

def shorthand(word):
    """Name=a,Values=b,c"""
    out, last = {}, None
    for part in word.split(","):
        if "=" in part:
            last, value = part.split("=", 1)
            out[last] = value
        else:
            out[last] = (out[last] if isinstance(out[last], list) else [out[last]]) + [part]
    return out


def convert(shape, value):
    """Converts a command-line value to the type of the member."""
    if shape.type_name == "list":
        return [convert(shape.member, v) for v in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        assert len(value) == 1, value
        value = value[0]
    if shape.type_name == "structure" and isinstance(value, str):
        value = json.loads(value) if value.startswith("{") else shorthand(value)
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, "%s has no %s" % (shape.name, unknown)
        return {k: convert(shape.members[k], v) for k, v in value.items()}
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[value]
    if isinstance(value, str) and value.startswith("file://"):
        with open(value[len("file://"):]) as f:
            return f.read()
    if "$" in value or value.isupper():  # variables that the shell or the reader replaces
        return value.ljust(shape.metadata.get("min", 0), "$")
    return value


def violations(shape, value, at=""):
    """Yields violations that the SDK leaves to the server: enumerations, patterns, unknown members."""
    if shape.type_name == "structure":
        for name, v in value.items():
            if name not in shape.members:
                yield "%s.%s does not exist" % (at, name)
            else:
                yield from violations(shape.members[name], v, at + "." + name)
    elif shape.type_name == "list":
        for i, v in enumerate(value):
            yield from violations(shape.member, v, "%s[%d]" % (at, i))
    elif shape.type_name == "map":
        for k, v in value.items():
            yield from violations(shape.value, v, "%s[%s]" % (at, k))
    elif shape.type_name == "string" and "$" not in value:
        if shape.enum and value not in shape.enum:
            yield "%s is %r; allowed is one of %s" % (at, value, shape.enum)
        pattern = shape.metadata.get("pattern")
        try:
            fits = not pattern or re.fullmatch(pattern, value, re.S)
        except re.error:  # a class such as \p{L}, which Python's re lacks
            fits = True
        if not fits:
            yield "%s is %r and does not match %s" % (at, value, pattern)


def validate(service, operation, params):
    """Returns the violations in the input of an operation, an empty list if there are none."""
    shape = model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(params, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(violations(shape, params))


def query_fits(shape, query):
    """Returns whether a query of names, [] and [0] matches the operation's output."""
    for step in re.findall(r"\w+|\[\d*\]", query):
        if step.startswith("["):
            assert shape.type_name == "list", query
            shape = shape.member
        else:
            assert shape.type_name == "structure" and step in shape.members, "%s: %s has no %s" % (query, shape.name, step)
            shape = shape.members[step]


def named(names, word):
    return next((n for n in names if xform_name(n, "-") == word), None)


def check(words):
    """Asserts that a command is valid. Returns the operation's input, or None for commands that only the command line has."""
    service, verb, options = words[0], words[1], words[2:]
    if (service, verb) in ONLY_IN_THE_CLI:
        return None
    service = {"s3api": "s3"}.get(service, service)
    m = model(service)
    if verb == "wait":
        waiters = botocore.waiter.WaiterModel(_session.get_component("data_loader").load_service_model(service, "waiters-2"))
        waiter = named(waiters.waiter_names, options[0])
        assert waiter, words
        operation, options = waiters.get_waiter(waiter).operation, options[1:]
    else:
        operation = named(m.operation_names, verb)
        assert operation, words
    op = m.operation_model(operation)
    given = {}
    for word in options:
        if word.startswith("--"):
            given[word[2:]] = []
        else:
            list(given.values())[-1].append(word)
    params = {}
    for source in given.get("cli-input-json", []):
        assert source.startswith("file://"), words
        with open(source[len("file://"):]) as f:
            params = json.load(f)
    for option, values in given.items():
        if option in GLOBAL:
            continue
        option = RENAMED_BY_THE_CLI.get((service, verb, option), option)
        member = named(op.input_shape.members, option)
        if member is None and option.startswith("no-"):
            member, values = named(op.input_shape.members, option[3:]), ["false"]
        assert member, "%s %s has no --%s" % (service, verb, option)
        params[member] = convert(op.input_shape.members[member], values or ["true"])
    wrong = validate(service, operation, params)
    assert not wrong, "%s: %s" % (" ".join(words), "\n".join(wrong))
    for query in given.get("query", []):
        query_fits(op.output_shape, query)
    if "region" in given:
        assert given["region"][0] in _session.get_available_regions(service), words
    return service, operation, params


def files(words):
    return [os.path.normpath(w[len("file://"):]) for w in words if w.startswith("file://")]
