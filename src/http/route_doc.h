/*
 * The route table as JSON (wanzami docs routes). Tests compare the OpenAPI
 * document and responses with it.
 */
#ifndef WANZAMI_ROUTE_DOC_H
#define WANZAMI_ROUTE_DOC_H

#include <stdio.h>

/*
 * Writes an array with one object per route: method, path (":name" is one
 * segment, "*" the rest), roles, statement (null: a handler), guard (null:
 * public), strict, shared, limit, id, fields (null: any body), issues, raw and
 * bodyMax. http/route.h explains them.
 */
void	route_doc_print(FILE *);

#endif
