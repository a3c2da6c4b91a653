/*
 * Country and maturity of a request, which decide the titles that the client
 * can see (docs/compatibility.md#country-and-maturity). Event loop only.
 */
#ifndef WANZAMI_AUDIENCE_H
#define WANZAMI_AUDIENCE_H

#define AUDIENCE_COUNTRY_MAX	64

struct request;

/*
 * Writes the country of a request in upper case. Sources, in this order: the
 * query parameter that the route declares as PARAM_COUNTRY
 * (docs/compatibility.md#country-parameter), the country headers of proxies
 * and apps, the region subtag of Accept-Language, "UNKNOWN".
 */
void	audience_country(const struct request *, char out[AUDIENCE_COUNTRY_MAX]);

/* Returns "kid", "teen" or "all", from the query parameter that the route declares as PARAM_KID_MODE and the headers (docs/compatibility.md#maturity). */
const char	*audience_maturity(const struct request *);

#endif
