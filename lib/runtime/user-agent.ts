/** What HTTP Request calls itself, too, where nobody sets another name. */
const PLAIN = 'n8n';
/** With the global user agent enforced and no value given, n8n sends this; the version in it is n8n's own placeholder. */
const ENFORCED = 'Mozilla/5.0 (compatible; n8n/0.0.0; +https://n8n.io/)';

type Environment = Readonly<Record<string, string | undefined>>;

/** The user agent of requests that name none: n8n's N8N_ENFORCE_GLOBAL_USER_AGENT and N8N_GLOBAL_USER_AGENT_VALUE hold here too. */
export function userAgentOf(environment: Environment): string {
	const enforced = environment.N8N_ENFORCE_GLOBAL_USER_AGENT?.toLowerCase();
	if (enforced !== 'true' && enforced !== '1') return PLAIN;
	const value = environment.N8N_GLOBAL_USER_AGENT_VALUE ?? '';
	return value === '' ? ENFORCED : value;
}
