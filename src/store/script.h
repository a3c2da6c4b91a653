/*
 * The statements of a file of sql/query, of which each ends with a semicolon
 * at the end of a line. Any thread.
 */
#ifndef WANZAMI_SCRIPT_H
#define WANZAMI_SCRIPT_H

#define SCRIPT_FOLDER	"sql/query/"

/* Returns the next statement without the comment lines in front of it, to be freed by the caller, and moves *text behind it. NULL after the last. */
char	*script_next(const char **text);

#endif
