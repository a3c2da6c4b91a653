/*
 * Header fields, folded and encoded, and the parts of multipart/alternative in
 * quoted-printable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "net/message.h"

#define LINE_MAX_LEN	76	/* RFC 2045 §6.7 and 2047 §2 */
#define WORD_MARKS	12	/* characters of an encoded word besides its base64: =?UTF-8?B? and ?= */
#define WORD_ROOM_MIN	16	/* characters of base64 for which a word begins on the same line */
#define TOKEN_MAX	70	/* characters of a word that is written as it is; a longer one is written as encoded words */

/* A header field that is being written. */
struct field_line {
	FILE	*out;
	size_t	column;
};

int
message_address_ok(const char *text)
{
	const char	*at = strchr(text, '@'), *p;

	if (at == NULL || at == text || at[1] == '\0' || strlen(text) > MESSAGE_ADDRESS_MAX)
		return (0);
	for (p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || strchr("<>()[],;:\\\"", *p) != NULL || (*p == '@' && p != at))
			return (0);
	}

	return (1);
}

/* Copies a name of len bytes; one in quotes without them and without the backslashes before its characters. */
static int
name_parse(char *out, size_t size, const char *text, size_t len)
{
	int	quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';
	size_t	i, n = 0;

	for (i = (size_t)quoted; i < len - (size_t)quoted; i++) {
		if (quoted && text[i] == '\\' && i + 2 < len)
			i++;
		if (n + 1 >= size || (unsigned char)text[i] < ' ' || text[i] == 0x7f || (!quoted && (text[i] == '<' || text[i] == '>')))
			return (0);
		out[n++] = text[i];
	}
	out[n] = '\0';

	return (1);
}

int
message_mailbox(struct mailbox *box, const char *text)
{
	const char	*open = strrchr(text, '<');
	size_t		name_len, len = strlen(text);

	memset(box, 0, sizeof(*box));
	if (open == NULL) {
		snprintf(box->address, sizeof(box->address), "%s", text);
		return (message_address_ok(text));
	}
	for (name_len = (size_t)(open - text); name_len > 0 && text[name_len - 1] == ' '; name_len--)
		continue;
	if (text[len - 1] != '>' || len - (size_t)(open - text) - 2 > MESSAGE_ADDRESS_MAX || !name_parse(box->name, sizeof(box->name), text, name_len))
		return (0);
	snprintf(box->address, sizeof(box->address), "%.*s", (int)(text + len - open) - 2, open + 1);

	return (message_address_ok(box->address));
}

/* Begins a header field. */
static struct field_line
field(FILE *out, const char *name)
{
	struct field_line	f = { .out = out, .column = strlen(name) + 1 };

	fprintf(out, "%s:", name);

	return (f);
}

/* Writes a word after a blank, on the next line if this one has no room for it. */
static void
token_put(struct field_line *f, const char *text, size_t len)
{
	if (f->column + 1 + len > LINE_MAX_LEN) {
		fputs("\r\n", f->out);
		f->column = 0;
	}
	fputc(' ', f->out);
	fwrite(text, 1, len, f->out);
	f->column += 1 + len;
}

/* Returns 1 if text can be written as words between single blanks (RFC 5322 §2.2): printable ASCII without an encoded word. */
static int
text_is_plain(const char *text)
{
	const char	*p, *word = text;

	for (p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p >= 0x7f || (*p == ' ' && p == word))
			return (0);
		if (*p == ' ')
			word = p + 1;
		if (p - word >= TOKEN_MAX)
			return (0);
	}

	return ((p == text || p[-1] != ' ') && strstr(text, "=?") == NULL);
}

/* Returns how many bytes of text the next encoded word takes, at most most, without splitting a character. */
static size_t
word_length(const char *text, size_t left, size_t most)
{
	size_t	n = left < most ? left : most, i;

	for (i = n; n < left && i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80; i--)
		continue;

	return (i > 0 ? i : n);
}

/* Writes text as encoded words (RFC 2047 §2); the blanks between them do not count. */
static void
encoded_words_put(struct field_line *f, const char *text)
{
	char	*base64, word[LINE_MAX_LEN + 1];
	size_t	n, room, left = strlen(text);

	for (; left > 0; text += n, left -= n) {
		room = f->column + 1 + WORD_MARKS + WORD_ROOM_MIN <= LINE_MAX_LEN ? LINE_MAX_LEN - f->column - 1 : LINE_MAX_LEN - 1;
		n = word_length(text, left, (room - WORD_MARKS) / 4 * 3);
		if (!kore_base64_encode(text, n, &base64))
			return;
		snprintf(word, sizeof(word), "=?UTF-8?B?%s?=", base64);
		kore_free(base64);
		token_put(f, word, strlen(word));
	}
}

/* Writes unstructured text in UTF-8. */
static void
text_put(struct field_line *f, const char *text)
{
	size_t	n;

	if (!text_is_plain(text)) {
		encoded_words_put(f, text);
		return;
	}
	for (; *text != '\0'; text += n, text += *text == ' ') {
		n = strcspn(text, " ");
		token_put(f, text, n);
	}
}

