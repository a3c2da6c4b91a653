/*
 * Delivers the outbox: claims one mail at a time, has it sent on a thread of
 * its own, and writes down what became of it.
 *
 * The thread is not one of Kore's: those get their tasks in turn, busy or not,
 * and a mail server that hangs would hold up whatever is behind it. A mail that
 * was sent is written down again and again until the database has it; only a
 * kill between the server's reply and that can make a mail go out twice, under
 * the same Message-ID.
 */
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/work.h"
#include "jobs/job.h"
#include "jobs/mail.h"
#include "net/mail.h"
#include "role.h"
#include "store/outbox.h"
#include "store/pg.h"

#define POLL_MS		1000

enum stage { STAGE_IDLE, STAGE_CLAIM, STAGE_SEND, STAGE_WRITE, STAGE_WRITING };

/* The one delivery of this worker. From STAGE_SEND on until the thread answers it is the thread's, but for evt and stage. */
static struct {
	struct kore_event	evt;		/* first: Kore hands us its address */
	enum stage		stage;
	int			more;		/* rung for while it was busy */
	int			threaded;
	int			loop_fd, thread_fd;
	char			token[33];	/* of this claim */
	char			id[24], message_id[64], date[48], to[320];
	int			attempts;
	struct letter		letter;
	enum mail_result	result;
	char			why[512];
} job;

static void	outbox_claim(void);

static void *
sender(void *arg)
{
	struct mail	m = { .to = job.to, .letter = &job.letter, .id = job.message_id, .date = job.date };
	char		byte;

	(void)arg;
	while (read(job.thread_fd, &byte, 1) == 1) {
		job.why[0] = '\0';
		job.result = mail_send(&m, job.why, sizeof(job.why));
		if (write(job.thread_fd, &byte, 1) != 1)
			break;
	}

	return (NULL);
}

static void
written(void *arg, const struct pg_outcome *outcome)
{
	int	given_up;

	(void)arg;
	if (outcome->error != NULL) {
		if (!outcome->lost)
			log_event(LOG_LEVEL_ERROR, "mail: its outcome was not accepted", LOG_S("error", outcome->error));
		job.stage = STAGE_WRITE;	/* with the next tick */
		return;
	}
	job.stage = STAGE_IDLE;
	given_up = PQntuples(outcome->res) == 1 && atoi(PQgetvalue(outcome->res, 0, 0));
	if (job.result == MAIL_SENT)
		log_event(LOG_LEVEL_INFO, "mail sent", LOG_S("mail", job.id), LOG_I("attempts", job.attempts));
	else
		log_event(LOG_LEVEL_WARN, given_up ? "mail given up" : "mail not sent yet", LOG_S("mail", job.id),
		    LOG_I("attempts", job.attempts), LOG_S("error", job.why));
	outbox_claim();
}

static void
outcome_write(void)
{
	static const char	*words[] = { [MAIL_SENT] = "sent", [MAIL_LATER] = "later", [MAIL_REFUSED] = "refused" };
	const char		*params[] = { job.id, job.token, words[job.result], *job.why != '\0' ? job.why : NULL };

	job.stage = STAGE_WRITING;
	pg_query("mail/settle", 4, params, written, NULL);
}

static void
outcome_take(void)
{
	letter_free(&job.letter);
	outcome_write();
}

/* The thread has answered. */
static void
sender_event(void *arg, int error)
{
	char	byte;

	(void)arg;
	(void)error;
	job.evt.flags = 0;
	if (job.stage == STAGE_SEND && recv(job.loop_fd, &byte, 1, MSG_DONTWAIT) == 1)
		outcome_take();
}

static void
sender_start(void)
{
	int	fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("mail: socketpair: %s", strerror(errno));
	job.loop_fd = fds[0];
	job.thread_fd = fds[1];
	job.evt.handle = sender_event;
	job.evt.type = KORE_TYPE_TASK;
	kore_platform_event_schedule(job.loop_fd, EPOLLIN, 0, &job.evt);
	if (!thread_begin(sender, NULL))
		fatal("mail: no thread");
	job.threaded = 1;
}

static void
send_begin(void)
{
	job.stage = STAGE_SEND;
	if (!job.threaded)
		sender_start();
	if (write(job.loop_fd, "", 1) != 1)
		fatal("mail: the sender is gone");
}

/* Without a server, a developer reads the mail in the log (contract people §2.13); nobody else's is ever logged. */
static void
letter_show(void)
{
	log_event(LOG_LEVEL_INFO, "mail is off; this one would have been sent", LOG_S("to", job.to),
	    LOG_S("subject", job.letter.subject), LOG_S("text", job.letter.text));
	job.result = MAIL_SENT;
	outcome_take();
}

static void
claim_take(const PGresult *res)
{
	snprintf(job.id, sizeof(job.id), "%s", PQgetvalue(res, 0, 0));
	snprintf(job.to, sizeof(job.to), "%s", PQgetvalue(res, 0, 1));
	job.attempts = atoi(PQgetvalue(res, 0, 4));
	snprintf(job.message_id, sizeof(job.message_id), "%s.%s", job.id, PQgetvalue(res, 0, 5));
	snprintf(job.date, sizeof(job.date), "%s", PQgetvalue(res, 0, 6));
	job.why[0] = '\0';

	if (!template_render(PQgetvalue(res, 0, 2), PQgetvalue(res, 0, 3), &job.letter, job.why, sizeof(job.why))) {
		job.result = MAIL_REFUSED;
		outcome_take();
	} else if (mail_enabled()) {
		send_begin();
	} else {
		letter_show();
	}
}

static void
claimed(void *arg, const struct pg_outcome *outcome)
{
	int	again = job.more;

	(void)arg;
	job.more = 0;
	job.stage = STAGE_IDLE;
	if (outcome->error != NULL && !outcome->lost)
		log_event(LOG_LEVEL_ERROR, "mail: the outbox cannot be read", LOG_S("error", outcome->error));
	if (outcome->error != NULL)
		return;
	if (PQntuples(outcome->res) == 1)
		claim_take(outcome->res);
	else if (again)
		outbox_claim();
}

/* A number that no other claim has: whoever lost a mail to somebody else cannot write about it. */
static void
token_make(void)
{
	u_int8_t	random[16];
	size_t		i;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		fatal("mail: no random numbers");
	for (i = 0; i < sizeof(random); i++)
		snprintf(job.token + 2 * i, 3, "%02x", random[i]);
}

static void
outbox_claim(void)
{
	const char	*params[] = { job.token };

	job.more = job.stage != STAGE_IDLE;
	if (job.more || role_draining())
		return;
	token_make();
	job.stage = STAGE_CLAIM;
	pg_query("mail/claim", 1, params, claimed, NULL);
}

static void
mailjob_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	if (job.stage == STAGE_WRITE)
		outcome_write();
	else if (job.stage == STAGE_IDLE)
		outbox_claim();
}

void
mailjob_start(void)
{
	if (!mail_enabled() && strcmp(conf_str(CONF_WANZAMI_ENV), "development"))
		return;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		fatal("mail: libcurl does not start");
	outbox_on_wake(outbox_claim);
	kore_timer_add(mailjob_tick, POLL_MS, NULL, 0);
}

int
mailjob_busy(void)
{
	return (job.stage != STAGE_IDLE);
}

JOB_SQL("mail-cleanup", CONF_MAIL_CLEANUP_CRON, "mail/clean", "Gives up mail that could not be sent for three days, forgets what became of mail after 90.");
