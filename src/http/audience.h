/*
 * Who is asking, as far as the catalogue cares: the country and whether it is
 * a child (docs/compatibility.md#country-and-maturity).
 */
#ifndef WANZAMI_AUDIENCE_H
#define WANZAMI_AUDIENCE_H

#include <kore/kore.h>
#include <kore/http.h>

#define AUDIENCE_COUNTRY_MAX	64

/*
 * The country query parameter where asked
 * (docs/compatibility.md#country-parameter), else what proxies say in their
 * headers, else the region of Accept-Language (never its language), else
 * UNKNOWN. Upper case. Event loop only.
 */
void	audience_country(struct http_request *, int asked, char out[AUDIENCE_COUNTRY_MAX]);

/* "kid", "teen" or "all" (docs/compatibility.md#maturity). */
const char	*audience_maturity(struct http_request *);

#endif
