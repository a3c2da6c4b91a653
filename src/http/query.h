/*
 * Query parameters and percent-decoding. A route declares the parameters that
 * it reads; all others are ignored (docs/routes.md#query-parameters).
 */
#ifndef WANZAMI_QUERY_H
#define WANZAMI_QUERY_H

#include <stddef.h>

struct request;
struct route;

enum param_type {
	/* The statement gets the value in $1 -> 'query', as a string or as a number. */
	PARAM_TEXT,		/* string */
	PARAM_CHOICE,		/* string: one of choices, in the spelling of the declaration; empty is absent */
	PARAM_ID,		/* number: 64-bit integer from 0 with optional white space around it; blank is absent */
	PARAM_DIGITS,		/* number: 1 to 18 decimal digits; empty is absent */
	PARAM_COUNT,		/* number: integer from min to max, as JavaScript's Number() reads it; blank is absent */
	PARAM_NUMBER,		/* number: from min to max, as JavaScript's Number() reads it; blank is 0 */
	PARAM_POSITIVE,		/* number: the same, but above 0 and at most max */
	/* The statement does not get the value. */
	PARAM_COUNTRY,		/* comes before the headers in the country of the request (http/audience.h) */
	PARAM_KID_MODE,		/* makes the audience a child's (http/audience.h) */
	PARAM_SIGNED,		/* part of a presigned URL of local object storage (http/local_body.h) */
	PARAM_UNUSED,		/* clients send it, but it has no effect */
};

#define PARAM_COUNT_MAX	1e15	/* max of a PARAM_COUNT that declares none */

struct param {
	const char	*name;		/* NULL ends the table */
	enum param_type	type;
	int		first;		/* if the parameter is sent several times, the first value counts; otherwise all are ignored */
	int		refuse;		/* an invalid value is answered 400 "Invalid <name>"; otherwise it counts as absent */
	double		min, max;	/* inclusive */
	const char	*choices;	/* separated by '|' */
	int		any_case;	/* a choice is recognised in upper and lower case */
	const char	*otherwise;	/* default value; NULL: none, the member is left out */
};

/* PARAM("days", PARAM_POSITIVE, .max = 90, .otherwise = "7") */
#define PARAM(n, t, ...)	{ .name = (n), .type = (t), ##__VA_ARGS__ }
#define PARAM_END		{ .name = NULL }

/* The page of a list (docs/compatibility.md#list-parts). */
#define PARAMS_PAGE	PARAM("limit", PARAM_COUNT), PARAM("offset", PARAM_COUNT)

/* Country and maturity of the public catalogue (docs/compatibility.md#country-and-maturity). */
#define PARAMS_AUDIENCE	PARAM("country", PARAM_COUNTRY, .first = 1), PARAM("kidMode", PARAM_KID_MODE, .first = 1)

/* Which titles an administrator's list has, and in which order (docs/compatibility.md#title-list). */
#define PARAMS_TITLES								\
	PARAM("type", PARAM_CHOICE, .choices = "MOVIE|SERIES"),			\
	PARAM("state", PARAM_CHOICE, .choices = "draft|pending|archived|published|empty"),	\
	PARAM("sort", PARAM_CHOICE, .choices = "name|updated|release")

/*
 * Decodes the first value of a parameter that the request's route declares into
 * out, truncated to size - 1 bytes at a character boundary. Returns 0 if the
 * route does not declare it or the request does not have it, if a
 * percent-escape is malformed, or if the value holds a NUL or is not UTF-8.
 * Must be called while request_present(). Event loop only.
 */
int	query_get(const struct request *, const char *name, char *out, size_t size);

/* Returns the first parameter of this type that a route declares, or NULL. Any thread. */
const struct param	*query_declared(const struct route *, enum param_type);

/* Does the same as query_get() for the parameter of this type: PARAM_COUNTRY or PARAM_KID_MODE. */
int	query_get_type(const struct request *, enum param_type, char *out, size_t size);

/*
 * Returns the value of a declared parameter, owned by the request, or NULL if
 * it is absent or repeated without .first. A value with a malformed escape is
 * kept undecoded; one that holds a NUL counts as absent
 * (docs/compatibility.md#query-parameters). Event loop only.
 */
const char	*query_value(struct request *, const struct param *);

/*
 * Percent-decodes len bytes into out, truncated to size - 1 bytes at a
 * character boundary and terminated. If form is 1, "+" is a space. Returns 0
 * if an escape is malformed, or if the result holds a NUL or is not UTF-8
 * (ECMA-262 §19.2.6.1). Any thread.
 */
int	query_decode(const char *text, size_t len, int form, char *out, size_t size);

/* Implemented in src/http/query_check.c: */

/*
 * Reads the parameters that the route declares into request->query: a JSON
 * object of those that the statement gets, in the order of the declaration,
 * with defaults. On error returns 0 and stores the refusal with sql_refusal().
 * Event loop only.
 */
int	query_check(struct request *);

#endif
