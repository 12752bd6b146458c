/** An OAuth2 token endpoint, and an API that takes only its newest token. */
import { echo } from './http-node.mts';
import { startServer, type TestServer } from './with-server.mts';

export interface OAuth2Server extends TestServer {
	/** The grants that were asked for, in turn. */
	readonly grants: string[];
	/** The token that the API takes now. */
	token(): string;
	/** From now on the API refuses the token that it took so far. */
	expire(): void;
	/** From now on no grant is given. */
	revoke(): void;
}

export async function startOAuth2Server(): Promise<OAuth2Server> {
	const grants: string[] = [];
	let issued = 0;
	let expired = false;
	let revoked = false;
	const token = () => `token-${issued}`;
	const server = await startServer((request, response, body) => {
		response.setHeader('content-type', 'application/json');
		if (request.url === '/token') {
			grants.push(new URLSearchParams(body.toString()).get('grant_type') ?? '');
			if (revoked) return void response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
			issued += 1;
			expired = false;
			const answer = { access_token: token(), refresh_token: `refresh-${issued}`, token_type: 'bearer', expires_in: 3600 };
			// Long enough for everybody who waits to be there.
			return void setTimeout(() => response.end(JSON.stringify(answer)), 50);
		}
		if (expired || request.headers.authorization !== `Bearer ${token()}`) {
			return void response.writeHead(401).end(JSON.stringify({ error: 'expired' }));
		}
		echo(request, response, body);
	});
	return Object.assign(server, {
		grants,
		token,
		expire: () => void (expired = true),
		revoke: () => void (revoked = true),
	});
}
