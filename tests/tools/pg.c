/*
 * libpq over BearSSL as a program for tests: pg CONNINFO VERB [N].
 *
 *	show		connects, prints the TLS attributes of libpq and of the server
 *	try N [MS]	connects N times, nonblocking, for at most MS each; prints a line for each: ok, waits, or the error
 *	wait N		starts to connect, polls for N ms; prints the result and the number of steps
 *	down N, up N	transfers N megabytes in one direction through COPY, blocking
 *	pipe N		sends N statements of one megabyte each way, pipelined and nonblocking
 *	gone		connects, disconnects, prints a line, waits for a line on standard input
 *	break		connects, prints a line, waits for a line on standard input, sends one more statement
 */
#include <sys/time.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "base/conf.h"
#include "tls/roots.h"

#define PATIENCE_MS	60000
#define MEGABYTE	1000000
#define STEPS_MAX	60	/* more steps than a handshake byte by byte mean a busy loop */

int	main(int, char **);

/* Prints an error as one line. */
static int
fail(const char *text)
{
	printf("error: ");
	for (; *text != '\0' && !(*text == '\n' && text[1] == '\0'); text++)
		putchar(*text == '\n' || *text == '\t' ? ' ' : *text);
	printf("\n");

	return (1);
}

static int
result_fail(PGconn *db, PGresult *res)
{
	PQclear(res);

	return (fail(PQerrorMessage(db)));
}

static int64_t
now_ms(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static int
socket_wait(PGconn *db, short events, int ms)
{
	struct pollfd	p = { .fd = PQsocket(db), .events = events };

	return (poll(&p, 1, ms) == 1);
}

/* Connects like an event loop. Returns 1 if connected, 0 on an error, -1 on a timeout. */
static int
connect_async(PGconn *db, int ms, int *steps)
{
	PostgresPollingStatusType	next = PGRES_POLLING_WRITING;
	int64_t				end = now_ms() + ms;

	while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
		if (now_ms() >= end || !socket_wait(db, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, (int)(end - now_ms())))
			return (-1);
		next = PQconnectPoll(db);
		(*steps)++;
	}

	return (next == PGRES_POLLING_OK);
}

static int
cmd_show(PGconn *db)
{
	const char *const	*names = PQsslAttributeNames(db);
	PGresult		*res;
	size_t			i;

	if (PQstatus(db) != CONNECTION_OK)
		return (fail(PQerrorMessage(db)));
	printf("tls %d\n", PQsslInUse(db));
	for (i = 0; names[i] != NULL; i++)
		printf("%s %s\n", names[i], PQsslAttribute(db, names[i]));
	res = PQexec(db, "SELECT ssl::int, coalesce(version, ''), coalesce(cipher, ''), coalesce(client_dn, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return (result_fail(db, res));
	printf("server %s %s %s %s\n", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 2), PQgetvalue(res, 0, 3));
	PQclear(res);

	return (0);
}

static int
cmd_try(const char *conninfo, int n, int ms)
{
	PGconn	*db;
	int	i, up, steps;

	for (i = 0; i < n; i++) {
		steps = 0;
		db = PQconnectStart(conninfo);
		up = PQstatus(db) == CONNECTION_BAD ? 0 : connect_async(db, ms, &steps);
		if (up == 1)
			printf("ok\n");
		else if (up == 0)
			(void)fail(PQerrorMessage(db));
		else
			printf("%s\n", steps < STEPS_MAX ? "waits" : "error: busy loop");
		PQfinish(db);
		fflush(stdout);
	}

	return (0);
}

static int
cmd_wait(const char *conninfo, int ms)
{
	PGconn	*db = PQconnectStart(conninfo);
	int	steps = 0, up;

	if (PQstatus(db) == CONNECTION_BAD)
		return (fail(PQerrorMessage(db)));
	up = connect_async(db, ms, &steps);
	printf("%s %d\n", up == -1 ? "waits" : up == 1 ? "ok" : "failed", steps);
	PQfinish(db);

	return (0);
}

/* Fills with deterministic bytes of a long period. */
static void
fill(char *out, size_t len, unsigned int seed)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		out[i] = (char)('a' + (seed >> 16) % 26);
	}
}

static int
cmd_down(PGconn *db, int megabytes)
{
	char		sql[200], *row;
	PGresult	*res;
	long long	total = 0;
	int		n, wrong;

	snprintf(sql, sizeof(sql), "COPY (SELECT repeat('0123456789', 1000) FROM generate_series(1, %d)) TO STDOUT", megabytes * 100);
	res = PQexec(db, sql);
	if (PQresultStatus(res) != PGRES_COPY_OUT)
		return (result_fail(db, res));
	PQclear(res);
	while ((n = PQgetCopyData(db, &row, 0)) > 0) {
		wrong = n != 10001 || memcmp(row, "0123456789", 10) || memcmp(row + 9990, "0123456789\n", 11);
		PQfreemem(row);
		if (wrong)
			return (fail("wrong row"));
		total += n - 1;
	}
	if (n != -1)
		return (fail(PQerrorMessage(db)));
	PQclear(PQgetResult(db));
	printf("%lld\n", total);

	return (0);
}

