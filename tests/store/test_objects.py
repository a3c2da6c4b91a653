"""The C interface of object storage against an S3 server that verifies signatures, and against a directory: both behave alike."""
import os
import re
import subprocess
import urllib.parse

import pytest
import requests

from conftest import build
from credentials import Credentials
from services import clean_environment, wait_for

OK, MISSING, CHANGED, REFUSED, LATER, CANCELED = range(6)
MIB = 1 << 20
ODD_KEYS = ["uploads/1-a/My film (final) +1 100%.mp4", "uploads/2-b/Ọ̀kọ̀ ojú ọ̀nà 映画.mp4", "vod/7/x~y/R1080.mp4", "asset/a&b=c;d,e'f\"g\\h<i>",
            "poster/" + "p" * 255]


@pytest.fixture(scope="session")
def tool():
    return build("tools/objects")


class Store:
    """The test program with the environment of one store."""

    def __init__(self, tool, env):
        self.tool, self.env = tool, env

    def call(self, *words, data=b"", **env):
        return subprocess.run([self.tool, *(str(w) for w in words)], input=data, capture_output=True, timeout=100,
                              env=clean_environment(**{"WANZAMI_ENV": "development", **self.env, **env}))

    def do(self, *words, data=b"", **env):
        """Returns the output of a successful call."""
        r = self.call(*words, data=data, **env)
        assert r.returncode == OK, (words[0], r.returncode, r.stderr)
        return r.stdout

    def line(self, *words, **options):
        return self.do(*words, **options).decode().rstrip("\n")

    def keys(self, prefix=""):
        return sorted(line.split(" ", 1)[1] for line in self.line("list", prefix).splitlines())


@pytest.fixture(params=["s3", "directory"])
def objects(request, tool, tmp_path):
    if request.param == "directory":
        return Store(tool, {"MEDIA_DIR": str(tmp_path / "media")})
    store = request.getfixturevalue("store")
    return Store(tool, store.env(store.bucket()))


@pytest.fixture
def s3(tool, store):
    bucket = store.bucket()
    s = Store(tool, store.env(bucket))
    s.bucket, s.server = bucket, store
    return s


@pytest.fixture
def directory(tool, tmp_path):
    s = Store(tool, {"MEDIA_DIR": str(tmp_path / "media")})
    s.folder = tmp_path / "media"
    return s


def part(size, letter):
    return letter.encode() * size


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_object_is_written_read_listed_and_deleted(objects, key):
    body = os.urandom(70000)
    etag = objects.line("put", key, "video/mp4", data=body)
    assert objects.line("head", key) == "70000 " + etag
    assert objects.do("read", key, 0, 100000) == body
    assert objects.keys() == [key] and objects.keys(key[:9]) == [key] and objects.keys("nothing") == []
    objects.do("delete", key)
    assert objects.call("head", key).returncode == MISSING
    assert objects.keys() == []
    objects.do("delete", key)


def test_ranges_at_the_edges_of_an_object(objects):
    objects.do("put", "a/b", "video/mp4", data=bytes(range(200)))
    read = lambda offset, length: list(objects.do("read", "a/b", offset, length))
    assert read(0, 1) == [0] and read(199, 1) == [199] and read(10, 5) == [10, 11, 12, 13, 14]
    assert read(195, 100) == [195, 196, 197, 198, 199]
    assert read(200, 1) == [] and read(10**12, 4096) == [] and read(5, 0) == []
    assert objects.call("read", "a/c", 0, 1).returncode == MISSING


def test_an_empty_object_can_be_stored(objects):
    objects.do("put", "a/empty", "text/plain")
    assert objects.line("head", "a/empty").split()[0] == "0"
    assert objects.do("read", "a/empty", 0, 100) == b""


def test_a_read_with_an_etag_fails_after_a_replacement(objects):
    first = objects.line("put", "a/b", "video/mp4", data=b"first")
    assert objects.do("read", "a/b", 0, 10, first) == b"first"
    second = objects.line("put", "a/b", "video/mp4", data=b"other")
    assert first != second
    assert objects.call("read", "a/b", 0, 10, first).returncode == CHANGED
    assert objects.do("read", "a/b", 0, 10, second) == b"other"


