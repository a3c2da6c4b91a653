/*
 * Classes of browsers, for the few responses that differ by them. Event loop only.
 */
#ifndef WANZAMI_BROWSER_H
#define WANZAMI_BROWSER_H

struct request;

/*
 * Returns 1 if the browser plays HLS as Apple's do: Safari on a Mac, and every
 * browser of iPhone and iPad, which all use the same engine (Chrome calls itself
 * CriOS there). 0 for any other User-Agent: Chromium's own HLS fails with byte
 * ranges, and Firefox on a computer has none.
 */
int	browser_plays_hls(struct request *);

#endif
