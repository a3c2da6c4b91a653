/*
 * How those who put transcode jobs into the database and those who work on
 * them find each other. The job's row (wanzami.transcode_job) is the truth; a
 * stream in Valkey wakes one idle worker for each job, and is only a hint: the
 * sweep (transcode/sweep.h) wakes again for what waits.
 *
 * To queue an upload, run in the transaction that makes its UploadJob
 * PROCESSING (the row may be changed by the same statement)
 *	SELECT wanzami.transcode_enqueue(upload job's id, '{R1080,R720}'::"Rendition"[])
 * which also ends older jobs for the same film, and call queue_wake() when the
 * transaction has been committed. The job's "progress" is, while it is running,
 *	{"percent":42.1,"seconds":12.4,"duration":30,"fps":61.5,"renditions":[{"rendition":"R1080","percent":40.3},…]}
 * and {} otherwise; "state" is queued, running, done, failed or cancelled.
 */
#ifndef WANZAMI_QUEUE_H
#define WANZAMI_QUEUE_H

/* Says that a job may be waiting; one call too many costs one look, one too few some seconds. Event loop only. */
void	queue_wake(void);

/* This worker wants to be woken: woken() is called for each wake-up while queue_idle(1) is in force, and whenever the connection is made. Once, event loop only. */
void	queue_listen(void (*woken)(void));

/* Whether a wake-up would find us idle; one that comes nevertheless goes back to the others. Event loop only. */
void	queue_idle(int);

#endif
