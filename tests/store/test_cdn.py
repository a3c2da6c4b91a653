"""URLs of films signed for CloudFront (MEDIA_CDN): policies, signatures with both kinds of keys, configuration, doctor."""
import time

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cloudfront import KEY_ID, Distribution, allows, new_key, pem, policy_of
from conftest import build
from credentials import Credentials
from services import SECRETS, clean_environment, run
from test_objects import Store

ORIGIN = "https://d111111abcdef8.cloudfront.net"
FOLDER = "vod/17/0123456789abcdef0123456789abcdef/"
NOWHERE = {"S3_BUCKET": "films", "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "S3_ENDPOINT": "http://127.0.0.1:1", "TOOL_SECONDS": "1"}


@pytest.fixture(scope="module")
def tool():
    return build("tools/objects")


@pytest.fixture(scope="module", params=["ec", "rsa"])
def key(request):
    return new_key(request.param)


def cdn(key, origin=ORIGIN, **more):
    return {"MEDIA_CDN": origin, "MEDIA_CDN_KEY_ID": KEY_ID, "MEDIA_CDN_KEY_PEM": pem(key), **more}


def test_a_signature_is_valid_for_the_folder_of_the_film(tool, key):
    store = Store(tool, {**NOWHERE, **cdn(key)})
    url = store.line("presign-many", 60, FOLDER + "R720.mp4")
    assert url.startswith(ORIGIN + "/" + FOLDER + "R720.mp4?Policy=")
    public, other = key.public_key(), FOLDER.replace("17", "18")
    resource, expires = policy_of(url)
    assert resource == ORIGIN + "/" + FOLDER + "*" and time.time() < expires <= time.time() + 60
    assert allows(public, url) and allows(public, url.replace("R720.mp4", "R360.mp4")) and not allows(public, url, expires)
    assert not allows(public, url.replace(FOLDER, other)) and not allows(new_key("rsa").public_key(), url)
    assert not allows(public, url.replace("Signature=", "Signature=AAAA"))


@pytest.mark.parametrize("name", ["vod/old film.mp4", "vod/17/x/R720.mp4", "vod/1*/R720?.mp4", "vod//x",
                                  "vod/17/0123456789abcdef0123456789abcdef.mp4", FOLDER.upper().replace("VOD", "vod") + "R720.mp4", "vod/" + "ä" * 510])
def test_a_key_of_another_form_is_signed_alone(tool, key, name):
    """A wildcard there could be valid for all films."""
    url = Store(tool, {**NOWHERE, **cdn(key)}).line("presign-many", 60, name)
    resource, _ = policy_of(url)
    assert resource == url.split("?")[0] and "*" not in resource and allows(key.public_key(), url)


def test_only_get_urls_of_films_lead_to_the_distribution(tool, key):
    store = Store(tool, {**NOWHERE, **cdn(key)})
    for words in (("GET", "poster/1"), ("GET", "uploads/1-a/film.mp4"), ("PUT", FOLDER + "R720.mp4"), ("PUT", FOLDER + "R720.mp4", 60, "upload", 1)):
        url = store.line("presign", *words[:2], 60, *words[3:])
        assert "X-Amz-Signature=" in url and "cloudfront" not in url
    with_signing_key = Store(tool, {**store.env, "S3_SIGNING_ACCESS_KEY": "c", "S3_SIGNING_SECRET_KEY": "d"})
    assert with_signing_key.line("presign-many", 60, FOLDER + "a").startswith(ORIGIN)
    assert "Credential=c%2F" in with_signing_key.line("presign-many", 60, "poster/1")


def test_a_directory_keeps_its_own_urls(tool, key, tmp_path):
    assert Store(tool, {"MEDIA_DIR": str(tmp_path), **cdn(key)}).line("presign-many", 60, FOLDER + "a").startswith("http://here/media-local/")


def test_urls_outlive_temporary_credentials(tool, key, store):
    """Those of the task role end early; CloudFront does not know them."""
    keys = Credentials()
    try:
        keys.give("a", "b", 3600)
        plain = {"S3_BUCKET": "films", "AWS_CONTAINER_CREDENTIALS_FULL_URI": keys.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": keys.token,
                 "S3_ENDPOINT": store.url}
        assert 3000 < int(Store(tool, plain).line("seconds", 43200)) <= 3600 and Store(tool, plain).line("seconds", 600) == "600"
        assert Store(tool, {**plain, "S3_SIGNING_ACCESS_KEY": "c", "S3_SIGNING_SECRET_KEY": "d"}).line("seconds", 43200) == "43200"
        films = Store(tool, {**plain, **cdn(key)})
        assert films.line("seconds", 43200) == "43200"
        before = time.time()
        _, expires = policy_of(films.line("presign-many", 43200, FOLDER + "a"))
        assert before + 43200 <= expires + 1 and expires <= time.time() + 43200 + 300 and expires % 300 == 0
    finally:
        keys.close()
    assert Store(tool, {}).line("seconds", 43200) == "0"


def test_urls_of_one_film_share_the_signature(tool, key):
    store = Store(tool, {**NOWHERE, **cdn(key)})
    queries = {line.split("?")[1] for line in store.do("presign-many", 43200, *(FOLDER + "R%d.mp4" % n for n in range(9))).decode().splitlines()}
    assert len(queries) in (1, 2)  # two if the five minutes end meanwhile
    others = store.do("presign-many", 600, *("vod/%d/%032x/a" % (n, n) for n in range(300))).decode().splitlines()
    assert len(others) == 300 and all(allows(key.public_key(), url) for url in others)


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_the_key_may_be_in_a_file(tool, key, form, tmp_path):
    (tmp_path / "key.pem").write_text(pem(key, form))
    env = cdn(key, MEDIA_CDN_KEY_FILE=str(tmp_path / "key.pem"), MEDIA_CDN_KEY_PEM="")
    assert allows(key.public_key(), Store(tool, {**NOWHERE, **env}).line("presign-many", 60, FOLDER + "a"))


def test_a_wrong_configuration_ends_the_process(tool):
    key = new_key("ec")

    def refusal(**changes):
        r = Store(tool, {**NOWHERE, **cdn(key), **changes}).call("presign-many", 60, "a")
        assert r.returncode == 90 and b"PRIVATE KEY" not in r.stderr
        return r.stderr.decode()
    for changes in ({"MEDIA_CDN": ""}, {"MEDIA_CDN_KEY_ID": ""}, {"MEDIA_CDN_KEY_PEM": ""}, {"MEDIA_CDN_KEY_FILE": "/x"}):
        assert "must be set together or not at all" in refusal(**changes)
    assert "No such file" in refusal(MEDIA_CDN_KEY_PEM="", MEDIA_CDN_KEY_FILE="/no/such/file")
    assert "must begin with https" in refusal(MEDIA_CDN="http://d1.cloudfront.net", WANZAMI_ENV="production")
    assert "is not the origin" in refusal(MEDIA_CDN='https://d1"x')
    assert "allowed: http(s)://host" in refusal(MEDIA_CDN="d1.cloudfront.net")
    assert "letters and digits" in refusal(MEDIA_CDN_KEY_ID="K&x")
    assert "no private key found" in refusal(MEDIA_CDN_KEY_PEM="x")
    for wrong in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 3072)):
        assert "CloudFront does not take this key" in refusal(MEDIA_CDN_KEY_PEM=pem(wrong))