static int
cmd_up(PGconn *db, int megabytes)
{
	static char	block[MEGABYTE];
	PGresult	*res;
	int		i;

	PQclear(PQexec(db, "CREATE TEMP TABLE arrived (line text)"));
	res = PQexec(db, "COPY arrived FROM STDIN");
	if (PQresultStatus(res) != PGRES_COPY_IN)
		return (result_fail(db, res));
	PQclear(res);
	fill(block, sizeof(block), 1);
	for (i = 999; i < MEGABYTE; i += 1000)
		block[i] = '\n';
	for (i = 0; i < megabytes; i++) {
		if (PQputCopyData(db, block, MEGABYTE) != 1)
			return (fail(PQerrorMessage(db)));
	}
	if (PQputCopyEnd(db, NULL) != 1)
		return (fail(PQerrorMessage(db)));
	PQclear(PQgetResult(db));
	while ((res = PQgetResult(db)) != NULL)
		PQclear(res);
	res = PQexec(db, "SELECT sum(length(line) + 1), count(DISTINCT line) FROM arrived");
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return (result_fail(db, res));
	printf("%s %s\n", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
	PQclear(res);

	return (0);
}

static int
pipe_send(PGconn *db, char *text, int i)
{
	const char	*value = text;

	fill(text, MEGABYTE - 1, (unsigned int)i);

	return (PQsendQueryParams(db, "SELECT $1::text", 1, NULL, &value, NULL, NULL, 0) && PQpipelineSync(db));
}

/* Reads the available results. Returns -1 on an error. */
static int
pipe_take(PGconn *db, char *text, int *done)
{
	PGresult	*res;
	int		wrong, nothing = 0;

	if (!PQconsumeInput(db))
		return (-1);
	while (nothing < 2 && !PQisBusy(db)) {
		if ((res = PQgetResult(db)) == NULL) {
			nothing++;
			continue;
		}
		nothing = 0;
		wrong = PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_PIPELINE_SYNC;
		if (PQresultStatus(res) == PGRES_TUPLES_OK) {
			fill(text, MEGABYTE - 1, (unsigned int)(*done)++);
			wrong = strcmp(PQgetvalue(res, 0, 0), text) != 0;
		}
		PQclear(res);
		if (wrong)
			return (-1);
	}

	return (0);
}

/* Queues all statements at once, so that both directions are busy. */
static int
cmd_pipe(PGconn *db, int n)
{
	static char	text[MEGABYTE], other[MEGABYTE];
	int		sent = 0, done = 0, waiting = 0;

	if (PQsetnonblocking(db, 1) == -1 || !PQenterPipelineMode(db))
		return (fail(PQerrorMessage(db)));
	while (done < n) {
		while (sent < n && sent - done < 8) {
			if (!pipe_send(db, text, sent++))
				return (fail(PQerrorMessage(db)));
		}
		if ((waiting = PQflush(db)) == -1 || !socket_wait(db, waiting ? POLLIN | POLLOUT : POLLIN, PATIENCE_MS) ||
		    pipe_take(db, other, &done) == -1)
			return (fail(*PQerrorMessage(db) != '\0' ? PQerrorMessage(db) : "a result is missing or wrong"));
	}
	printf("%d\n", done);

	return (0);
}

static int
cmd_break(PGconn *db)
{
	char		line[10];
	PGresult	*res;

	printf("up\n");
	fflush(stdout);
	(void)fgets(line, sizeof(line), stdin);
	res = PQexec(db, "SELECT 1");
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return (result_fail(db, res));
	PQclear(res);
	printf("ok\n");

	return (0);
}

static int
connected(PGconn *db, const char *verb, int n)
{
	if (!strcmp(verb, "show"))
		return (cmd_show(db));
	if (PQstatus(db) != CONNECTION_OK)
		return (fail(PQerrorMessage(db)));
	if (!strcmp(verb, "down"))
		return (cmd_down(db, n));
	if (!strcmp(verb, "up"))
		return (cmd_up(db, n));
	if (!strcmp(verb, "pipe"))
		return (cmd_pipe(db, n));

	return (!strcmp(verb, "break") ? cmd_break(db) : fail("unknown verb"));
}

int
main(int argc, char **argv)
{
	const char	*wrong;
	PGconn		*db;
	char		line[10];
	int		n = argc > 3 ? atoi(argv[3]) : 0, ret;

	if (argc < 3 || (wrong = conf_load()) != NULL || (wrong = roots_load()) != NULL)
		return (fail(argc < 3 ? "usage: pg CONNINFO VERB [N]" : wrong));
	if (!strcmp(argv[2], "try"))
		return (cmd_try(argv[1], n, argc > 4 ? atoi(argv[4]) : PATIENCE_MS));
	if (!strcmp(argv[2], "wait"))
		return (cmd_wait(argv[1], n));
	db = PQconnectdb(argv[1]);
	ret = connected(db, strcmp(argv[2], "gone") ? argv[2] : "show", n);
	PQfinish(db);
	if (!strcmp(argv[2], "gone")) {
		printf("gone\n");
		fflush(stdout);
		(void)fgets(line, sizeof(line), stdin);
	}

	return (ret);
}
