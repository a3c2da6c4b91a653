/*
 * Log lines of FFmpeg during a transcode job. A damaged film makes FFmpeg repeat
 * the same few messages thousands of times: the first of each kind is logged,
 * the others are counted. Two messages are of one kind if they differ only in
 * their level, numbers and addresses.
 */
#ifndef WANZAMI_MEDIA_LOG_H
#define WANZAMI_MEDIA_LOG_H

#define MEDIALOG_KINDS_MAX	20	/* kinds logged for a job; messages of further kinds are only counted */

/* Starts the counts of a job. id must stay valid until media_log_end(). One job at a time. Any thread. */
void	media_log_begin(const char *id);

/* Logs or counts a message: the callback of media_init() (media/media.h). level: 0 error, 1 warning. Any thread. */
void	media_log(int level, const char *line);

/* Logs how many messages of the job were only counted, if any were. Any thread. */
void	media_log_end(void);

#endif
