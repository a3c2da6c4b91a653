/*
 * PEM (RFC 7468): text around DER. Also takes what environment variables do
 * to it: line ends written as \n, or blanks in their place.
 */
#ifndef WANZAMI_PEM_H
#define WANZAMI_PEM_H

#include <stddef.h>
#include <stdint.h>

#define PEM_LABEL_MAX	40

/*
 * The next block at or after *text, which is moved behind it. Returns 1 with
 * its label ("CERTIFICATE") and its bytes, which the caller frees (a private
 * key: with pem_free()); 0 when no block follows; -1 when one is broken. Any
 * thread.
 */
int	pem_next(const char **text, char label[PEM_LABEL_MAX], uint8_t **der, size_t *len);

/* Wipes and frees. */
void	pem_free(uint8_t *der, size_t len);

/*
 * The whole of a file as text, for free() (a private key's: for
 * pem_text_free()); NULL with errno set, E2BIG past 4 MiB.
 */
char	*pem_file(const char *path);

/* Wipes and frees; NULL is let pass. */
void	pem_text_free(char *text);

#endif
