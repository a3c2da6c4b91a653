/*
 * Composition of a mail as MIME (RFC 5322, 2045, 2047) and its delivery over
 * SMTP with libcurl.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "net/mail.h"
#include "tls/curl.h"

#define CONNECT_TIMEOUT_SEC	15L
#define REPLY_TIMEOUT_SEC	45L
#define TOTAL_TIMEOUT_SEC	90L
#define IDLE_CONNECTION_SEC	30L
#define SMTPS_PORT		465
#define ADDRESS_MAX		254	/* RFC 5321 §4.5.3.1.3 */
#define PLAIN_HEADER_MAX	200	/* bytes; a longer value is written as encoded words, which can be folded */
#define WORD_BYTES_MAX		45	/* of one encoded word: its 60 characters of base64 and the delimiters stay below 76 (RFC 2047 §2) */

enum mail_tls {
	MAIL_TLS_OFF,
	MAIL_TLS_IMPLICIT,	/* from the first byte */
	MAIL_TLS_REQUIRED,	/* STARTTLS; no mail without it */
	MAIL_TLS_OFFERED	/* STARTTLS if the server offers it */
};

static char	from_name[256], from_address[ADDRESS_MAX + 1];
static char	server[320];
/* Serializes the use of handle: the worker's mail thread and the cron job `mail` both send. */
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static CURL		*handle = NULL;
static struct verify	verify;	/* of handle */

/* The last command and reply of the SMTP session, for error messages. */
struct smtp_trace {
	char	command[12];	/* verb only, since the arguments may contain the password */
	char	reply[256];
};

/* Returns 1 for exactly one e-mail address without characters that could end a header or a command (docs/compatibility.md#mail-injection). */
static int
address_ok(const char *text)
{
	const char	*at = strchr(text, '@'), *p;

	if (at == NULL || at == text || at[1] == '\0' || strlen(text) > ADDRESS_MAX)
		return (0);
	for (p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || strchr("<>()[],;:\\\"", *p) != NULL || (*p == '@' && p != at))
			return (0);
	}

	return (1);
}

/* Parses SMTP_FROM: "Name <address>" or "address". */
static int
from_parse(const char *text)
{
	const char	*open = strrchr(text, '<'), *p;
	size_t		name_len, len = strlen(text);

	if (open == NULL) {
		snprintf(from_address, sizeof(from_address), "%s", text);
		return (address_ok(text));
	}
	for (name_len = (size_t)(open - text); name_len > 0 && text[name_len - 1] == ' '; name_len--)
		continue;
	if (text[len - 1] != '>' || name_len >= sizeof(from_name) || len - (size_t)(open - text) > ADDRESS_MAX)
		return (0);
	snprintf(from_name, sizeof(from_name), "%.*s", (int)name_len, text);
	for (p = from_name; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '<' || *p == '>')
			return (0);
	}
	snprintf(from_address, sizeof(from_address), "%.*s", (int)(text + len - open) - 2, open + 1);

	return (address_ok(from_address));
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
	const char	*host = conf_str(CONF_SMTP_HOST), *p;
	int		v6 = strchr(host, ':') != NULL;

	if (!from_parse(conf_str(CONF_SMTP_FROM)))
		return ("SMTP_FROM is not valid; allowed is \"Name <address>\" or one e-mail address");
	for (p = host; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr(".-_:", *p) == NULL)
			return ("SMTP_HOST is not valid; allowed is one host name or IP address");
	}
	/* libcurl sends the path as the client's domain in EHLO. */
	snprintf(server, sizeof(server), "%s://%s%s%s:%s/%s", tls_choose() == MAIL_TLS_IMPLICIT ? "smtps" : "smtp", v6 ? "[" : "", host,
	    v6 ? "]" : "", conf_str(CONF_SMTP_PORT), strchr(from_address, '@') + 1);

	return (NULL);
}

