/*
 * The text of an HTML mail, for readers and programs that show no HTML. Any thread.
 */
#ifndef WANZAMI_HTML_TEXT_H
#define WANZAMI_HTML_TEXT_H

/*
 * Returns the visible text of UTF-8 HTML, which the caller frees: paragraphs
 * between empty lines, list items behind "- ", the URL of a link in parentheses
 * behind its text, the alternative text of images; no styles, scripts and
 * comments. Any bytes are accepted. Returns NULL if out of memory.
 */
char	*html_text(const char *html);

#endif
