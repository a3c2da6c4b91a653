"""The commands and examples of the documents. Each line of each example is run here or in the test that HERE or ELSEWHERE names; NOT_RUN lists the
others with the reason. A line that none of them has fails, and so does an entry that no page needs any more."""
import functools
import glob
import json
import os
import re
import shlex
import subprocess

import pytest

import pki
import services
from services import ROOT, command

PAGES = ["README.md", "CONTRIBUTING.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/*.md"))
SQL = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|CREATE|GRANT|ALTER|DO) ")

# Lines that other tests run or check: expression, and where.
ELSEWHERE = [
    (r"\baws ", "tests/operation/test_ecs.py: against the models of AWS's SDK"),
    (r"^(keep|secret|for|done|read|export|cp ecs-taskdefs)\b|^echo .IMAGE=|^(REPOSITORY|CDN|CERTIFICATE|TOPIC)=\$\(", "tests/operation/test_ecs.py: parsed by the shell, with the aws commands that they are for"),
    (r"^(mkdir -p backup|cp -a |pg_dump -Fc|pg_restore )", "tests/api/test_restored.py"),
    (r"^docker load -i", "tests/operation/test_image.py: loads the archive"),
    (r"^(BASE_URL=.* )?tests/e2e/run.sh", "tests/e2e"),
    (r"^(TLS_CERT_FILE=|TLS_CERT_PEM=)", "tests/tls/test_listener.py"),
    (r"^\./build\.sh (setup|build|run|test|check|lint|image|ecs|bench|soak)\b", "test_verbs_of_build_exist; each verb's own tests"),
    (r"^npx openapi-typescript", "tests/api/test_typescript_client.py"),
    (r"^out/test/fuzz/", "tests/fuzz"),
]

# Lines that cannot be run here: page, expression, reason.
NOT_RUN = [
    ("docs/deploy.md", r"^docker (tag|push)", "needs the registry of an account"),
    ("docs/upgrade.md", r"^docker (tag|push)", "needs the registry of an account"),
    ("docs/build.md", r"^docker build|^--build-arg", "build.sh image makes the same image without Docker"),
    ("docs/develop.md", r"^gdb ", "interactive; a debugger is no package of the tests"),
    ("docs/films.md", r"", "layouts of files and a sequence of steps"),
    ("docs/routes.md", r"", "fragments of C; src/api has them whole, and the build compiles them"),
    ("docs/runbook-slow-media.md", r"^curl .*PRESIGNED_URL", "needs the URL of a film in the store of the deployment"),
    ("docs/tls.md", r"^curl -O|^DATABASE_(CA_PEM|URL)=", "needs the Internet, and a database of RDS"),
    ("docs/tls.md", r"certificate|system clock|TLS", "messages, which tests/tls expects"),
    ("docs/runbook-environment.md", r"^ROLE=api S3_BUCKET=", "the values of the deployment; every test starts the program so"),
    ("docs/doctor.md", r"^(ok|warn|bad) |^\.\.\.", "output; test_checks_of_the_doctor_exist"),
    ("docs/jobs.md", r"^(job |\S+ +(@|\d))|^…", "output; test_jobs_of_the_list_exist"),
]


def examples(page):
    """Yields the examples of a page as (number of the first line, language of the fence or "", lines)."""
    with open(os.path.join(ROOT, page)) as f:
        lines = f.read().split("\n") + [""]
    block, first, fence, before = [], 0, None, ""
    for number, line in enumerate(lines, 1):
        inside = fence is not None and not line.startswith("```") or fence is None and line.startswith("    ") and (block or before.strip() == "")
        if inside:
            first = first or number
            block.append(line[4:] if fence is None else line)
        elif block and (line.strip() or fence is not None):  # a blank line does not end an indented example
            yield first, fence or "", "\n".join(block).rstrip().split("\n")
            block, first = [], 0
        elif block:
            block.append("")
        if line.startswith("```"):
            fence = line[3:] if fence is None else None
        before = line


