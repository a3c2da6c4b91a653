// Plays the main job with types that openapi-typescript generated from assets/openapi.yaml: an administrator makes a film, a viewer finds and reads it.
// usage: node client.mjs URL FILM, with EMAIL and PASSWORD of an administrator in the environment; prints the ids of what it made as JSON.
import { readFile } from 'node:fs/promises';
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './api.js';

type Tokens = Pick<components['schemas']['LoginResponse'], 'accessToken' | 'refreshToken'>;
type UploadJob = components['schemas']['UploadJob'];
type UploadPlan = components['schemas']['UploadInitResult'];
type UploadedPart = components['schemas']['UploadComplete']['parts'][number];

const [url, film] = process.argv.slice(2);
const { EMAIL: email, PASSWORD: password } = process.env;
if (url === undefined || film === undefined || email === undefined || password === undefined)
	throw new Error('usage: EMAIL=… PASSWORD=… node client.mjs URL FILM');

let tokens: Tokens | undefined;
const authorization: Middleware = {
	onRequest({ request }) {
		if (tokens !== undefined)
			request.headers.set('Authorization', `Bearer ${tokens.accessToken}`);
		return request;
	},
};
const admin = createClient<paths>({ baseUrl: url });
admin.use(authorization);
const viewer = createClient<paths>({ baseUrl: url });

// Returns the body of a successful response.
function body<T>(result: { data?: T; error?: { message: string }; response: Response }): T {
	if (result.data === undefined)
		throw new Error(`${result.response.url} answered ${result.response.status}: ${result.error?.message}`);
	return result.data;
}

// Checks that a response is the refusal that the document describes.
function refused(result: { error?: { message: string }; response: Response }, status: number, message: string): void {
	if (result.response.status !== status || result.error?.message !== message)
		throw new Error(`${result.response.url} answered ${result.response.status}: ${result.error?.message}, not ${status}: ${message}`);
}

async function signUp(): Promise<string> {
	const account = { email: 'viewer@example.com', password: 'Films-4-everybody', name: 'Vera' };
	const made = body(await viewer.POST('/api/auth/signup', { body: account }));
	refused(await viewer.POST('/api/auth/signup', { body: account }), 409, 'Email already registered');
	refused(await viewer.POST('/api/auth/login', { body: account }), 403, 'Email not verified. Check your inbox.');
	return made.user.id;
}

async function signIn(email: string, password: string): Promise<void> {
	refused(await admin.GET('/api/admin/uploads'), 401, 'Missing access token');
	refused(await admin.POST('/api/admin/login', { body: { email, password: `${password}!` } }), 401, 'Invalid credentials');
	tokens = body(await admin.POST('/api/admin/login', { body: { email, password } }));
	const me = body(await admin.GET('/api/admin/me'));
	if (me.user.role !== 'SUPER_ADMIN' || !me.permissions.includes('movies:manage'))
		throw new Error(`${me.user.email} may not edit titles`);
}

async function putParts(plan: UploadPlan, bytes: Buffer): Promise<UploadedPart[]> {
	const parts: UploadedPart[] = [];
	for (const { partNumber, url } of plan.presignedParts) {
		const part = bytes.subarray((partNumber - 1) * plan.partSize, partNumber * plan.partSize);
		const response = await fetch(url, { method: 'PUT', body: new Uint8Array(part) });
		const tag = response.headers.get('etag');
		if (!response.ok || tag === null)
			throw new Error(`object storage answered part ${partNumber} with ${response.status}`);
		parts.push({ ETag: tag, PartNumber: partNumber });
	}
	return parts;
}

async function upload(titleId: string, bytes: Buffer): Promise<string> {
	const plan = body(await admin.POST('/api/admin/uploads/init', {
		body: { kind: 'MOVIE', titleId, fileName: 'film.mp4', bytesTotal: bytes.length, contentType: 'video/mp4', renditions: ['R360'] },
	}));
	const params = { path: { id: plan.jobId } };
	const complete = (parts: UploadedPart[]) =>
		admin.POST('/api/admin/uploads/{id}/complete', { params, body: { uploadId: plan.uploadId, key: plan.key, parts } });
	const early = await complete([]);
	if (early.response.status !== 400 || early.error?.missingParts?.[0] !== 1)
		throw new Error('an upload without parts was completed');
	const parts = await putParts(plan, bytes);
	const arrived = body(await admin.GET('/api/admin/uploads/{id}/parts', { params })).parts;
	if (arrived.reduce((sum, part) => sum + part.Size, 0) !== bytes.length)
		throw new Error('parts are missing in object storage');
	const { job } = body(await complete(parts));
	if (job.status !== 'PROCESSING')
		throw new Error(`the upload is ${job.status}`);
	return job.id;
}

