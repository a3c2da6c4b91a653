-- Queues the welcome mail of a user whose e-mail address has just been verified. Two requests that verify it at the same time queue one.
CREATE OR REPLACE FUNCTION wanzami.welcome(u "User") RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.mail_outbox (to_address, template, vars, dedupe_key) VALUES (u."email", 'welcome', jsonb_build_object('name', u."name"), 'welcome:' || u."id")
	ON CONFLICT (dedupe_key) DO NOTHING
$$;
