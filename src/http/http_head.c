/*
 * Kore answers 400 to an empty header value and 411 to a POST without a
 * length. The apps send an empty Authorization when they have no token
 * (docs/compatibility.md#client-headers), and POST without a body is common.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "http/http_head.h"

#define LENGTH_ZERO	"content-length: 0\r\n"

/* The headers that the service reads. Kore keeps 25, and browsers behind load balancers send more. */
static const char	*headers_read[] = {
	"host", "connection", "content-length", "content-type", "content-encoding",
	"authorization", "origin", "user-agent", "accept-encoding", "accept-language", "if-match", "if-none-match", "cache-control", "if-range",
	"range", "idempotency-key",
	"cf-ipcountry", "x-vercel-ip-country", "x-country", "x-app-country", "x-kid-mode", "x-profile-age",
	"x-profile-birthyear", "x-experiment", "x-variant", "x-request-id", "x-amzn-trace-id", "traceparent", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-for",
	"forwarded", "via",
	"x-paystack-signature", "verif-hash", "flutterwave-signature",
#if defined(HANGUP_HOOK)
	"x-hangup",
#endif
};

/* Those that only the routes of Google sign-in read (src/api/google_state.h): nearly all requests of browsers have them. */
#define GOOGLE_PATH	"/api/auth/google/"
static const char	*headers_google[] = { "cookie", "sec-fetch-site" };

static int
header_is(const char *line, size_t len, const char *name)
{
	size_t	n = strlen(name);

	return (len > n && line[n] == ':' && !strncasecmp(line, name, n));
}

/* Returns the value of a header line without the blanks around it. */
static const char *
header_value(const char *line, size_t len, size_t *value_len)
{
	const char	*p = memchr(line, ':', len), *end = line + len;

	for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
		;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*value_len = (size_t)(end - p);

	return (p);
}

static int
header_listed(const char *line, size_t len, const char *const *names, size_t n)
{
	size_t	i, value_len;

	for (i = 0; i < n; i++) {
		if ((line[0] | 0x20) == names[i][0] && header_is(line, len, names[i])) {
			(void)header_value(line, len, &value_len);
			return (value_len > 0);
		}
	}

	return (0);
}

/* Returns 1 if the header line is to be kept. google: the request is for a route of Google sign-in. */
static int
header_wanted(const char *line, size_t len, int google)
{
	return (header_listed(line, len, headers_read, sizeof(headers_read) / sizeof(*headers_read)) ||
	    (google && header_listed(line, len, headers_google, sizeof(headers_google) / sizeof(*headers_google))));
}

/* Reads Content-Length: digits only, as Kore reads it. Returns 0 or the status of the refusal. */
static int
length_read(const char *line, size_t len, size_t body_max, size_t *body)
{
	char		digits[21];
	const char	*value;
	size_t		n;

	value = header_value(line, len, &n);
	if (n == 0 || n >= sizeof(digits))
		return (400);
	memcpy(digits, value, n);
	digits[n] = '\0';
	if (strspn(digits, "0123456789") != n)
		return (400);
	*body = strtoul(digits, NULL, 10);

	return (*body > body_max ? 413 : 0);
}

/* Returns 1 if a comma-separated list holds the token, in any case (RFC 9110 §5.6.1). */
static int
list_has(const char *text, size_t len, const char *token)
{
	const char	*end = text + len, *comma;
	size_t		n;

	for (; text < end; text = comma + 1) {
		if ((comma = memchr(text, ',', (size_t)(end - text))) == NULL)
			comma = end;
		while (text < comma && (*text == ' ' || *text == '\t'))
			text++;
		for (n = (size_t)(comma - text); n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'); n--)
			;
		if (n == strlen(token) && !strncasecmp(text, token, n))
			return (1);
	}

	return (0);
}

static int
method_has_body(const char *head)
{
	return (!strncmp(head, "POST ", 5) || !strncmp(head, "PUT ", 4) || !strncmp(head, "PATCH ", 6));
}

/* Checks method, target and version. Returns 0 or the status of the refusal. */
static int
line_check(const char *line, size_t len)
{
	static const char	*methods[] = { "GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS " };
	const char		*path, *end = line + len, *blank, *p;
	size_t			i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (!strncmp(line, methods[i], strlen(methods[i])))
			break;
	}
	if ((path = memchr(line, ' ', len)) == NULL)
		return (400);
	for (p = line; p < end; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			return (400);
	}
	if (i == sizeof(methods) / sizeof(*methods))
		return (404);
	path++;
	if ((blank = memchr(path, ' ', (size_t)(end - path))) == NULL || *path != '/' || end - blank != 9 ||
	    strncasecmp(blank, " HTTP/1.", 8) || (end[-1] != '0' && end[-1] != '1'))
		return (400);

	return (blank - path >= HTTP_URI_LEN - 1 ? 414 : 0);
}

