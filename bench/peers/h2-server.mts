/** An HTTP/2 server in a process of its own, which ends when its input does: `/slow/<ms>` answers after so long. Prints its port. */
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

const pem = (name: string) => readFileSync(new URL(`../../test/helpers/tls/${name}.pem`, import.meta.url));

const server = createSecureServer({ key: pem('key'), cert: pem('certificate') }, (request, response) => {
	const ms = Number(request.url.split('/').at(-1));
	const answer = () => {
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify({ waitedMs: ms }));
	};
	if (ms > 0) setTimeout(answer, ms);
	else answer();
});
server.listen(0, '127.0.0.1', () => console.log(String((server.address() as AddressInfo).port)));
process.stdin.on('end', () => process.exit(0)).resume();
