/**
 * Stands for distance: a proxy whose clients wait a round trip for a connection and for each answer. A process of its own, which ends
 * when its input does: `node far.mts <port> <round trip in ms>`; prints its own port.
 */
import { createConnection, createServer, type AddressInfo } from 'node:net';

const [port, roundTripMs] = process.argv.slice(2).map(Number);

const server = createServer((client) => {
	const upstream = createConnection({ host: '127.0.0.1', port: port ?? 0 });
	for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', () => {});
	client.on('close', () => upstream.destroy());
	// The kernel has accepted at once: what the handshake would have taken is added before the first bytes.
	const openAt = performance.now() + (roundTripMs ?? 0);
	client.on('data', (chunk: Buffer) => {
		const waitMs = openAt - performance.now();
		if (waitMs > 0) setTimeout(() => upstream.write(chunk), waitMs);
		else upstream.write(chunk);
	});
	const later = (act: () => void) => void setTimeout(() => client.writable && act(), roundTripMs);
	upstream.on('data', (chunk: Buffer) => later(() => client.write(chunk))).on('close', () => later(() => client.end()));
});
server.listen(0, '127.0.0.1', () => console.log(String((server.address() as AddressInfo).port)));
process.stdin.on('end', () => process.exit(0)).resume();
