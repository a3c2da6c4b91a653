-- Mail sender, at its start: ends the pause of the relay, because the configuration may have been corrected. The next mail is
-- its probe. A probe that is on its way goes on.
UPDATE wanzami.mail_relay SET paused_until = now() WHERE paused_until > now() AND probe IS NULL
