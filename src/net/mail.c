/*
 * Delivery over SMTP with libcurl.
 */
#include <arpa/inet.h>

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "net/dkim.h"
#include "net/mail.h"
#include "net/smtp_auth.h"
#include "net/smtp_reply.h"
#include "tls/curl.h"

#define CHECK_REPLY_SEC		45L	/* of mail_check() */
#define CHECK_TOTAL_SEC		90L
#define COMMANDS_MAX		10	/* waits before the final one: connection, greeting, EHLO, STARTTLS, EHLO, two of AUTH, MAIL, RCPT, DATA */
#define IDLE_CONNECTION_SEC	30L
#define SMTPS_PORT		465

enum mail_tls {
	MAIL_TLS_OFF,
	MAIL_TLS_IMPLICIT,	/* from the first byte */
	MAIL_TLS_REQUIRED,	/* STARTTLS; no mail without it */
	MAIL_TLS_OFFERED	/* STARTTLS if the server offers it */
};

static struct mailbox	sender, campaign_sender;
static char	server[320];
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* protects busy, and what smtp_auth.c remembers */
static pthread_cond_t	line_idle = PTHREAD_COND_INITIALIZER;
static int	pinned;		/* SMTP_TLS_FINGERPRINT is set */
static uint8_t	pin[VERIFY_PIN_LEN];

/* A connection to the server, which libcurl keeps for the next mail, or none yet. */
struct line {
	CURL		*curl;
	struct verify	verify;
	int		busy;
};

/* Each thread that sends has one: the two of the worker, and that of the cron job `mail`. */
static struct line	lines[3];

/* An exchange with the server: a connection with a sign-in, or a kept one, and what is asked on it. */
struct session {
	struct line		*line;
	CURL			*curl;		/* of the line */
	struct smtp_trace	trace;
	struct smtp_auth	auth;
	char			error[CURL_ERROR_SIZE];
	CURLcode		code;
};

/* A message and how much of it libcurl has taken, in bytes. */
struct outgoing {
	char	*text;
	size_t	len, sent;
};

const struct mailbox *
mail_sender(int campaign)
{
	return (campaign ? &campaign_sender : &sender);
}

const char *
mail_bounce(const struct mailbox *from)
{
	const char	*bounce = conf_str(CONF_SMTP_BOUNCE);

	return (*bounce != '\0' ? bounce : from->address);
}

static int
server_is_local(void)
{
	const char	*host = conf_str(CONF_SMTP_HOST);
	struct in_addr	v4;

	return (!strcmp(host, "localhost") || (inet_pton(AF_INET, host, &v4) == 1 && !strncmp(host, "127.", 4)) || !strcmp(host, "::1"));
}

/*
 * Chooses the use of TLS. An attacker on the network can remove STARTTLS from
 * the server's reply, so STARTTLS is required, except in development and for a
 * server on this machine.
 */
static enum mail_tls
tls_choose(void)
{
	const char	*tls = conf_str(CONF_SMTP_TLS);

	if (!strcmp(tls, "off"))
		return (MAIL_TLS_OFF);
	if (!strcmp(tls, "implicit") || conf_int(CONF_SMTP_PORT) == SMTPS_PORT)
		return (MAIL_TLS_IMPLICIT);
	if (!pinned && !strcmp(tls, "auto") && (server_is_local() || !strcmp(conf_str(CONF_WANZAMI_ENV), "development")))
		return (MAIL_TLS_OFFERED);

	return (MAIL_TLS_REQUIRED);
}

static const char *
pin_configure(void)
{
	const char	*text = conf_str(CONF_SMTP_TLS_FINGERPRINT);

	pinned = *text != '\0';
	if (pinned && !verify_pin_parse(pin, text))
		return ("SMTP_TLS_FINGERPRINT is not valid; allowed is the SHA-256 of a certificate, 64 hexadecimal digits with or without colons");
	if (pinned && !strcmp(conf_str(CONF_SMTP_TLS), "off"))
		return ("SMTP_TLS_FINGERPRINT needs TLS, and SMTP_TLS is off; remove one of them");

	return (NULL);
}

