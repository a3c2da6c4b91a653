"""Administrators and invitations (docs/compatibility.md#invitations-and-roles)."""
import hashlib
import json
import pathlib
import re

import pytest

from accounts import Account, call_concurrently, audit
from conftest import run

PASSWORD = "Correct-horse-1"
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", WORKERS=2, MAX_PASSWORD_WAIT_MS=60000)
    world.root = Account(world, "SUPER_ADMIN", "root@example.com")
    return world


def invite(api, email="new@example.com", role="OPS", status=201):
    r = api.a.post("/api/admin/invitations", {"email": email, "role": role}, token=api.root.token)
    assert r.status_code == status, r.text
    return r.json()


def accept(api, token, email="new@example.com", **more):
    return api.a.post("/api/admin/invitations/accept", {"token": token, "email": email, "name": "New", "password": PASSWORD, **more})


def test_an_invitation_is_mailed_and_creates_an_account(api):
    token = invite(api, "New@Example.com")["token"]
    kept, by = api.rows('SELECT "token", "createdBy"::text FROM "Invitation"')[0]
    assert (kept, by) == ("sha256:" + hashlib.sha256(token.encode()).hexdigest(), api.root.id)
    message = api.mail.wait("new@example.com")[0]
    assert message["Subject"] == "You're invited to Wanzami Admin"
    assert "/admin/accept-invite?token=%s&email=new%%40example.com" % token in message.get_body(("plain",)).get_content()

    listed = api.a.get("/api/admin/invitations", token=api.root.token).json()["invites"]
    assert [(i["email"], i["role"], i["token"], i["acceptedAt"], i["createdBy"]) for i in listed] == [("new@example.com", "OPS", "", None, api.root.id)]
    assert accept(api, token, password="weak-password").status_code == 400
    assert accept(api, token, email="another@example.com").json() == {"message": "Invalid or expired invite"}
    assert accept(api, kept).json() == {"message": "Invalid or expired invite"}, "the stored hash is not a valid token"
    r = accept(api, token, email="NEW@example.com")
    assert r.status_code == 200 and set(r.json()) == {"user", "accessToken", "refreshToken", "deviceId", "permissions"}
    assert r.json()["user"] == {"id": r.json()["user"]["id"], "email": "new@example.com", "role": "OPS", "name": "New"}
    assert api.a.get("/api/admin/me", token=r.json()["accessToken"]).status_code == 200
    assert accept(api, token).status_code == 400
    assert api.a.post("/api/admin/login", {"email": "new@example.com", "password": PASSWORD}).status_code == 200

    number = listed[0]["id"]
    assert api.a.delete("/api/admin/invitations/" + number, token=api.root.token).json() == {"message": "Invite revoked"}
    assert api.rows('SELECT count(*) FROM "Invitation"')[0][0] == 1, "revoking an accepted invitation does not delete it"
    assert audit(api, "INVITE_CREATE") == [(api.root.id, number, {"email": "New@Example.com", "role": "OPS"})]
    assert audit(api, "INVITE_ACCEPT") == [(r.json()["user"]["id"], r.json()["user"]["id"], {"role": "OPS"})]
    assert audit(api, "INVITE_REVOKE") == []


def test_a_newer_invitation_invalidates_the_older(api):
    first, second = invite(api)["token"], invite(api, role="FINANCE")["token"]
    assert accept(api, first).status_code == 400
    assert accept(api, second).json()["user"]["role"] == "FINANCE"
    assert invite(api, status=409) == {"message": "Email already registered"}


def test_an_invitation_of_the_previous_service_is_valid_until_it_expires(api):
    for email, expires in (("old@example.com", "now() + interval '1 hour'"), ("late@example.com", "now() - interval '1 second'")):
        api.rows("""INSERT INTO "Invitation" ("email", "role", "token", "expiresAt", "createdBy")
            VALUES (%%s, 'OPS', %%s, timezone('UTC', %s), 1)""" % expires, (email, "clear-" + email))
    assert accept(api, "clear-old@example.com", "old@example.com").status_code == 200
    assert accept(api, "clear-late@example.com", "late@example.com").status_code == 400


def test_a_revoked_invitation_is_refused(api):
    token = invite(api)["token"]
    number = api.rows('SELECT id::text FROM "Invitation"')[0][0]
    for _ in range(2):
        assert api.a.delete("/api/admin/invitations/" + number, token=api.root.token).status_code == 200
    assert accept(api, token).status_code == 400
    assert audit(api, "INVITE_REVOKE") == [(api.root.id, number, {"email": "new@example.com"})]
    for wrong in ("0", "abc", "1.5", "-1", "1e3", "99999999999999999999"):
        r = api.a.delete("/api/admin/invitations/" + wrong, token=api.root.token)
        assert (r.status_code, r.json()) == (400, {"message": "Invalid id"})


