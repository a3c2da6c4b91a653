/*
 * bcrypt on threads (base/work.h).
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
/* A hash that no password has; compared with if there is no account. */
#define NO_MATCH	"$2a$10$abcdefghijklmnopqrstuu1fm5tkiL18NIUMbwuJcKsmg080ioiK."

/* A hash or a comparison on its way to a thread and back. */
struct hash_task {
	struct request	*r;
	char		*text;
	char		**hashes;
	int		count;
	int		index;
	char		hash[PASSWORD_HASH_MAX];
	void		(*hashed)(struct request *, const char *);
	void		(*checked)(struct request *, int);
};

/* Hashes text with the salt in setting, which is a salt or a hash. Writes "" if setting is malformed. */
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
	/* The last of the 22 characters encodes two bits only. */
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
task_work(void *arg)
{
	struct hash_task	*t = arg;
	int		i;

	if (t->hashed != NULL) {
		(void)password_make(t->text, t->hash);
		return;
	}
	for (i = 0; i < t->count && t->index < 0; i++) {
		bcrypt(t->text, t->hashes[i], t->hash);
		if (*t->hash != '\0' && strlen(t->hashes[i]) == HASH_LENGTH && same(t->hash, t->hashes[i]))
			t->index = i;
	}
	if (t->count == 0)
		bcrypt(t->text, NO_MATCH, t->hash);
}

static void
task_done(void *arg)
{
	struct hash_task	*t = arg;
	int		i;

	if (request_resume(t->r)) {
		if (t->hashed != NULL)
			t->hashed(t->r, t->hash);
		else
			t->checked(t->r, t->index);
		request_settle(t->r);
	}
	explicit_bzero(t->text, strlen(t->text));
	free(t->text);
	for (i = 0; i < t->count; i++)
		free(t->hashes[i]);
	free(t->hashes);
	free(t);
}

static struct hash_task *
task_new(struct request *r, const char *text)
{
	struct hash_task	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL || (t->text = strdup(text)) == NULL)
		fatal("out of memory");
	t->r = r;
	t->index = -1;

	return (t);
}

void
password_hash(struct request *r, const char *password, void (*next)(struct request *, const char *))
{
	struct hash_task	*t = task_new(r, password);

	t->hashed = next;
	request_wait(r);
	(void)work_run(WORK_PASSWORD, task_work, task_done, t);
}

void
password_check(struct request *r, const char *text, const char *const *hashes, int count, void (*next)(struct request *, int))
{
	struct hash_task	*t = task_new(r, text);
	int		i;

	t->checked = next;
	if ((t->hashes = calloc((size_t)count + 1, sizeof(*t->hashes))) == NULL)
		fatal("out of memory");
	for (i = 0; i < count; i++) {
		if ((t->hashes[i] = strdup(hashes[i])) == NULL)
			fatal("out of memory");
	}
	t->count = count;
	request_wait(r);
	(void)work_run(WORK_PASSWORD, task_work, task_done, t);
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
