/*
 * Country and maturity of a request, which decide the titles that the client
 * can see (docs/compatibility.md#country-and-maturity). Event loop only.
 */
#ifndef WANZAMI_AUDIENCE_H
#define WANZAMI_AUDIENCE_H

#include <kore/kore.h>
#include <kore/http.h>

#define AUDIENCE_COUNTRY_MAX	64

/*
 * Writes the country of a request in upper case. Sources, in this order: the
 * query parameter "country" if use_query is set
 * (docs/compatibility.md#country-parameter), the country headers of proxies
 * and apps, the region subtag of Accept-Language, "UNKNOWN".
 */
void	audience_country(struct http_request *, int use_query, char out[AUDIENCE_COUNTRY_MAX]);

/* Returns "kid", "teen" or "all" (docs/compatibility.md#maturity). */
const char	*audience_maturity(struct http_request *);

#endif
