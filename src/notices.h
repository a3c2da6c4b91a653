/*
 * What the binary says about what it is made of: `wanzami --sbom` and
 * `wanzami --licenses`.
 */
#ifndef WANZAMI_NOTICES_H
#define WANZAMI_NOTICES_H

/*
 * Writes the bill of materials (SPDX 2.3, JSON), or the licence texts of all
 * that is linked in, to standard output. Blocks. Returns the exit status,
 * having said on standard error what was wrong.
 */
int	notices_sbom(void);
int	notices_licenses(void);

#endif
