/**
 * The server that bench/n8n/batch.mts measures against, in a process of its own. It ends when its input does.
 *
 *   GET  /wait/<ms>/<id>     answers after so many ms
 *   *    /troubled/<id>      fails one request in ten: 429 with Retry-After, 503, or a connection cut after the work was done
 *   GET  /__counts           what has come since it was last asked: requests, items done, items done more than once
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const RETRY_AFTER_SECONDS = 1;

let requests = 0;
const done = new Map<string, number>();
const asked = new Map<string, number>();

const server = createServer((request, response) => {
	const [, what = '', ...rest] = (request.url ?? '').split('/');
	request.resume();
	const answer = (body: unknown) => {
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify(body));
	};
	if (what === '__counts') {
		answer({ requests, done: done.size, doneTwice: [...done.values()].filter((times) => times > 1).length });
		requests = 0;
		done.clear();
		asked.clear();
		return;
	}
	requests += 1;
	if (what === 'wait') {
		const [ms, id] = rest;
		if (ms === '0') answer({ id: Number(id) });
		else setTimeout(() => answer({ id: Number(id) }), Number(ms));
		return;
	}
	const [id = ''] = rest;
	const attempt = asked.get(id) ?? 0;
	asked.set(id, attempt + 1);
	const dice = (Number(id) * 7919 + attempt * 104_729) % 1000;
	if (dice < 33) {
		response.statusCode = 429;
		response.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
		response.end();
	} else if (dice < 67) {
		response.statusCode = 503;
		response.end();
	} else {
		done.set(id, (done.get(id) ?? 0) + 1);
		if (dice < 100) request.socket.destroy();
		else answer({ id: Number(id) });
	}
});

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(String((server.address() as AddressInfo).port)));
process.stdin.on('end', () => process.exit(0)).resume();
