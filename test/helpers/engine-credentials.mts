/** Credentials for the test engine: given in plain, applied as n8n's own helper applies them. */
import type {
	ICredentialDataDecryptedObject,
	ICredentialsHelper,
	ICredentialType,
	IHttpRequestOptions,
	INode,
	INodeCredentialsDetails,
	INodeTypes,
	Workflow,
} from 'n8n-workflow';
import type * as N8nWorkflow from 'n8n-workflow';
import { engineRequire } from './engine-home.mts';

const workflowApi: typeof N8nWorkflow = engineRequire('n8n-workflow');

export interface EngineCredential {
	name: string;
	type: string;
	data: Record<string, unknown>;
}

export type EngineCredentialType = Partial<Pick<ICredentialType, 'extends' | 'authenticate' | 'preAuthentication' | 'properties'>>;

export function createCredentialsHelper(
	credentials: EngineCredential[],
	types: Record<string, EngineCredentialType>,
	nodeTypes: INodeTypes,
): ICredentialsHelper {
	function find(details: INodeCredentialsDetails, type: string): EngineCredential {
		const found = credentials.find((credential) => credential.type === type && credential.name === details.name);
		if (!found) throw new Error(`The test gives no credential "${details.name}" of type "${type}"`);
		return found;
	}

	function parents(type: string): string[] {
		return (types[type]?.extends ?? []).flatMap((name) => [name, ...parents(name)]);
	}

	async function preAuthenticate(
		helpers: N8nWorkflow.IHttpRequestHelper,
		data: ICredentialDataDecryptedObject,
		type: string,
		expired: boolean,
	): Promise<ICredentialDataDecryptedObject | undefined> {
		const definition = types[type];
		const expirable = definition?.properties?.find((property) => property.type === 'hidden' && property.typeOptions?.expirable === true);
		if (!definition?.preAuthentication || !expirable) return undefined;
		if (data[expirable.name] && !expired) return undefined;
		const output = await definition.preAuthentication.call(helpers, data);
		return output[expirable.name] ? ({ ...data, ...output } as ICredentialDataDecryptedObject) : undefined;
	}

	return {
		getParentTypes: parents,
		isCredentialUsableByNode: () => true,
		async getDecrypted(_additional, details, type) {
			return structuredClone(find(details, type).data) as ICredentialDataDecryptedObject;
		},
		async getCredentials() {
			throw new Error('Encrypted credentials are not part of the test engine');
		},
		async updateCredentials(details, type, data) {
			find(details, type).data = data;
		},
		async updateCredentialsOauthTokenData(details, type, data) {
			Object.assign(find(details, type).data, { oauthTokenData: data.oauthTokenData });
		},
		getCredentialsProperties: (type) => types[type]?.properties ?? [],
		async preAuthentication(helpers, data, type, node, expired) {
			const renewed = await preAuthenticate(helpers, data, type, expired);
			const details = node.credentials?.[type];
			if (renewed && details) find(details, type).data = renewed;
			return renewed;
		},
		runPreAuthentication: async (helpers, data, type) => await preAuthenticate(helpers, data, type, false),
		async authenticate(data, type, request, workflow, node) {
			const options = request as IHttpRequestOptions;
			const { authenticate } = types[type] ?? {};
			if (typeof authenticate === 'function') return await authenticate(data, options);
			if (!authenticate) return options;
			const resolve = resolver(data, workflow ?? emptyWorkflow(nodeTypes), node);
			return applyGeneric(options, authenticate.properties as Record<string, unknown>, resolve);
		},
	} as ICredentialsHelper;
}

/** The declarative form: `{ headers: { Authorization: '=Bearer {{$credentials.token}}' }, qs: …, body: …, auth: … }`. */
function applyGeneric(options: IHttpRequestOptions, properties: Record<string, unknown>, resolve: (value: string) => unknown): IHttpRequestOptions {
	const target = options as unknown as Record<string, Record<string, unknown> | unknown>;
	for (const [place, values] of Object.entries(properties)) {
		if (typeof values !== 'object' || values === null) {
			target[place] = typeof values === 'string' ? resolve(values) : values;
			continue;
		}
		const merged = { ...(target[place] as Record<string, unknown> | undefined) };
		for (const [key, value] of Object.entries(values)) merged[String(resolve(key))] = typeof value === 'string' ? resolve(value) : value;
		target[place] = merged;
	}
	return options;
}

function resolver(data: ICredentialDataDecryptedObject, workflow: Workflow, node: INode | undefined): (value: string) => unknown {
	const stage = node ?? placeholder;
	return (value) =>
		workflow.expression.getSimpleParameterValue(stage, value, 'internal', { $credentials: data as never }, undefined, '');
}

const placeholder: INode = { id: 'credential', name: 'Credential', type: 'test.credential', typeVersion: 1, position: [0, 0], parameters: {} };

function emptyWorkflow(nodeTypes: INodeTypes): Workflow {
	return new workflowApi.Workflow({ nodes: [], connections: {}, active: false, nodeTypes });
}
