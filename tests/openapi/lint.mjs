// Checks an OpenAPI document against the recommended rules of Redocly; prints each error and exits with 1 if there is one.
// usage: node lint.mjs FILE
import { createConfig, lint } from '@redocly/openapi-core';

const config = await createConfig({ extends: ['recommended'] });
const errors = (await lint({ ref: process.argv[2], config })).filter((problem) => problem.severity === 'error');
for (const e of errors)
	console.log(`${e.location[0].pointer}: ${e.message} (${e.ruleId})`);
process.exit(errors.length > 0 ? 1 : 0);