def test_concurrent_accepts_of_one_invitation_create_one_account(api):
    token = invite(api)["token"]
    answers = [r.status_code for r in call_concurrently(lambda n: accept(api, token, name="New %d" % n))]
    assert answers.count(200) == 1 and set(answers) <= {200, 400, 409}, answers
    user, name = api.rows("""SELECT "id", "name" FROM "User" WHERE email = 'new@example.com'""")[0]
    assert api.rows('SELECT count(*) FROM "Session" WHERE "userId" = %s', (user,)) == [(1,)]
    assert api.rows('SELECT count(*) FROM "Device" WHERE "userId" = %s', (user,)) == [(1,)]
    assert len(audit(api, "INVITE_ACCEPT")) == 1


def role(api, user, role, by=None):
    return api.a.patch("/api/admin/users/%s/role" % user, {"role": role}, token=(by or api.root).token)


def test_role_changes(api):
    admin, viewer = Account(api, "SUPPORT"), Account(api)
    r = role(api, admin.id, "FINANCE")
    assert r.json() == {"user": {"id": admin.id, "email": admin.email, "role": "FINANCE", "name": "Ada"}}
    assert audit(api, "USER_ROLE_UPDATE") == [(api.root.id, admin.id, {"from": "SUPPORT", "to": "FINANCE"})]
    assert api.a.patch("/api/admin/users/" + admin.id, {"role": "USER"}, token=api.root.token).json() == {"message": "Cannot set admin user to USER"}
    for user, wanted, status, message in (
            (admin.id, "USER", 400, "Cannot set admin user to USER"), (admin.id, "KING", 400, "Missing user id or role"),
            (admin.id, None, 400, "Missing user id or role"), (admin.id, 5, 400, "Missing user id or role"), ("0", "OPS", 400, "Missing user id or role"),
            ("x", "OPS", 400, "Missing user id or role"), (viewer.id, "OPS", 400, "User is not an admin"), ("999999", "OPS", 404, "User not found"),
            (api.root.id, "OPS", 409, "Cannot remove the last SUPER_ADMIN"), (api.root.id, "SUPER_ADMIN", 400, "You cannot change your own account")):
        r = role(api, user, wanted)
        assert (r.status_code, r.json()) == (status, {"message": message}), (user, wanted)
    assert role(api, admin.id, "SUPER_ADMIN").status_code == 200
    assert role(api, api.root.id, "OPS").json() == {"message": "You cannot change your own account"}
    assert role(api, api.root.id, "OPS", admin).status_code == 200
    assert role(api, admin.id, "OPS").json() == {"message": "Insufficient permissions"}, "the role in the database decides"
    assert len(audit(api, "USER_ROLE_UPDATE")) == 3


def test_deleting_a_user_deletes_its_data_and_invalidates_its_tokens(api):
    viewer = Account(api)
    api.rows('INSERT INTO "Profile" ("userId", name, "updatedAt") VALUES (%s, \'A\', now())', (viewer.id,))
    remove = lambda user: api.a.delete("/api/admin/users/%s" % user, token=api.root.token)
    assert remove(viewer.id).json() == {"message": "User removed"}
    assert api.rows('SELECT count(*) FROM "Profile"') == [(0,)]
    assert api.a.get("/api/auth/me", token=viewer.token).status_code == 401, "the user's tokens are invalid"
    for user, status, message in ((viewer.id, 404, "User not found"), ("0", 400, "Missing user id"), ("-1", 400, "Invalid user id"),
                                  ("1e2", 400, "Invalid user id"), (api.root.id, 409, "Cannot remove the last SUPER_ADMIN")):
        r = remove(user)
        assert (r.status_code, r.json()) == (status, {"message": message})
    assert audit(api, "USER_DELETE") == [(api.root.id, viewer.id, {"role": "USER"})]


