-- wanzami admin create: $1 address, $2 name, $3 role, $4 hash of the password. No row when the address is taken.
INSERT INTO "User" ("email", "name", "role", "password", "emailVerified", "createdAt", "updatedAt")
VALUES (lower($1::text), $2::text, $3::text::"Role", $4::text, true, wanzami.now(), wanzami.now())
ON CONFLICT ("email") DO NOTHING
RETURNING "id"::text
