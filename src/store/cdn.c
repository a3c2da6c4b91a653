/*
 * CloudFront's custom policies, signed with BearSSL. CloudFront verifies SHA-1
 * unless a URL has Hash-Algorithm, for RSA and for ECDSA keys. Nobody else
 * chooses any byte of a policy, so that collisions of SHA-1 are of no use.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "store/cdn.h"
#include "store/s3.h"
#include "tls/pem.h"
#include "tls/private_key.h"

#define STEP_SEC	300	/* expiries are multiples of it, */
#define STEP_FROM_SEC	3600	/* if they are that far ahead */
#define RANDOM_HEX	32
#define ORIGIN_MAX	256
#define KEY_ID_MAX	64
#define RSA_BITS	2048	/* the only length that CloudFront takes */
#define RESOURCE_MAX	(ORIGIN_MAX + 3 * OBJECTS_KEY_MAX + 2)
#define POLICY_MAX	(RESOURCE_MAX + 128)
#define CODED_MAX(n)	(((n) + 2) / 3 * 4 + 1)
#define QUERY_MAX	(CODED_MAX(POLICY_MAX) + CODED_MAX(PRIVATE_KEY_SIGNATURE_MAX) + KEY_ID_MAX + 64)
#define CACHED_MAX	128	/* folders; an RSA signature takes milliseconds, and a film has many objects in its folder */
#define CACHED_RESOURCE	384
#define CACHED_QUERY	1280

static char			origin[ORIGIN_MAX];	/* without a slash at the end; "" without CloudFront */
static struct private_key	private_key;

/* The last signatures, in the place that the resource selects. */
static struct {
	time_t	expires;
	char	resource[CACHED_RESOURCE], query[CACHED_QUERY];
} cached[CACHED_MAX];
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* guards cached */

static const char *
key_load(void)
{
	static char	error[320];
	const char	*file = conf_str(CONF_MEDIA_CDN_KEY_FILE), *why;
	char		*text = NULL;

	if (*file != '\0' && (text = pem_file(file)) == NULL) {
		snprintf(error, sizeof(error), "MEDIA_CDN_KEY_FILE cannot be read: %s", strerror(errno));
		return (error);
	}
	why = private_key_parse(&private_key, text != NULL ? text : conf_str(CONF_MEDIA_CDN_KEY_PEM));
	pem_text_free(text);
	conf_wipe(CONF_MEDIA_CDN_KEY_PEM);
	if (why == NULL && !(private_key.type == BR_KEYTYPE_RSA && private_key.rsa->n_bitlen == RSA_BITS) &&
	    !(private_key.type == BR_KEYTYPE_EC && private_key.ec->curve == BR_EC_secp256r1))
		why = "CloudFront does not take this key; use EC on P-256, or RSA of 2048 bits";
	if (why == NULL)
		return (NULL);
	cdn_wipe();
	snprintf(error, sizeof(error), "%s: %s", *file != '\0' ? "MEDIA_CDN_KEY_FILE" : "MEDIA_CDN_KEY_PEM", why);

	return (error);
}

const char *
cdn_configure(void)
{
	const char	*url = conf_str(CONF_MEDIA_CDN), *id = conf_str(CONF_MEDIA_CDN_KEY_ID), *wrong;
	size_t		len = strlen(url);
	int		keys = (*conf_str(CONF_MEDIA_CDN_KEY_PEM) != '\0') + (*conf_str(CONF_MEDIA_CDN_KEY_FILE) != '\0');

	if (keys == 0 && *url == '\0' && *id == '\0')
		return (NULL);
	if (keys != 1 || *url == '\0' || *id == '\0')
		return ("MEDIA_CDN, MEDIA_CDN_KEY_ID and one of MEDIA_CDN_KEY_PEM and MEDIA_CDN_KEY_FILE must be set together or not at all");
	len -= url[len - 1] == '/';
	if (len >= sizeof(origin) || strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:/") < len)
		return ("MEDIA_CDN is not the origin of a distribution, such as https://d111111abcdef8.cloudfront.net");
	if (strncmp(url, "https://", 8) && !strcmp(conf_str(CONF_WANZAMI_ENV), "production"))
		return ("MEDIA_CDN must begin with https://");
	if (strlen(id) > KEY_ID_MAX || strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(id))
		return ("MEDIA_CDN_KEY_ID is not the ID of a public key at CloudFront; allowed are letters and digits");
	if ((wrong = key_load()) == NULL)
		snprintf(origin, sizeof(origin), "%.*s", (int)len, url);

	return (wrong);
}

int
cdn_enabled(void)
{
	return (*origin != '\0');
}

int
cdn_serves(const char *key)
{
	return (cdn_enabled() && !strncmp(key, CDN_PREFIX, strlen(CDN_PREFIX)));
}

void
cdn_wipe(void)
{
	explicit_bzero(&private_key, sizeof(private_key));
}

/* Writes base64 in CloudFront's alphabet for URLs: - _ ~ in place of + = /. Returns the length. */
static size_t
encode(const void *data, size_t len, char *out)
{
	static const char	alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";
	const uint8_t		*p = data;
	size_t			i, n = 0;
	uint32_t		v;

	for (i = 0; i < len; i += 3) {
		v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);
		out[n++] = alphabet[v >> 18];
		out[n++] = alphabet[v >> 12 & 63];
		out[n++] = i + 1 < len ? alphabet[v >> 6 & 63] : '_';
		out[n++] = i + 2 < len ? alphabet[v & 63] : '_';
	}
	out[n] = '\0';

	return (n);
}

