/*
 * The command `wanzami transcode`.
 */
#ifndef WANZAMI_TRANSCODE_FILE_H
#define WANZAMI_TRANSCODE_FILE_H

/*
 * Transcodes a local file into a folder and prints the renditions and notes on
 * standard output: as lines, or as one JSON object with "renditions" and "notes",
 * or on failure with "error" and "notes". Blocks; uses the threads of src/media.
 * Returns the exit status: 0 done, 1 failed; without JSON the reason is then on
 * standard error.
 */
int	transcode_file(const char *input, const char *outdir, int json);

#endif
