/*
 * The container health check: asks an HTTP URL and says healthy or not.
 */
#ifndef WANZAMI_HEALTH_PROBE_H
#define WANZAMI_HEALTH_PROBE_H

/*
 * GETs url (http[s]://host[:port][/path]) within timeout_ms in all; whose
 * certificate the server shows is not looked at. Returns 0 when the answer is
 * 200; otherwise 1, after one line on standard error that says why.
 */
int	probe_run(const char *url, int timeout_ms);

#endif