/* Returns the length of the folder vod/JOB/RANDOM/ in which a key is, 0 for other keys. */
static size_t
folder_length(const char *key)
{
	const char	*job = key + strlen(CDN_PREFIX), *random;
	size_t		n = strspn(job, "0123456789");

	if (n == 0 || job[n] != '/')
		return (0);
	random = job + n + 1;
	n = strspn(random, "0123456789abcdef");

	return (n == RANDOM_HEX && random[n] == '/' ? (size_t)(random + n + 1 - key) : 0);
}

/* Signs the policy for a resource. Writes the query of the URL. Returns 0 if the key cannot sign. */
static int
signature_make(const char *resource, time_t expires, char query[QUERY_MAX])
{
	char		policy[POLICY_MAX];
	uint8_t		signature[PRIVATE_KEY_SIGNATURE_MAX];
	size_t		len, n;

	/* CloudFront wants it without blanks. */
	len = (size_t)snprintf(policy, sizeof(policy),
	    "{\"Statement\":[{\"Resource\":\"%s\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":%lld}}}]}", resource, (long long)expires);
	if (len >= sizeof(policy) || (n = private_key_sign_sha1(&private_key, policy, len, signature)) == 0)
		return (0);
	len = (size_t)sprintf(query, "Policy=") + encode(policy, len, query + strlen("Policy="));
	len += (size_t)sprintf(query + len, "&Signature=");
	len += encode(signature, n, query + len);
	snprintf(query + len, QUERY_MAX - len, "&Key-Pair-Id=%s", conf_str(CONF_MEDIA_CDN_KEY_ID));

	return (1);
}

/* FNV-1a */
static size_t
place_of(const char *resource)
{
	uint32_t	hash = 2166136261u;

	for (; *resource != '\0'; resource++)
		hash = (hash ^ (uint8_t)*resource) * 16777619u;

	return (hash % CACHED_MAX);
}

static int
signature_get(const char *resource, time_t expires, char query[QUERY_MAX])
{
	size_t	at = place_of(resource);
	int	found;

	pthread_mutex_lock(&lock);
	if ((found = cached[at].expires == expires && !strcmp(cached[at].resource, resource)))
		memcpy(query, cached[at].query, strlen(cached[at].query) + 1);
	pthread_mutex_unlock(&lock);
	if (found)
		return (1);
	if (!signature_make(resource, expires, query))
		return (0);
	if (strlen(resource) < CACHED_RESOURCE && strlen(query) < CACHED_QUERY) {
		pthread_mutex_lock(&lock);
		cached[at].expires = expires;
		memcpy(cached[at].resource, resource, strlen(resource) + 1);
		memcpy(cached[at].query, query, strlen(query) + 1);
		pthread_mutex_unlock(&lock);
	}

	return (1);
}

int
cdn_sign(const char *key, time_t expires, char url[OBJECTS_URL_MAX])
{
	char	path[3 * OBJECTS_KEY_MAX + 1], resource[RESOURCE_MAX], query[QUERY_MAX];
	size_t	folder = folder_length(key);
	int	len;

	if (!s3_path(key, path, sizeof(path)))
		return (0);
	if (expires - time(NULL) >= STEP_FROM_SEC)
		expires += (STEP_SEC - expires % STEP_SEC) % STEP_SEC;
	/* Nothing in the folder's own name is encoded, and a key's own * and ? are: only the last character is a wildcard. */
	if (folder > 0)
		snprintf(resource, sizeof(resource), "%s/%.*s*", origin, (int)folder, path);
	else
		snprintf(resource, sizeof(resource), "%s/%s", origin, path);
	if (!signature_get(resource, expires, query))
		return (0);
	len = snprintf(url, OBJECTS_URL_MAX, "%s/%s?%s", origin, path, query);

	return (len > 0 && len < OBJECTS_URL_MAX);
}
