/* New titles: a series, or a movie whose film comes later. Viewers do not see them until they are published. */
import { ask } from './ask.js';
import { $, hub, say } from './dom.js';
import { may, watchNow } from './server.js';
import { api } from './session.js';

const TYPES = [['SERIES', 'Series'], ['MOVIE', 'Movie, without a film yet']];

async function create({ name, type }) {
	if (!name)
		throw new Error('Enter a name.');
	const { title } = await api('POST', '/api/admin/titles', { name, type, pendingReview: true });
	say(title.name + ' has been created.');
	return title.id;
}

$('new-title').addEventListener('click', () => ask('New title', [['name', 'Name', ''], ['type', 'Type', 'SERIES', { options: TYPES }]], 'Create', create, (id) => {
	location.hash = '#title/' + id;
	watchNow();
}));
hub.addEventListener('draw', () => { $('new-title').hidden = !may('manage'); });