def test_parts_in_any_order_become_one_object_on_completion(objects):
    key, bodies = "vod/1/R1080 +.mp4", {1: part(5 * MIB, "a"), 2: part(5 * MIB + 7, "b"), 3: part(11, "c")}
    upload = objects.line("begin", key, "video/mp4")
    objects.do("part", key, upload, 3, data=b"will be replaced")
    etags = {n: objects.line("part", key, upload, n, data=bodies[n]) for n in (2, 3, 1)}
    assert objects.call("head", key).returncode == MISSING and objects.keys("vod/") == []
    assert [line.split()[:2] for line in objects.line("parts", key, upload).splitlines()] == [
        [str(n), str(len(bodies[n]))] for n in (1, 2, 3)]
    words = [w for n in (1, 2, 3) for w in (n, etags[n])]
    etag = objects.line("complete", key, upload, *words)
    assert objects.line("head", key) == "%d %s" % (sum(map(len, bodies.values())), etag)
    assert objects.do("read", key, 5 * MIB - 3, 6) == b"aaabbb"
    assert objects.do("read", key, 10 * MIB + 4, 100) == b"bbb" + bodies[3]
    # If the response was lost, the call is repeated: the upload no longer exists, and the object proves that the first call succeeded.
    again = objects.call("complete", key, upload, *words)
    assert again.returncode in (OK, MISSING)
    assert objects.line("head", key) == "%d %s" % (sum(map(len, bodies.values())), etag)


def test_an_upload_of_one_small_part_can_be_completed(objects):
    upload = objects.line("begin", "a/one", "text/plain")
    etag = objects.line("part", "a/one", upload, 1, data=b"small")
    objects.do("complete", "a/one", upload, 1, etag.strip('"'))
    assert objects.do("read", "a/one", 0, 100) == b"small"


def test_wrong_parts_are_refused_and_the_upload_is_kept(objects):
    key = "a/wrong"
    upload = objects.line("begin", key, "video/mp4")
    small = objects.line("part", key, upload, 1, data=b"too small")
    large = objects.line("part", key, upload, 2, data=part(5 * MIB, "x"))
    for words, said in [((1, small, 2, large), "TooSmall"), ((2, large, 1, small), "order"), ((1, large), "InvalidPart"),
                        ((3, large), "InvalidPart"), ((), "parts")]:
        r = objects.call("complete", key, upload, *words)
        assert (r.returncode, said.encode() in r.stderr) == (REFUSED, True), (words, r.stderr)
    assert objects.call("head", key).returncode == MISSING
    objects.do("complete", key, upload, 2, large)
    assert objects.line("head", key).split()[0] == str(5 * MIB)


def test_abort_removes_upload_and_parts(objects, request):
    key = "a/aborted"
    upload = objects.line("begin", key, "video/mp4")
    etag = objects.line("part", key, upload, 1, data=b"x" * 1000)
    objects.do("abort", key, upload)
    objects.do("abort", key, upload)
    assert objects.call("complete", key, upload, 1, etag).returncode == MISSING
    assert objects.call("part", key, upload, 2, data=b"late").returncode == MISSING
    assert objects.call("parts", key, upload).returncode == MISSING
    assert objects.keys() == []
    if "MEDIA_DIR" in objects.env:
        assert [f for _, _, files in os.walk(objects.env["MEDIA_DIR"]) for f in files] == []
        assert os.listdir(objects.env["MEDIA_DIR"] + "/parts") == []
    else:
        store = request.getfixturevalue("store")
        assert store.uploads(objects.env["S3_BUCKET"]) == []


def test_a_prefix_is_deleted_and_its_neighbors_are_kept(objects):
    for key in ("vod/1/x/R1080.mp4", "vod/1/x/R360.mp4", "vod/1/y/R360.mp4", "vod/11/R360.mp4"):
        objects.do("put", key, "video/mp4", data=b"x")
    objects.do("delete-prefix", "vod/1/")
    assert objects.keys() == ["vod/11/R360.mp4"]
    assert objects.call("delete-prefix", "vod").returncode == REFUSED
    assert objects.call("delete-prefix", "").returncode == REFUSED


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/", "../../etc/passwd", "a/../../b", "a/./b", "..", "a\nb", "a\x7fb", b"a\xff\xfe",
                                 b"\xc0\xaf..", "x" * 256, ("y" * 200 + "/") * 6 + "z"])
def test_an_invalid_key_is_refused(objects, key):
    if isinstance(key, bytes):
        key = os.fsdecode(key)
    r = subprocess.run([objects.tool, "put", key, "text/plain"], input=b"x", capture_output=True,
                       env=clean_environment(WANZAMI_ENV="development", **objects.env))
    assert (r.returncode, r.stderr) == (REFUSED, b"invalid object key\n")