const char *
mail_configure(void)
{
	const char	*host = conf_str(CONF_SMTP_HOST), *wrong, *p;
	int		v6 = strchr(host, ':') != NULL;

	if (!message_mailbox(&sender, conf_str(CONF_SMTP_FROM)))
		return ("SMTP_FROM is not valid; allowed is \"Name <address>\" or one e-mail address");
	campaign_sender = sender;
	if (*conf_str(CONF_SMTP_FROM_CAMPAIGN) != '\0' && !message_mailbox(&campaign_sender, conf_str(CONF_SMTP_FROM_CAMPAIGN)))
		return ("SMTP_FROM_CAMPAIGN is not valid; allowed is \"Name <address>\" or one e-mail address");
	if (*conf_str(CONF_SMTP_BOUNCE) != '\0' && !message_address_ok(conf_str(CONF_SMTP_BOUNCE)))
		return ("SMTP_BOUNCE is not valid; allowed is one e-mail address");
	if ((wrong = dkim_configure()) != NULL || (wrong = pin_configure()) != NULL)
		return (wrong);
	for (p = host; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr(".-_:", *p) == NULL)
			return ("SMTP_HOST is not valid; allowed is one host name or IP address");
	}
	/* libcurl sends the path as the client's domain in EHLO. */
	snprintf(server, sizeof(server), "%s://%s%s%s:%s/%s", tls_choose() == MAIL_TLS_IMPLICIT ? "smtps" : "smtp", v6 ? "[" : "", host,
	    v6 ? "]" : "", conf_str(CONF_SMTP_PORT), strchr(sender.address, '@') + 1);

	return (NULL);
}

int
mail_enabled(void)
{
	return (*conf_str(CONF_SMTP_HOST) != '\0' && (!strcmp(conf_str(CONF_SMTP_AUTH), "none") ||
	    (*conf_str(CONF_SMTP_USER) != '\0' && *conf_str(CONF_SMTP_PASS) != '\0')));
}

int
mail_longest_sec(void)
{
	return ((int)(COMMANDS_MAX * conf_int(CONF_SMTP_COMMAND_TIMEOUT_SEC) + conf_int(CONF_SMTP_DATA_TIMEOUT_SEC)));
}

/* Records commands and replies. The reply to the end of the data may take longer than others (RFC 5321 §4.5.3.2.6). */
static int
trace_record(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	struct smtp_trace	*trace = arg;

	if (type == CURLINFO_HEADER_OUT)
		smtp_command(trace, data, len);
	if (type == CURLINFO_HEADER_IN) {
		smtp_line(trace, data, len);
		if (trace->stage == SMTP_DOT)
			curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)conf_int(CONF_SMTP_DATA_TIMEOUT_SEC));
	}

	return (0);
}

/* A server on this machine has no certificate that a CA would issue for "localhost", and nobody is between. */
static void
tls_set(struct line *line)
{
	enum mail_tls	tls = tls_choose();

	(void)tlscurl_set(line->curl, &line->verify, conf_str(CONF_SMTP_HOST));
	if (pinned)
		verify_pin_set(&line->verify, pin);
	else if (server_is_local() && !strcmp(conf_str(CONF_SMTP_TLS), "auto"))
		line->verify.mode = VERIFY_NOTHING;
	if (tls == MAIL_TLS_OFFERED || tls == MAIL_TLS_REQUIRED)
		curl_easy_setopt(line->curl, CURLOPT_USE_SSL, tls == MAIL_TLS_REQUIRED ? CURLUSESSL_ALL : CURLUSESSL_TRY);
}

/* Sets the sign-in. Without a mechanism libcurl gets no user, and signs in nowhere. */
static void
auth_set(struct session *s)
{
	char	options[SMTP_AUTH_OPTIONS_MAX];

	if (s->auth.now == 0)
		return;
	curl_easy_setopt(s->curl, CURLOPT_LOGIN_OPTIONS, smtp_auth_options(&s->auth, options));
	curl_easy_setopt(s->curl, CURLOPT_USERNAME, conf_str(CONF_SMTP_USER));
	if (s->auth.now & 1U << SMTP_XOAUTH2)
		curl_easy_setopt(s->curl, CURLOPT_XOAUTH2_BEARER, conf_str(CONF_SMTP_PASS));
	else
		curl_easy_setopt(s->curl, CURLOPT_PASSWORD, conf_str(CONF_SMTP_PASS));
}

/* Prepares an exchange. The replies may take command_sec each, all of it total_sec. */
static void
session_set(struct session *s, long command_sec, long total_sec)
{
	CURL	*curl = s->curl;

	s->error[0] = '\0';
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, server);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* For libcurl the connection lasts until AUTH. */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, total_sec);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, command_sec);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, total_sec);
	curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SEC);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, trace_record);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &s->trace);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, s->error);
	auth_set(s);
	tls_set(s->line);
}

/* Begins the choice of the mechanism for an exchange. */
static void
session_begin(struct session *s, struct line *line)
{
	enum mail_tls	tls = tls_choose();

	memset(s, 0, sizeof(*s));
	s->line = line;
	s->curl = line->curl;
	pthread_mutex_lock(&lock);
	smtp_auth_begin(&s->auth, tls == MAIL_TLS_IMPLICIT || tls == MAIL_TLS_REQUIRED || server_is_local());
	pthread_mutex_unlock(&lock);
}

