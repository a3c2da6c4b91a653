/*
 * The JSON body of a request: read before anything else, then checked against
 * a table of fields (docs/compatibility.md#request-bodies, #validation-errors).
 */
#ifndef WANZAMI_BODY_H
#define WANZAMI_BODY_H

#include <stddef.h>
#include <stdint.h>

#define BODY_MAX	102400	/* bytes of a body, unless its route says otherwise */
#define BODY_ID_MAX	24	/* bytes of an id of 64 bits as text, its NUL included */

struct json;
struct request;

enum field_type {
	FIELD_STRING,		/* min and max in UTF-16 units */
	FIELD_EMAIL,		/* docs/compatibility.md#email-addresses; passed on as sent */
	FIELD_PASSWORD,		/* as FIELD_STRING with at most 72 bytes, which is all that bcrypt reads */
	FIELD_BOOLEAN,
	FIELD_INTEGER,		/* min and max; max FIELD_THIS_YEAR is the current year */
	FIELD_OBJECT,
	FIELD_STRINGS,		/* array of strings of at least min elements */
	FIELD_CHOICE,		/* one of choices, separated by '|' */
	FIELD_CHOICES,		/* array of them */
	FIELD_ID,		/* 64-bit integer, coerced as docs/compatibility.md#body-ids says; min and max unless both are 0 */
	FIELD_COUNT,		/* integer, coerced as JavaScript's Number() does; min and max, of 32 bits if both are 0 */
	FIELD_OBJECTS,		/* array of objects with the fields of `of`; min and max elements */
	FIELD_DATE,		/* what JavaScript makes a date of (base/date.h); passed on in milliseconds since 1970 */
	FIELD_UNION,		/* as FIELD_STRING, but another type is "Invalid input" */
};

#define FIELD_THIS_YEAR	INT64_MAX

struct field {
	const char		*name;		/* NULL ends the table */
	enum field_type		type;
	int			required;
	int64_t			min, max;	/* 0 is no limit */
	const char		*choices;
	const struct field	*of;
	const char		*empty;		/* what is said when it has less than min; NULL: the usual text */
};

/* FIELD("name", FIELD_STRING, .required = 1, .min = 2) */
#define FIELD(n, t, ...)	{ .name = (n), .type = (t), ##__VA_ARGS__ }
#define FIELD_END		{ .name = NULL }

/*
 * Reads the body of a request: JSON if its type says so, else nothing.
 * Answers 400, 413 or 415 (docs/compatibility.md#body-errors) and returns 0
 * when it cannot.
 */
int	body_read(struct request *);

/* src/http/body_check.c */

/* Returns 1 if text is an e-mail address (docs/compatibility.md#email-addresses). Any thread. */
int	body_email_ok(const char *);

/*
 * The id that a value stands for, as decimal digits: an integer, a boolean, [],
 * or a text that is decimal, 0x, or blank for 0
 * (docs/compatibility.md#body-ids). Returns 0 when it is none. Any thread.
 */
int	body_id(const struct json *, int node, char out[BODY_ID_MAX]);

/* The number that JavaScript's Number() makes of a value; NaN where it makes none, and of arrays with anything in them. Any thread. */
double	body_number(const struct json *, int node);

/*
 * Checks the body against the fields of the route and leaves the known ones,
 * in the order of the table, in request->body. Returns 0 and notes the
 * refusal (docs/compatibility.md#validation-errors): as issues if the route has
 * a text for it, else by field and with a message, when they do not fit.
 */
int	body_check(struct request *);

#endif
