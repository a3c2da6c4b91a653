/*
 * Files that Kore opens by name and that must not be on a disk: its
 * configuration and its pid file become memory files, and request bodies go
 * where the owner of the hook wants them.
 */
#ifndef WANZAMI_MEMORY_FILES_H
#define WANZAMI_MEMORY_FILES_H

/*
 * Has create() called for mkstemp() and remove() for unlink() of paths that
 * begin with prefix, with the semantics of those functions. prefix is not
 * copied. In each worker, before it serves; event loop only.
 */
void	memory_files_hook(const char *prefix, int (*create)(char *path), int (*remove)(const char *path));

#endif
