"""The switch from the previous service to the appliance and back (docs/migrate-from-node.md): its database, logged-in users, and films in
progress. That service cannot run here; the tests write what it writes (docs/compatibility.md#sessions, #uploads)."""
import uuid

import bcrypt
import psycopg2.extras
import pytest
import requests

import reference_steps
from accounts import token
from conftest import run, wait_for
from films import FAST, film
from services import SECRETS

PASSWORD = "Passw0rd!"


def node_hash(text):
    """Returns a bcrypt hash of cost 10 with the prefix of bcryptjs; like it, uses 72 bytes at most."""
    return bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(10, b"2a")).decode()


class Node:
    """The previous service, as its database, object storage and tokens show it."""

    def __init__(self, postgres, world):
        self.url, self.db = postgres.create()
        self.world = world
        reference_steps.build(self.db, len(reference_steps.STEPS))
        self.rows("""UPDATE "Title" SET "archived" = false, "pendingReview" = false""")
        self.env = {**world.env, "DATABASE_URL": self.url, **FAST}

    def rows(self, sql, *values):
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []

    def signed_up(self, email, role="USER"):
        ((user,),) = self.rows("""INSERT INTO "User" ("email", "password", "name", "role", "emailVerified", "updatedAt")
            VALUES (%s, %s, 'Bisi', %s, true, now()) RETURNING "id" """, email, node_hash(PASSWORD), role)
        return user

    def signed_in(self, user, device, role="USER"):
        """Creates a session and returns its access and refresh token."""
        who = {"userId": str(user), "deviceId": device}
        refresh = token(SECRETS["JWT_REFRESH_SECRET"], {**who, "tokenId": str(uuid.uuid4())})
        self.rows("""INSERT INTO "Device" ("userId", "deviceId") VALUES (%s, %s) ON CONFLICT DO NOTHING""", user, device)
        self.rows("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (%s, %s, %s, now() + interval '365 days')""",
                  user, device, node_hash(refresh))
        return token(SECRETS["JWT_ACCESS_SECRET"], {**who, "email": "x", "role": role, "permissions": []}), refresh

    def upload_begun(self, title, data):
        """Creates an upload of which every part has been uploaded and that is not completed. Returns the job, its key, its upload id and the
        part."""
        s3, key = self.world.store.client(), "uploads/1700000000000-%s/film.mp4" % uuid.uuid4()
        upload = s3.create_multipart_upload(Bucket=self.world.bucket, Key=key, ContentType="video/mp4")["UploadId"]
        etag = s3.upload_part(Bucket=self.world.bucket, Key=key, UploadId=upload, PartNumber=1, Body=data)["ETag"]
        payload = {"key": key, "uploadId": upload, "fileName": "film.mp4", "renditions": ["R360"]}
        ((job,),) = self.rows("""INSERT INTO "UploadJob" ("titleId", "status", "bytesTotal", "payload", "updatedAt")
            VALUES (%s, 'UPLOADING', %s, %s, now()) RETURNING "id" """,
                              title, len(data), psycopg2.extras.Json(payload))
        return job, key, upload, etag

    def upload_queued(self, title, data):
        """Creates a completed upload with its asset row and job row. The entry of the old queue does not exist any more."""
        job, key, upload, etag = self.upload_begun(title, data)
        self.world.store.client().complete_multipart_upload(Bucket=self.world.bucket, Key=key, UploadId=upload,
                                                            MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]})
        self.rows("""INSERT INTO "AssetVersion" ("titleId", "rendition", "status", "url", "updatedAt") VALUES (%s, 'R360', 'PROCESSING', %s, now())""",
                  title, "s3://%s/%s" % (self.world.bucket, key))
        self.rows("""UPDATE "UploadJob" SET "status" = 'PROCESSING', "bytesUploaded" = "bytesTotal", "updatedAt" = now() WHERE "id" = %s""", job)
        return job


# Columns that step 5 of the adoption corrects (docs/compatibility.md#database-adoption).
ADOPTED = {("Title", "archived"), ("ErrorLog", "createdAt")} | {(t, "updatedAt") for t in ("Title", "Episode", "AssetVersion", "UploadJob")}


@pytest.fixture
def node(postgres, world):
    n = Node(postgres, world)
    yield n
    n.db.close()


def adopted(node, appliance, **env):
    """The appliance on the database of the previous service, which keeps running."""
    r = run("migrate", **node.env)
    assert r.returncode == 0, r.stdout
    return appliance(**{**node.env, **env}).wait_healthy()


