/* Sign-in, the session, which all tabs of the browser share, and requests to the API. */
import { $, hub, notice, say, tell, wait } from './dom.js';

const RENEWAL = 'renewal';		/* lock of the tab that renews the session */
const RENEWAL_MS = 20000;		/* after which a renewal holds up other tabs no longer, in browsers without locks */
const RENEWAL_LOOK_MS = 50;

export class Refusal extends Error {
	constructor(status, message, body) {
		super(message);
		this.status = status;
		this.body = body;
	}
}

/* The session in localStorage: access, refresh, device, name and user; only ended after it has expired; nothing after signing out. */
export const session = {
	load() {
		try {
			return JSON.parse(localStorage.getItem('session')) || {};
		} catch {
			return {};
		}
	},
	save(answer) {
		const before = this.load();
		const name = answer.user ? answer.user.name || answer.user.email : before.name, user = answer.user ? answer.user.id : before.user;
		localStorage.setItem('session', JSON.stringify({
			access: answer.accessToken, refresh: answer.refreshToken, device: answer.deviceId, name, user }));
		localStorage.setItem('device', answer.deviceId);
	},
	end() {
		localStorage.setItem('session', JSON.stringify({ ended: true }));
	},
	clear() {
		localStorage.removeItem('session');
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

/* Runs work while no other tab does. Without locks, two tabs that begin within the same moment may both run it: the API accepts a token from several tabs for a minute. */
async function alone(work) {
	if (navigator.locks)		/* only below https: and on localhost */
		return navigator.locks.request(RENEWAL, work);
	const left = () => Number(localStorage.getItem(RENEWAL)) - Date.now();
	while (left() > 0 && left() <= RENEWAL_MS)
		await wait(RENEWAL_LOOK_MS);
	localStorage.setItem(RENEWAL, Date.now() + RENEWAL_MS);
	try {
		return await work();
	} finally {
		localStorage.removeItem(RENEWAL);
	}
}

/* Replaces the tokens of the session, unless they are no longer those with the refused access token. A session that cannot be renewed ends. */
async function renewOnce(refused) {
	const { access, refresh } = session.load(), same = () => session.load().access === refused;
	if (access !== refused)		/* another tab has renewed it, signed in or signed out */
		return;
	let answer = null;
	try {
		answer = refresh && await call('POST', '/api/auth/refresh', { refreshToken: refresh });
	} catch (error) {
		if (error.status !== 401 && error.status !== 400)
			throw error;
	}
	if (!same())
		return;
	if (answer)
		session.save(answer);
	else
		session.end();
}

let renewing = null;

/* Refreshes the access token, once for all requests that wait in all tabs. */
function renew(refused) {
	renewing = renewing || alone(() => renewOnce(refused)).finally(() => { renewing = null; });
	return renewing;
}

let atTheDoor = null;
let person = null;		/* the user whom the page shows, or has shown at last */

/* Returns the access token, if there is one. A request goes on for the person who began it only. */
function accessOf(user) {
	const { access, user: now } = session.load();
	if (access && user && now !== user)
		throw new Refusal(401, 'Another person has signed in.');
	return access;
}

/* Sends a request of the signed-in user. If the session has ended, waits for the next sign-in and repeats the request, for the same user only. */
export async function api(method, path, body) {
	const user = person;
	for (;;) {
		const access = accessOf(user);
		if (!access) {
			await askToSignIn();
			continue;
		}
		let answer;
		try {
			answer = await call(method, path, body, access);
		} catch (error) {
			if (error.status !== 401)
				throw error;
			await renew(access);
			continue;
		}
		accessOf(user);
		return answer;
	}
}

export const signedIn = () => !atTheDoor;

/* Ends what is open in the page. */
function leave() {
	tell('leave');
	for (const dialog of document.querySelectorAll('dialog[open]'))
		dialog.close();
}

export function askToSignIn() {
	if (!atTheDoor) {
		atTheDoor = {};
		atTheDoor.done = new Promise((open) => { atTheDoor.open = open; });
		leave();
		notice('sign-in-error', session.load().ended ? 'Your session has ended. Sign in to continue.' : '');
		$('room').hidden = true;
		$('door').hidden = false;
		$('email').focus();
	}
	return atTheDoor.done;
}

/* Removes everything of the last person from the page. */
function leaveNothing() {
	$('who').textContent = $('who').title = $('email').value = '';
	tell('gone');
	tell('draw');
}

/* Shows the console. What it has kept of another person is removed first. */
export function enter() {
	const { user, name } = session.load();
	if (person && person !== user) {
		if (signedIn())
			leave();
		leaveNothing();
	}
	person = user;
	$('who').textContent = $('who').title = name || '';
	$('door').hidden = true;
	$('room').hidden = false;
	$('password').value = '';
	if (atTheDoor) {
		atTheDoor.open();
		atTheDoor = null;
	}
	tell('enter');
}

/* Follows what another tab has done: a sign-in, also of another person, a sign-out, or the end of the session. */
function follow() {
	const { access, user, ended } = session.load();
	if (access && (atTheDoor || user !== person))
		enter();
	if (access)
		return;
	askToSignIn();
	if (!ended)
		leaveNothing();
}

window.addEventListener('storage', ({ key }) => {
	if (key === 'session' || key === null)		/* null: all has been removed */
		follow();
});
window.addEventListener('pageshow', ({ persisted }) => {
	if (persisted)		/* Back shows the page as it was left; it has missed events */
		follow();
});

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

/* Questions before signing out, asked one after another: functions that return, or resolve to, false to stay. */
export const beforeLeaving = [];

$('sign-out').addEventListener('click', async () => {
	for (const ask of beforeLeaving) {
		if (!await ask())
			return;
	}
	const { access, refresh, device } = session.load();
	session.clear();
	askToSignIn();
	leaveNothing();
	try {
		await call('POST', '/api/admin/logout', { refreshToken: refresh, deviceId: device }, access);
	} catch {
		/* The session expires by itself; this page has already removed it. */
	}
});
