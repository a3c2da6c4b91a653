/*
 * Delivery of the outbox: claims a mail, sends it on a thread and stores the
 * result. A worker sends one mail at a time. While that is of a campaign,
 * or takes long, it sends others than campaigns besides, one at a time: a slow
 * server must not hold up a reset link.
 *
 * The result is stored again until the database has it. A mail is sent twice, with
 * the same Message-ID, only if the process is killed after the reply of the SMTP
 * server and before the result is stored, or if the database is away for longer
 * than a claim lasts.
 *
 * The row wanzami.mail_relay holds back all processes after a failure that is not
 * about one recipient (docs/mail.md#the-pause): sql/query/mail decides.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/random.h"
#include "base/role.h"
#include "base/work.h"
#include "cron/cron_job.h"
#include "http/sign.h"
#include "http/signed_token.h"
#include "jobs/mail_sender.h"
#include "net/mail.h"
#include "store/outbox.h"
#include "store/pg.h"
#include "store/pg_sync.h"

#define POLL_MS		1000
#define SLOW_MS		2000	/* of a mail, after which it does not hold up others */
#define LEASE_SEC	180	/* of a claim */
#define LEASE_CHARS	12	/* its number and the 0 at the end */
#define RENEW_SEC	30
#define REPEATED_MS	300000	/* in which equal warnings are counted, not written */
#define SETTLE_PARAMS	5
#define SETTLE_TIMEOUT_MS	10000	/* statement timeout */
#define SETTLE_PAUSE_MS	200	/* between two tries */

enum stage { STAGE_IDLE, STAGE_CLAIM, STAGE_SEND, STAGE_WRITE, STAGE_WRITING };

/* A mail from its claim to its result. */
struct delivery {
	char			token[33];	/* random, one per claim */
	char			id[24], message_id[64], date[48], to[320];
	char			template[40];
	char			*vars;		/* of the template, until it is rendered */
	int			attempts;
	struct mail_content	content;
	enum mail_result	result;
	char			why[MAIL_WHY_MAX];
	int			campaign, barred;	/* barred: the recipient gets no campaigns */
	char			unsubscribe[SIGN_BASE_MAX + sizeof(SIGN_UNSUBSCRIBE_PATH) + SIGNED_TOKEN_MAX];	/* URL, "" for none */
};

/* A delivery of this worker. The thread owns `d` in STAGE_SEND. */
struct slot {
	enum stage	stage;
	int		renewing;
	u_int64_t	begun, renewed;	/* kore_time_ms() */
	struct delivery	d;
};

/* The second slot is used while the first one is held up, and takes no campaigns. */
static struct slot	slots[2];
static int		woken;		/* while no slot could claim a mail */

/* The last warning of this thread about an unsent mail. */
static _Thread_local struct {
	char		why[MAIL_WHY_MAX];
	u_int64_t	at;		/* kore_time_ms() */
	int		times;		/* not written since */
} warned;

static void	outbox_claim(void);

/* Chooses the token of a claim. sql/query/mail/settle.sql checks it, so that a claim that has expired changes nothing. */
static void
delivery_token(struct delivery *d)
{
	random_hex(d->token, (sizeof(d->token) - 1) / 2);
}

/* Returns 1 if mail can be delivered: by SMTP, or in development to the log (docs/compatibility.md#mail-server). Production logs no mail. */
static int
delivery_possible(void)
{
	return (mail_enabled() || !strcmp(conf_str(CONF_WANZAMI_ENV), "development"));
}

/* Writes the URL that ends campaigns to the recipient; "" for another mail. */
static void
unsubscribe_make(struct delivery *d, const PGresult *res)
{
	char	token[SIGNED_TOKEN_MAX];

	d->unsubscribe[0] = '\0';
	if (PQgetisnull(res, 0, 7))
		return;
	signed_token_make(SIGN_UNSUBSCRIBE_PURPOSE, PQgetvalue(res, 0, 8), SIGN_UNSUBSCRIBE_SECONDS, token);
	snprintf(d->unsubscribe, sizeof(d->unsubscribe), "%s%s%s", PQgetvalue(res, 0, 7), SIGN_UNSUBSCRIBE_PATH, token);
}

