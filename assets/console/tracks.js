/* The audio tracks of a film: language, purpose and channels. The player lets choose between them. */
import { aboutOf } from './audio.js';
import { arrange, el, set } from './dom.js';
import { addPart, section } from './title.js';

function makeTrack() {
	const name = el('bdi', {}), about = el('span', { className: 'hint' }), node = el('li', {}, name, ' ', about);
	node.update = ({ track }) => {
		set(name, { textContent: track.name });
		set(about, { textContent: aboutOf(track) });
	};
	return node;
}

/* Returns a list of audio tracks, with a name for screen readers; update(audio) draws it, and hides it without tracks. */
export function trackList() {
	const list = el('ul', { className: 'notes', ariaLabel: 'Audio tracks' });
	list.update = (audio) => {
		arrange(list, audio.map((track, i) => ({ key: String(i), track })), makeTrack);
		list.hidden = !audio.length;
	};
	return list;
}

addPart(25, (page) => {
	if (page.title.type === 'SERIES')		/* its episodes have tracks */
		return null;
	const list = trackList(), none = el('p', { className: 'hint' }, 'No audio track is known.'), node = section('Audio tracks', none, list);
	node.update = ({ title }) => {
		const film = title.assetVersions.some((v) => v.status === 'READY');
		list.update(title.audio);
		none.hidden = title.audio.length > 0;
		node.hidden = !film;
	};
	return node;
});
