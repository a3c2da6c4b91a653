/*
 * Judgement of SMTP replies (RFC 5321 §4.2) by enhanced status code (RFC 3463).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/smtp_reply.h"

#define ANY	(-1)
#define NONE	(-2)	/* as class: the reply has no enhanced status code */
#define AT(s)	(1 << SMTP_##s)
#define BEFORE	(AT(GREETING) | AT(EHLO) | AT(STARTTLS) | AT(AUTH) | AT(MAIL))
#define AFTER	(AT(RCPT) | AT(DATA) | AT(DOT))

static const struct {
	const char	*name, *verb;
} stages[] = {
	[SMTP_GREETING] = { "greeting", "" },
	[SMTP_EHLO] = { "EHLO", "EHLO" },
	[SMTP_STARTTLS] = { "STARTTLS", "STARTTLS" },
	[SMTP_AUTH] = { "AUTH", "AUTH" },
	[SMTP_MAIL] = { "MAIL", "MAIL" },
	[SMTP_RCPT] = { "RCPT", "RCPT" },
	[SMTP_DATA] = { "DATA", "DATA" },
	[SMTP_DOT] = { "end of data", "" },
};

static const char	*mechanisms[SMTP_MECHANISMS] = {
	[SMTP_PLAIN] = "PLAIN", [SMTP_LOGIN] = "LOGIN", [SMTP_CRAM_MD5] = "CRAM-MD5", [SMTP_XOAUTH2] = "XOAUTH2"
};

/* The table of docs/mail.md; the first rule that fits counts. Codes from first to last, then class, subject and detail of the status code. */
static const struct {
	int			stages, first, last, status[3];
	enum mail_result	result;
} rules[] = {
	{ AT(MAIL) | AFTER, 552, 552, { NONE, ANY, ANY }, MAIL_LATER },	/* this mail is too large (RFC 1870 §6.1), or this mailbox is full */
	{ AT(MAIL) | AFTER, 552, 552, { ANY, 2, 2 }, MAIL_LATER },
	{ AT(MAIL) | AFTER, 552, 552, { ANY, 2, 3 }, MAIL_LATER },
	{ AT(MAIL) | AFTER, 552, 552, { ANY, 3, 4 }, MAIL_LATER },
	{ BEFORE, 400, 599, { ANY, ANY, ANY }, MAIL_RELAY },
	{ AFTER, 421, 421, { ANY, ANY, ANY }, MAIL_RELAY },	/* the server closes the connection */
	{ AFTER, 400, 599, { ANY, 1, 7 }, MAIL_RELAY },		/* the sender's address */
	{ AFTER, 400, 599, { ANY, 1, 8 }, MAIL_RELAY },
	{ AFTER, 500, 599, { 5, 1, ANY }, MAIL_REFUSED },	/* no such address */
	{ AFTER, 500, 599, { 5, 2, 1 }, MAIL_REFUSED },		/* mailbox disabled */
	{ AT(RCPT), 500, 599, { 5, 5, ANY }, MAIL_REFUSED },
	{ AFTER, 400, 599, { ANY, 1, ANY }, MAIL_LATER },
	{ AFTER, 400, 599, { ANY, 2, ANY }, MAIL_LATER },	/* mailbox full */
	{ AT(RCPT), 550, 551, { NONE, ANY, ANY }, MAIL_REFUSED },
	{ AT(RCPT), 553, 553, { NONE, ANY, ANY }, MAIL_REFUSED },
	{ AT(RCPT), 556, 556, { NONE, ANY, ANY }, MAIL_REFUSED },
	{ AT(RCPT), 450, 450, { NONE, ANY, ANY }, MAIL_LATER },
};

/* Texts by which a refusal of a recipient without a status code is about us: what Exim, Postfix and hosters of mail say there. */
static const char	*ours[] = { "relaying", "to relay", "relay access", "relay not permitted", "relay denied", "authentication required", "authenticate",
			    "rate limit", "per hour", "per day" };

/* Returns the mechanism whose name is the word at text, as a set of one; 0 if this program cannot use it. */
static unsigned
mechanism_find(const char *text, size_t len)
{
	int	m;

	for (m = 0; m < SMTP_MECHANISMS; m++) {
		if (strlen(mechanisms[m]) == len && !strncasecmp(text, mechanisms[m], len))
			return (1U << m);
	}

	return (0);
}

/* Records the mechanisms that a line of a reply to EHLO offers (RFC 4954 §3). */
static void
offer_record(struct smtp_trace *t, const char *line, size_t len)
{
	const char	*p;
	size_t		n, end;

	for (end = len; end > 0 && (unsigned char)line[end - 1] <= ' '; end--)
		continue;
	if (end < 5 || strncasecmp(line, "AUTH", 4) || (line[4] != ' ' && line[4] != '='))
		return;
	snprintf(t->auth, sizeof(t->auth), "%.*s", (int)end - 5, line + 5);
	for (p = t->auth; *p != '\0'; p += n) {
		p += strspn(p, " \t");
		n = strcspn(p, " \t");
		t->offered |= mechanism_find(p, n);
	}
}