/* Reads a row of sql/query/mail/claim.sql. Returns 0 if the mail is not to be sent; its result is then set. */
static int
delivery_take(struct delivery *d, const PGresult *res)
{
	snprintf(d->id, sizeof(d->id), "%s", PQgetvalue(res, 0, 0));
	snprintf(d->to, sizeof(d->to), "%s", PQgetvalue(res, 0, 1));
	d->attempts = atoi(PQgetvalue(res, 0, 4));
	snprintf(d->message_id, sizeof(d->message_id), "%s.%s", d->id, PQgetvalue(res, 0, 5));
	snprintf(d->date, sizeof(d->date), "%s", PQgetvalue(res, 0, 6));
	d->campaign = !strcmp(PQgetvalue(res, 0, 2), "campaign");
	d->barred = !PQgetisnull(res, 0, 9);
	snprintf(d->why, sizeof(d->why), "%s", PQgetvalue(res, 0, 9));
	unsubscribe_make(d, res);
	snprintf(d->template, sizeof(d->template), "%s", PQgetvalue(res, 0, 2));
	d->result = MAIL_DROPPED;
	if (*PQgetvalue(res, 0, 10) == '1') {
		snprintf(d->why, sizeof(d->why), "its link has expired");
		return (0);
	}
	if (!d->barred && (d->vars = strdup(PQgetvalue(res, 0, 3))) == NULL) {
		snprintf(d->why, sizeof(d->why), "out of memory");
		d->result = MAIL_RELAY;
	}

	return (d->vars != NULL);
}

static void
delivery_free(struct delivery *d)
{
	mail_content_free(&d->content);
	free(d->vars);
	d->vars = NULL;
}

/* Renders the template. Returns 0 if it cannot be rendered, with the result. Lack of memory is about us, and the mail waits. */
static int
delivery_render(struct delivery *d)
{
	enum template_result	rendered;

	rendered = template_render(d->template, d->vars, d->unsubscribe, &d->content, d->why, sizeof(d->why));
	d->result = rendered == TEMPLATE_NO_MEMORY ? MAIL_RELAY : MAIL_DROPPED;

	return (rendered == TEMPLATE_OK);
}

/* Replaces what is not ASCII: a server may answer in any encoding, and PostgreSQL takes UTF-8 only. */
static void
why_clean(char *why)
{
	for (; *why != '\0'; why++) {
		if ((unsigned char)*why >= 0x80)
			*why = '?';
	}
}

/* Renders and sends a mail, or tries to. Blocks. */
static void
delivery_send(struct delivery *d)
{
	struct mail	m;

	if (!delivery_render(d))
		return;
	m = (struct mail){ .to = d->to, .content = &d->content, .id = d->message_id, .date = d->date, .campaign = d->campaign,
	    .unsubscribe = d->unsubscribe, .reply_to = d->campaign ? conf_str(CONF_SUPPORT_EMAIL) : d->content.reply_to };
	d->why[0] = '\0';
	if (mail_enabled()) {
		d->result = mail_send(&m, d->why, sizeof(d->why));
		why_clean(d->why);
		return;
	}
	log_event(LOG_LEVEL_INFO, "mail is off; not sent", LOG_S("to", d->to), LOG_S("subject", d->content.subject),
	    LOG_S("text", d->content.text));
	d->result = MAIL_SENT;
}

/* Fills the parameters of sql/query/mail/settle.sql. */
static void
delivery_outcome(const struct delivery *d, const char *params[SETTLE_PARAMS])
{
	static const char	*results[] = { [MAIL_SENT] = "sent", [MAIL_REFUSED] = "refused", [MAIL_LATER] = "later", [MAIL_RELAY] = "relay",
				    [MAIL_RELAY_REFUSED] = "alarm", [MAIL_DROPPED] = "dropped" };

	params[0] = d->id;
	params[1] = d->token;
	params[2] = results[d->result];
	params[3] = *d->why != '\0' ? d->why : NULL;
	params[4] = conf_str(CONF_MAIL_KEEP_HOURS);
}

/* Writes how many warnings were left out since the last one. */
static void
warning_end(void)
{
	if (warned.times > 0)
		log_event(LOG_LEVEL_WARN, "mails not sent yet", LOG_I("mails", warned.times), LOG_S("error", warned.why));
	warned.why[0] = '\0';
	warned.times = 0;
}

