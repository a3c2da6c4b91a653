"""Tests of the test servers: each has the features that the tests rely on, and can be killed and restarted."""
import smtplib
import socket
import ssl

import botocore.exceptions
import psycopg2
import pytest
import requests

from conftest import wait_for

PART = 5 * 1024 * 1024


# PostgreSQL

def test_a_killed_postgres_keeps_committed_rows(postgres):
    url, db = postgres.create()
    db.cursor().execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
    postgres.kill()
    with pytest.raises(psycopg2.OperationalError):
        postgres.connect("postgres")
    with pytest.raises(psycopg2.OperationalError):
        db.cursor().execute("SELECT 1")
    postgres.start()
    c = postgres.connect(url.rsplit("/", 1)[1]).cursor()
    c.execute("SELECT n FROM kept")
    assert c.fetchall() == [(42,)]


def test_a_server_killed_by_one_test_is_up_for_the_next_1(postgres, keyvalue, store, mail):
    for s in (postgres, keyvalue, store, mail):
        s.kill()


def test_a_server_killed_by_one_test_is_up_for_the_next_2(postgres, keyvalue, store, mail):
    assert postgres.answers() and keyvalue.answers() and store.answers()
    smtplib.SMTP("127.0.0.1", mail.port).quit()


# The key-value server

def test_a_killed_key_value_server_keeps_its_data_and_a_wiped_one_does_not(keyvalue):
    keyvalue.command("SET", "{wz}a", "1")
    assert keyvalue.command("XADD", "{wz}jobs", "*", "id", "7")
    keyvalue.restart()
    assert keyvalue.command("GET", "{wz}a") == b"1"
    assert keyvalue.command("XLEN", "{wz}jobs") == 1
    keyvalue.restart(wipe=True)
    assert keyvalue.command("GET", "{wz}a") is None


def test_a_paused_key_value_server_responds_after_resume(keyvalue):
    keyvalue.pause()
    with socket.create_connection(("127.0.0.1", keyvalue.port), 5) as s:
        s.settimeout(0.3)
        s.sendall(b"PING\r\n")
        with pytest.raises(socket.timeout):
            s.recv(16)
        keyvalue.resume()
        s.settimeout(10)
        assert s.recv(16) == b"+PONG\r\n"


# The object store

def status(error):
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_store_refuses_wrong_signatures(store):
    bucket = store.bucket()
    for wrong in ({"secret_key": "another secret"}, {"access_key": "films:nobody"}):
        with pytest.raises(botocore.exceptions.ClientError) as e:
            store.client(**wrong).put_object(Bucket=bucket, Key="k", Body=b"x")
        assert status(e) == 403
    url = store.client().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert requests.get(url).status_code == 404
    last = "0" if url[-1] != "0" else "1"
    assert requests.get(url[:-1] + last).status_code == 403
    assert requests.get(url.replace("/k?", "/other?")).status_code == 403
    assert requests.get(url.split("?")[0]).status_code == 400  # the response is not even an S3 error
    assert store.keys(bucket) == []


def test_the_store_refuses_an_expired_presigned_url(store):
    bucket = store.bucket()
    url = store.client().generate_presigned_url("list_objects_v2", Params={"Bucket": bucket}, ExpiresIn=1)
    assert requests.get(url).status_code == 200
    wait_for(lambda: requests.get(url).status_code == 403, "the presigned URL to expire")


def test_the_store_accepts_a_presigned_put_and_serves_ranges(store):
    bucket, key, body = store.bucket(), "vod/a film+ä.mp4", bytes(range(256)) * 40
    put = store.client().generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    assert requests.put(put, data=body).status_code == 200
    get = store.client().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert requests.get(get).content == body
    r = requests.get(get, headers={"Range": "bytes=100-299"})
    assert (r.status_code, r.headers["Content-Range"], r.content) == (206, "bytes 100-299/10240", body[100:300])
    assert requests.get(get, headers={"Range": "bytes=-10"}).content == body[-10:]
    assert requests.get(get, headers={"Range": "bytes=99999-"}).status_code == 416
    assert requests.put(get, data=b"other").status_code == 403
    assert store.keys(bucket) == [key]


def test_the_store_supports_multipart_uploads(store):
    bucket, s3 = store.bucket(), store.client()
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    assert store.uploads(bucket) == ["big"]
    parts = []
    for number, body in ((1, b"a" * PART), (2, b"b" * PART), (3, b"the end")):
        url = s3.generate_presigned_url("upload_part", Params={"Bucket": bucket, "Key": "big", "UploadId": upload, "PartNumber": number})
        r = requests.put(url, data=body)
        assert r.status_code == 200
        parts.append({"PartNumber": number, "ETag": r.headers["ETag"]})
    assert store.keys(bucket) == []
    with pytest.raises(botocore.exceptions.ClientError) as e:
        s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload,
                                     MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]})
    assert status(e) == 400
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket=bucket, Key="big")["ContentLength"] == 2 * PART + 7
    assert s3.get_object(Bucket=bucket, Key="big", Range="bytes=%d-%d" % (PART - 2, PART + 1))["Body"].read() == b"aabb"
    assert (store.keys(bucket), store.uploads(bucket)) == (["big"], [])