/*
 * Moves a header line up to out, without the blanks at its end; returns the
 * position behind it. Kore refuses tabs and bytes above ASCII, which values may
 * hold (RFC 9110 §5.5): a tab becomes a blank, any other byte a question mark;
 * no header that the service reads needs them.
 */
static char *
line_keep(char *out, const char *line, const char *eol)
{
	while (eol[-1] == ' ' || eol[-1] == '\t')
		eol--;
	for (; line < eol; line++)
		*out++ = *line == '\t' ? ' ' : (unsigned char)*line < 0x80 ? *line : '?';
	memcpy(out, "\r\n", 2);

	return (out + 2);
}

/*
 * Returns 1 for a header line with a name and without control characters. A
 * blank before, in or behind the name is refused: another server might take
 * such a line for Content-Length, or for the end of the line above (RFC 9112
 * §5.1, §5.2).
 */
static int
line_ok(const char *line, const char *eol)
{
	const char	*p, *colon = memchr(line, ':', (size_t)(eol - line));

	if (colon == NULL || colon == line)
		return (0);
	for (p = line; p < eol; p++) {
		if (*p == ' ' || *p == '\t' ? p < colon : (unsigned char)*p < 0x20 || *p == 0x7f)
			return (0);
	}

	return (1);
}

/* The headers of one request that decide about the connection. */
struct seen {
	int	hosts, lengths, codings, kept;
};

/* Reads Transfer-Encoding: chunked is the only coding of requests here (RFC 9112 §6.1). Returns 0 or the status of the refusal. */
static int
coding_read(const char *line, size_t len, struct seen *seen, struct http_head *out)
{
	const char	*value;
	size_t		n;

	value = header_value(line, len, &n);
	if (seen->codings++ > 0)
		return (400);
	out->chunked = n == strlen("chunked") && !strncasecmp(value, "chunked", n);

	return (out->chunked ? 0 : 501);
}

/* Reads Expect. Returns 0 or the status of the refusal. */
static int
expect_read(const char *line, size_t len, struct http_head *out)
{
	const char	*value;
	size_t		n;

	value = header_value(line, len, &n);
	out->expects = n == strlen("100-continue") && !strncasecmp(value, "100-continue", n);

	return (out->expects || n == 0 ? 0 : 417);
}

/* Reads a header line into out. Returns 0 or the status of the refusal. */
static int
line_read(const char *line, size_t len, size_t body_max, struct seen *seen, struct http_head *out)
{
	const char	*value;
	size_t		n;

	if (!line_ok(line, line + len))
		return (400);
	if (header_is(line, len, "transfer-encoding"))
		return (coding_read(line, len, seen, out));
	if (header_is(line, len, "expect"))
		return (expect_read(line, len, out));
	if (header_is(line, len, "content-length"))
		return (seen->lengths++ > 0 ? 400 : length_read(line, len, body_max, &out->body));
	if (header_is(line, len, "host"))
		seen->hosts++;
	if (header_is(line, len, "connection")) {
		value = header_value(line, len, &n);
		out->close |= list_has(value, n, "close");
	}

	return (0);
}

/* The parts of a request line that is not in the form that Kore reads. */
struct form {
	size_t		method;		/* length */
	const char	*authority, *path, *path_end;
	size_t		authority_len;
	int		old;		/* HTTP/1.0 */
};

/* Returns 1 if the request line has to be normalized. */
static int
form_read(const char *head, const char *eol, struct form *f)
{
	const char	*target = memchr(head, ' ', (size_t)(eol - head)), *version = memrchr(head, ' ', (size_t)(eol - head));
	size_t		scheme = 0;

	memset(f, 0, sizeof(*f));
	if (target == NULL || target == version)
		return (0);
	f->method = (size_t)(target++ - head);
	f->path = target;
	f->path_end = version;
	f->old = eol - version == 9 && !strncmp(version, " HTTP/1.0", 9);
	if (!strncasecmp(target, "http://", 7))
		scheme = 7;
	else if (!strncasecmp(target, "https://", 8))
		scheme = 8;
	if (scheme > 0) {
		f->authority = target + scheme;
		for (f->path = f->authority; f->path < version && *f->path != '/' && *f->path != '?'; f->path++)
			;
		f->authority_len = (size_t)(f->path - f->authority);
		/* RFC 9110 §4.2.4: a request with user information in its target is suspicious. */
		return (f->authority_len > 0 && memchr(f->authority, '@', f->authority_len) == NULL);
	}
	if (version - target == 1 && *target == '*' && !strncmp(head, "OPTIONS ", 8)) {
		f->path = version;
		return (1);
	}

	return (f->old);
}