@pytest.fixture
def served(store, key):
    """A distribution that trusts the key, and the variables of a process that uses it."""
    bucket = store.bucket()
    d = Distribution(store, bucket, key.public_key())
    d.bucket, d.env = bucket, {**store.env(bucket), **cdn(key, d.url)}
    yield d
    d.close()


def test_a_film_is_read_through_the_distribution(tool, served):
    films = Store(tool, served.env)
    films.do("put", FOLDER + "R720.mp4", "video/mp4", data=b"film")
    url = films.line("presign-many", 60, FOLDER + "R720.mp4")
    assert requests.get(url, timeout=20).content == b"film" and requests.head(url, timeout=20).status_code == 200
    assert requests.get(url.split("?")[0], timeout=20).status_code == 403


def test_the_doctor_reads_an_object_through_the_distribution(postgres, store, served):
    url, db = postgres.create_migrated()
    db.close()

    def said(status):
        r = run("doctor", **SECRETS, DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1", **served.env)
        assert r.returncode == status, r.stdout
        return next(line for line in r.stdout.splitlines() if "CloudFront" in line)
    assert said(0).startswith("ok ") and store.keys(served.bucket) == []
    trusted, served.public = served.public, new_key("ec").public_key()
    assert said(1).startswith("bad ") and "MEDIA_CDN_KEY_ID must be" in said(1)
    served.public, served.reads = trusted, False
    assert "origin access control" in said(1)
    served.public, served.reads = None, True
    assert "without a signature" in said(1) and store.keys(served.bucket) == []
    served.close()
    assert said(0).startswith("warn") and "cannot be reached" in said(0)
