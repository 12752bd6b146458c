import { requireHttpUrl } from '../../../lib/core/validate';
import type { Operation, Read } from './operation';

export const resetBreaker: Operation = {
	name: 'Reset Breaker',
	action: 'Reset circuit breakers',
	description: 'Close circuits that are open, so that calls are sent again at once. If the server still fails, they open again.',
	fields: [
		{
			displayName: 'URL of the Server',
			name: 'breakerUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://api.openai.com',
			description: 'Only scheme, host and port count. Leave it empty for all servers.',
		},
	],
	async perform(read, { runtime, shared }) {
		const origin = toOrigin(read);
		const reset = shared ? await runtime.limitsOver(shared).resetCircuits(origin) : runtime.resetCircuits(origin);
		return { json: { origin: origin ?? null, reset: reset.map((circuit) => ({ ...circuit })), told: shared ? 'all processes' : 'this process' } };
	},
};

function toOrigin(read: Read): string | undefined {
	const url = read('breakerUrl') ?? '';
	return url === '' ? undefined : requireHttpUrl('URL of the Server', url).origin;
}
