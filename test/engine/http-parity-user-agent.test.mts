import { expect, test } from 'vitest';
import { userAgentOf } from '../../lib/runtime/user-agent.ts';
import { echo } from '../helpers/http-node.mts';

test('the user agent that n8n is told to use everywhere is used here too', async () => {
	// Both read the environment once in the life of a process.
	process.env.N8N_ENFORCE_GLOBAL_USER_AGENT = 'true';
	const { expectSame, openArena } = await import('../helpers/parity.mts');
	const arena = await openArena(echo);
	try {
		const pair = await arena.both({ parameters: { url: arena.server.url } });
		expectSame({ theirs: { ...pair.theirs, items: [] }, ours: { ...pair.ours, items: [] } });
		expect(pair.ours.sent[0]?.headers['user-agent']).toContain('compatible; n8n/');
	} finally {
		await arena.close();
	}
}, 600_000);

test.each([
	[{}, 'n8n'],
	[{ N8N_GLOBAL_USER_AGENT_VALUE: 'own' }, 'n8n'],
	[{ N8N_ENFORCE_GLOBAL_USER_AGENT: 'true', N8N_GLOBAL_USER_AGENT_VALUE: 'own' }, 'own'],
	[{ N8N_ENFORCE_GLOBAL_USER_AGENT: 'false', N8N_GLOBAL_USER_AGENT_VALUE: 'own' }, 'n8n'],
])('with %j it is %s', (environment, expected) => expect(userAgentOf(environment)).toBe(expected));
