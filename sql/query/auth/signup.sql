-- POST /api/auth/signup (docs/compatibility.md#signup): creates the user and the first profile and queues the mail with the link,
-- and the welcome mail unless it waits for the verification. A row under the e-mail address with another salted hash is another account: 409. Returns 201 with the user.
-- $1: passwordHash, mailToken, heardFrom, country, welcome.
-- $2: email, name, preferredGenres, birthYear.
INSERT INTO "User" ("email", "password", "name", "verificationToken", "verificationTokenExpires", "createdAt", "updatedAt")
VALUES (lower($2 ->> 'email'), $1 ->> 'passwordHash', $2 ->> 'name', wanzami.digest($1 ->> 'mailToken'),
	wanzami.now() + interval '24 hours', wanzami.now(), wanzami.now())
ON CONFLICT ("email") DO NOTHING;
SELECT wanzami.refuse(409, 'Email already registered') FROM "User"
WHERE "email" = lower($2 ->> 'email') AND "password" <> $1 ->> 'passwordHash';
INSERT INTO "Profile" ("userId", "name", "preferences", "country", "birthYear", "createdAt", "updatedAt")
SELECT u."id", u."name", nullif(jsonb_strip_nulls(jsonb_build_object(
		'preferredGenres', nullif($2 -> 'preferredGenres', '[]'), 'heardFrom', nullif($1 ->> 'heardFrom', ''))), '{}'),
	$1 ->> 'country', ($2 ->> 'birthYear')::int, wanzami.now(), wanzami.now()
FROM "User" u WHERE u."email" = lower($2 ->> 'email');
INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES
	($2 ->> 'email', 'verify', jsonb_build_object('name', $2 ->> 'name', 'email', $2 ->> 'email', 'token', $1 ->> 'mailToken'));
INSERT INTO wanzami.mail_outbox (to_address, template, vars)
SELECT lower($2 ->> 'email'), 'welcome', jsonb_build_object('name', $2 ->> 'name') WHERE $1 ->> 'welcome' = 'signup';
SELECT 201 AS status, json_build_object(
	'user', json_build_object('id', u."id"::text, 'email', u."email", 'role', u."role", 'name', u."name", 'emailVerified', false),
	'profiles', wanzami.profiles(u."id"), 'message', 'Account created. Check your email to verify your account.')::text AS body
FROM "User" u WHERE u."email" = lower($2 ->> 'email')
