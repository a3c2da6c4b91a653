/*
 * Dolby Vision, by the configuration record of the container and by the metadata (RPU) in the
 * frames, which is all that streams without container and many remuxed files have. Profile 5 and
 * 10.0 are refused: their base layer can only be shown with its metadata, because its samples are
 * IPT and shaped scene by scene. Other profiles have a base layer in HDR10, HLG or SDR, which is used.
 */
#include <libavutil/dovi_meta.h>

#include "media/internal.h"

static int
profile_refuse(int profile, struct media_error *error)
{
	return (media_fail(error, MEDIA_UNSUPPORTED, "Unsupported video format: Dolby Vision profile %d, which has no HDR10, HLG or SDR base layer. "
	    "Please export the film in HDR10, HLG or SDR.", profile));
}

/* Returns the configuration record of the track, NULL if the container has none. */
static const AVDOVIDecoderConfigurationRecord *
record(const AVCodecParameters *par)
{
	const AVPacketSideData	*side = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_DOVI_CONF);

	return (side != NULL ? (const void *)side->data : NULL);
}

int
media_dolby_check(struct media *m, const AVCodecParameters *par, struct media_error *error)
{
	const AVDOVIDecoderConfigurationRecord	*dolby = record(par);

	if (dolby == NULL)
		return (MEDIA_OK);
	if (dolby->dv_profile == 5 || (dolby->dv_profile == 10 && dolby->dv_bl_signal_compatibility_id == 0))
		return (profile_refuse(dolby->dv_profile, error));
	media_note(m, "The video is Dolby Vision (profile %d); its base layer was used, without the Dolby Vision metadata.", dolby->dv_profile);

	return (MEDIA_OK);
}

int
media_dolby_frame(struct media *m, const AVFrame *frame, struct media_error *error)
{
	const AVFrameSideData		*side = av_frame_get_side_data(frame, AV_FRAME_DATA_DOVI_METADATA);
	const AVCodecParameters		*par = m->format->streams[m->video]->codecpar;
	const AVDOVIRpuDataHeader	*header;

	if (side == NULL || record(par) != NULL)
		return (MEDIA_OK);
	header = av_dovi_get_header((const void *)side->data);
	if (header->vdr_rpu_profile == 0 && header->bl_video_full_range_flag)
		return (profile_refuse(par->codec_id == AV_CODEC_ID_HEVC ? 5 : 10, error));
	media_note(m, "The video is Dolby Vision; its base layer was used, without the Dolby Vision metadata.");

	return (MEDIA_OK);
}
