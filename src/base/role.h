/*
 * Roles of this process and its shutdown state. Depends on no other module.
 */
#ifndef WANZAMI_ROLE_H
#define WANZAMI_ROLE_H

#define ROLE_API	0x01
#define ROLE_TRANSCODE	0x02
#define ROLE_CRON	0x04

/* Reads a list such as "api,cron" into ROLE_* bits; unknown words are ignored (base/conf.h has refused them). Any thread. */
int	role_parse(const char *list);

/* Sets the roles of this process: once, before threads start. */
void	role_set(int value);

/* Returns the roles of this process. Any thread. */
int	role_get(void);

/* Sets the number of workers that serve HTTP, which come first; a worker behind them transcodes. Once, before the workers are forked. */
void	role_set_http_workers(int count);
int	role_http_workers(void);

/* Returns 1 if the worker with this number (Kore counts from 1) serves HTTP. Any thread. */
int	role_serves_http(int number);

/* Returns "transcode" or "http": what the worker with this number does. Any thread. */
const char	*role_of_worker(int number);

/* Begins the shutdown of this worker: /health fails and no new work is begun. Event loop only. */
void	role_drain(void);

/* Returns 1 after role_drain(). Event loop only. */
int	role_draining(void);

#endif
