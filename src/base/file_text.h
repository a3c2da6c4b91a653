/*
 * Small files that are read whole, such as those of /proc, control groups and secrets.
 */
#ifndef WANZAMI_FILE_TEXT_H
#define WANZAMI_FILE_TEXT_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads the beginning of a file, at most size - 1 bytes, and ends it with a NUL.
 * Returns the number of bytes; -1 with errno set, and "" in text, if the file
 * cannot be read. Blocks; any thread.
 */
ssize_t	file_text(const char *path, char *text, size_t size);

#endif
