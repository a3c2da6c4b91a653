/*
 * Receives requests on a connection before Kore parses them: rewrites headers
 * that Kore would refuse though clients send them, and refuses in the form that
 * clients know. Event loop only.
 */
#ifndef WANZAMI_HTTP_INPUT_H
#define WANZAMI_HTTP_INPUT_H

/* Takes the connections of this worker over from Kore (kore/connection_hooks.h), before it accepts any. */
void	http_input_start(void);

#endif