def test_concurrent_reads_of_eight_threads(objects):
    objects.do("put", "a/letters", "text/plain", data=b"".join(part(1000, chr(97 + i % 26)) for i in range(50)))
    assert objects.line("many", "a/letters") == "0"


def test_the_probe_succeeds(objects):
    objects.do("probe")


def test_without_a_store_calls_are_refused(tool):
    r = Store(tool, {}).call("head", "a")
    assert r.returncode == REFUSED and b"neither S3_BUCKET nor MEDIA_DIR is set" in r.stderr


# S3 only

def test_wrong_keys_bucket_and_region_have_different_errors(s3):
    r = s3.call("put", "a", "text/plain", S3_SECRET_KEY="not-the-secret")
    assert r.returncode == REFUSED and b"403" in r.stderr and b"SignatureDoesNotMatch" in r.stderr
    r = s3.call("put", "a", "text/plain", S3_ACCESS_KEY="somebody:else")
    assert r.returncode == REFUSED and b"403" in r.stderr
    r = s3.call("put", "a", "text/plain", S3_BUCKET="no-such-bucket")
    assert r.returncode == REFUSED and b"NoSuchBucket" in r.stderr
    r = s3.call("put", "a", "text/plain", S3_REGION="eu-west-9")
    assert r.returncode == REFUSED and b"eu-west-9" not in r.stdout and r.stderr
    assert s3.call("probe", S3_SECRET_KEY="not-the-secret").returncode == REFUSED
    assert s3.keys() == []


def test_a_presigned_url_allows_only_its_method_and_key(s3):
    for key in ODD_KEYS:
        put = s3.line("presign", "PUT", key, 900)
        assert requests.put(put, data=b"body", headers={"Content-Type": "image/png"}, timeout=20).status_code == 200
        get = s3.line("presign", "GET", key, 43200)
        assert requests.get(get, timeout=20).content == b"body"
        assert requests.get(get, headers={"Range": "bytes=1-2"}, timeout=20).content == b"od"
        assert requests.put(get, data=b"evil", timeout=20).status_code == 403
        assert requests.get(get.replace("X-Amz-Expires=43200", "X-Amz-Expires=43201"), timeout=20).status_code == 403
        query = dict(urllib.parse.parse_qsl(get.split("?", 1)[1]))
        assert query["X-Amz-Expires"] == "43200" and query["X-Amz-SignedHeaders"] == "host" and not any("checksum" in name for name in query)
    upload = s3.line("begin", "a/b", "video/mp4")
    url = s3.line("presign", "PUT", "a/b", 3600, upload, 1)
    etag = requests.put(url, data=b"part", timeout=20).headers["ETag"]
    s3.do("complete", "a/b", upload, 1, etag)
    assert s3.do("read", "a/b", 0, 10) == b"part"


def test_a_call_waits_for_a_server_that_is_down(s3):
    s3.do("put", "a", "text/plain", data=b"x")
    s3.server.kill()
    try:
        r = s3.call("head", "a", TOOL_SECONDS=1)
        assert r.returncode == LATER and b"object storage is unreachable" in r.stderr
        waiting = subprocess.Popen([s3.tool, "head", "a"], stdout=subprocess.PIPE, env=clean_environment(**s3.env, TOOL_SECONDS=60))
    finally:
        s3.server.start()
    out, _ = waiting.communicate(timeout=90)
    assert waiting.returncode == OK and out.startswith(b"1 ")


def test_a_transfer_is_repeated_after_a_kill_of_the_server(s3):
    """The request is repeated once the server is back, and the object is complete."""
    body = os.urandom(24 * MIB)
    s3.server.pause()
    try:
        writing = subprocess.Popen([s3.tool, "put", "a", "video/mp4"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=clean_environment(**s3.env, TOOL_SECONDS=60))
        writing.stdin.write(body)
        writing.stdin.close()
        wait_for(lambda: connected(writing.pid), "the connection to the store")
    finally:
        s3.server.restart()
    assert writing.wait(timeout=90) == OK
    assert s3.do("read", "a", 0, len(body)) == body


def connected(pid):
    """Returns whether a process has an established TCP connection."""
    sockets = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            sockets.update(re.findall(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, fd))))
        except OSError:
            pass
    with open("/proc/%d/net/tcp" % pid) as f:
        return any(line.split()[9] in sockets and line.split()[3] == "01" for line in f.readlines()[1:])


