/*
 * Command `wanzami --probe`: container health check over HTTP or HTTPS.
 */
#ifndef WANZAMI_HEALTH_PROBE_H
#define WANZAMI_HEALTH_PROBE_H

/*
 * Sends GET to url (http[s]://host[:port][/path]). timeout_ms limits all steps
 * together. Does not verify the server's certificate. Blocks. Returns the exit
 * status: 0 if the response has status 200, otherwise 1 after an error message
 * on standard error.
 */
int	probe_run(const char *url, int timeout_ms);

#endif
