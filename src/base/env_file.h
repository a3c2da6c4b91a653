/*
 * Files of NAME=value lines.
 */
#ifndef WANZAMI_ENV_FILE_H
#define WANZAMI_ENV_FILE_H

/*
 * Calls take for each NAME=value of a file, in order, as the old service read
 * its .env (docs/compatibility.md#environment-file): "export " in front is
 * overlooked, so is what follows a #, and what stands in quotes may hold that
 * and go over several lines; within "" a \n ends one. Other lines mean nothing,
 * and a file that cannot be read holds none. The texts are gone afterwards.
 * Before threads start.
 */
void	envfile_read(const char *path, void (*take)(const char *name, const char *value));

#endif