/* Runs the exchange that was prepared. Returns 1 if it is to be prepared and run again, with another mechanism. */
static int
session_run(struct session *s)
{
	int	denied, again;

	memset(&s->trace, 0, sizeof(s->trace));
	s->code = curl_easy_perform(s->curl);
	denied = s->code == CURLE_LOGIN_DENIED || (s->code != CURLE_OK && s->trace.stage == SMTP_AUTH && smtp_failed(&s->trace));
	pthread_mutex_lock(&lock);
	again = smtp_auth_next(&s->auth, &s->trace, denied);
	pthread_mutex_unlock(&lock);

	return (again);
}

/*
 * Returns the result of a delivery and writes the reason. Without an error reply
 * (no connection, TLS, a cut, silence) the reason lies with the server or the
 * configuration.
 */
static enum mail_result
session_result(const struct session *s, char *why, size_t len)
{
	const struct smtp_trace	*t = &s->trace;
	enum mail_result	result = smtp_judge(t);
	char			text[96];

	/* libcurl expects 250. */
	if (s->code == CURLE_OK || (t->stage == SMTP_DOT && t->whole && t->reply[0] == '2'))
		return (MAIL_SENT);
	if (smtp_failed(t)) {
		snprintf(why, len, "%s: %s", smtp_stage_name(t->stage), t->reply);
		return (result == MAIL_RELAY && t->reply[0] == '5' ? MAIL_RELAY_REFUSED : result);
	}
	if (s->code == CURLE_LOGIN_DENIED) {
		if (t->stage == SMTP_AUTH)
			snprintf(why, len, "AUTH: %s", t->reply);
		else
			snprintf(why, len, "AUTH: the server offers %s, of which SMTP_AUTH=%s allows none", t->auth, conf_str(CONF_SMTP_AUTH));
		return (MAIL_RELAY_REFUSED);
	}
	snprintf(why, len, "%s", tlscurl_error(&s->line->verify, s->error, s->code, text, sizeof(text)));

	return (MAIL_RELAY);
}

/* Gives libcurl the next bytes of the message. */
static size_t
message_read(char *buf, size_t size, size_t n, void *arg)
{
	struct outgoing	*o = arg;
	size_t		len = o->len - o->sent < size * n ? o->len - o->sent : size * n;

	memcpy(buf, o->text + o->sent, len);
	o->sent += len;

	return (len);
}

/* Begins again: libcurl found a kept connection closed. */
static int
message_seek(void *arg, curl_off_t offset, int origin)
{
	struct outgoing	*o = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > o->len)
		return (CURL_SEEKFUNC_FAIL);
	o->sent = (size_t)offset;

	return (CURL_SEEKFUNC_OK);
}

/* Makes the message, with its DKIM signature before it. Returns 0 if memory is out. */
static int
outgoing_make(struct outgoing *o, const struct mail *m, const struct mailbox *from)
{
	char	*field, *both;
	size_t	n;

	if ((o->text = message_make(m, from, &o->len)) == NULL)
		return (0);
	if (!dkim_enabled())
		return (1);
	if ((field = dkim_sign(o->text, o->len, time(NULL))) == NULL)
		return (0);
	n = strlen(field);
	if ((both = realloc(field, n + o->len)) == NULL) {
		free(field);
		return (0);
	}
	memcpy(both + n, o->text, o->len);
	free(o->text);
	o->text = both;
	o->len += n;

	return (1);
}

/* Prepares the exchange that sends the message. */
static void
message_set(struct session *s, struct outgoing *out, const char *from, const struct curl_slist *to, long seconds)
{
	out->sent = 0;
	session_set(s, (long)conf_int(CONF_SMTP_COMMAND_TIMEOUT_SEC), seconds);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(s->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(s->curl, CURLOPT_READFUNCTION, message_read);
	curl_easy_setopt(s->curl, CURLOPT_READDATA, out);
	curl_easy_setopt(s->curl, CURLOPT_SEEKFUNCTION, message_seek);
	curl_easy_setopt(s->curl, CURLOPT_SEEKDATA, out);
	curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)out->len);
}

/*
 * Returns 1 if the server has ended a kept connection before it took anything of the mail (RFC 5321 §3.8): it was idle, or has had
 * as many mails as the server allows.
 */
static int
session_stale(const struct session *s)
{
	const struct smtp_trace	*t = &s->trace;
	long			connections = 1;

	(void)curl_easy_getinfo(s->curl, CURLINFO_NUM_CONNECTS, &connections);

	return (connections == 0 && s->code != CURLE_OK && s->code != CURLE_OPERATION_TIMEDOUT && t->stage == SMTP_MAIL &&
	    (t->reply[0] == '\0' || !strncmp(t->reply, "421", 3)));
}

