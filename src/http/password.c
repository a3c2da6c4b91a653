/*
 * Hashes and compares on task threads.
 */
#include <crypt.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/work.h"
#include "http/password.h"

#define SALT_PREFIX	"$2a$10$"
#define SALT_CHARS	22
#define HASH_LENGTH	60
/* No text has this hash: what is compared with when there is nobody. */
#define NOBODY		"$2a$10$abcdefghijklmnopqrstuu1fm5tkiL18NIUMbwuJcKsmg080ioiK."

struct job {
	struct request	*r;
	char		*text;
	char		**hashes;
	int		count;
	int		index;
	char		hash[PASSWORD_HASH_MAX];
	void		(*hashed)(struct request *, const char *);
	void		(*checked)(struct request *, int);
};

/* bcrypt of text under a salt or an earlier hash; "" when that is malformed. */
static void
bcrypt(const char *text, const char *setting, char out[PASSWORD_HASH_MAX])
{
	struct crypt_data	data = { 0 };
	const char		*hash;

	hash = crypt_r(text, setting, &data);
	*out = '\0';
	if (hash != NULL && strlen(hash) == HASH_LENGTH)
		memcpy(out, hash, HASH_LENGTH + 1);
}

int
password_make(const char *password, char out[PASSWORD_HASH_MAX])
{
	static const char	alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char		bytes[SALT_CHARS];
	char			setting[sizeof(SALT_PREFIX) + SALT_CHARS] = SALT_PREFIX;
	size_t			i;

	*out = '\0';
	random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < SALT_CHARS; i++)
		setting[strlen(SALT_PREFIX) + i] = alphabet[bytes[i] & 63];
	/* The last of the 22 characters carries two bits. */
	setting[strlen(SALT_PREFIX) + SALT_CHARS - 1] = alphabet[bytes[SALT_CHARS - 1] & 48];
	bcrypt(password, setting, out);

	return (*out != '\0');
}

static int
same(const char *a, const char *b)
{
	unsigned char	diff = 0;
	size_t		i;

	for (i = 0; i < HASH_LENGTH; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);

	return (diff == 0);
}

static void
job_work(void *arg)
{
	struct job	*j = arg;
	int		i;

	if (j->hashed != NULL) {
		(void)password_make(j->text, j->hash);
		return;
	}
	for (i = 0; i < j->count && j->index < 0; i++) {
		bcrypt(j->text, j->hashes[i], j->hash);
		if (*j->hash != '\0' && strlen(j->hashes[i]) == HASH_LENGTH && same(j->hash, j->hashes[i]))
			j->index = i;
	}
	if (j->count == 0)
		bcrypt(j->text, NOBODY, j->hash);
}

static void
job_done(void *arg)
{
	struct job	*j = arg;
	int		i;

	if (request_resume(j->r)) {
		if (j->hashed != NULL)
			j->hashed(j->r, j->hash);
		else
			j->checked(j->r, j->index);
		request_settle(j->r);
	}
	explicit_bzero(j->text, strlen(j->text));
	free(j->text);
	for (i = 0; i < j->count; i++)
		free(j->hashes[i]);
	free(j->hashes);
	free(j);
}

static struct job *
job_new(struct request *r, const char *text)
{
	struct job	*j;

	if ((j = calloc(1, sizeof(*j))) == NULL || (j->text = strdup(text)) == NULL)
		fatal("out of memory");
	j->r = r;
	j->index = -1;

	return (j);
}

void
password_hash(struct request *r, const char *password, void (*next)(struct request *, const char *))
{
	struct job	*j = job_new(r, password);

	j->hashed = next;
	request_wait(r);
	(void)work_run(WORK_PASSWORD, job_work, job_done, j);
}

void
password_check(struct request *r, const char *text, const char *const *hashes, int count, void (*next)(struct request *, int))
{
	struct job	*j = job_new(r, text);
	int		i;

	j->checked = next;
	if ((j->hashes = calloc((size_t)count + 1, sizeof(*j->hashes))) == NULL)
		fatal("out of memory");
	for (i = 0; i < count; i++) {
		if ((j->hashes[i] = strdup(hashes[i])) == NULL)
			fatal("out of memory");
	}
	j->count = count;
	request_wait(r);
	(void)work_run(WORK_PASSWORD, job_work, job_done, j);
}

int
password_strong(const char *text)
{
	int	upper = 0, lower = 0, digit = 0, other = 0;
	size_t	i;

	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			upper = 1;
		else if (text[i] >= 'a' && text[i] <= 'z')
			lower = 1;
		else if (text[i] >= '0' && text[i] <= '9')
			digit = 1;
		else
			other = 1;
	}

	return (upper && lower && digit && other);
}
