# FFmpeg with the demuxers and decoders for uploaded films and their subtitles, and the filters, encoders and muxers for renditions.
needs="musl zlib x264 dav1d libwebp"
reads=build/nasm/nasm
recipe_build() {
	unpack 'ffmpeg_*.orig.tar.xz'
	set +x	# the lists below are long
	list() { kind=$1; shift; for x in "$@"; do printf -- '--enable-%s=%s ' $kind $x; done; }
	PKG_CONFIG_LIBDIR=
	for d in x264 dav1d zlib libwebp; do PKG_CONFIG_LIBDIR+=$dep_dir/$d/lib/pkgconfig:; done
	export PKG_CONFIG_LIBDIR
	# FFmpeg embeds its configure options in the library, so none of them may contain a path of this machine: the compiler is
	# found on PATH, and the prefix is /usr.
	[ $target = asan ] || PATH=${CC%/*}:$PATH
	./configure ${host:+--enable-cross-compile --target-os=linux --arch=${host%%-*} --cross-prefix=$host-} \
		--prefix=/usr --libdir=/usr/lib --cc="${CC##*/}" --pkg-config=pkg-config --pkg-config-flags=--static --enable-pic \
		$([ $target != asan ] || echo --optflags=-O1 --disable-x86asm) \
		--extra-cflags="-g1 -fstack-protector-strong -ffunction-sections -fdata-sections" \
		--disable-everything --disable-autodetect --disable-network --disable-programs --disable-doc --disable-debug \
		--enable-gpl --enable-libx264 --enable-libdav1d --enable-zlib --enable-libwebp --extra-ldflags="$LDFLAGS" \
		$(list demuxer mov matroska mpegts mpegps avi flv ogg wav mp3 aac flac image2 h264 hevc m4v mpegvideo asf \
			mxf dv ac3 eac3 dts obu ivf vc1 gif yuv4mpegpipe image_jpeg_pipe image_png_pipe image_webp_pipe \
			srt webvtt ass) \
		$(list decoder h264 hevc vp8 vp9 libdav1d mpeg1video mpeg2video mpeg4 msmpeg4v1 msmpeg4v2 msmpeg4v3 h261 h263 h263i vc1 wmv1 wmv2 wmv3 \
			theora prores dnxhd mjpeg png aac aac_latm ffv1 mp3 mp2 ac3 eac3 opus vorbis flac alac wmav1 wmav2 wmapro wmalossless \
			pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_u8 pcm_alaw pcm_mulaw \
			pcm_s24daud pcm_bluray pcm_dvd pcm_s8 pcm_u16le pcm_u16be pcm_f64le pcm_f64be s302m mp1 dca truehd mlp wavpack tta speex \
			amrnb amrwb gsm gsm_ms nellymoser adpcm_ms adpcm_ima_wav adpcm_ima_qt adpcm_ima_dk3 adpcm_ima_dk4 adpcm_yamaha adpcm_swf \
			adpcm_ct adpcm_g722 adpcm_g726 adpcm_g726le qdm2 mace3 mace6 \
			v210 v410 r210 r10k cfhd jpeg2000 hap qtrle huffyuv ffvhuff utvideo magicyuv cinepak svq1 svq3 rpza smc eightbps zmbv \
			msrle msvideo1 indeo3 indeo4 indeo5 flashsv flashsv2 \
			flv vp6 vp6a vp6f dvvideo rawvideo webp gif bmp tiff \
			subrip ass movtext webvtt text) \
		$(list parser h264 hevc vp8 vp9 av1 mpegvideo mpeg4video h261 h263 vc1 dnxhd aac aac_latm mpegaudio ac3 opus vorbis flac mjpeg png dca mlp amr \
			gsm jpeg2000 webp gif bmp) \
		$(list bsf h264_mp4toannexb hevc_mp4toannexb aac_adtstoasc extract_extradata vp9_superframe_split av1_frame_split mpeg4_unpack_bframes) \
		$(list encoder libx264 aac mjpeg png libwebp wrapped_avframe pcm_s16le) $(list muxer mp4 hls mpegts image2) $(list protocol file pipe) \
		$(list filter scale format aformat fps aresample setpts asetpts transpose hflip vflip rotate crop pad setsar yadif loudnorm \
			thumbnail tile overlay split asplit null anull select tonemap pan \
			colorspace ebur128 amix idet bwdif fieldmatch decimate join amerge apad) >configure.out 2>&1 || { cat configure.out; exit 1; }
	# configure only warns about an unknown component.
	if grep "did not match anything" configure.out; then exit 1; fi
	set -x
	make -j$jobs
	make install DESTDIR="$work/root"
	mv root/usr/include root/usr/lib "$prefix/"
}
