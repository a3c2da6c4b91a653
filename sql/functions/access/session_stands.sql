-- Returns true while the session of a token stands (docs/compatibility.md#token-session). "session" is the claim of that name in
-- an access token, or the digest of a refresh token. Tokens of the release before have no claim, and the Node service stores no
-- digest: such a token needs a session of its device that is not newer than the token, because a revocation deletes every session of
-- the device. Five minutes allow for clocks that differ.
CREATE OR REPLACE FUNCTION wanzami.session_stands(user_id bigint, device text, session text, issued bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM "Session" s WHERE s."userId" = user_id AND s."deviceId" = device AND (s."refreshToken" = session
		OR ((session IS NULL OR s."refreshToken" LIKE '$2%')
			AND (issued IS NULL OR s."createdAt" <= to_timestamp(issued) AT TIME ZONE 'UTC' + interval '5 minutes'))));
END $$;