/* Writes a name before an e-mail address. One in ASCII is a quoted string if needed, so that a comma in it does not begin a second address. */
static void
name_put(struct field_line *f, const char *name)
{
	char	quoted[TOKEN_MAX * 2 + 3], *q = quoted;

	if (strpbrk(name, "()<>[]:;@\\,.\"") == NULL || strlen(name) > TOKEN_MAX || !text_is_plain(name)) {
		if (strpbrk(name, "()<>[]:;@\\,.\"") == NULL)
			text_put(f, name);
		else
			encoded_words_put(f, name);
		return;
	}
	*q++ = '"';
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			*q++ = '\\';
		*q++ = *name;
	}
	*q++ = '"';
	token_put(f, quoted, (size_t)(q - quoted));
}

static void
field_text(FILE *out, const char *name, const char *text)
{
	struct field_line	f = field(out, name);

	text_put(&f, text);
	fputs("\r\n", out);
}

/* Writes a field whose value must not be encoded or folded, such as an address or a URL. */
static void
field_token(FILE *out, const char *name, const char *token)
{
	fprintf(out, "%s: %s\r\n", name, token);
}

static void
field_mailbox(FILE *out, const char *name, const struct mailbox *box)
{
	struct field_line	f = field(out, name);
	char			address[MESSAGE_ADDRESS_MAX + 3];

	if (*box->name != '\0') {
		name_put(&f, box->name);
		snprintf(address, sizeof(address), "<%s>", box->address);
	} else {
		snprintf(address, sizeof(address), "%s", box->address);
	}
	token_put(&f, address, strlen(address));
	fputs("\r\n", out);
}

/* Writes the fields by which mail programs know a letter to many and offer to end them (RFC 2919 §2, 2369 §3.2, 8058 §3.1). */
static void
list_fields_put(FILE *out, const struct mail *m, const struct mailbox *from)
{
	char	value[1024];

	snprintf(value, sizeof(value), "<campaigns.%s>", strchr(from->address, '@') + 1);
	field_token(out, "List-Id", value);
	field_text(out, "Precedence", "bulk");
	if (*m->unsubscribe == '\0')
		return;
	snprintf(value, sizeof(value), "<%s>", m->unsubscribe);
	field_token(out, "List-Unsubscribe", value);
	if (!strncmp(m->unsubscribe, "https:", 6))
		field_text(out, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
}

static void
fields_put(FILE *out, const struct mail *m, const struct mailbox *from)
{
	char	id[512];

	snprintf(id, sizeof(id), "<%s@%s>", m->id, strchr(from->address, '@') + 1);
	field_text(out, "Date", m->date);
	field_mailbox(out, "From", from);
	if (m->reply_to != NULL && message_address_ok(m->reply_to))
		field_token(out, "Reply-To", m->reply_to);
	field_token(out, "To", m->to);
	field_text(out, "Subject", m->content->subject);
	field_token(out, "Message-ID", id);
	field_text(out, "Auto-Submitted", "auto-generated");
	if (m->campaign)
		list_fields_put(out, m, from);
	field_text(out, "MIME-Version", "1.0");
	fprintf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n", m->id);
}

/* Writes text in quoted-printable (RFC 2045 §6.7). A line feed ends a line; carriage returns are left out. */
static void
quoted_printable_put(FILE *out, const char *text)
{
	size_t	column = 0, width;

	for (; *text != '\0'; text++) {
		if (*text == '\r')
			continue;
		if (*text == '\n') {
			fputs("\r\n", out);
			column = 0;
			continue;
		}
		width = (*text > ' ' && *text < 0x7f && *text != '=') || ((*text == ' ' || *text == '\t') && text[1] != '\0' && text[1] != '\n' && text[1] != '\r') ?
		    1 : 3;
		if (column + width > LINE_MAX_LEN - 1) {
			fputs("=\r\n", out);
			column = 0;
		}
		if (width == 1)
			fputc(*text, out);
		else
			fprintf(out, "=%02X", (unsigned char)*text);
		column += width;
	}
}

/* No line of quoted-printable has "=_", so the boundary is in no part. */
static void
part_put(FILE *out, const struct mail *m, const char *type, const char *text)
{
	fprintf(out, "--=_%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", m->id, type);
	quoted_printable_put(out, text);
	fputs("\r\n", out);
}

char *
message_make(const struct mail *m, const struct mailbox *from, size_t *len)
{
	char	*text = NULL;
	FILE	*out;
	int	ok;

	if ((out = open_memstream(&text, len)) == NULL)
		return (NULL);
	fields_put(out, m, from);
	fputs("\r\n", out);
	part_put(out, m, "text/plain", m->content->text);
	part_put(out, m, "text/html", m->content->html);
	fprintf(out, "--=_%s--\r\n", m->id);
	ok = !ferror(out);
	if (fclose(out) != 0 || !ok) {
		free(text);
		return (NULL);
	}

	return (text);
}
