/*
 * ETags of multipart uploads. Each ETag that a client sends appears in the request
 * body as one ETag of one part. Any response is parsed within its bounds. The
 * input serves as ETags and as response.
 */
#include "fuzz.h"

#define objects_s3	objects_s3_of_our_own	/* avoids a clash with the linked object */
#include "store/objects_s3.c"

#define PARTS	3

FUZZ_BEGIN(kore_mem_init())

static size_t
occurrences(const char *text, const char *what)
{
	size_t	n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;

	return (n);
}

/* Checks that the body has one element per part and that parsing it returns the ETags in quotes. */
static void
document_check(const char *text)
{
	struct objects_part	parts[PARTS];
	const char		*at;
	char			*document, etag[OBJECTS_ETAG_MAX * 2], number[16], wanted[OBJECTS_ETAG_MAX + 2];
	size_t			i, len;

	for (i = 0; i < PARTS; i++) {
		parts[i].number = (int)i + 1;
		snprintf(parts[i].etag, sizeof(parts[i].etag), "%s", text + (i < strlen(text) ? i : 0));
	}
	document = parts_document(parts, PARTS, &len);
	MUST(document != NULL && strlen(document) == len);
	MUST(occurrences(document, "<Part>") == PARTS && occurrences(document, "</Part>") == PARTS && occurrences(document, "<ETag>") == PARTS);
	MUST(occurrences(document, "<") == 2 + 6 * PARTS && occurrences(document, ">") == 2 + 6 * PARTS);
	at = document;
	for (i = 0; i < PARTS; i++) {
		MUST(xml_next(&at, document + len, "PartNumber", number, sizeof(number)) && atoi(number) == (int)i + 1);
		MUST(xml_next(&at, document + len, "ETag", etag, sizeof(etag)));
		snprintf(wanted, sizeof(wanted), "\"%s", parts[i].etag + (*parts[i].etag == '"'));
		wanted[1 + strcspn(wanted + 1, "\"")] = '\0';
		strcat(wanted, "\"");
		MUST(!strcmp(etag, wanted));
	}
	free(document);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct s3_request	r = { .method = "GET", .key = "a" };
	struct fetch		f = { .method = "GET", .status = 400, .response_len = len };
	struct objects_call	call = { 0 };
	struct objects_part	*parts = NULL;
	char			*text = text_of(data, len);
	size_t			i, count = 0;

	document_check(text);
	f.response = text;
	(void)parts_parse(&f, &parts, &count);
	for (i = 0; i < count; i++)
		MUST(memchr(parts[i].etag, '\0', sizeof(parts[i].etag)) != NULL);
	free(parts);
	(void)response_error(&r, &f, &call);
	free(text);

	return (0);
}
