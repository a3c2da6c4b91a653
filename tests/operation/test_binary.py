"""The binary: its file, its messages, and its refusals of invalid arguments and variables."""
import os
import string
import subprocess

import pytest

import services
from conftest import BINARY, ROOT, run


def test_the_binary_is_static_small_and_stripped():
    headers = subprocess.run(["readelf", "-hlW", BINARY], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert ("AArch64" if BINARY.endswith("-arm64") else {"x86_64": "X86-64", "aarch64": "AArch64"}[os.uname().machine]) in headers
    assert "Position-Independent Executable" in headers
    # A static PIE has a dynamic section for its own relocations; the section must name no library.
    assert "NEEDED" not in subprocess.run(["readelf", "-dW", BINARY], capture_output=True, text=True, check=True).stdout
    assert os.path.getsize(BINARY) <= 18_000_000
    sections = subprocess.run(["readelf", "-SW", BINARY], capture_output=True, text=True, check=True).stdout
    assert ".symtab" not in sections
    debug = subprocess.run(["readelf", "-SW", BINARY + ".debug"], capture_output=True, text=True, check=True).stdout
    assert ".symtab" in debug and ".debug_info" in debug


def test_the_binary_has_no_path_of_the_build_machine():
    with open(BINARY, "rb") as f:
        content = f.read()
    assert ROOT.encode() not in content
    assert os.path.expanduser("~").encode() + b"/" not in content
    cache = os.path.realpath(os.path.join(ROOT, "out", "deps", "kore", "..", ".."))
    assert cache.encode() not in content


def test_version_names_the_linked_libraries():
    r = run("--version")
    assert r.returncode == 0
    assert r.stdout.startswith("wanzami 0.")
    for library in ("kore 4.2.3", "musl 1.2.5", "libpq 18.6", "bearssl 0.6"):
        assert library in r.stdout.splitlines()


def test_help_names_every_variable():
    r = run("--help")
    assert r.returncode == 0
    for name in ("ROLE", "PORT", "DATABASE_URL", "SHUTDOWN_GRACE_SEC", "LOG_FORMAT"):
        assert name in r.stdout


def test_docs_configure_prints_the_page():
    with open(os.path.join(ROOT, "docs", "configure.md")) as f:
        assert f.read() == run("docs", "configure").stdout


@pytest.mark.parametrize("name,value,allowed", [
    ("PORT", "http", "a whole number from 1 to 65535"),
    ("PORT", "0", "a whole number from 1 to 65535"),
    ("PORT", "4000x", "a whole number from 1 to 65535"),
    ("PORT", "99999999999999999999", "a whole number from 1 to 65535"),
    ("ROLE", "api,worker", "a comma-separated list of api|transcode|cron"),
    ("ROLE", "api,", "a comma-separated list of api|transcode|cron"),
    ("WANZAMI_ENV", "staging", "one of production|test|development"),
    ("LOG_FORMAT", "xml", "one of json|text"),
    ("MIGRATE_ON_START", "maybe", "1 or 0"),
    ("S3_ENDPOINT", "minio:9000", "http(s)://host[:port]"),
    ("S3_ENDPOINT", "http://minio:9000/path", "http(s)://host[:port]"),
    ("SHUTDOWN_GRACE_SEC", "-1", "a whole number from 0 to 600"),
])
def test_an_invalid_variable_prevents_the_start_with_one_line(name, value, allowed):
    r = run(**{name: value})
    assert r.returncode == 1
    assert r.stdout == ""
    assert r.stderr == 'wanzami: %s is "%s"; allowed: %s\n' % (name, value, allowed)


ENV_FILES = pytest.mark.parametrize("text,env,said", [
    ("LOG_FORMAT=xml", {}, "xml"),
    ("# LOG_FORMAT=a\n\n  export LOG_FORMAT =  xml   # why\r\nPORT=4000\n", {}, "xml"),
    ("LOG_FORMAT=one\nLOG_FORMAT=two\n", {}, "two"),
    ("LOG_FORMAT='a # \"b\"' # c", {}, 'a # "b"'),
    ('PORT="4000"\nLOG_FORMAT="a\nb"', {}, "a\nb"),
    (r'LOG_FORMAT="a\nb"', {}, "a\nb"),
    (r"LOG_FORMAT='a\nb'", {}, r"a\nb"),
    (r"LOG_FORMAT=`it's\` one`", {}, r"it's\` one"),
    ("LOG_FORMAT='one\nPORT=4000", {}, "'one"),
    ("nonsense\n=\nLOG_FORMAT\nNOBODY=1\nLOG_FORMAT=xml\n\"", {}, "xml"),
    ("\ufeffLOG_FORMAT=xml\r\nPORT=4000\r\n", {}, "xml"),
    ("LOG_FORMAT=xml", {"LOG_FORMAT": "yaml"}, "yaml"),
    ("LOG_FORMAT=xml", {"LOG_FORMAT": ""}, None),
    ("LOG_FORMAT=\n", {}, None),
    ("LOG_FORMAT=text\0LOG_FORMAT=xml", {}, None),
    ("a.b=1\n1c=2\nLOG_FORMAT=$(exit 7) & $HOME 'two' `ls`", {}, "$(exit 7) & $HOME 'two' `ls`"),
])


@ENV_FILES
@pytest.mark.parametrize("shell", [False, True])
def test_variables_missing_in_the_environment_are_read_from_the_env_file(tmp_path, text, env, said, shell):
    """A shell that takes them from `wanzami env`, as build.sh run does, hands the program the same values."""
    (tmp_path / ".env").write_text(text, newline="")
    command = services.command()
    if shell:
        command = ["sh", "-euc", 'v=$("$@" env); rm .env; eval "$v"; exec "$@"', "sh", *command]
    r = subprocess.run(command, env=services.clean_environment(**env), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert r.returncode == 1
    if said is None:
        assert r.stderr.startswith("wanzami: DATABASE_URL is missing or wrong")
    else:
        hidden = " and has a line end or another control character" if "\n" in said else ""
        assert r.stderr == 'wanzami: LOG_FORMAT is "%s"%s; allowed: one of json|text\n' % (said.split("\n")[0], hidden)


def test_zero_selects_the_default_of_some_numbers():
    """Compatible with the previous service."""
    for name, most in (("PPV_ACCESS_DAYS", 36500), ("PREF_WINDOW_DAYS", 3650), ("RECENT_VIEWS_DAYS", 3650), ("RECENT_VIEWS_LIMIT", 1000)):
        assert run(**{name: 0}).stderr.startswith("wanzami: DATABASE_URL is missing or wrong")
        assert run(**{name: "0x"}).stderr == 'wanzami: %s is "0x"; allowed: a whole number from 1 to %d, or 0 for the default\n' % (name, most)


def test_without_a_database_url_the_server_does_not_start():
    for url in ("", "mysql://x/y"):
        r = run(DATABASE_URL=url)
        assert (r.returncode, r.stdout) == (1, "")
        assert r.stderr.startswith("wanzami: DATABASE_URL is missing or wrong")


@pytest.mark.parametrize("command", ["status", "doctor", "migrate"])
@pytest.mark.parametrize("form", ["postgresql://app:Qx7%sZw9@127.0.0.1:1/films", "postgresql://app:5432%sZw9@127.0.0.1:1/films"])
def test_no_message_quotes_a_password_that_is_not_percent_encoded(command, form):
    """libpq's messages quote the parts of a URL that it does not understand."""
    for mark in string.punctuation:
        r = run(command, DATABASE_URL=form % mark)
        told = r.stdout + r.stderr
        assert r.returncode != 0 and told and "Qx7" not in told and "Zw9" not in told, (mark, told)


def test_no_message_of_doctor_quotes_a_secret_of_another_server():
    """None of the servers responds; each secret has each special character, and REDIS_URL has it without percent-encoding."""
    for mark in string.punctuation:
        secret = "Qx7%sZw9" % mark
        r = run("doctor", DATABASE_URL="postgresql://app@127.0.0.1:1/films", REDIS_URL="redis://:%s@127.0.0.1:1" % secret, S3_BUCKET="b", S3_REGION="eu-west-1",
                S3_ENDPOINT="http://127.0.0.1:1", S3_ACCESS_KEY="id", S3_SECRET_KEY=secret, SMTP_HOST="127.0.0.1", SMTP_PORT=1, SMTP_USER="mailer", SMTP_PASS=secret,
                PAYSTACK_SECRET_KEY=secret, FLW_SECRET_KEY=secret, JWT_ACCESS_SECRET=6 * secret, JWT_REFRESH_SECRET=7 * secret)
        told = r.stdout + r.stderr
        assert r.returncode != 0 and told and "Qx7" not in told and "Zw9" not in told, (mark, told)


@pytest.mark.parametrize("args", [["serve"], ["--nonsense"], ["migrate", "twice"], ["--probe", "a", "b"]])
def test_unknown_arguments_are_refused(args):
    r = run(*args)
    assert r.returncode == 2
    assert len(r.stderr.splitlines()) == 1


def test_every_wrapper_is_linked():
    """The linker drops a wrapper that nothing calls, so a symbol in the binary proves that the wrapper replaces the original (build/wraps)."""
    with open(os.path.join(ROOT, "build/wraps")) as f:
        wraps = [line.split()[:2] for line in f if not line.startswith("#")]
    symbols = subprocess.run(["nm", os.path.join(ROOT, "out/wanzami.debug")], capture_output=True, text=True, check=True).stdout.split()
    assert len(wraps) >= 12 and [name for name, _ in wraps if "__wrap_" + name not in symbols] == []
    for name, file in wraps:
        with open(os.path.join(ROOT, "src/kore", file)) as f:
            assert "__wrap_%s(" % name in f.read()
