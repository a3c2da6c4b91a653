/*
 * Wake-ups of the transcode queue. The rows of wanzami.transcode_job are the
 * queue; a stream in Valkey wakes one idle worker per new job. A wake-up may get
 * dropped: the sweep (transcode/sweep.h) repeats it for jobs that still wait.
 *
 * To queue an upload, run this in the transaction that sets its UploadJob to
 * PROCESSING (also in the same statement), with the UploadJob's id:
 *	SELECT wanzami.transcode_enqueue(id, '{R1080,R720}'::"Rendition"[])
 * and call queue_wake() after the commit. The function also cancels older jobs
 * for the same film.
 *
 * A job's state is queued, running, done, failed or cancelled. Its progress is
 *	{"percent":42.1,"seconds":12.4,"duration":30,"fps":61.5,"renditions":[{"rendition":"R1080","percent":40.3},…]}
 * as of the last renewal of the lease. It is {} after the job has been queued,
 * claimed or given back; when an attempt ends otherwise, it keeps its last value.
 */
#ifndef WANZAMI_QUEUE_H
#define WANZAMI_QUEUE_H

/* Wakes one idle worker. A redundant call costs one query; without a call the sweep finds the job after at most QUEUE_SWEEP_MS. Event loop only. */
void	queue_wake(void);

/*
 * Registers this worker for wake-ups: woken() is called for each one while
 * queue_idle(1) is in force, and when the connection to Valkey is established.
 * Call it once. Event loop only.
 */
void	queue_listen(void (*woken)(void));

/* Sets whether this worker is idle. A wake-up that arrives while it is busy is passed on to the other workers. Event loop only. */
void	queue_idle(int);

#endif
