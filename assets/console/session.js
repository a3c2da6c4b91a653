/* Sign-in, the session, and requests to the API. */
import { $, hub, notice, say, tell } from './dom.js';

export class Refusal extends Error {
	constructor(status, message, body) {
		super(message);
		this.status = status;
		this.body = body;
	}
}

export const session = {
	load() {
		try {
			return JSON.parse(sessionStorage.getItem('session')) || {};
		} catch {
			return {};
		}
	},
	save(answer) {
		const before = this.load();
		const name = answer.user ? answer.user.name || answer.user.email : before.name, user = answer.user ? answer.user.id : before.user;
		sessionStorage.setItem('session', JSON.stringify({
			access: answer.accessToken, refresh: answer.refreshToken, device: answer.deviceId, name, user }));
		localStorage.setItem('device', answer.deviceId);
	},
	clear() {
		sessionStorage.removeItem('session');
	},
};

/* Returns the message of an error response, or a text for its status. */
function words(status, body) {
	const fields = body && body.errors && body.errors.fieldErrors;
	const field = fields && Object.keys(fields)[0];
	if (body && typeof body.message === 'string')
		return body.message;
	if (field)
		return field + ': ' + fields[field][0];
	if (status === 503)
		return 'The service is temporarily unavailable (503). Try again in a moment.';
	return 'The server returned status ' + status + '.';
}

/* body is sent as JSON, a Blob as it is. */
async function call(method, path, body, token) {
	const type = body && (body instanceof Blob ? body.type : 'application/json');
	let response;
	try {
		response = await fetch(path, {
			method,
			headers: { ...(token && { Authorization: 'Bearer ' + token }), ...(type && { 'Content-Type': type }) },
			body: body && !(body instanceof Blob) ? JSON.stringify(body) : body,
			cache: 'no-store',
		});
	} catch {
		throw new Refusal(0, 'Cannot connect to the server.');
	}
	const text = await response.text();
	let answer = null;
	try {
		answer = text ? JSON.parse(text) : null;
	} catch {
		answer = null;
	}
	if (!response.ok)
		throw new Refusal(response.status, words(response.status, answer), answer);
	return answer;
}

let renewing = null;

/* Refreshes the access token, once for all requests that wait. Resolves to false if the user has to sign in. */
function renew() {
	renewing = renewing || (async () => {
		const { refresh } = session.load();
		if (!refresh)
			return false;
		try {
			session.save(await call('POST', '/api/auth/refresh', { refreshToken: refresh }));
			return true;
		} catch (error) {
			if (error.status === 401 || error.status === 400)
				return false;
			throw error;
		}
	})().finally(() => { renewing = null; });
	return renewing;
}

/* Sends a request of the signed-in user. If the session has ended, waits for the next sign-in and repeats the request, for the same user only. */
export async function api(method, path, body) {
	const user = session.load().user || lastUser;
	for (;;) {
		const { access } = session.load();
		try {
			if (access)
				return await call(method, path, body, access);
		} catch (error) {
			if (error.status !== 401)
				throw error;
			if (session.load().access !== access || await renew())
				continue;
		}
		await askToSignIn(access ? 'Your session has ended. Sign in to continue.' : '');
		if (user && session.load().user !== user)
			throw new Refusal(401, 'Another person has signed in.');
	}
}

let atTheDoor = null;
let lastUser = null;

export const signedIn = () => !atTheDoor;

export function askToSignIn(why) {
	if (!atTheDoor) {
		atTheDoor = {};
		atTheDoor.done = new Promise((open) => { atTheDoor.open = open; });
		lastUser = session.load().user || lastUser;
		session.clear();
		tell('leave');
		for (const dialog of document.querySelectorAll('dialog[open]'))
			dialog.close();
		notice('sign-in-error', why);
		$('room').hidden = true;
		$('door').hidden = false;
		$('email').focus();
	}
	return atTheDoor.done;
}

/* Removes everything of the last person from the page. */
function leaveNothing() {
	$('who').textContent = $('who').title = '';
	tell('gone');
	tell('draw');
}

/* Shows the console. What it has kept of another person is removed first. */
export function enter() {
	if (lastUser && lastUser !== session.load().user)
		leaveNothing();
	$('who').textContent = $('who').title = session.load().name || '';
	$('door').hidden = true;
	$('room').hidden = false;
	$('password').value = '';
	if (atTheDoor) {
		atTheDoor.open();
		atTheDoor = null;
	}
	tell('enter');
}

$('sign-in').addEventListener('submit', async (event) => {
	event.preventDefault();
	const form = event.target, button = form.querySelector('button');
	if (!form.email.value || !form.password.value) {
		notice('sign-in-error', 'Enter your email address and your password.');
		(form.email.value ? form.password : form.email).focus();
		return;
	}
	button.disabled = true;
	notice('sign-in-error', '');
	try {
		const device = localStorage.getItem('device');
		session.save(await call('POST', '/api/admin/login', {
			email: form.email.value, password: form.password.value, ...(device && { deviceId: device }) }));
		say('Signed in.');
		enter();
		$('drop').focus();
	} catch (error) {
		notice('sign-in-error', error.message);
		form.password.select();
		form.password.focus();
	} finally {
		button.disabled = false;
	}
});

$('sign-out').addEventListener('click', async () => {
	if (!hub.dispatchEvent(new Event('leaving', { cancelable: true })))
		return;
	const { access, refresh, device } = session.load();
	askToSignIn('');
	leaveNothing();
	$('email').value = '';
	try {
		await call('POST', '/api/admin/logout', { refreshToken: refresh, deviceId: device }, access);
	} catch {
		/* The session expires by itself; this page has already removed it. */
	}
});
