/*
 * Spreads the connections over the workers that serve HTTP. All of them listen
 * on the same sockets, which belong to the parent: connections that wait to be
 * accepted survive the death of a worker. A worker leaves new connections to
 * another that has fewer, unless that one does not accept them. Event loop only,
 * except spread_init().
 */
#ifndef WANZAMI_SPREAD_H
#define WANZAMI_SPREAD_H

/* Creates the memory that the workers share. Once, in the parent, before it forks. */
void	spread_init(void);

/* Takes the place of Kore's own way to accept connections. In each worker that serves HTTP, before its loop begins. */
void	spread_start(void);

/* Accepts nothing more. The others no longer leave connections to this worker. */
void	spread_stop(void);

/* Tells the other workers how many connections this one has. Once per turn of the loop; does nothing before spread_start(). */
void	spread_turn(void);

#endif