def test_the_store_refuses_small_parts_and_removes_an_aborted_upload(store):
    bucket, s3 = store.bucket(), store.client()
    upload = s3.create_multipart_upload(Bucket=bucket, Key="small")["UploadId"]
    parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket=bucket, Key="small", UploadId=upload, PartNumber=n, Body=b"x")["ETag"]}
             for n in (1, 2)]
    with pytest.raises(botocore.exceptions.ClientError) as e:
        s3.complete_multipart_upload(Bucket=bucket, Key="small", UploadId=upload, MultipartUpload={"Parts": parts})
    assert e.value.response["Error"]["Code"] == "EntityTooSmall"
    s3.abort_multipart_upload(Bucket=bucket, Key="small", UploadId=upload)
    assert (store.keys(bucket), store.uploads(bucket)) == ([], [])


def test_the_store_allows_cross_origin_requests(store):
    bucket = store.bucket()
    put = store.client().generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    page = {"Origin": "http://console.example"}
    r = requests.options(put, headers={**page, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"})
    assert r.status_code == 200 and r.headers["Access-Control-Allow-Origin"] in ("*", page["Origin"])
    r = requests.put(put, data=b"x", headers=page)
    assert r.status_code == 200 and "etag" in r.headers["Access-Control-Expose-Headers"].lower()


def test_a_killed_store_keeps_its_objects_and_a_wiped_one_does_not(store):
    bucket = store.bucket()
    store.client().put_object(Bucket=bucket, Key="k", Body=b"kept")
    store.kill()
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        store.client().get_object(Bucket=bucket, Key="k")
    store.start()
    assert store.client().get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"
    store.restart(wipe=True)
    with pytest.raises(botocore.exceptions.ClientError) as e:
        store.client().get_object(Bucket=bucket, Key="k")
    assert status(e) == 404


# Mail

MESSAGE = "From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nThe body\r\n"


def hand_over(client, mail, **login):
    client.login(login.get("user", mail.user), login.get("password", mail.password))
    client.sendmail("a@example.com", ["b@example.com"], MESSAGE)
    client.quit()


def test_mail_is_accepted_over_a_plain_connection(mail):
    hand_over(smtplib.SMTP("127.0.0.1", mail.port), mail)
    (m,) = mail.wait("b@example.com")
    assert (m["Subject"], m.get_content().strip(), m.envelope_from, m.over_tls) == ("Grüße", "The body", "a@example.com", False)


def test_mail_requires_starttls_and_the_certificate_is_verified(mail):
    client = smtplib.SMTP("localhost", mail.starttls_port)
    with pytest.raises(smtplib.SMTPResponseException) as e:
        client.sendmail("a@example.com", ["b@example.com"], MESSAGE)
    assert e.value.smtp_code == 530
    client.quit()
    client = smtplib.SMTP("localhost", mail.starttls_port)
    client.starttls(context=ssl.create_default_context(cafile=mail.ca))
    hand_over(client, mail)
    assert [m.over_tls for m in mail.wait("b@example.com")] == [True]
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP("localhost", mail.starttls_port).starttls(context=ssl.create_default_context())


def test_mail_is_accepted_over_implicit_tls(mail):
    hand_over(smtplib.SMTP_SSL("localhost", mail.tls_port, context=ssl.create_default_context(cafile=mail.ca)), mail)
    assert [m.over_tls for m in mail.wait("b@example.com")] == [True]
    assert mail.signed_in == ["tls"]


def test_mail_with_a_wrong_password_is_refused(mail):
    with pytest.raises(smtplib.SMTPAuthenticationError):
        hand_over(smtplib.SMTP("127.0.0.1", mail.port), mail, password="wrong")
    assert mail.messages == []


@pytest.mark.parametrize("command, code", [("MAIL", 451), ("RCPT", 550), ("DATA", 552)])
def test_mail_is_refused_after_refuse(mail, command, code):
    mail.refuse(command, "%d told to" % code)
    with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as e:
        hand_over(smtplib.SMTP("127.0.0.1", mail.port), mail)
    assert str(code) in str(e.value)
    assert mail.messages == []
    mail.accept()
    hand_over(smtplib.SMTP("127.0.0.1", mail.port), mail)
    assert len(mail.messages) == 1


def test_a_held_mail_gets_no_reply_and_is_lost_on_kill(mail):
    mail.hold()
    with pytest.raises((socket.timeout, smtplib.SMTPServerDisconnected)):
        hand_over(smtplib.SMTP("127.0.0.1", mail.port, timeout=0.5), mail)
    mail.kill()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", mail.port)
    mail.release()
    mail.start()
    assert mail.messages == []
    hand_over(smtplib.SMTP("127.0.0.1", mail.port), mail)
    assert len(mail.wait("b@example.com")) == 1


# The appliance

def test_the_appliance_starts_in_its_world(world):
    a = world.start("api")
    assert a.get("/health").json() == {"status": "ok"}
    before = a.process.pid
    a.restart()
    assert a.process.pid != before
    assert a.get("/api/titles").status_code == 200
    assert a.stop() == 0
    assert a.workers() == []
    assert a.log_lines()


def test_the_worlds_of_two_tests_are_separate_1(world):
    world.rows("""INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', 'left behind', now())""")
    world.keyvalue.command("SET", "left", "behind")
    world.store.client().put_object(Bucket=world.bucket, Key="left", Body=b"behind")
    hand_over(smtplib.SMTP("127.0.0.1", world.mail.port), world.mail)


def test_the_worlds_of_two_tests_are_separate_2(world):
    assert world.rows('SELECT * FROM "Title"') == []
    assert world.keyvalue.command("DBSIZE") == 0
    assert world.store.keys(world.bucket) == []
    assert world.mail.messages == []


def test_no_process_of_the_appliance_survives_kill(world):
    a = world.start("api")
    pids = a.workers()
    assert pids
    a.kill()
    assert not a.healthy()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", a.port), 2)
