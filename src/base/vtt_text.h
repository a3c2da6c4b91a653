/*
 * The text of a cue: from the markup of subtitle formats to that of WebVTT. Any thread.
 */
#ifndef WANZAMI_VTT_TEXT_H
#define WANZAMI_VTT_TEXT_H

#include "base/vtt.h"

/*
 * Returns the text as WebVTT, which the caller frees: without empty lines, with
 * balanced <i>, <b> and <u>, "" if nothing in it is visible. Bytes that are no
 * UTF-8 become U+FFFD. Returns NULL if out of memory.
 */
char	*vtt_text(const char *text, size_t len, enum vtt_markup, unsigned style);

#endif
