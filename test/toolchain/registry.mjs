// Asks npm's registry once before packages are fetched from it. npm itself tries each of them again and again, for ten minutes in all and
// without a word, where it does not trust the registry's certificate. Plain JavaScript without imports from node_modules, for older Node too.
import { spawnSync } from 'node:child_process';

const LONGEST_MS = 30_000;
/** What Node calls certificates that it does not trust. */
const UNTRUSTED = /\b(?:\w*SELF_SIGNED_CERT\w*|UNABLE_TO_(?:VERIFY|GET_ISSUER)\w*|CERT_\w+|ERR_TLS_CERT\w*)\b/;
const OUT_OF_REACH = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/;

/**
 * Throws where npm does not trust the registry's certificate. Says where it cannot be reached: what npm has kept may do all the same.
 * @param {readonly string[]} npm the command and its first arguments
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} place
 * @param {(line: string) => void} [log]
 */
export function askRegistry([command, ...first], { cwd, env = process.env }, log = console.log) {
	const args = [...first, 'view', 'n8n-workflow', 'version', '--fetch-retries=0', '--fetch-timeout=15000', '--prefer-online', '--loglevel=error'];
	const { stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: LONGEST_MS, shell: command === 'npm' && process.platform === 'win32' });
	const [untrusted] = UNTRUSTED.exec(stderr ?? '') ?? [];
	if (untrusted) {
		const remedy = 'Name the file of the authority that has signed it, in the environment (NODE_EXTRA_CA_CERTS=/path/to/ca.pem) or for npm (npm config set cafile /path/to/ca.pem)';
		throw new Error(`npm does not trust the certificate of its registry (${untrusted}). ${remedy}, and try again.`);
	}
	const [away] = OUT_OF_REACH.exec(stderr ?? '') ?? [];
	if (away) log(`npm cannot reach its registry (${away}); going on with what it has kept, which may take some minutes to fail`);
}