def test_concurrent_removals_leave_one_super_admin(api):
    others = [Account(api, "SUPER_ADMIN") for _ in range(9)]
    everybody = [api.root] + others

    def attack(n):
        by, victim = everybody[n % 10], everybody[(n // 10 + n + 1) % 10]
        if n % 2:
            return role(api, victim.id, "OPS", by).status_code
        return api.a.delete("/api/admin/users/" + victim.id, token=by.token).status_code

    answers = call_concurrently(attack)
    assert set(answers) <= {200, 400, 401, 403, 404, 409}, answers
    left = api.rows("""SELECT count(*) FROM "User" WHERE role = 'SUPER_ADMIN'""")[0][0]
    assert left >= 1
    done = len(audit(api, "USER_DELETE")) + len([a for a in audit(api, "USER_ROLE_UPDATE") if a[2]["to"] == "OPS" and a[2]["from"] == "SUPER_ADMIN"])
    assert done >= 10 - left and answers.count(200) == len(audit(api, "USER_DELETE")) + len(audit(api, "USER_ROLE_UPDATE"))


def test_two_super_admins_cannot_remove_each_other_concurrently(api):
    for _ in range(10):
        api.rows('DELETE FROM "User"')
        two = [Account(api, "SUPER_ADMIN"), Account(api, "SUPER_ADMIN")]
        answers = call_concurrently(lambda n: api.a.delete("/api/admin/users/" + two[1 - n].id, token=two[n].token).status_code, 2)
        assert sorted(answers)[0] == 200 and sorted(answers)[1] in (401, 403, 409), answers
        assert api.rows("""SELECT count(*) FROM "User" WHERE role = 'SUPER_ADMIN'""") == [(1,)]


def test_a_viewer_gets_403_on_every_admin_route(api):
    """Also if the path or the body is invalid (docs/compatibility.md#authorization)."""
    viewer = Account(api)
    for route in json.loads(run("docs", "routes").stdout):
        if route["guard"] in (None, "user"):
            continue
        for value, body in (("1", {}), ("abc", {}), ("1", {"deviceId": 5, "email": 5})):
            path = re.sub(":[A-Za-z]+", value, route["path"])
            r = api.a.request(route["method"], path, json=body if route["method"] in ("POST", "PUT", "PATCH") else None, token=viewer.token)
            assert (r.status_code, r.json()) == (403, {"message": "Admin role required"}), (route["method"], path, body)


def test_roles_without_a_permission_get_403(api):
    routes = [("GET", "/api/admin/invitations"), ("POST", "/api/admin/invitations"), ("GET", "/api/admin/users"), ("GET", "/api/admin/users/all"),
              ("PATCH", "/api/admin/users/1/role"), ("DELETE", "/api/admin/users/1"), ("DELETE", "/api/admin/invitations/1"),
              ("POST", "/api/admin/titles/purge")]
    for who in ("CONTENT_MANAGER", "BLOG_EDITOR", "MODERATOR", "SUPPORT", "FINANCE", "ANALYTICS", "OPS"):
        account = Account(api, who)
        for method, path in routes:
            r = api.a.request(method, path, token=account.token)
            assert (r.status_code, r.json()) == (403, {"message": "Insufficient permissions"}), (who, method, path)


def permissions():
    """Returns the permissions of each role (sql/functions/access/permissions.sql). The one to manage includes the one to view."""
    found = {}
    for role, text in re.findall(r"WHEN '(\w+)' THEN ARRAY\[(.*?)\]", (ROOT / "sql/functions/access/permissions.sql").read_text(), re.S):
        held = set(re.findall(r"'([\w:]+)'", text))
        found[role] = held | {p.replace(":manage", ":view") for p in held}
    return found


def rows_of(db, sql, values):
    with db.cursor() as c:
        c.execute(sql, values)
        return c.fetchall() if c.description else []


PERMISSIONS = permissions()
ADMIN_ROUTES = {(r["method"], r["path"]): r for r in json.loads(run("docs", "routes").stdout) if r["guard"] not in (None, "user")}


def admitted(guard):
    """Returns the roles that may use a route with this guard."""
    return {role for role in PERMISSIONS if guard in ("admin", role) or guard in PERMISSIONS[role]}


def test_team_md_lists_every_route_and_role():
    lines = ["| routes | permission | %s |" % " | ".join("`%s`" % role for role in PERMISSIONS), "|" + "---|" * (len(PERMISSIONS) + 2)]
    guards = {r["guard"] for r in ADMIN_ROUTES.values()}
    for guard in sorted(guards, key=lambda g: (-len(admitted(g)), g)):
        names = ["%s `%s`%s" % (*route, "" if r["strict"] else " \u2020") for route, r in sorted(ADMIN_ROUTES.items(), key=lambda i: (i[0][1], i[0][0]))
                 if r["guard"] == guard]
        lines.append("| %s | `%s` | %s |" % ("<br>".join(names), guard, " | ".join("yes" if role in admitted(guard) else "" for role in PERMISSIONS)))
    assert "\n".join(lines) in (ROOT / "docs/team.md").read_text(), "the table of docs/team.md must be:\n" + "\n".join(lines)


@pytest.mark.parametrize("mode", ["open", "strict"])
def test_every_route_admits_the_roles_of_the_table(postgres, appliance, tmp_path, mode):
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, MEDIA_DIR=str(tmp_path), ADMIN_PERMISSIONS=mode).wait_healthy()
    a.rows = lambda sql, values=None: rows_of(db, sql, values)
    refused = {"message": "Insufficient permissions"}
    for role in PERMISSIONS:
        account = Account(a, role)
        for (method, path), r in sorted(ADMIN_ROUTES.items(), key=lambda i: i[0][1].endswith("/logout")):
            open_to_all = mode == "open" and r["strict"]
            answer = a.request(method, re.sub(r":\w+", "99999", path), json={} if method in ("POST", "PATCH", "PUT") else None, token=account.token)
            said = answer.status_code == 403 and answer.json() == refused
            assert answer.status_code not in (401, 500) and said == (not open_to_all and role not in admitted(r["guard"])), (role, method, path, answer.text)


# Lists

@pytest.mark.parametrize("rows", [0, 1, 30, 100000])
def test_lists_of_0_1_30_and_100000_rows(api, rows):
    api.rows("""INSERT INTO "User" (email, password, name, role, "emailVerified", "createdAt", "updatedAt")
        SELECT 'v' || n || '@example.com', 'x', 'V' || n, 'USER', n %% 3 > 0, timestamp '2020-01-01' + n * interval '1 second', now()
        FROM generate_series(1, %s) n""", (rows,))
    api.rows("""INSERT INTO "User" (email, password, name, role, "createdAt", "updatedAt")
        SELECT 's' || n || '@example.com', 'x', 'S' || n, 'OPS', timestamp '2020-01-01', now() FROM generate_series(1, %s) n""", (rows,))
    api.rows("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
        SELECT id, d, 'x', CASE WHEN id % 2 = 0 THEN timestamp '2020-02-02 02:02:02.002' ELSE timezone('UTC', now()) END, now()
        FROM "User", unnest('{a,b}'::text[]) d WHERE role = 'USER' AND id % 5 > 0""")
    api.rows("""INSERT INTO "Profile" ("userId", name, "updatedAt") SELECT id, 'P', now() FROM "User", generate_series(1, 2) WHERE role = 'USER'""")
    api.rows("""INSERT INTO "Invitation" (email, role, token, "expiresAt", "createdBy", "createdAt")
        SELECT 'i' || n || '@example.com', 'OPS', 't' || n, now(), n, timestamp '2020-01-01' FROM generate_series(1, %s) n""", (rows,))
    api.rows("ANALYZE")

    def get(path):
        r = api.a.get(path, token=api.root.token, timeout=60)
        assert r.status_code == 200, r.text[:300]
        return r.json()

    users = get("/api/admin/users/all")["users"]
    assert [u["email"] for u in users] == ["v%d@example.com" % n for n in range(rows, 0, -1)]
    for u in users[:1000] + users[-1000:]:
        n, number = int(u["name"][1:]), int(u["id"])
        last = None if number % 5 == 0 else "2020-02-02T02:02:02.002Z" if number % 2 == 0 else "now"
        assert u["profileCount"] == 2 and u["totalSpent"] is u["ppvPurchases"] is u["totalWatchTime"] is None
        assert (u["lastLogin"] is None) == (last is None) and (last in (None, "now") or u["lastLogin"] == last)
        assert u["status"] == ("Unverified" if n % 3 == 0 else "Inactive" if last not in (None, "now") else "Active")
    staff = get("/api/admin/users")["users"]
    assert len(staff) == rows + 1 and staff[0]["email"] == "root@example.com"
    assert [u["id"] for u in staff[1:]] == sorted((u["id"] for u in staff[1:]), key=int, reverse=True)
    invites = get("/api/admin/invitations")["invites"]
    assert [i["email"] for i in invites] == ["i%d@example.com" % n for n in range(rows, 0, -1)] and not any(i["token"] for i in invites)
    for path, name, all_of_them in (("/api/admin/users/all", "users", users), ("/api/admin/users", "users", staff),
                                    ("/api/admin/invitations", "invites", invites)):
        assert get(path + "?limit=10&offset=5")[name] == all_of_them[5:15]
        assert get(path + "?limit=0")[name] == []
        for nonsense in () if rows > 30 else ("limit=-1", "limit=x", "limit=1.5", "offset=-3", "limit=1e400", "limit=%00", "limit=", "limit=+", "offset="):
            assert len(get(path + "?" + nonsense)[name]) == len(all_of_them), nonsense
