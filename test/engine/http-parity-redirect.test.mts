import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rows } from '../helpers/http-node.mts';
import { openArena, VERSIONS, type Arena } from '../helpers/parity.mts';

let arena: Arena;

beforeAll(async () => {
	arena = await openArena((request, response) => {
		if (request.url !== '/away') return response.end('{}');
		// Another origin, though the same server.
		return response.writeHead(302, { location: `http://localhost:${arena.server.port}/there` }).end();
	});
}, 600_000);

afterAll(async () => {
	await arena.close();
});

const credential = { type: 'httpBearerAuth', data: { token: 'geheim' } };
const authentication = { authentication: 'genericCredentialType', genericAuthType: 'httpBearerAuth' };

describe.each(VERSIONS)('on the way to another origin, version %s', (typeVersion) => {
	test.each([undefined, true, false])('treats a credential as HTTP Request does, with the option %s', async (sendCredentialsOnCrossOriginRedirect) => {
		const options = sendCredentialsOnCrossOriginRedirect === undefined ? {} : { sendCredentialsOnCrossOriginRedirect };
		const { ours, theirs } = await arena.both({
			parameters: { url: `${arena.server.url}/away`, ...authentication, options },
			typeVersion,
			credential,
		});
		const tokens = (side: typeof ours) => side.sent.map(({ url, headers }) => [url, headers.authorization]);
		expect(tokens(ours)).toEqual(tokens(theirs));
		expect(tokens(ours)[0]).toEqual(['/away', 'Bearer geheim']);
	});
});

test('a header that holds an API key reaches the other origin where the user wrote it, as with HTTP Request', async () => {
	const { ours, theirs } = await arena.both({
		parameters: { url: `${arena.server.url}/away`, sendHeaders: true, headerParameters: rows(['X-Api-Key', 'k'], ['Authorization', 'x']) },
	});
	const keys = (side: typeof ours) => side.sent.map(({ headers }) => [headers['x-api-key'], headers.authorization]);
	expect(keys(ours)).toEqual(keys(theirs));
	expect(keys(ours)).toEqual([['k', 'x'], ['k', undefined]]);
});
