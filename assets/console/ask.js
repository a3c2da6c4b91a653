/* Dialogs with a form that sends one request. */
import { el, set } from './dom.js';

function makeInput([name, , value, { rows, options, ...props } = {}]) {
	const given = { name, autocomplete: 'off', ...props };
	if (options)
		return el('select', given, ...options.map(([key, text]) => el('option', { value: key, selected: key === value }, text)));
	return el(rows ? 'textarea' : 'input', { ...given, value: value ?? '', ...(rows && { rows }) });
}

/*
 * Shows a dialog with a form. fields: [name, label, value, props]; props may have rows for a text of several lines, or options for a choice, as [value, text].
 * send(values) rejects with an error that is shown in the dialog. done(answer of send) is called when the dialog has been closed after it.
 */
export function ask(heading, fields, button, send, done) {
	const error = el('p', { className: 'notice bad', role: 'alert', hidden: true }), cancel = el('button', { type: 'button', className: 'quiet' }, 'Cancel');
	const inputs = fields.map(makeInput);
	const go = el('button', { type: 'submit', className: 'primary' }, button), title = el('h2', { id: 'ask-h' }, heading);
	const form = el('form', { className: 'text-form', noValidate: true }, title, error, ...fields.map(([, label], i) => el('label', {}, label + ' ', inputs[i])),
		el('p', { className: 'actions' }, cancel, go));
	const dialog = el('dialog', {}, form);
	dialog.setAttribute('aria-labelledby', 'ask-h');
	cancel.addEventListener('click', () => dialog.close());
	dialog.addEventListener('close', () => dialog.remove());
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		go.disabled = true;
		try {
			const answer = await send(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
			dialog.close();
			await done(answer);
		} catch (refusal) {
			const field = /^Invalid (\w+)$/.exec(refusal.message), wrong = field && inputs.find((input) => input.name === field[1]);
			set(error, { hidden: false, textContent: wrong ? fields[inputs.indexOf(wrong)][1] + ' is not valid.' : refusal.message });
			(wrong || inputs[0]).focus();
		}
		go.disabled = false;
	});
	document.body.append(dialog);
	dialog.showModal();
	inputs[0].focus();
}