int
mail_enabled(void)
{
	return (*conf_str(CONF_SMTP_HOST) != '\0' && *conf_str(CONF_SMTP_USER) != '\0' && *conf_str(CONF_SMTP_PASS) != '\0');
}

static int
header_is_plain(const char *text)
{
	const char	*p;

	for (p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p >= 0x7f)
			return (0);
	}

	return (p - text <= PLAIN_HEADER_MAX && strstr(text, "=?") == NULL);
}

/* Writes text as encoded words (RFC 2047 §2) without splitting a character. */
static void
encoded_words_write(FILE *out, const char *text)
{
	char	*word;
	size_t	i, n, left = strlen(text);

	for (; left > 0; text += n, left -= n) {
		n = left < WORD_BYTES_MAX ? left : WORD_BYTES_MAX;
		for (i = n; n < left && i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80; i--)
			continue;
		n = i > 0 ? i : n;
		if (!kore_base64_encode(text, n, &word))
			return;
		fprintf(out, "=?UTF-8?B?%s?=%s", word, left > n ? "\r\n " : "");
		kore_free(word);
	}
}

/* Adds a header. text is UTF-8 and is encoded as ASCII without control characters. */
static struct curl_slist *
header_add(struct curl_slist *list, const char *name, const char *text, const char *after)
{
	struct curl_slist	*added = NULL;
	FILE			*out;
	char			*line = NULL;
	size_t			len;

	if ((out = open_memstream(&line, &len)) == NULL)
		return (list);
	fprintf(out, "%s: ", name);
	if (header_is_plain(text))
		fputs(text, out);
	else
		encoded_words_write(out, text);
	fputs(after, out);
	if (fclose(out) == 0)
		added = curl_slist_append(list, line);
	free(line);

	return (added != NULL ? added : list);
}

/* Adds the From header. A name in ASCII is a quoted string if needed, so that a comma in it does not begin a second address. */
static struct curl_slist *
from_add(struct curl_slist *list)
{
	char	quoted[2 * sizeof(from_name) + 3] = "", after[ADDRESS_MAX + 4], *q = quoted;
	int	quote = header_is_plain(from_name) && strpbrk(from_name, "()<>[]:;@\\,.\"") != NULL;

	if (*from_name == '\0')
		return (header_add(list, "From", from_address, ""));
	if (quote)
		*q++ = '"';
	for (const char *p = from_name; *p != '\0'; p++) {
		if (quote && (*p == '"' || *p == '\\'))
			*q++ = '\\';
		*q++ = *p;
	}
	if (quote)
		*q++ = '"';
	*q = '\0';
	snprintf(after, sizeof(after), " <%s>", from_address);

	return (header_add(list, "From", quoted, after));
}

static struct curl_slist *
headers_make(const struct mail *m)
{
	struct curl_slist	*list = NULL;
	char			id[512];

	snprintf(id, sizeof(id), "<%s@%s>", m->id, strchr(from_address, '@') + 1);
	list = header_add(list, "Date", m->date, "");
	list = from_add(list);
	list = header_add(list, "To", m->to, "");
	list = header_add(list, "Subject", m->content->subject, "");
	list = header_add(list, "Message-ID", id, "");
	list = header_add(list, "Auto-Submitted", "auto-generated", "");

	return (header_add(list, "Content-Type", "multipart/alternative", ""));
}

/* Returns a copy with CR LF line ends (RFC 5322 §2.1), which the caller frees. */
static char *
lines_to_crlf(const char *text)
{
	FILE	*out;
	char	*copy = NULL;
	size_t	len;

	if ((out = open_memstream(&copy, &len)) == NULL)
		return (NULL);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputc('\r', out);
		if (*text != '\r')
			fputc(*text, out);
	}
	if (fclose(out) != 0) {
		free(copy);
		return (NULL);
	}

	return (copy);
}