/*
 * Copies the header lines, without Host if the target has one. A client of
 * HTTP/1.0 may send no Host. Returns 0 for HTTP/1.0 with a transfer coding,
 * which is a framing error (RFC 9112 §6.1).
 */
static int
form_headers(struct kore_buf *out, const struct form *f, const char *line, const char *end)
{
	const char	*eol;
	int		hosts = 0;

	/* First, because Kore reads the first Connection only. */
	if (f->old)
		kore_buf_appendf(out, "connection: close\r\n");
	for (; line < end; line = eol + 2) {
		eol = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
		if (header_is(line, (size_t)(eol - line), "host")) {
			hosts++;
			if (f->authority != NULL)
				continue;
		} else if (f->old && header_is(line, (size_t)(eol - line), "expect")) {
			continue;	/* RFC 9110 §10.1.1 */
		} else if (f->old && header_is(line, (size_t)(eol - line), "transfer-encoding")) {
			return (0);
		}
		kore_buf_append(out, line, (size_t)(eol + 2 - line));
	}
	if (f->authority != NULL)
		kore_buf_appendf(out, "host: %.*s\r\n", (int)f->authority_len, f->authority);
	else if (hosts == 0 && f->old)
		kore_buf_appendf(out, "host: localhost\r\n");
	kore_buf_append(out, "\r\n", 2);

	return (1);
}

int
http_head_normalize(const char *head, size_t len, char **out, size_t *out_len)
{
	const char	*eol = memmem(head, len, "\r\n", 2);
	struct form	f;
	struct kore_buf	text;

	if (!form_read(head, eol, &f))
		return (0);
	kore_buf_init(&text, len + 64);
	kore_buf_append(&text, head, f.method);
	kore_buf_appendf(&text, " %s", f.path < f.path_end && *f.path == '/' ? "" : "/");
	kore_buf_append(&text, f.path, (size_t)(f.path_end - f.path));
	kore_buf_appendf(&text, " HTTP/1.1\r\n");
	if (!form_headers(&text, &f, eol + 2, head + len - 2)) {
		kore_buf_cleanup(&text);
		return (0);
	}
	*out = (char *)text.data;
	*out_len = text.offset;

	return (1);
}

int
http_head_rewrite(char *head, size_t len, size_t size, size_t body_max, struct http_head *out)
{
	struct seen	seen = { 0 };
	char		*in, *to, *end = head + len - 2, *eol;
	int		status, old, google;

	memset(out, 0, sizeof(*out));
	eol = memmem(head, len, "\r\n", 2);
	if ((status = line_check(head, (size_t)(eol - head))) != 0)
		return (status);
	google = !strncasecmp(strchr(head, ' ') + 1, GOOGLE_PATH, strlen(GOOGLE_PATH));
	out->close = old = eol[-1] == '0';
	out->reads_body = method_has_body(head) || !strncmp(head, "DELETE ", 7);
	for (in = to = eol + 2; in < end; in = eol + 2) {
		eol = memmem(in, (size_t)(end + 2 - in), "\r\n", 2);
		if ((status = line_read(in, (size_t)(eol - in), body_max, &seen, out)) != 0)
			return (status);
		if (!header_wanted(in, (size_t)(eol - in), google))
			continue;
		if (++seen.kept > HTTP_REQ_HEADER_MAX - 3)
			return (431);
		to = line_keep(to, in, eol);
	}
	/* Two lengths of one body: another server might read another request (RFC 9112 §6.3). */
	if (seen.hosts != 1 || (seen.codings > 0 && (seen.lengths > 0 || old)))
		return (400);
	out->measured = seen.lengths > 0;
	if (!out->measured && !out->chunked && method_has_body(head)) {
		if ((size_t)(to - head) + sizeof(LENGTH_ZERO) + 1 > size)
			return (431);
		memcpy(to, LENGTH_ZERO, strlen(LENGTH_ZERO));
		to += strlen(LENGTH_ZERO);
	}
	memcpy(to, "\r\n", 2);
	out->len = (size_t)(to + 2 - head);

	return (0);
}

void
http_head_origin(const char *head, size_t len, char out[HTTP_HEAD_ORIGIN_MAX])
{
	const char	*line = head, *end = head + len, *eol, *value, *p;
	size_t		n;

	memcpy(out, "*", 2);
	/* A header section that was refused while it was rewritten may hold empty lines. */
	for (; (eol = memmem(line, (size_t)(end - line), "\r\n", 2)) != NULL; line = eol + 2) {
		if (!header_is(line, (size_t)(eol - line), "origin"))
			continue;
		value = header_value(line, (size_t)(eol - line), &n);
		for (p = value; p < value + n && *p > ' ' && *p < 0x7f; p++)
			;
		if (n == 0 || n >= HTTP_HEAD_ORIGIN_MAX || p < value + n)
			return;
		memcpy(out, value, n);
		out[n] = '\0';
		return;
	}
}
