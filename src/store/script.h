/*
 * The statements of a file of sql/query, of which each ends with a semicolon
 * at the end of a line. Any thread.
 */
#ifndef WANZAMI_SCRIPT_H
#define WANZAMI_SCRIPT_H

#define SCRIPT_FOLDER	"sql/query/"

/* The next statement, which the caller frees; *text moves behind it. NULL after the last. */
char	*script_next(const char **text);

#endif