def test_a_call_can_be_canceled_while_the_server_hangs(s3):
    s3.server.pause()
    try:
        r = s3.call("head", "a", TOOL_SECONDS=60, TOOL_CANCEL_MS=300)
    finally:
        s3.server.resume()
    assert (r.returncode, r.stderr) == (CANCELED, b"canceled\n")


@pytest.fixture
def credentials():
    c = Credentials()
    yield c
    c.close()


def without_keys(s3, credentials):
    env = {k: v for k, v in s3.env.items() if k not in ("S3_ACCESS_KEY", "S3_SECRET_KEY")}
    return Store(s3.tool, {**env, "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials.url})


def test_container_credentials_are_sent_with_their_session_token(s3, credentials, tmp_path):
    o = without_keys(s3, credentials)
    credentials.give(s3.server.access_key, s3.server.secret_key, 3600)
    o.do("put", "a", "text/plain", data=b"x", AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token)
    token = tmp_path / "token"
    token.write_text(credentials.token + "\n")
    assert o.line("head", "a", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token).startswith("1 ")
    url = o.line("presign", "GET", "a", 60, AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token)
    assert dict(urllib.parse.parse_qsl(url.split("?")[1]))["X-Amz-Security-Token"] == credentials.keys["Token"]
    assert requests.get(url, timeout=20).content == b"x"
    r = o.call("head", "a", AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong")
    assert r.returncode == LATER and b"credentials endpoint: the response status is not 200" in r.stderr


def test_container_credentials_are_renewed_before_they_expire(s3, credentials):
    o = without_keys(s3, credentials)
    o.do("put", "a", "text/plain", data=b"x", **{k: s3.env[k] for k in ("S3_ACCESS_KEY", "S3_SECRET_KEY")})
    credentials.give(s3.server.access_key, s3.server.secret_key, 3600)
    p = subprocess.Popen([o.tool, "follow"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         env=clean_environment(**o.env, AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token))

    def head():
        p.stdin.write("a\n")
        p.stdin.flush()
        return int(p.stdout.readline().split()[0])

    try:
        assert [head() for _ in range(5)] == [OK] * 5
        assert credentials.asked == 1  # credentials that are valid for an hour are kept
        p.stdin.close()
        p.wait(timeout=20)
        credentials.give(s3.server.access_key, s3.server.secret_key, 4)
        credentials.asked = 0
        p = subprocess.Popen([o.tool, "follow"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env=clean_environment(**o.env, AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token))
        assert head() == OK and credentials.asked == 1
        # New credentials are fetched while the old ones are still valid, so no request fails.
        credentials.give(s3.server.access_key, s3.server.secret_key, 3600)
        wait_for(lambda: head() == OK and credentials.asked == 2, "new credentials before the old ones expire")
        credentials.keys = {}
        assert head() == OK and credentials.asked == 2
    finally:
        p.kill()
        p.wait()
        p.stdin.close()
        p.stdout.close()


def test_presigned_urls_expire_with_temporary_credentials(s3, credentials):
    """Object storage refuses them then, whatever their X-Amz-Expires."""
    o = without_keys(s3, credentials)
    credentials.give(s3.server.access_key, s3.server.secret_key, 3600)
    o.do("put", "a", "text/plain", data=b"x", AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token)

    def seconds(*args, **env):
        r = o.call("presign", *args, AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token, **env)
        return int(re.search(rb"X-Amz-Expires=(\d+)", r.stdout)[1]), (r.stdout + r.stderr).count(b"end early"), r.stdout
    asked, told, _ = seconds("GET", "a", 43200)
    assert 3000 < asked <= 3600 and told == 1
    assert seconds("GET", "a", 600)[:2] == (600, 0)
    asked, told, _ = seconds("PUT", "a", 86400)
    assert 3000 < asked <= 3600 and told == 1
    permanent = {"S3_SIGNING_ACCESS_KEY": s3.server.access_key, "S3_SIGNING_SECRET_KEY": s3.server.secret_key}
    asked, told, url = seconds("GET", "a", 43200, **permanent)
    assert (asked, told) == (43200, 0) and b"X-Amz-Security-Token" not in url
    assert requests.get(url.decode().split()[-1], timeout=20).content == b"x"
    assert b"X-Amz-Security-Token" in seconds("PUT", "a", 86400, **permanent)[2]  # a key that may only read


def test_credentials_are_fetched_only_from_allowed_hosts(tool):
    r = Store(tool, {"S3_BUCKET": "films", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2.evil.example/"}).call("probe")
    assert r.returncode == 90 and b"AWS_CONTAINER_CREDENTIALS_FULL_URI must be" in r.stderr
    r = Store(tool, {"S3_BUCKET": "films"}).call("probe")
    assert r.returncode == 90 and b"no AWS credentials" in r.stderr


# Examples of AWS: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query Parameters"
AWS = {"S3_ENDPOINT": "https://s3.amazonaws.com", "S3_REGION": "us-east-1", "S3_BUCKET": "examplebucket", "S3_ADDRESSING": "virtual",
       "S3_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE", "S3_SECRET_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
NOON = "1369353600"


@pytest.mark.parametrize("words, signed, signature", [
    (("GET", "test.txt", "", "range:bytes=0-9"), "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    (("PUT", "test$file.text", "Welcome to Amazon S3.", "date:Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class:REDUCED_REDUNDANCY"),
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    (("GET", "", "", "?lifecycle="), "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (("GET", "", "", "?max-keys=2", "?prefix=J"), "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")])
def test_signed_headers_match_the_examples(tool, words, signed, signature):
    url, authorization = Store(tool, AWS).line("sign", NOON, *words).splitlines()[:2]
    assert url.startswith("https://examplebucket.s3.amazonaws.com/")
    assert authorization == ("authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                             "SignedHeaders=%s,Signature=%s" % (signed, signature))


def test_a_presigned_url_matches_the_example(tool):
    assert Store(tool, AWS).line("sign", NOON, "presign", "test.txt", "") == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@pytest.mark.parametrize("env, host", [
    ({}, "https://films.s3.us-east-1.amazonaws.com/a%20b"),
    ({"S3_BUCKET": "my.films"}, "https://s3.us-east-1.amazonaws.com/my.films/a%20b"),
    ({"S3_BUCKET": "fi"}, "https://s3.us-east-1.amazonaws.com/fi/a%20b"),
    ({"S3_REGION": "  ", "AWS_REGION": "eu-west-1"}, "https://films.s3.eu-west-1.amazonaws.com/a%20b"),
    ({"S3_REGION": ""}, "https://films.s3.eu-north-1.amazonaws.com/a%20b"),
    ({"S3_ENDPOINT": "http://s3.example:9000/"}, "http://s3.example:9000/films/a%20b"),
    ({"S3_ENDPOINT": "http://s3.example:9000", "S3_ADDRESSING": "virtual"}, "http://films.s3.example:9000/a%20b")])
def test_the_bucket_is_in_the_host_name_or_in_the_path(tool, env, host):
    # TOOL_CANCEL_MS=0 cancels the preceding probe, which must not leave this machine.
    s = Store(tool, {"S3_BUCKET": "films", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s", **env})
    assert s.line("presign", "GET", "a b", 60, TOOL_CANCEL_MS=0).split("?")[0] == host


# Directory only

def test_an_object_is_a_file_in_the_directory(directory):
    directory.do("put", "asset/1-a", "image/png", data=b"x")
    assert (directory.folder / "objects/asset/1-a").read_bytes() == b"x"
    directory.do("delete", "asset/1-a")
    assert os.listdir(directory.folder / "objects") == [] and os.listdir(directory.folder / "tmp") == []


def test_a_key_that_is_a_folder_of_another_is_refused(directory):
    directory.do("put", "a/b", "image/png", data=b"x")
    for key in ("a", "a/b/c"):
        r = directory.call("put", key, "image/png", data=b"y")
        assert (r.returncode, r.stderr) == (REFUSED, b"the key conflicts with another object: one key is a folder of the other\n")
    assert directory.keys() == ["a/b"] and os.listdir(directory.folder / "tmp") == []


def test_an_upload_id_is_valid_for_its_key_only(directory):
    upload = directory.line("begin", "a/b", "video/mp4")
    etag = directory.line("part", "a/b", upload, 1, data=b"x")
    assert directory.call("part", "a/c", upload, 1, data=b"y").returncode == MISSING
    assert directory.call("complete", "a/c", upload, 1, etag).returncode == MISSING
    for other in ("../tmp", ".." + upload[2:], upload[:31] + "/"):
        assert directory.call("parts", "a/b", other).returncode == MISSING


def test_an_unusable_directory_prevents_the_start(tool, tmp_path):
    (tmp_path / "file").write_text("x")
    r = Store(tool, {"MEDIA_DIR": tmp_path / "file"}).call("probe")
    assert r.returncode == 90 and b"MEDIA_DIR is not usable" in r.stderr


def test_old_temporary_files_are_removed_and_new_ones_kept(directory):
    directory.do("probe")
    for name, age in (("old", 90000), ("young", 0)):
        path = directory.folder / "tmp" / name
        path.write_bytes(b"x")
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime - age))
    directory.do("probe")
    assert os.listdir(directory.folder / "tmp") == ["young"]


# The appliance

def test_readiness_reports_object_storage(world):
    a = world.start("api")
    state = lambda: (lambda r: (r.status_code, r.json()["store"]["state"]))(a.get("/health/ready"))
    wait_for(lambda: state() == (200, "up"), "object storage to be up")
    world.store.kill()
    try:
        wait_for(lambda: state() == (503, "down"), "object storage to be down")
        assert a.get("/health").status_code == 200
    finally:
        world.store.start()
    wait_for(lambda: state() == (200, "up"), "object storage to be up again")


def test_the_appliance_presigns_with_container_credentials(world, credentials):
    """Presigning on the event loop never waits; a thread fetches and renews the credentials."""
    env = {k: v for k, v in world.env.items() if k not in ("S3_ACCESS_KEY", "S3_SECRET_KEY")}
    credentials.give(world.store.access_key, world.store.secret_key, 6)
    world.store.client().put_object(Bucket=world.bucket, Key="trailer/1.mp4", Body=b"film")
    [(title,)] = world.rows("""INSERT INTO "Title" ("type", "name", "trailerUrl", "updatedAt") VALUES ('MOVIE', 'Film', 's3://x/trailer/1.mp4', now())
        RETURNING "id" """)
    a = world._appliance(roles="api", WORKERS=1, **{**env, "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials.url,
                                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN": credentials.token}).wait_healthy()
    url = lambda: a.get("/api/titles/%d" % title).json()["title"]["trailerUrl"]
    wait_for(url, "the first credentials")
    assert requests.get(url(), timeout=20).content == b"film"
    asked = credentials.asked
    credentials.give(world.store.access_key, world.store.secret_key, 3600)
    wait_for(lambda: credentials.asked > asked, "the credentials to be renewed")
    credentials.failing = True
    assert requests.get(url(), timeout=20).content == b"film"
    assert credentials.token not in open(a.log_path).read() and credentials.keys["Token"] not in open(a.log_path).read()


def test_production_needs_object_storage(appliance):
    from services import SECRETS, run
    r = run(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", **{**SECRETS, "WANZAMI_ENV": "production"})
    assert r.returncode == 1 and r.stderr.startswith("wanzami: neither S3_BUCKET nor MEDIA_DIR is set")


def test_a_process_killed_during_complete_leaves_the_object_whole_or_absent(directory):
    """Also after a power failure; and the upload can still be completed."""
    key, body = "uploads/1/film.mp4", b"".join(part(6 * MIB, letter) for letter in "abcdefgh")
    for stop in (0, 1, 13 * MIB, 47 * MIB):
        upload = directory.line("begin", key, "video/mp4")
        words = [w for n in range(8) for w in (n + 1, directory.line("part", key, upload, n + 1, data=body[n * 6 * MIB:(n + 1) * 6 * MIB]))]
        tmp = directory.folder / "tmp"

        def joined():
            return p.poll() is not None or any(f.stat().st_size >= stop for f in tmp.iterdir())

        p = subprocess.Popen([directory.tool, "complete", key, upload, *(str(w) for w in words)], stdout=subprocess.DEVNULL,
                             env=clean_environment(**directory.env))
        try:
            wait_for(joined, "%d bytes to be joined" % stop)
        except FileNotFoundError:
            pass  # the rename happened between two checks; any time of the kill is valid
        p.kill()
        p.wait()
        seen = directory.call("read", key, 0, len(body))
        assert seen.returncode == MISSING or (seen.returncode == OK and seen.stdout == body)
        again = directory.call("complete", key, upload, *words)
        assert again.returncode in (OK, MISSING)
        assert directory.do("read", key, 0, len(body)) == body and directory.keys() == [key]
        assert os.listdir(directory.folder / "parts") == []
        directory.do("delete", key)
        for leftover in tmp.iterdir():
            leftover.unlink()
