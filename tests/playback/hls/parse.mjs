// Parses the HLS playlists of a JSON array on standard input in strict mode; prints an array of what they contain. Exits with 1 if one is invalid.
import HLS from 'hls-parser';

HLS.setOptions({ strictMode: true });
const read = (range) => range && [range.offset, range.length];
const texts = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(texts.map((text) => {
	const p = HLS.parse(text);
	if (p.isMasterPlaylist)
		return { version: p.version, variants: p.variants.map((v) => ({
			uri: v.uri, iframes: Boolean(v.isIFrameOnly), bandwidth: v.bandwidth, average: v.averageBandwidth, codecs: v.codecs, width: v.resolution.width,
			rate: v.frameRate, range: v.videoRange, audio: v.audio.map((a) => ({ uri: a.uri, name: a.name, language: a.language, channels: a.channels })),
		})) };
	return { version: p.version, target: p.targetDuration, vod: p.playlistType, iframes: Boolean(p.isIFrame), ended: p.endlist, segments: p.segments.map((s) => ({
		uri: s.uri, duration: s.duration, range: read(s.byterange), map: s.map && [s.map.uri, ...read(s.map.byterange)],
	})) };
})));