/* Writes the warning that a mail was not sent. Equal ones within REPEATED_MS become one with their number. */
static void
warning_log(const struct delivery *d, int pause)
{
	u_int64_t	now = kore_time_ms();

	if (!strcmp(warned.why, d->why) && now < warned.at + REPEATED_MS) {
		warned.times++;
		return;
	}
	warning_end();
	log_event(LOG_LEVEL_WARN, "mail not sent yet", LOG_S("mail", d->id), LOG_I("attempts", d->attempts),
	    LOG_I("pause", pause > 0 ? pause : INT64_MIN), LOG_S("error", d->why));
	snprintf(warned.why, sizeof(warned.why), "%s", d->why);
	warned.at = now;
}

/* Writes the result, with what sql/query/mail/settle.sql has returned. */
static void
delivery_log(const struct delivery *d, const PGresult *settled)
{
	int	known = PQntuples(settled) == 1, gone = known && atoi(PQgetvalue(settled, 0, 0));
	int	pause = known ? atoi(PQgetvalue(settled, 0, 1)) : 0, failed = known ? atoi(PQgetvalue(settled, 0, 3)) : 0;

	if (known && atoi(PQgetvalue(settled, 0, 2)))
		log_event(LOG_LEVEL_ERROR, "no mail can be sent", LOG_I("failures", failed + 1), LOG_S("error", d->why));
	if (!known && d->result == MAIL_SENT)
		log_event(LOG_LEVEL_WARN, "mail sent, but its claim was lost: it may be sent again", LOG_S("mail", d->id));
	if (d->result == MAIL_SENT)
		warning_end();
	if (d->result == MAIL_SENT)
		log_event(LOG_LEVEL_INFO, "mail sent", LOG_S("mail", d->id), LOG_I("attempts", d->attempts),
		    LOG_I("failures", failed > 0 ? failed : INT64_MIN));
	else if (d->barred)
		log_event(LOG_LEVEL_INFO, "campaign not sent to a recipient", LOG_S("mail", d->id), LOG_S("reason", d->why));
	else if (gone)
		log_event(LOG_LEVEL_WARN, "mail given up", LOG_S("mail", d->id), LOG_I("attempts", d->attempts), LOG_S("error", d->why));
	else
		warning_log(d, pause);
}

static void
written(void *arg, const struct pg_outcome *outcome)
{
	struct slot	*slot = arg;

	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "mail result was not stored", LOG_S("mail", slot->d.id), LOG_S("error", outcome->error));
		slot->stage = STAGE_WRITE;	/* the next tick repeats it */
		return;
	}
	slot->stage = STAGE_IDLE;
	delivery_log(&slot->d, outcome->res);
	outbox_claim();
}

static void
outcome_write(struct slot *slot)
{
	const char	*params[SETTLE_PARAMS];

	delivery_outcome(&slot->d, params);
	slot->stage = STAGE_WRITING;
	pg_query("mail/settle", SETTLE_PARAMS, params, written, slot);
}

static void
outcome_take(struct slot *slot)
{
	delivery_free(&slot->d);
	outcome_write(slot);
}

static void
sent_work(void *arg)
{
	struct slot	*slot = arg;

	delivery_send(&slot->d);
}

static void
sent(void *arg)
{
	outcome_take(arg);
}

static void
send_begin(struct slot *slot)
{
	slot->stage = STAGE_SEND;
	slot->begun = slot->renewed = kore_time_ms();
	(void)work_run(WORK_MAIL, sent_work, sent, slot);
}

/*
 * Fills the parameters of sql/query/mail/claim.sql. A process without the secrets, as in the
 * role cron alone, cannot sign unsubscribe links.
 */
static void
claim_params(struct delivery *d, int campaigns, char lease[LEASE_CHARS], const char *params[3])
{
	delivery_token(d);
	snprintf(lease, LEASE_CHARS, "%d", LEASE_SEC);
	params[0] = d->token;
	params[1] = lease;
	params[2] = campaigns && conf_check_secrets() == NULL ? "true" : "false";
}

static void
claimed(void *arg, const struct pg_outcome *outcome)
{
	struct slot	*slot = arg;
	int		again = woken;

	woken = 0;
	slot->stage = STAGE_IDLE;
	if (outcome->error != NULL && !outcome->disconnected)
		log_event(LOG_LEVEL_ERROR, "mail cannot be claimed from the outbox", LOG_S("error", outcome->error));
	if (outcome->error != NULL)
		return;
	if (PQntuples(outcome->res) > 0) {
		if (delivery_take(&slot->d, outcome->res))
			send_begin(slot);
		else
			outcome_take(slot);
	}
	if (again)
		outbox_claim();
}

