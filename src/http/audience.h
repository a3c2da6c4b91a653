/*
 * Who is asking, as far as the catalogue cares: the country and whether it is
 * a child (contract media §3).
 */
#ifndef WANZAMI_AUDIENCE_H
#define WANZAMI_AUDIENCE_H

#include <kore/kore.h>
#include <kore/http.h>

#define AUDIENCE_COUNTRY_MAX	64

/*
 * The country query parameter where asked (media §3.2), else what proxies say
 * in their headers, else the region of Accept-Language (people 29: never its
 * language), else UNKNOWN. Upper case. Event loop only.
 */
void	audience_country(struct http_request *, int asked, char out[AUDIENCE_COUNTRY_MAX]);

/* "kid", "teen" or "all" (contract media §3.4). */
const char	*audience_maturity(struct http_request *);

#endif
