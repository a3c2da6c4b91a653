/*
 * What arrives on a connection before Kore parses it: headers that Kore would
 * refuse though clients send them are put right, and what must be refused is
 * answered in the form that clients know.
 */
#ifndef WANZAMI_HTTP_INPUT_H
#define WANZAMI_HTTP_INPUT_H

#include <stddef.h>

/* Takes the connections of this worker over from Kore (kore/connection_hooks.h), before it accepts any. Event loop only. */
void	http_input_start(void);

/*
 * Rewrites the head of a request (request line, header lines, empty line) in
 * place: drops the headers that the service does not read, among them those
 * with an empty value, and gives a POST, PUT or PATCH without a body a length
 * of 0. *len is the length before and after; size what there is room for;
 * *body how long a body it announces. Returns 0, or the status of the refusal.
 * Pure: any thread.
 */
int	http_input_rewrite(char *head, size_t *len, size_t size, unsigned long body_max, size_t *body);

#endif