/* Returns the slot that may claim a mail now, or NULL. */
static struct slot *
slot_find(void)
{
	const struct slot	*first = &slots[0];

	if (first->stage == STAGE_IDLE)
		return (&slots[0]);
	if (first->stage == STAGE_SEND && (first->d.campaign || kore_time_ms() >= first->begun + SLOW_MS) && slots[1].stage == STAGE_IDLE)
		return (&slots[1]);

	return (NULL);
}

static void
outbox_claim(void)
{
	const char	*params[3];
	char		lease[LEASE_CHARS];
	struct slot	*slot = slot_find();

	woken = slot == NULL;
	if (woken || role_draining())
		return;
	claim_params(&slot->d, slot == &slots[0], lease, params);
	slot->stage = STAGE_CLAIM;
	pg_query("mail/claim", 3, params, claimed, slot);
}

static void
renewed(void *arg, const struct pg_outcome *outcome)
{
	struct slot	*slot = arg;

	(void)outcome;		/* tried again in time: RENEW_SEC is a sixth of the claim */
	slot->renewing = 0;
}

/* Renews the claim of the mail that is being sent: the timeouts of SMTP are longer than a claim, so that a claim ends soon after its process. */
static void
claim_renew(struct slot *slot, u_int64_t now)
{
	const char	*params[] = { slot->d.id, slot->d.token, NULL };
	char		lease[LEASE_CHARS];

	if (slot->renewing || now < slot->renewed + RENEW_SEC * 1000)
		return;
	snprintf(lease, sizeof(lease), "%d", LEASE_SEC);
	params[2] = lease;
	slot->renewing = 1;
	slot->renewed = now;
	pg_query("mail/renew", 3, params, renewed, slot);
}

static void
mail_sender_tick(void *arg, u_int64_t now)
{
	size_t	i;

	(void)arg;
	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (slots[i].stage == STAGE_SEND)
			claim_renew(&slots[i], now);
		else if (slots[i].stage == STAGE_WRITE)
			outcome_write(&slots[i]);
	}
	outbox_claim();
}

static void
resumed(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	(void)outcome;		/* without it the pause ends by itself */
}

void
mail_sender_start(void)
{
	if (!delivery_possible())
		return;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		fatal("mail: libcurl cannot be initialized");
	pg_query("mail/resume", 0, NULL, resumed, NULL);
	outbox_on_wake(outbox_claim);
	kore_timer_add(mail_sender_tick, POLL_MS, NULL, 0);
}

int
mail_sender_busy(void)
{
	return (slots[0].stage != STAGE_IDLE || slots[1].stage != STAGE_IDLE);
}

/*
 * Stores the result of a mail over a separate connection, also when the run is
 * being stopped: a mail that was sent without a stored result would be sent again.
 * Returns NULL if the database is away for as long as a claim lasts: then another
 * process sends the mail again, whatever is stored later.
 */
static const PGresult *
delivery_settle(const struct delivery *d, struct pg_sync *db)
{
	struct timespec	pause = { .tv_nsec = SETTLE_PAUSE_MS * 1000000L };
	const char	*params[SETTLE_PARAMS];
	const PGresult	*rows;
	u_int64_t	end = kore_time_ms() + LEASE_SEC * 1000;

	delivery_outcome(d, params);
	do {
		if (pg_sync_open(db, conf_str(CONF_DATABASE_URL), SETTLE_TIMEOUT_MS) && (rows = pg_sync_query(db, "mail/settle", SETTLE_PARAMS, params)) != NULL)
			return (rows);
		(void)nanosleep(&pause, NULL);
	} while (kore_time_ms() < end);

	return (NULL);
}

/*
 * Renews the claim of the mail that the job is sending, as claim_renew() does: a thread, because sending blocks that of the job. The job does not
 * wait for its end, which can take as long as a connection and a statement; the thread frees the renewer.
 */
struct renewer {
	pthread_mutex_t		lock;
	pthread_cond_t		changed;
	const struct delivery	*d;	/* NULL: none is being sent */
	int			over;	/* set last: the job does not use the renewer any more */
};