def is_sql(language, lines):
    return language == "sql" or bool(SQL.match(lines[0]))


@functools.cache
def commands():
    """Returns (page, number, line) of each line that is not SQL or JSON: continuation lines joined, without comments."""
    found = []
    for page in PAGES:
        for number, language, lines in examples(page):
            if is_sql(language, lines) or language == "json":
                continue
            text = re.sub(r"\\\n\s*", "", "\n".join(lines))
            found += [(page, number, re.sub(r"\s+# .*|^# .*", "", line).strip()) for line in text.split("\n")]
    return [c for c in found if c[2]]


def ours(line):
    """Returns the arguments of a line that runs the program, without variables in front of it; None if it is another line."""
    found = re.match(r"^(?:\$ )?(?:\w+=\S+ )*(?:out/)?wanzami(?: (.*))?$", line)
    return shlex.split(found[1] or "") if found and "TLS_" not in line and "ROLE=" not in line else None


# Expressions of the lines that this file runs.
HERE = [r"^curl .*https://api\.wanzami\.example/health", r"^openssl ", r"^addr2line ", r"^/usr/bin/python3 -m pytest ", r"^[A-Z_ ]+$"]


def test_every_line_is_run_or_listed():
    unlisted, used = [], set()
    for page, number, line in commands():
        if ours(line) is not None or any(re.search(e, line) for e in HERE):
            continue
        by = [e for e, _ in ELSEWHERE if re.search(e, line)] or [n for n in NOT_RUN if n[0] == page and re.search(n[1], line)]
        used.update(by[:1])
        if not by:
            unlisted.append("%s:%d: %s" % (page, number, line))
    assert unlisted == []
    assert [e for e in [e for e, _ in ELSEWHERE] + NOT_RUN if e not in used] == []
    for expression in HERE:
        assert any(re.search(expression, line) for _, _, line in commands()), expression


def test_verbs_of_build_exist():
    usage = subprocess.run([ROOT + "/build.sh"], capture_output=True, text=True, check=True).stdout
    asked = {(m[1], m[2]) for _, _, line in commands() if (m := re.match(r"^\./build\.sh (\w+)(?: (arm64|asan|memcheck|test)\b)?", line))}
    assert len(asked) > 8
    for verb, target in asked:
        assert re.search(r"^  %s%s? +" % (verb, " " + target if target else "(?: \\[[A-Z]+\\])"), usage, re.M), (verb, target)


PYTEST = sorted({line for _, _, line in commands() if line.startswith("/usr/bin/python3 -m pytest ")})


