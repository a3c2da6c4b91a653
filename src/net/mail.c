/*
 * Delivery over SMTP with libcurl.
 */
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
/* Serializes the use of handle: the worker's mail thread and the cron job `mail` both send. */
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static CURL		*handle = NULL;
static struct verify	verify;	/* of handle */

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

static int
server_is_local(void)
{
	const char	*host = conf_str(CONF_SMTP_HOST);

	return (!strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1"));
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
	if (!strcmp(tls, "auto") && (server_is_local() || !strcmp(conf_str(CONF_WANZAMI_ENV), "development")))
		return (MAIL_TLS_OFFERED);

	return (MAIL_TLS_REQUIRED);
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
	if ((wrong = dkim_configure()) != NULL)
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
	return (*conf_str(CONF_SMTP_HOST) != '\0' && *conf_str(CONF_SMTP_USER) != '\0' && *conf_str(CONF_SMTP_PASS) != '\0');
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

static void
tls_set(CURL *curl)
{
	enum mail_tls	tls = tls_choose();

	(void)tlscurl_set(curl, &verify, conf_str(CONF_SMTP_HOST));
	if (tls == MAIL_TLS_OFFERED || tls == MAIL_TLS_REQUIRED)
		curl_easy_setopt(curl, CURLOPT_USE_SSL, tls == MAIL_TLS_REQUIRED ? CURLUSESSL_ALL : CURLUSESSL_TRY);
}

static void
options_set(CURL *curl, const struct curl_slist *to, struct smtp_trace *trace, char *error)
{
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, server);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* For libcurl the connection lasts until AUTH. */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)mail_longest_sec());
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)conf_int(CONF_SMTP_COMMAND_TIMEOUT_SEC));
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)mail_longest_sec());
	curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SEC);
	curl_easy_setopt(curl, CURLOPT_USERNAME, conf_str(CONF_SMTP_USER));
	curl_easy_setopt(curl, CURLOPT_PASSWORD, conf_str(CONF_SMTP_PASS));
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender.address);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, trace_record);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, trace);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	tls_set(curl);
}

/*
 * Returns the result of a delivery and writes the reason. Without an error reply
 * (no connection, TLS, a cut, silence) the reason lies with the server or the
 * configuration.
 */
static enum mail_result
result_from_reply(const struct smtp_trace *trace, const char *error, CURLcode code, char *why, size_t len)
{
	enum mail_result	result = smtp_judge(trace);

	/* libcurl expects 250. */
	if (code == CURLE_OK || (trace->stage == SMTP_DOT && trace->whole && trace->reply[0] == '2'))
		return (MAIL_SENT);
	if (smtp_failed(trace)) {
		snprintf(why, len, "%s: %s", smtp_stage_name(trace->stage), trace->reply);
		return (result == MAIL_RELAY && trace->reply[0] == '5' ? MAIL_RELAY_REFUSED : result);
	}
	snprintf(why, len, "%s", *verify.error != '\0' ? verify.error : *error != '\0' ? error : curl_easy_strerror(code));

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

static enum mail_result
message_send(CURL *curl, const struct mail *m, char *why, size_t len)
{
	const struct mailbox	*from = mail_sender(m->campaign);
	struct smtp_trace	trace = { 0 };
	struct curl_slist	*to = curl_slist_append(NULL, m->to);
	struct outgoing		out = { 0 };
	char			error[CURL_ERROR_SIZE] = "";
	enum mail_result	result = MAIL_RELAY;

	options_set(curl, to, &trace, error);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from->address);
	if (to != NULL && outgoing_make(&out, m, from)) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, message_read);
		curl_easy_setopt(curl, CURLOPT_READDATA, &out);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, message_seek);
		curl_easy_setopt(curl, CURLOPT_SEEKDATA, &out);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)out.len);
		result = result_from_reply(&trace, error, curl_easy_perform(curl), why, len);
	} else {
		snprintf(why, len, "out of memory");
	}
	curl_easy_reset(curl);
	free(out.text);
	curl_slist_free_all(to);

	return (result);
}

enum mail_result
mail_send(const struct mail *m, char *why, size_t len)
{
	enum mail_result	result = MAIL_RELAY;

	if (!message_address_ok(m->to)) {
		snprintf(why, len, "the recipient is not a valid e-mail address");
		return (MAIL_DROPPED);
	}
	pthread_mutex_lock(&lock);
	if (handle == NULL && (handle = curl_easy_init()) == NULL)
		snprintf(why, len, "out of memory");
	else
		result = message_send(handle, m, why, len);
	pthread_mutex_unlock(&lock);

	return (result);
}

int
mail_check(char *why, size_t len)
{
	struct smtp_trace	trace = { 0 };
	char			error[CURL_ERROR_SIZE] = "";
	CURL			*curl;
	CURLcode		code;

	if ((curl = curl_easy_init()) == NULL) {
		snprintf(why, len, "out of memory");
		return (0);
	}
	options_set(curl, NULL, &trace, error);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, NULL);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CHECK_REPLY_SEC);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, CHECK_REPLY_SEC);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, CHECK_TOTAL_SEC);
	if ((code = curl_easy_perform(curl)) != CURLE_OK)
		(void)result_from_reply(&trace, error, code, why, len);
	curl_easy_cleanup(curl);

	return (code == CURLE_OK);
}