static int
part_add(curl_mime *mime, const char *type, const char *text)
{
	curl_mimepart	*part = curl_mime_addpart(mime);
	char		*copy = lines_to_crlf(text);
	int		ok;

	ok = part != NULL && copy != NULL && curl_mime_data(part, copy, CURL_ZERO_TERMINATED) == CURLE_OK &&
	    curl_mime_type(part, type) == CURLE_OK && curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
	free(copy);

	return (ok);
}

/* Records the last command verb that libcurl sends and the last reply that it receives. */
static int
trace_record(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	static const char	*verbs[] = { "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA" };
	struct smtp_trace	*trace = arg;
	size_t			i;

	(void)curl;
	if (type == CURLINFO_HEADER_IN) {
		for (i = 0; i < len && i < sizeof(trace->reply) - 1 && (unsigned char)data[i] >= ' ' && data[i] != 0x7f; i++)
			trace->reply[i] = data[i];
		trace->reply[i] = '\0';
	}
	for (i = 0; type == CURLINFO_HEADER_OUT && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (len >= strlen(verbs[i]) && !strncmp(data, verbs[i], strlen(verbs[i])))
			snprintf(trace->command, sizeof(trace->command), "%s", verbs[i]);
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
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_TIMEOUT_SEC);
	curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SEC);
	curl_easy_setopt(curl, CURLOPT_USERNAME, conf_str(CONF_SMTP_USER));
	curl_easy_setopt(curl, CURLOPT_PASSWORD, conf_str(CONF_SMTP_PASS));
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from_address);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, trace_record);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, trace);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	tls_set(curl);
}

/*
 * Returns the result of a delivery and writes the reason. Only a 5xx reply to
 * RCPT or DATA is final; other errors concern the server or its configuration
 * and can be corrected.
 */
static enum mail_result
result_from_reply(const struct smtp_trace *trace, const char *error, CURLcode code, char *why, size_t len)
{
	if (code == CURLE_OK)
		return (MAIL_SENT);
	if (isdigit((unsigned char)trace->reply[0]) && trace->reply[0] >= '4') {
		snprintf(why, len, "%s: %s", *trace->command != '\0' ? trace->command : "greeting", trace->reply);
		if (trace->reply[0] == '5' && (!strcmp(trace->command, "RCPT") || !strcmp(trace->command, "DATA")))
			return (MAIL_REFUSED);
		return (MAIL_LATER);
	}
	snprintf(why, len, "%s", *verify.error != '\0' ? verify.error : *error != '\0' ? error : curl_easy_strerror(code));

	return (MAIL_LATER);
}

static enum mail_result
message_send(CURL *curl, const struct mail *m, char *why, size_t len)
{
	struct smtp_trace	trace = { 0 };
	struct curl_slist	*to = curl_slist_append(NULL, m->to), *headers = headers_make(m);
	char			error[CURL_ERROR_SIZE] = "";
	enum mail_result	result = MAIL_LATER;
	curl_mime		*mime;

	options_set(curl, to, &trace, error);
	mime = curl_mime_init(curl);
	if (to != NULL && headers != NULL && mime != NULL &&
	    (m->content->text == NULL || part_add(mime, "text/plain; charset=utf-8", m->content->text)) && part_add(mime, "text/html; charset=utf-8", m->content->html)) {
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
		result = result_from_reply(&trace, error, curl_easy_perform(curl), why, len);
	} else {
		snprintf(why, len, "out of memory");
	}
	curl_easy_reset(curl);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
	curl_slist_free_all(to);

	return (result);
}

enum mail_result
mail_send(const struct mail *m, char *why, size_t len)
{
	enum mail_result	result = MAIL_LATER;

	if (!address_ok(m->to)) {
		snprintf(why, len, "the recipient is not a valid e-mail address");
		return (MAIL_REFUSED);
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
	if ((code = curl_easy_perform(curl)) != CURLE_OK)
		(void)result_from_reply(&trace, error, code, why, len);
	curl_easy_cleanup(curl);

	return (code == CURLE_OK);
}
