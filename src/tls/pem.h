/*
 * PEM reader (RFC 7468). Also accepts PEM text as environment variables often
 * hold it: with line ends written as \n, or replaced by blanks.
 */
#ifndef WANZAMI_PEM_H
#define WANZAMI_PEM_H

#include <stddef.h>
#include <stdint.h>

#define PEM_LABEL_MAX	40

/*
 * Decodes the next block at or after *text and moves *text behind it. Returns 1
 * and sets the label ("CERTIFICATE") and the bytes, which the caller frees (a
 * private key with pem_free()); 0 if no block follows; -1 if the block is
 * malformed or memory is exhausted. Any thread.
 */
int	pem_next(const char **text, char label[PEM_LABEL_MAX], uint8_t **der, size_t *len);

/* Wipes and frees the bytes of a block. */
void	pem_free(uint8_t *der, size_t len);

/*
 * Reads a whole file as text. Returns NULL with errno set on error; E2BIG above
 * 4 MiB. Free with free(), a private key with pem_text_free().
 */
char	*pem_file(const char *path);

/* Wipes and frees a text; NULL does nothing. */
void	pem_text_free(char *text);

#endif
