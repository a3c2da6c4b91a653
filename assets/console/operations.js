/* Operations: the output of "wanzami status", updated while it is shown. */
import { $, arrange, el, hub, notice, set } from './dom.js';
import { may, WATCH_HIDDEN_MS } from './server.js';
import { api } from './session.js';

const OPERATIONS_MS = 2000;
let operating = null;

function makeSection(item) {
	const list = el('dl', {}), node = el('section', { className: 'card' }, el('h3', {}, item.key), list);
	node.update = (now) => arrange(list, now.lines.map((line) => ({ key: line.name, line })), (entry) => {
		const value = el('dd', {}), pair = el('div', {}, el('dt', {}, entry.line.name), value);
		pair.update = (fresh) => set(value, { textContent: fresh.line.value });
		return pair;
	});
	return node;
}

async function operate() {
	clearTimeout(operating);
	if ($('operations').hidden || !may('operate'))
		return;
	try {
		const { lines } = await api('GET', '/console/api/operations');
		const sections = [...new Set(lines.map((line) => line.section))];
		notice('operations-trouble', '');
		arrange($('operations'), sections.map((key) => ({ key, lines: lines.filter((line) => line.section === key) })), makeSection);
	} catch (error) {
		notice('operations-trouble', error.message + ' Retrying.');
	}
	operating = setTimeout(operate, document.hidden ? WATCH_HIDDEN_MS : OPERATIONS_MS);
}

hub.addEventListener('draw', () => { $('operations-section').hidden = !may('operate'); });
$('operations-show').addEventListener('click', () => {
	const shown = $('operations').hidden;
	$('operations').hidden = !shown;
	notice('operations-trouble', '');
	$('operations-show').textContent = shown ? 'Hide' : 'Show';
	$('operations-show').setAttribute('aria-expanded', String(shown));
	operate();
});