def test_users_stay_logged_in(node, appliance):
    """Passwords, access tokens and refresh tokens of the previous service stay valid."""
    user = node.signed_up("bisi@example.com")
    access, refresh = node.signed_in(user, "tv")
    a = adopted(node, appliance)
    assert a.get("/api/auth/me", token=access).json()["user"]["id"] == str(user)
    assert a.post("/api/auth/login", {"email": "Bisi@example.com", "password": PASSWORD}).status_code == 200
    renewed = a.post("/api/auth/refresh", {"refreshToken": refresh})
    assert renewed.status_code == 200 and a.get("/api/auth/me", token=renewed.json()["accessToken"]).status_code == 200
    assert a.post("/api/auth/refresh", {"refreshToken": refresh[:-2] + "xx"}).status_code == 401


def test_films_in_progress_are_transcoded(node, appliance, world):
    """One film is in the old queue, the parts of another are uploaded; both are transcoded, once each."""
    editor = node.signed_up("ed@example.com", "SUPER_ADMIN")
    access, _ = node.signed_in(editor, "desk", "SUPER_ADMIN")
    titles = [t for (t,) in node.rows("""INSERT INTO "Title" ("type", "name", "archived", "pendingReview", "updatedAt")
        VALUES ('MOVIE', 'Queued', false, false, now()), ('MOVIE', 'Begun', false, false, now()) RETURNING "id" """)]
    node.upload_queued(titles[0], film())
    job, key, upload, etag = node.upload_begun(titles[1], film())
    a = adopted(node, appliance)
    done = a.post("/api/admin/uploads/%d/complete" % job, {"uploadId": upload, "key": key, "parts": [{"ETag": etag, "PartNumber": 1}]}, token=access)
    assert done.status_code == 200, done.text
    wait_for(lambda: node.rows("""SELECT count(*) FROM "UploadJob" WHERE "status" = 'COMPLETED' AND "titleId" = ANY (%s)""", titles) == [(2,)], "both films")
    for title in titles:
        (asset,) = a.get("/api/titles/%d" % title).json()["title"]["assetVersions"]
        assert asset["rendition"] == "R360"
        assert requests.get(asset["url"], headers={"Range": "bytes=0-99"}, timeout=30).status_code == 206


def test_both_services_share_the_database(node, appliance):
    """Users, sessions and titles of the previous service appear in the appliance at once; the appliance's rows have the form that the service
    expects."""
    a = adopted(node, appliance)
    user = node.signed_up("late@example.com")
    access, refresh = node.signed_in(user, "phone")
    assert a.get("/api/auth/me", token=access).status_code == 200
    ((title,),) = node.rows("""INSERT INTO "Title" ("type", "name", "archived", "pendingReview", "updatedAt")
        VALUES ('MOVIE', 'Made there', false, false, now()) RETURNING "id" """)
    wait_for(lambda: str(title) in [t["id"] for t in a.get("/api/titles").json()["titles"]], "the title of the previous service")
    node.rows("""DELETE FROM "Session" WHERE "userId" = %s""", user)
    assert a.get("/api/auth/me", token=access).status_code == 401

    assert a.post("/api/auth/signup", {"email": "new@example.com", "password": PASSWORD, "name": "New"}).status_code == 201
    ((kept, tokens),) = node.rows("""SELECT "password", "verificationToken" FROM "User" WHERE "email" = 'new@example.com'""")
    assert bcrypt.checkpw(PASSWORD.encode(), kept.encode()) and kept[:4] in ("$2a$", "$2b$") and tokens


def test_a_switch_back_needs_one_statement(node, appliance):
    """The schema of the previous service is unchanged, and one statement removes what the appliance has added."""
    def known():
        return node.rows("""SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
            WHERE table_schema = 'public' ORDER BY 1, 2""")

    before = known()
    a = adopted(node, appliance)
    user = node.signed_up("back@example.com")
    assert a.post("/api/auth/login", {"email": "back@example.com", "password": PASSWORD}).status_code == 200
    assert a.stop() == 0
    changed = set(known()) ^ set(before)
    assert {row[:2] for row in changed} <= ADOPTED, changed
    node.rows("DROP SCHEMA wanzami CASCADE")
    assert {row[:2] for row in set(known()) ^ set(before)} <= ADOPTED
    ((name, done),) = node.rows("""SELECT count(*), count(finished_at) FROM _prisma_migrations""")
    assert name == done == len(reference_steps.STEPS)
    assert node.rows("""SELECT "name" FROM "User" WHERE "id" = %s""", user) == [("Bisi",)]
