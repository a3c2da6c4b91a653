/*
 * The verified identity of a user who signs in with Google
 * (docs/compatibility.md#google-callback). Sources: Google, "OpenID Connect";
 * RFC 6749 §4.1.
 */
#ifndef WANZAMI_GOOGLE_OAUTH_H
#define WANZAMI_GOOGLE_OAUTH_H

/* A Google profile or the reason for having none. google_person_free() frees it. */
struct google_person {
	char		*email;		/* verified by Google; NULL on error */
	char		*name;		/* NULL if the profile has none */
	char		message[96];	/* error message for the client; needs no escaping in JSON */
	char		error[256];	/* error for the log; "" if message says all there is */
};

/*
 * Exchanges the authorization code from Google's consent screen for the user's
 * profile. redirect must be the redirect URI that the consent screen was given.
 * Blocks for at most 20 seconds. Any thread except the event loop's.
 */
void	google_fetch_person(const char *code, const char *redirect, struct google_person *);
void	google_person_free(struct google_person *);

/*
 * Returns 1 if GOOGLE_CLIENT_ID and GOOGLE_REDIRECT_URI are set and, if secret
 * is not 0, GOOGLE_CLIENT_SECRET. The redirect to the consent screen needs no
 * secret. Any thread.
 */
int	google_enabled(int secret);

#endif