/* Forgets what the server offered before EHLO or a new one, and notes the mechanism of AUTH. */
static void
command_record(struct smtp_trace *t, const char *data, size_t len)
{
	const char	*end;

	if (t->stage == SMTP_EHLO) {
		t->offered = 0;
		t->auth[0] = '\0';
	}
	if (t->stage == SMTP_AUTH && len > 5 && !strncmp(data, "AUTH ", 5)) {
		for (end = data + 5; end < data + len && (unsigned char)*end > ' '; end++)
			continue;
		t->mechanism = mechanism_find(data + 5, (size_t)(end - data) - 5);
	}
}

void
smtp_command(struct smtp_trace *t, const char *data, size_t len)
{
	size_t	i, n;

	t->closed |= len >= 4 && !strncmp(data, "QUIT", 4);
	if (t->closed)
		return;
	t->reply[0] = '\0';	/* libcurl may go on after an error, which is then not the last word */
	t->len = 0;
	t->whole = 1;
	if (len >= 4 && !strncmp(data, "HELO", 4))
		t->stage = SMTP_EHLO;
	for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		n = strlen(stages[i].verb);
		if (n > 0 && len >= n && !strncmp(data, stages[i].verb, n))
			t->stage = (enum smtp_stage)i;
	}
	command_record(t, data, len);
}

void
smtp_line(struct smtp_trace *t, const char *data, size_t len)
{
	size_t	i;

	if (t->closed)
		return;
	if (t->whole)
		t->len = 0;
	if (t->len > 0 && t->len < sizeof(t->reply) - 1)
		t->reply[t->len++] = ' ';
	for (i = 0; i < len && t->len < sizeof(t->reply) - 1 && (unsigned char)data[i] >= ' ' && data[i] != 0x7f; i++)
		t->reply[t->len++] = data[i];
	t->reply[t->len] = '\0';
	t->whole = len < 4 || data[3] != '-';
	t->closed = t->whole && !strncmp(t->reply, "421", 3);
	if (t->stage == SMTP_EHLO && len > 4 && data[0] == '2')
		offer_record(t, data + 4, len - 4);
	if (t->stage == SMTP_AUTH && t->whole && t->reply[0] == '2')
		t->signed_in = 1;
	if (t->whole && t->stage == SMTP_DATA && t->reply[0] == '3')
		t->stage = SMTP_DOT;
}

const char *
smtp_stage_name(enum smtp_stage stage)
{
	return (stages[stage].name);
}

const char *
smtp_mechanism_name(enum smtp_mechanism m)
{
	return (mechanisms[m]);
}

int
smtp_failed(const struct smtp_trace *t)
{
	return (t->reply[0] == '4' || t->reply[0] == '5');
}

/* Reads an enhanced status code at text. Returns 0 if there is none. */
static int
status_read(const char *text, int status[3])
{
	char	*end;
	int	i;

	if ((*text != '4' && *text != '5') || text[1] != '.')
		return (0);
	for (i = 0; i < 3; i++, text = end + 1) {
		if (!isdigit((unsigned char)*text))
			return (0);
		status[i] = (int)strtol(text, &end, 10);
		if ((i < 2 && *end != '.') || end - text > 3)
			return (0);
	}

	return (1);
}

/* Finds the enhanced status code of a reply: after the code of a line, or as "(#5.7.1)", where qmail has it. */
static int
status_find(const char *reply, int status[3])
{
	const char	*p;

	if (strlen(reply) > 4 && status_read(reply + 4, status))
		return (1);
	for (p = strstr(reply, "(#"); p != NULL; p = strstr(p + 2, "(#")) {
		if (status_read(p + 2, status))
			return (1);
	}

	return (0);
}

static int
names_us(const char *reply)
{
	size_t	i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]) && strcasestr(reply, ours[i]) == NULL; i++)
		;

	return (i < sizeof(ours) / sizeof(ours[0]));
}

enum mail_result
smtp_judge(const struct smtp_trace *t)
{
	int	status[3] = { NONE, NONE, NONE }, code = atoi(t->reply), fits, k;
	size_t	i;

	if (!status_find(t->reply, status))
		status[0] = NONE;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		fits = (rules[i].stages & 1 << t->stage) && code >= rules[i].first && code <= rules[i].last;
		for (k = 0; k < 3; k++)
			fits = fits && (rules[i].status[k] == ANY || rules[i].status[k] == status[k]);
		if (fits)
			return (rules[i].result == MAIL_REFUSED && status[0] == NONE && names_us(t->reply) ? MAIL_RELAY : rules[i].result);
	}

	return (MAIL_RELAY);
}
