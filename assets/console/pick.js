/* Choosing films: by a file dialog or by drop, and the dialog that names them. */
import { $, el, notice, say, size, tell } from './dom.js';
import { server } from './server.js';
import { signedIn } from './session.js';
import { begin, Upload, uploads } from './upload.js';

let pickFor = null;

function nameOf(file) {
	return file.name.replace(/\.[^.]+$/, '').replace(/[_.]+/g, ' ').trim() || file.name;
}

function addRow(file, index, chosen) {
	const name = el('input', { name: 'name' + index, value: nameOf(file), required: true, maxLength: 200 });
	const where = el('select', { name: 'where' + index }, el('option', { value: '' }, 'A new title'),
		...server.titles.filter((t) => t.type === 'MOVIE').map((t) => el('option', { value: t.id, selected: t.id === chosen }, t.name)));
	const nameLabel = el('label', {}, 'Name ', name);
	const follow = () => { nameLabel.hidden = where.value !== ''; };
	where.addEventListener('change', follow);
	follow();
	return el('div', { className: 'add-row' }, el('p', { className: 'add-file' }, file.name + ' · ' + size(file.size)),
		el('label', {}, 'Film of ', where), nameLabel);
}

function choose(files, chosen) {
	const empty = files.filter((f) => f.size === 0), good = files.filter((f) => f.size > 0);
	notice('trouble', empty.length ? empty.map((f) => f.name).join(', ') + ' is empty or a folder and cannot be uploaded.' : '');
	if (!good.length || !signedIn())
		return;
	$('add-rows').replaceChildren(...good.map((file, index) => addRow(file, index, chosen)));
	$('add-form').onsubmit = () => {
		good.forEach((file, index) => {
			const name = $('add-form').elements['name' + index].value.trim() || nameOf(file);
			uploads.push(new Upload(file, name, $('add-form').elements['where' + index].value || null));
		});
		begin();
		tell('draw');
		say(good.length === 1 ? 'The upload of ' + good[0].name + ' begins.' : 'The upload of ' + good.length + ' films begins.');
	};
	$('add').showModal();
	const first = $('add-rows').querySelector('label:not([hidden]) input') || $('add-rows').querySelector('select');
	first.focus();
}

/* Asks for files for a title, or for new titles if it is null. */
export function pickFiles(title) {
	pickFor = title;
	$('pick').click();
}

$('add-cancel').addEventListener('click', () => $('add').close());
$('drop').addEventListener('click', () => pickFiles(null));
$('pick').addEventListener('change', () => {
	const files = [...$('pick').files];
	$('pick').value = '';
	choose(files, pickFor);
});
for (const type of ['dragenter', 'dragover']) {
	document.addEventListener(type, (event) => {
		if (![...event.dataTransfer.types].includes('Files'))
			return;
		event.preventDefault();
		$('drop').classList.add('over');
	});
}
document.addEventListener('dragleave', (event) => {
	if (!event.relatedTarget)
		$('drop').classList.remove('over');
});
document.addEventListener('drop', (event) => {
	event.preventDefault();
	$('drop').classList.remove('over');
	choose([...event.dataTransfer.files], null);
});