static enum mail_result
message_send(struct line *line, const struct mail *m, char *why, size_t len)
{
	const struct mailbox	*from = mail_sender(m->campaign);
	struct session		s;
	struct curl_slist	*to = curl_slist_append(NULL, m->to);
	struct outgoing		out = { 0 };
	u_int64_t		until = kore_time_ms() + (u_int64_t)mail_longest_sec() * 1000, now;
	enum mail_result	result = MAIL_RELAY;

	session_begin(&s, line);
	if (to != NULL && outgoing_make(&out, m, from)) {
		do {
			now = kore_time_ms();
			message_set(&s, &out, mail_bounce(from), to, (long)((until - now) / 1000));
		} while ((session_run(&s) || session_stale(&s)) && kore_time_ms() + 2000 < until);
		result = session_result(&s, why, len);
	} else {
		snprintf(why, len, "out of memory");
	}
	curl_easy_reset(line->curl);
	free(out.text);
	curl_slist_free_all(to);

	return (result);
}

/* Returns the first idle line, the one that is most likely connected, or NULL. */
static struct line *
line_find(void)
{
	size_t	i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!lines[i].busy)
			return (&lines[i]);
	}

	return (NULL);
}

/* Takes a line; waits until one is idle. */
static struct line *
line_take(void)
{
	struct line	*line;

	pthread_mutex_lock(&lock);
	while ((line = line_find()) == NULL)
		pthread_cond_wait(&line_idle, &lock);
	line->busy = 1;
	pthread_mutex_unlock(&lock);

	return (line);
}

static void
line_release(struct line *line)
{
	pthread_mutex_lock(&lock);
	line->busy = 0;
	pthread_cond_signal(&line_idle);
	pthread_mutex_unlock(&lock);
}

enum mail_result
mail_send(const struct mail *m, char *why, size_t len)
{
	enum mail_result	result = MAIL_RELAY;
	struct line		*line;

	if (!message_address_ok(m->to)) {
		snprintf(why, len, "the recipient is not a valid e-mail address");
		return (MAIL_DROPPED);
	}
	line = line_take();
	if (line->curl == NULL && (line->curl = curl_easy_init()) == NULL)
		snprintf(why, len, "out of memory");
	else
		result = message_send(line, m, why, len);
	line_release(line);

	return (result);
}

/* Sends one command on the session of a check, which connects and signs in first if it has not. Returns 1 if the server accepts it. */
static int
command_run(struct session *s, const char *command, struct mail_check *c)
{
	char	*escaped = curl_easy_escape(s->curl, command, 0);
	int	again;

	if (escaped == NULL) {
		snprintf(c->why, sizeof(c->why), "out of memory");
		return (0);
	}
	do {
		session_set(s, CHECK_REPLY_SEC, CHECK_TOTAL_SEC);
		curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, escaped);
		curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L);
		again = session_run(s);
		if (s->line->verify.peer.whole.p != NULL)
			(void)verify_peer_pin(&s->line->verify, c->fingerprint);
	} while (again);
	curl_free(escaped);
	if (s->code != CURLE_OK)
		(void)session_result(s, c->why, sizeof(c->why));

	return (s->code == CURLE_OK);
}

/* Asks whether the server takes mail for the address, and ends the question with RSET. Returns 1 if it does. */
static int
recipient_check(struct session *s, const char *to, struct mail_check *c)
{
	char	command[2 * MESSAGE_ADDRESS_MAX];
	int	ok;

	snprintf(command, sizeof(command), "MAIL FROM:<%s>", mail_bounce(&sender));
	if (!command_run(s, command, c))
		return (0);
	snprintf(command, sizeof(command), "RCPT TO:<%s>", to);
	if ((ok = command_run(s, command, c)))
		snprintf(c->reply, sizeof(c->reply), "%s", s->trace.reply);

	return (ok && command_run(s, "RSET", c));
}

int
mail_check(const char *to, struct mail_check *c)
{
	struct session	s;
	struct line	line = { 0 };
	int		ok, m;

	memset(c, 0, sizeof(*c));
	if (to != NULL && !message_address_ok(to)) {
		snprintf(c->why, sizeof(c->why), "%s is not a valid e-mail address", to);
		return (0);
	}
	if ((line.curl = curl_easy_init()) == NULL) {
		snprintf(c->why, sizeof(c->why), "out of memory");
		return (0);
	}
	session_begin(&s, &line);
	ok = command_run(&s, "NOOP", c);
	for (m = 0; ok && m < SMTP_MECHANISMS; m++) {
		if (s.trace.signed_in && s.trace.mechanism == 1U << m)
			c->mechanism = smtp_mechanism_name((enum smtp_mechanism)m);
	}
	if (ok && to != NULL)
		ok = recipient_check(&s, to, c);
	curl_easy_cleanup(line.curl);
	verify_free(&line.verify);

	return (ok);
}
