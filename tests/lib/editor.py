"""An editor's actions through the API: login, uploads of films and artwork as the admin app sends them, and checks of the results."""
import requests

from services import run

PASSWORD = "Films-4-all"


class Editor:
    """An administrator who logs in at the API of `client`."""

    def __init__(self, client, email, password, **more):
        self.a = client
        self.sign_in(email, password, **more)

    def sign_in(self, email, password, **more):
        r = self.a.post("/api/admin/login", {"email": email, "password": password, **more})
        assert r.status_code == 200, r.text
        self.token = r.json()["accessToken"]
        return r.json()

    def post(self, path, body=None, status=200):
        r = self.a.post(path, body if body is not None else {}, token=self.token)
        assert r.status_code == status, (r.status_code, r.text)
        return r.json()

    def init(self, status=200, **body):
        return self.post("/api/admin/uploads/init", {"kind": "MOVIE", "titleName": "A film", "fileName": "film.mp4", "bytesTotal": 11,
                                                     "contentType": "video/mp4", **body}, status)

    def put(self, made, data):
        """Uploads the parts as the admin app does. Returns the list of parts for `complete`."""
        size, tags = made["partSize"], []
        for part in made["presignedParts"]:
            n = part["partNumber"]
            r = requests.put(part["url"], data=data[(n - 1) * size:n * size], timeout=60)
            assert r.status_code == 200, r.text
            tags.append({"ETag": r.headers["ETag"], "PartNumber": n})
        return tags

    def complete(self, made, parts, status=200, **more):
        return self.post("/api/admin/uploads/%s/complete" % made["jobId"],
                         {"uploadId": made["uploadId"], "key": made["key"], "parts": parts, **more}, status)

    def progress(self, job, count, status=200):
        r = self.a.patch("/api/admin/uploads/%s/progress" % job, {"bytesUploaded": count}, token=self.token)
        assert r.status_code == status, r.text
        return r.json()

    def uploads(self):
        return self.a.get("/api/admin/uploads", token=self.token).json()["uploads"]

    def read(self, key):
        return requests.get(self.post("/api/admin/assets/get-url", {"key": key})["url"], timeout=60)


class Api(Editor):
    """The appliance with a logged-in administrator. The default role is api; the default object storage is the world's, or MEDIA_DIR with
    `folder`."""

    def __init__(self, world, folder=None, roles="api", **env):
        self.world, self.folder, self.roles = world, folder, roles
        self.env = {**world.env, **env}
        if folder:
            self.env = {k: v for k, v in self.env.items() if not k.startswith("S3_")}
            self.env["MEDIA_DIR"] = folder
        r = run("admin", "create", "--email", "ada@example.com", "--name", "Ada", stdin=PASSWORD + "\n", **world.env)
        assert r.returncode == 0, r.stderr
        self.start()

    def start(self, **env):
        world = self.world
        self.a = world._appliance(roles=self.roles, **{**self.env, **env}).wait_healthy()
        self.sign_in("ada@example.com", PASSWORD)
        return self

    def job(self, made):
        return self.world.rows('SELECT u."status"::text, u."error", j.state, j.source_key, j.source_size, j.renditions::text '
                               'FROM "UploadJob" u LEFT JOIN wanzami.transcode_job j ON j.upload_job_id = u."id" WHERE u."id" = %s',
                               (made["jobId"],))[0]

    def assets(self):
        return self.world.rows('SELECT "rendition"::text, "status"::text, "url" FROM "AssetVersion" ORDER BY "AssetVersion"."rendition" DESC, "id"')
