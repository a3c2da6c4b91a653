/*
 * Protection of the ECS task against scale-in and deployments while a film is
 * transcoded (AWS: "Amazon ECS task scale-in protection endpoint"). Without
 * ECS_AGENT_URI, which ECS sets, nothing happens. Event loop only.
 */
#ifndef WANZAMI_PROTECTION_H
#define WANZAMI_PROTECTION_H

#include <sys/types.h>

/*
 * Asks the ECS agent to protect the task (on 1) or to end the protection, when the
 * last answer differs or the protection is about to expire. Call it often: a request
 * runs on a thread, one at a time, and one that fails is repeated after a pause.
 * A failure is logged once and does not stop the job. now: ms of kore_time_ms().
 */
void	protection_keep(int on, u_int64_t now);

#endif
