/*
 * libjwt with BearSSL's cryptography as a program for tests: jwt verify
 * KEYFILE reads a token from standard input and prints its claims; jwt sign
 * ALGORITHM KEYFILE reads claims and prints a token. Exits with 1 if the token
 * or the key is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>


int	main(int, char **);

static char *
text_read(FILE *fp, int *len)
{
	char	*text = calloc(1, 65536);

	*len = (int)fread(text, 1, 65535, fp);

	return (text);
}

static int
sign(const char *alg, const unsigned char *key, int key_len, const char *claims)
{
	jwt_t	*jwt;
	char	*token;

	if (jwt_new(&jwt) != 0)
		return (1);
	token = jwt_add_grants_json(jwt, claims) == 0 && jwt_set_alg(jwt, jwt_str_alg(alg), key, key_len) == 0 ? jwt_encode_str(jwt) : NULL;
	printf("%s", token != NULL ? token : "");
	jwt_free(jwt);
	jwt_free_str(token);

	return (token == NULL);
}

static int
verify(const unsigned char *key, int key_len, const char *token)
{
	jwt_t	*jwt;
	char	*claims;

	if (jwt_decode(&jwt, token, key, key_len) != 0)
		return (1);
	if ((claims = jwt_get_grants_json(jwt, NULL)) != NULL)
		printf("%s", claims);
	jwt_free_str(claims);
	jwt_free(jwt);

	return (0);
}

int
main(int argc, char **argv)
{
	FILE		*fp = fopen(argv[argc - 1], "rb");
	unsigned char	*key;
	char		*text;
	int		key_len, len, ret;

	key = (unsigned char *)text_read(fp, &key_len);
	text = text_read(stdin, &len);
	ret = !strcmp(argv[1], "sign") ? sign(argv[2], key, key_len, text) : verify(key, key_len, text);
	free(text);
	free(key);
	fclose(fp);

	return (ret);
}
