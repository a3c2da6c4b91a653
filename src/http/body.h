/*
 * Request bodies: parsed as JSON, then checked against the fields of the route
 * (docs/compatibility.md#request-bodies, #validation-errors). Event loop only,
 * where a function does not say otherwise.
 */
#ifndef WANZAMI_BODY_H
#define WANZAMI_BODY_H

#include <stddef.h>
#include <stdint.h>

#define BODY_MAX	102400	/* default limit of a body, in bytes; a route may declare body_max */
#define BODY_ID_MAX	24	/* bytes of a 64-bit id as decimal text, with its NUL */

struct json;
struct request;

enum field_type {
	FIELD_STRING,		/* min and max in UTF-16 code units */
	FIELD_EMAIL,		/* docs/compatibility.md#email-addresses; kept as the client sent it */
	FIELD_PASSWORD,		/* FIELD_STRING of at most 72 bytes; bcrypt ignores the rest */
	FIELD_BOOLEAN,
	FIELD_INTEGER,		/* min and max; max FIELD_THIS_YEAR is the current year */
	FIELD_OBJECT,
	FIELD_STRINGS,		/* array of strings of at least min elements */
	FIELD_CHOICE,		/* one of choices, separated by '|' */
	FIELD_CHOICES,		/* array of such strings */
	FIELD_ID,		/* 64-bit integer, coerced (docs/compatibility.md#body-ids); min and max, no limits if both are 0 */
	FIELD_COUNT,		/* integer, coerced like JavaScript's Number(); min and max, the limits of 32 bits if both are 0 */
	FIELD_OBJECTS,		/* array of min to max objects with the fields of `of` */
	FIELD_DATE,		/* date as JavaScript's Date() reads it (base/date.h); kept as milliseconds since 1970 */
	FIELD_UNION,		/* FIELD_STRING whose error for another type is "Invalid input" */
};

#define FIELD_THIS_YEAR	INT64_MAX

struct field {
	const char		*name;		/* NULL ends the table */
	enum field_type		type;
	int			required;
	int64_t			min, max;	/* 0: no limit */
	const char		*choices;
	const struct field	*of;
	const char		*empty;		/* error message for a value below min; NULL: the default message */
};

/* FIELD("name", FIELD_STRING, .required = 1, .min = 2) */
#define FIELD(n, t, ...)	{ .name = (n), .type = (t), ##__VA_ARGS__ }
#define FIELD_END		{ .name = NULL }

/*
 * Parses the body into request->json and request->body if its Content-Type is
 * application/json and its route is not raw; ignores it otherwise. On error
 * answers 400, 413 or 415 (docs/compatibility.md#body-errors) and returns 0.
 */
int	body_read(struct request *);

/* Implemented in src/http/body_check.c: */

/* Returns 1 if text is an e-mail address (docs/compatibility.md#email-addresses). Any thread. */
int	body_email_ok(const char *);

/*
 * Writes the id in a JSON value as decimal digits. Accepts an integer, a
 * boolean (0 or 1), an empty array (0), and a string that holds a decimal or
 * 0x number or only white space (0) (docs/compatibility.md#body-ids). Returns
 * 0 for any other value. Any thread.
 */
int	body_id(const struct json *, int node, char out[BODY_ID_MAX]);

/* Converts a JSON value to a number like JavaScript's Number(). Returns NaN if Number() does, and for every array that is not empty. Any thread. */
double	body_number(const struct json *, int node);

/*
 * Checks the body against the fields of the route and replaces request->body
 * by the declared fields, in the order of the table. On error returns 0 and
 * stores the refusal with sql_refusal() (docs/compatibility.md#validation-errors):
 * a list of issues if the route declares `issues`, otherwise errors by field.
 */
int	body_check(struct request *);

#endif
