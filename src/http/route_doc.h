/*
 * The route table as JSON, for whoever checks documents and answers against it.
 */
#ifndef WANZAMI_ROUTE_DOC_H
#define WANZAMI_ROUTE_DOC_H

#include <stdio.h>

/*
 * Writes an array with one object for each route: method, path (":name" stands
 * for a segment, "*" for the rest), roles, guard (null: public), strict, shared,
 * limit, id, fields (null: any body), issues, raw and bodyMax as http/route.h
 * explains them.
 */
void	route_doc_print(FILE *);

#endif
