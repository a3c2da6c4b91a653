/*
 * What this process is for. One process may have several roles.
 */
#ifndef WANZAMI_ROLE_H
#define WANZAMI_ROLE_H

#define ROLE_API	0x01
#define ROLE_TRANSCODE	0x02
#define ROLE_CRON	0x04

/* The roles chosen by --role or ROLE; fixed once the configuration is read. Any thread. */
int	role_get(void);

/* Returns "transcode" or "http": what the worker that Kore gave this number does. In the parent and in workers, any thread. */
const char	*role_of_worker(int number);

/* Set while SIGTERM is being obeyed: /health says so and nothing new is begun. Event loop only. */
int	role_draining(void);

#endif
