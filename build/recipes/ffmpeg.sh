# The demuxers, decoders and filters that films come with, and the encoders and muxers that we write with.
needs="musl zlib x264 dav1d"
recipe_build() {
	local list
	unpack 'ffmpeg_*.orig.tar.xz'
	list() { kind=$1; shift; for x in "$@"; do printf -- '--enable-%s=%s ' $kind $x; done; }
	export PKG_CONFIG_LIBDIR=$root/out/deps/x264/lib/pkgconfig:$root/out/deps/dav1d/lib/pkgconfig:$root/out/deps/zlib/lib/pkgconfig
	./configure --prefix="$prefix" --cc="$CC" --pkg-config=pkg-config --pkg-config-flags=--static \
		--disable-everything --disable-autodetect --disable-network --disable-programs --disable-doc --disable-debug \
		--enable-gpl --enable-libx264 --enable-libdav1d --enable-zlib --extra-ldflags="-static -no-pie" \
		$(list demuxer mov matroska mpegts mpegps avi flv ogg wav mp3 aac flac image2 h264 hevc m4v mpegvideo asf) \
		$(list decoder h264 hevc vp8 vp9 libdav1d mpeg1video mpeg2video mpeg4 msmpeg4v1 msmpeg4v2 msmpeg4v3 h263 vc1 wmv1 wmv2 wmv3 \
			theora prores dnxhd mjpeg png aac mp3 mp2 ac3 eac3 opus vorbis flac alac wmav1 wmav2 wmapro \
			pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_u8 pcm_alaw pcm_mulaw) \
		$(list parser h264 hevc vp8 vp9 av1 mpegvideo mpeg4video h263 vc1 aac mpegaudio ac3 opus vorbis flac mjpeg png) \
		$(list bsf h264_mp4toannexb hevc_mp4toannexb aac_adtstoasc extract_extradata vp9_superframe_split av1_frame_split) \
		$(list encoder libx264 aac mjpeg png) $(list muxer mp4 hls mpegts image2) $(list protocol file pipe) \
		$(list filter scale format aformat fps aresample setpts asetpts transpose hflip vflip rotate crop pad setsar yadif loudnorm \
			thumbnail tile overlay split asplit null anull buffer buffersink abuffer abuffersink select tonemap pan)
	make -j$jobs
	make install
}
