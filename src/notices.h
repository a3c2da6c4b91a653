/*
 * Commands `wanzami --sbom` and `wanzami --licenses`.
 */
#ifndef WANZAMI_NOTICES_H
#define WANZAMI_NOTICES_H

/*
 * Write the bill of materials (SPDX 2.3, JSON), or the licence texts of all
 * linked libraries, to standard output. Block. Return the exit status: 0, or 1
 * after an error message on standard error.
 */
int	notices_sbom(void);
int	notices_licenses(void);

#endif
