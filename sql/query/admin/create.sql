-- Command wanzami admin create: creates an administrator with a verified e-mail address. Returns the id, or no row if the
-- e-mail address has an account.
-- $1: e-mail address.
-- $2: name.
-- $3: role.
-- $4: hash of the password.
INSERT INTO "User" ("email", "name", "role", "password", "emailVerified", "createdAt", "updatedAt")
VALUES (lower($1::text), $2::text, $3::text::"Role", $4::text, true, wanzami.now(), wanzami.now())
ON CONFLICT ("email") DO NOTHING
RETURNING "id"::text