@pytest.mark.parametrize("line", PYTEST)
def test_commands_of_tests_select_tests(line):
    words = [w for w in shlex.split(line) if w != "--binary" and not w.startswith("out/")]
    r = subprocess.run([*words, "--collect-only"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert r.returncode == 0 and "::" in r.stdout, r.stdout[-2000:]


def test_statements_run(postgres):
    """Each as the page has it, on a migrated database, in a transaction that is rolled back."""
    url, db = postgres.create_migrated()
    name, ran = url.rsplit("/", 1)[1], 0
    with db.cursor() as c:
        for page in PAGES:
            for number, language, lines in examples(page):
                if not is_sql(language, lines):
                    continue
                text = re.sub(r"ON DATABASE wanzami\b", "ON DATABASE " + name, "\n".join(line for line in lines if not line.startswith("#")))
                roles = re.findall(r"^(?:CREATE ROLE|.* TO) (wanzami_\w+)", text, re.M)
                made = re.findall(r"^CREATE ROLE (\w+)", text, re.M)
                c.execute("BEGIN")
                for role in sorted(set(roles) - set(made)):
                    c.execute("CREATE ROLE " + role)
                try:
                    c.execute(text)
                except Exception as e:
                    raise AssertionError("%s:%d: %s" % (page, number, e)) from e
                c.execute("ROLLBACK")
                ran += 1
    db.close()
    assert ran >= 7


def test_json_is_json():
    found = [(page, number, "\n".join(lines)) for page in PAGES for number, language, lines in examples(page) if language == "json"]
    assert len(found) >= 2
    for page, number, text in found:
        try:
            json.loads(text if not text.rstrip().endswith(",") else "[%s]" % text.rstrip().rstrip(","))
        except ValueError as e:
            raise AssertionError("%s:%d: %s" % (page, number, e)) from e


OURS = sorted({tuple(words) for _, _, line in commands() if (words := ours(line)) is not None})


def test_the_program_takes_every_command(database, tmp_path):
    """Each command of the pages, at a service that runs. Placeholders in capitals and times of the example are replaced."""
    a = database.start()
    env = {**database.env, "PORT": a.port, "APP_ORIGIN": "https://wanzami.example", "SMTP_FROM": "Wanzami <films@wanzami.example>"}
    for words in sorted(OURS, key=lambda w: w == ("restored",)):  # last, since it refuses a service that runs
        if words == ("restored",):
            assert a.stop() == 0
        words = [{"NAME": "popularity", "[ARGUMENT]": None, "https://127.0.0.1:4443/health": a.url + "/health"}.get(w, w) for w in words]
        words = [w for w in words if w is not None]
        r = subprocess.run(command(*words), env=services.clean_environment(**env), cwd=tmp_path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert r.returncode == 0, (words, r.stdout, r.stderr)
    assert len(OURS) >= 8


def test_checks_of_the_doctor_exist(database):
    names = lambda text: set(re.findall(r"^(?:ok|warn|bad) +(\S.*?)(?:  |$)", text, re.M))  # noqa: E731
    shown = names("\n".join(line for page, _, line in commands() if page == "docs/doctor.md"))
    real = names(services.run("doctor", **database.env).stdout)
    assert len(shown) > 6 and shown - real == set()


def test_jobs_of_the_list_exist(database):
    listed = services.run("job", "list", **database.env).stdout.split("\n")
    squeeze = lambda line: re.sub(r"  +", "  ", line.strip())  # noqa: E731
    shown = [line for page, _, line in commands() if page == "docs/jobs.md" and re.match(r"^(job |\S+ +(@|\d))", line)]
    assert len(shown) >= 3 and squeeze(shown[0]) == squeeze(listed[0])
    for line in shown[1:]:
        assert any(real.split()[:1] == line.split()[:1] and real.strip().endswith(line.split("  ")[-1].strip()) for real in listed), line


def test_audit_actions_exist():
    texts = []
    for path in glob.glob(ROOT + "/sql/**/*.sql", recursive=True) + glob.glob(ROOT + "/src/api/*.c"):
        with open(path) as f:
            texts.append(f.read())
    actions = " ".join(line for page, _, line in commands() if page == "docs/team.md" and re.fullmatch(r"[A-Z_ ]+", line)).split()
    assert len(actions) > 15 and [a for a in actions if not any("'%s" % a in t or '"%s' % a in t for t in texts)] == []


def test_tools_of_the_pages_work(database, tmp_path):
    """curl against a service that runs, openssl in an empty folder, addr2line on the program with symbols."""
    a = database.start("api")
    lines = [line for _, _, line in commands() if re.search(r"^curl .*https://api\.wanzami\.example/health|^openssl |^addr2line ", line)]
    assert len(lines) >= 6
    certificate = pki.self_signed(str(tmp_path), "localhost").alone
    for line in lines:
        line = line.replace("/etc/ssl/certs/relay.pem", certificate).replace("https://api.wanzami.example", a.url).replace("out/wanzami.debug", ROOT + "/out/wanzami.debug")
        r = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, (line, r.stderr)
    for name in ("dkim.pem", "films.pem", "films.pub"):
        assert (tmp_path / name).read_text().startswith("-----BEGIN ")
