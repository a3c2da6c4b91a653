/*
 * Who somebody is, by Google (docs/compatibility.md#google-callback). Sources:
 * Google, "OpenID Connect"; RFC 6749 §4.1.
 */
#ifndef WANZAMI_GOOGLE_OAUTH_H
#define WANZAMI_GOOGLE_OAUTH_H

/* google_person_free frees the texts. */
struct google_person {
	char		*email;		/* which Google has verified; NULL when nobody was found */
	char		*name;		/* NULL without one */
	char		message[96];	/* why nobody was found, for the client; needs no escaping in JSON */
	char		error[256];	/* and for the log; "" when the message says it all */
};

/*
 * Changes the code that the viewer brought from Google's page of consent into
 * what Google knows of them. redirect must be the address that the page was
 * told. Blocks for at most 20 seconds; any thread but the event loop's.
 */
void	google_ask(const char *code, const char *redirect, struct google_person *);
void	google_person_free(struct google_person *);

/* Whether client, secret and address of return are set; the page of consent alone needs no secret. Any thread. */
int	google_enabled(int secret);

#endif
