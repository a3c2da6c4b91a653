/*
 * Filter graphs from their text.
 */
#include "media/internal.h"

int
media_graph_parse(AVFilterGraph **graph, AVFilterContext **in, AVFilterContext **out, const char *text)
{
	AVFilterInOut	*ins = NULL, *outs = NULL;
	int		ok;

	avfilter_graph_free(graph);
	if ((*graph = avfilter_graph_alloc()) == NULL)
		return (0);
	(*graph)->nb_threads = 1;
	ok = avfilter_graph_parse2(*graph, text, &ins, &outs) >= 0;
	avfilter_inout_free(&ins);
	avfilter_inout_free(&outs);
	if (ok) {
		/* The configuration may add a scaler at the end of the list. */
		*in = (*graph)->filters[0];
		*out = (*graph)->filters[(*graph)->nb_filters - 1];
		ok = avfilter_graph_config(*graph, NULL) >= 0;
	}
	if (!ok)
		avfilter_graph_free(graph);

	return (ok);
}
