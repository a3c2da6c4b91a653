/*
 * One mail as MIME (RFC 5322, 2045, 2047), and its way through libcurl.
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
#define PLAIN_HEADER_MAX	200	/* longer ones are cut into encoded words, which fold */
#define WORD_BYTES_MAX		45	/* of one encoded word: 60 characters of base64 and its frame stay below 76 */

/* From the first byte; after STARTTLS or not at all; after STARTTLS where the server offers it. */
enum mail_tls { MAIL_TLS_OFF, MAIL_TLS_IMPLICIT, MAIL_TLS_REQUIRED, MAIL_TLS_OFFERED };

static char	from_name[256], from_address[ADDRESS_MAX + 1];
static char	server[320];
/* One mail at a time, whatever thread sends it: the worker's, or that of the job `mail`. */
static pthread_mutex_t	one = PTHREAD_MUTEX_INITIALIZER;
static CURL		*handle = NULL;
static struct verify	verify;	/* of the handle */

/* What was said last on the way, for whoever asks why it failed. */
struct talk {
	char	command[12];	/* never more than its verb: arguments may hold the password */
	char	reply[256];
};

/* Exactly one address, such that nothing in it can end a header or a command (docs/compatibility.md#mail-injection). */
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

/* "Name <address>" or "address". */
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
 * Who stands between us and a server can make it look as if it did not offer
 * STARTTLS. So without TLS there is no mail, but in development and where
 * nobody can stand between.
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
		return ("SMTP_FROM must be \"Name <address>\" or one mail address");
	for (p = host; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr(".-_:", *p) == NULL)
			return ("SMTP_HOST must be the name or address of a host");
	}
	/* The path is what we call ourselves in EHLO. */
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

/* RFC 2047 §2: as many encoded words as it takes, none of which splits a character. */
static void
words_write(FILE *out, const char *text)
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

/* Adds a header; text is any UTF-8 and becomes harmless ASCII. */
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
		words_write(out, text);
	fputs(after, out);
	if (fclose(out) == 0)
		added = curl_slist_append(list, line);
	free(line);

	return (added != NULL ? added : list);
}

/* The sender's name as a quoted string when it is ASCII: a comma in it must not begin a second address. */
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
	list = header_add(list, "Subject", m->letter->subject, "");
	list = header_add(list, "Message-ID", id, "");
	list = header_add(list, "Auto-Submitted", "auto-generated", "");

	return (header_add(list, "Content-Type", "multipart/alternative", ""));
}

/* Lines end with CR LF in mail (RFC 5322 §2.1); the caller frees the copy. */
static char *
lines_end(const char *text)
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
	char		*copy = lines_end(text);
	int		ok;

	ok = part != NULL && copy != NULL && curl_mime_data(part, copy, CURL_ZERO_TERMINATED) == CURLE_OK &&
	    curl_mime_type(part, type) == CURLE_OK && curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
	free(copy);

	return (ok);
}

/* Of what libcurl sends and hears, the last verb and the last reply. */
static int
talk_listen(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	static const char	*verbs[] = { "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA" };
	struct talk		*talk = arg;
	size_t			i;

	(void)curl;
	if (type == CURLINFO_HEADER_IN) {
		for (i = 0; i < len && i < sizeof(talk->reply) - 1 && (unsigned char)data[i] >= ' ' && data[i] != 0x7f; i++)
			talk->reply[i] = data[i];
		talk->reply[i] = '\0';
	}
	for (i = 0; type == CURLINFO_HEADER_OUT && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (len >= strlen(verbs[i]) && !strncmp(data, verbs[i], strlen(verbs[i])))
			snprintf(talk->command, sizeof(talk->command), "%s", verbs[i]);
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
options_set(CURL *curl, const struct curl_slist *to, struct talk *talk, char *error)
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
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, talk_listen);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, talk);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	tls_set(curl);
}

/* Only what is said about the recipient or the mail itself is final: the rest is about us and can be put right. */
static enum mail_result
result_judge(const struct talk *talk, const char *error, CURLcode code, char *why, size_t len)
{
	if (code == CURLE_OK)
		return (MAIL_SENT);
	if (isdigit((unsigned char)talk->reply[0]) && talk->reply[0] >= '4') {
		snprintf(why, len, "%s: %s", *talk->command != '\0' ? talk->command : "greeting", talk->reply);
		if (talk->reply[0] == '5' && (!strcmp(talk->command, "RCPT") || !strcmp(talk->command, "DATA")))
			return (MAIL_REFUSED);
		return (MAIL_LATER);
	}
	snprintf(why, len, "%s", *verify.error != '\0' ? verify.error : *error != '\0' ? error : curl_easy_strerror(code));

	return (MAIL_LATER);
}

static enum mail_result
message_send(CURL *curl, const struct mail *m, char *why, size_t len)
{
	struct talk		talk = { 0 };
	struct curl_slist	*to = curl_slist_append(NULL, m->to), *headers = headers_make(m);
	char			error[CURL_ERROR_SIZE] = "";
	enum mail_result	result = MAIL_LATER;
	curl_mime		*mime;

	options_set(curl, to, &talk, error);
	mime = curl_mime_init(curl);
	if (to != NULL && headers != NULL && mime != NULL &&
	    (m->letter->text == NULL || part_add(mime, "text/plain; charset=utf-8", m->letter->text)) && part_add(mime, "text/html; charset=utf-8", m->letter->html)) {
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
		result = result_judge(&talk, error, curl_easy_perform(curl), why, len);
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
		snprintf(why, len, "the recipient is not one mail address");
		return (MAIL_REFUSED);
	}
	pthread_mutex_lock(&one);
	if (handle == NULL && (handle = curl_easy_init()) == NULL)
		snprintf(why, len, "out of memory");
	else
		result = message_send(handle, m, why, len);
	pthread_mutex_unlock(&one);

	return (result);
}

int
mail_check(char *why, size_t len)
{
	struct talk	talk = { 0 };
	char		error[CURL_ERROR_SIZE] = "";
	CURL		*curl;
	CURLcode	code;

	if ((curl = curl_easy_init()) == NULL) {
		snprintf(why, len, "out of memory");
		return (0);
	}
	options_set(curl, NULL, &talk, error);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, NULL);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if ((code = curl_easy_perform(curl)) != CURLE_OK)
		(void)result_judge(&talk, error, code, why, len);
	curl_easy_cleanup(curl);

	return (code == CURLE_OK);
}