/* Renews the claim. The caller has locked the renewer; it is unlocked meanwhile. */
static void
renewer_renew(struct renewer *n, struct pg_sync *db)
{
	char		id[sizeof(n->d->id)], token[sizeof(n->d->token)], lease[LEASE_CHARS];
	const char	*params[] = { id, token, lease };

	snprintf(id, sizeof(id), "%s", n->d->id);
	snprintf(token, sizeof(token), "%s", n->d->token);
	snprintf(lease, sizeof(lease), "%d", LEASE_SEC);
	(void)pthread_mutex_unlock(&n->lock);
	/* If it fails, it is tried again in time. */
	if (pg_sync_open(db, conf_str(CONF_DATABASE_URL), SETTLE_TIMEOUT_MS))
		(void)pg_sync_query(db, "mail/renew", 3, params);
	(void)pthread_mutex_lock(&n->lock);
}

static void *
renewer_run(void *arg)
{
	struct renewer	*n = arg;
	struct pg_sync	db = { 0 };
	struct timespec	end;

	(void)pthread_mutex_lock(&n->lock);
	while (!n->over) {
		(void)clock_gettime(CLOCK_REALTIME, &end);
		end.tv_sec += RENEW_SEC;
		if (pthread_cond_timedwait(&n->changed, &n->lock, &end) == ETIMEDOUT && n->d != NULL)
			renewer_renew(n, &db);
	}
	(void)pthread_mutex_unlock(&n->lock);
	(void)pthread_cond_destroy(&n->changed);
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
	pg_sync_close(&db);

	return (NULL);
}

/* Starts the thread. Returns NULL if that fails. */
static struct renewer *
renewer_start(void)
{
	struct renewer	*n = calloc(1, sizeof(*n));

	if (n == NULL)
		return (NULL);
	(void)pthread_mutex_init(&n->lock, NULL);
	(void)pthread_cond_init(&n->changed, NULL);
	if (thread_begin(renewer_run, n))
		return (n);
	free(n);

	return (NULL);
}

/* Tells the thread which mail is being sent, NULL for none, and whether it ends. */
static void
renewer_tell(struct renewer *n, const struct delivery *d, int over)
{
	(void)pthread_mutex_lock(&n->lock);
	n->d = d;
	n->over = over;
	(void)pthread_cond_signal(&n->changed);
	(void)pthread_mutex_unlock(&n->lock);
}

/* Delivers the next mail of the outbox. Returns 0 if none is due, -1 if the run has failed and its reason is set. */
static int
delivery_next(struct job_run *run, struct delivery *d, struct renewer *n, struct pg_sync *db)
{
	const char	*claim[3];
	char		lease[LEASE_CHARS];
	const PGresult	*rows;

	claim_params(d, 1, lease, claim);
	if ((rows = job_sql(run, "mail/claim", 3, claim)) == NULL) {
		(void)job_failed(run, "mail cannot be claimed from the outbox");
		return (-1);
	}
	if (PQntuples(rows) == 0)
		return (0);
	if (delivery_take(d, rows)) {
		renewer_tell(n, d, 0);
		delivery_send(d);
	}
	delivery_free(d);
	rows = delivery_settle(d, db);
	renewer_tell(n, NULL, 0);
	if (rows == NULL) {
		(void)job_failed(run, "the result of a mail cannot be stored: %s", db->error);
		return (-1);
	}
	delivery_log(d, rows);

	return (1);
}

/* A mail that could not be sent is due again later; the run does not wait for it. */
JOB("mail", CONF_MAIL_CRON, mail_deliver, "Sends the mails that are due, as each process with mail does continuously.");

static enum job_outcome
mail_deliver(struct job_run *run)
{
	struct delivery	d = { .id = "" };
	struct renewer	*n;
	struct pg_sync	db = { 0 };
	int		sent = 0, unsent = 0, next = 0;

	if (!delivery_possible())
		return (job_failed(run, "mail is off: SMTP_HOST, SMTP_USER and SMTP_PASS are not all set"));
	if ((n = renewer_start()) == NULL)
		return (job_failed(run, "no thread that renews claims can be started"));
	while (!job_canceled(run) && (next = delivery_next(run, &d, n, &db)) > 0)
		*(d.result == MAIL_SENT ? &sent : &unsent) += 1;
	renewer_tell(n, NULL, 1);
	pg_sync_close(&db);
	job_count(run, "sent", sent);
	job_count(run, "unsent", unsent);

	return (next == -1 ? JOB_FAILED : JOB_OK);
}