async function transcoded(id: string): Promise<UploadJob> {
	for (;;) {
		const job = body(await admin.GET('/api/admin/uploads')).uploads.find((upload) => upload.id === id);
		if (job === undefined || job.status === 'FAILED' || job.status === 'CANCELED')
			throw new Error(`the film was not transcoded: ${job?.error}`);
		if (job.status === 'COMPLETED')
			return job;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

async function publish(id: string): Promise<void> {
	const { title } = body(await admin.POST('/api/admin/titles/{id}/publish', { params: { path: { id } }, body: { publishEpisodes: true } }));
	if (title.pendingReview || title.archived)
		throw new Error('the title is hidden');
}

// Returns the URL from which players read the film.
async function find(id: string): Promise<string> {
	const { titles } = body(await viewer.GET('/api/titles', { params: { query: { q: 'main job', limit: 10, country: 'NG' } } }));
	const [listed] = titles.filter((title) => title.id === id);
	if (listed?.type !== 'MOVIE' || listed.releaseYear !== 2024)
		throw new Error('the catalogue does not have the title');
	const { title } = body(await viewer.GET('/api/titles/{id}', { params: { path: { id } } }));
	const [version] = title.assetVersions;
	if (version?.rendition !== 'R360' || version.url === null)
		throw new Error('the title has no playable rendition');
	return version.url;
}

async function play(url: string): Promise<void> {
	const response = await fetch(url, { headers: { Range: 'bytes=0-11' } });
	const begin = Buffer.from(await response.arrayBuffer());
	if (response.status !== 206 || begin.toString('latin1', 4, 8) !== 'ftyp')
		throw new Error(`${url} is not an MP4 file: ${response.status}`);
}

async function refreshAndLeave(): Promise<void> {
	if (tokens === undefined)
		throw new Error('nobody is signed in');
	tokens = body(await admin.POST('/api/auth/refresh', { body: { refreshToken: tokens.refreshToken } }));
	body(await admin.GET('/api/admin/me'));
	const { refreshToken } = tokens;
	body(await admin.POST('/api/admin/logout', { body: { refreshToken } }));
	refused(await admin.GET('/api/admin/me'), 401, 'Invalid or expired token');
	const again = await viewer.POST('/api/auth/refresh', { body: { refreshToken } });
	if (again.response.status !== 401)
		throw new Error(`a revoked refresh token was answered ${again.response.status}`);
}

// Never called: each line is an error of types, or the compiler complains. A schema that says nothing would make one of them right.
export async function impossible(): Promise<void> {
	// @ts-expect-error there is no such path
	await viewer.GET('/api/films');
	// @ts-expect-error a title has a name
	await admin.POST('/api/admin/titles', { body: { type: 'MOVIE' } });
	const made = await admin.POST('/api/admin/titles', { body: { name: 'A title', type: 'MOVIE' } });
	// @ts-expect-error ids are strings
	made.data?.title.id.toFixed();
	// @ts-expect-error messages are strings
	made.error?.message.toFixed();
	// @ts-expect-error an upload has no such status
	body(await admin.GET('/api/admin/uploads')).uploads.some((upload) => upload.status === 'READY');
}

const viewerId = await signUp();
await signIn(email, password);
const { title } = body(await admin.POST('/api/admin/titles', { body: { name: 'The main job', type: 'MOVIE', releaseYear: 2024, pendingReview: true } }));
refused(await viewer.GET('/api/titles/{id}', { params: { path: { id: title.id } } }), 404, 'Title not found');
const job = await transcoded(await upload(title.id, await readFile(film)));
await publish(title.id);
await play(await find(title.id));
await refreshAndLeave();
console.log(JSON.stringify({ viewer: viewerId, title: title.id, job: job.id }));
