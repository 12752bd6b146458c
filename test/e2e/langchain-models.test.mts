/** Cached Chat Model around the model classes that n8n ships, of each kind: ones that copy themselves, and ones that are bound. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bench, n8nRequire, settings, type Bench } from '../helpers/chat-models.mts';
import { n8nBin } from '../helpers/n8n-package.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

interface Message {
	content: unknown;
	tool_calls: Array<{ id: string; name: string; args: unknown }>;
	usage_metadata?: { total_tokens: number };
	response_metadata: Record<string, unknown>;
}

interface Model {
	invoke(input: unknown, options?: unknown): Promise<Message>;
	stream(input: unknown, options?: unknown): Promise<AsyncIterable<Message>>;
	bindTools(tools: unknown[], options?: unknown): Model;
	withStructuredOutput(schema: unknown, options?: unknown): { invoke(input: unknown): Promise<unknown> };
}

type ModelClass = new (fields: Record<string, unknown>) => Model;

let standIn: StandIn;
let load: NodeJS.Require;
let it: Bench;

beforeAll(async () => {
	load = n8nRequire(await n8nBin(() => undefined));
	standIn = await startStandIn();
});

beforeEach(() => {
	standIn.setBehaviour();
	standIn.reset();
	it = bench();
});

afterAll(async () => await standIn?.close());

const calls = () => Object.values(standIn.counters().calls).reduce((sum, count) => sum + count, 0);
const status = () => it.logged.map(({ output }) => output?.cache?.status);

const KINDS: Record<string, (fields?: Record<string, unknown>) => Model> = {
	'ChatOpenAI, which copies itself': (fields = {}) => {
		const { ChatOpenAI } = load('@langchain/openai') as { ChatOpenAI: ModelClass };
		return new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: standIn.apiKey, configuration: { baseURL: `${standIn.url}/v1` }, maxRetries: 0, ...fields });
	},
	'ChatOllama, which is bound': (fields = {}) => {
		const { ChatOllama } = load('@langchain/ollama') as { ChatOllama: ModelClass };
		return new ChatOllama({ model: 'llama3', baseUrl: standIn.url, maxRetries: 0, ...('maxTokens' in fields ? { numPredict: fields.maxTokens } : {}), ...fields });
	},
	'ChatAnthropic, which is bound': (fields = {}) => {
		const { ChatAnthropic } = load('@langchain/anthropic') as { ChatAnthropic: ModelClass };
		return new ChatAnthropic({ model: 'claude-sonnet-4-5', apiKey: standIn.apiKey, anthropicApiUrl: standIn.url, maxRetries: 0, ...fields });
	},
};

const TOOL = {
	name: 'weather',
	description: 'Tells the weather of a city',
	schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

for (const [kind, make] of Object.entries(KINDS)) {
	describe(kind, () => {
		test('asks once, and gives the same answer again without using tokens', async () => {
			const bare = await make().invoke('tag this package: a fast web server');
			standIn.reset();
			const first = await it.wrap(make()).invoke('tag this package: a fast web server');
			const second = await it.wrap(make()).invoke('tag this package: a fast web server');
			expect(calls()).toBe(1);
			expect(first.content).toEqual(bare.content);
			expect(first.usage_metadata).toEqual(bare.usage_metadata);
			expect(second.content).toEqual(bare.content);
			expect(second.constructor).toBe(bare.constructor);
			expect(second.usage_metadata?.total_tokens).toBe(0);
			expect(status()).toEqual(['miss', 'hit']);
			expect(it.logged[1]?.output?.cache?.savedTokens).toBe(bare.usage_metadata?.total_tokens);
		});

		test("tells the model's own handlers of a call, and of nothing else", async () => {
			const told: string[] = [];
			const handler = { handleChatModelStart: () => void told.push('start'), handleLLMEnd: () => void told.push('end') };
			for (const _ of [1, 2]) await it.wrap(make({ callbacks: [handler] })).invoke('tag this package: handlers');
			expect(calls()).toBe(1);
			expect(told).toEqual(['start', 'end']);
		});

		test('keeps an answer with a tool call, whose second round hits although ids differ', async () => {
			const ask = async (model: Model, id: string) => {
				const bound = model.bindTools([TOOL], { tool_choice: 'auto' });
				const question = { role: 'user', content: 'Use weather for Bern, then tag: weather' };
				const decided = await bound.invoke([question]);
				expect(decided.tool_calls).toHaveLength(1);
				const called = { role: 'assistant', content: '', tool_calls: [{ ...decided.tool_calls[0], id }] };
				const answer = await bound.invoke([question, called, { role: 'tool', tool_call_id: id, content: 'sunny' }]);
				return [decided.tool_calls[0]?.name, answer.content];
			};
			const first = await ask(it.wrap(make()), 'call_a');
			expect(calls()).toBe(2);
			expect(await ask(it.wrap(make()), 'call_b')).toEqual(first);
			expect(calls()).toBe(2);
		});

		test('keeps questions apart that differ in tools, settings or words', async () => {
			const question = 'tag this package: apart';
			const models = [
				it.wrap(make()),
				it.wrap(make({ temperature: 0.3 })),
				it.wrap(make({ topP: 0.5 })),
				it.wrap(make({ maxTokens: 500 })),
				it.wrap(make({ apiKey: standIn.apiKey }), { below: [{ type: 'model@1', credentials: ['api:2'] }] }),
				it.wrap(make()).bindTools([TOOL]),
				it.wrap(make()).bindTools([{ ...TOOL, description: 'Something else' }]),
			];
			for (const model of models) await model.invoke(question);
			await models[0]!.invoke([{ role: 'system', content: 'Be brief' }, { role: 'user', content: question }]);
			await models[0]!.invoke([{ role: 'user', content: [{ type: 'text', text: question }] }]);
			expect(calls()).toBe(models.length + 2);
			expect(new Set(status())).toEqual(new Set(['miss']));
		});

		test('streams what it asks for piece by piece, and what it has in one piece', async () => {
			const text = async (model: Model) => {
				let pieces = 0;
				let whole = '';
				for await (const piece of await model.stream('tag this package: streaming of many words')) {
					pieces += 1;
					whole += String(Array.isArray(piece.content) ? piece.content.map((block: { text?: string }) => block.text ?? '').join('') : piece.content);
				}
				return { pieces, whole };
			};
			const bare = await text(make());
			standIn.reset();
			const first = await text(it.wrap(make()));
			const second = await text(it.wrap(make()));
			expect(calls()).toBe(1);
			expect(first).toEqual(bare);
			expect(first.pieces).toBeGreaterThan(2);
			expect(second).toEqual({ pieces: 1, whole: bare.whole });
			expect(second.whole).not.toBe('');
		});

		test('gives a streamed hit the class and the tool calls that a stream has', async () => {
			const pieces = async (): Promise<Message[]> => {
				const given: Message[] = [];
				for await (const piece of await it.wrap(make()).bindTools([TOOL]).stream('Use weather for Bern')) given.push(piece);
				return given;
			};
			const first = await pieces();
			const [hit, ...more] = await pieces();
			expect(more).toEqual([]);
			expect(calls()).toBe(1);
			expect(hit?.constructor).toBe(first[0]?.constructor);
			const joined = first.reduce((whole, piece) => (whole as unknown as { concat(next: Message): Message }).concat(piece));
			expect(hit?.tool_calls.map(({ name, args }) => [name, args])).toEqual(joined.tool_calls.map(({ name, args }) => [name, args]));
			expect(hit?.tool_calls).toHaveLength(1);
		});

		test('calls at the same time share one request, streamed or not', async () => {
			standIn.setBehaviour({ delayMs: 200 });
			const invoked = Array.from({ length: 10 }, async () => await it.wrap(make()).invoke('tag this package: together'));
			const answers = await Promise.all(invoked);
			expect(new Set(answers.map(({ content }) => JSON.stringify(content))).size).toBe(1);
			expect(calls()).toBe(1);
			expect(it.runtime.flights.inFlight).toBe(0);
		});

		test("an error is the model's own, is not kept, and is the same as without us", async () => {
			const caught = async (model: Model) => await model.invoke('tag this package: error').then(() => undefined, (error: unknown) => error as Error);
			standIn.setBehaviour({ failNext: { count: 2, status: 400 } });
			const bare = await caught(make());
			const wrapped = await caught(it.wrap(make()));
			const said = (error?: Error) => error?.message.replace(/req_\w+/u, '');
			expect(said(wrapped)).toBe(said(bare));
			expect(wrapped?.constructor).toBe(bare?.constructor);
			expect((await it.wrap(make()).invoke('tag this package: error')).content).toBeTruthy();
			expect(calls()).toBe(3);
		});

		test('an answer that was cut off is not kept', async () => {
			standIn.setBehaviour({ truncated: true });
			await it.wrap(make()).invoke('tag this package: cut off');
			await it.wrap(make()).invoke('tag this package: cut off');
			expect(calls()).toBe(2);
		});

		test('structured output is the same, asked and kept', async () => {
			const schema = { title: 'tags', type: 'object', properties: { tags: { type: 'array', items: { type: 'string' } } }, required: ['tags'] };
			const ask = async (model: Model) => await model.withStructuredOutput(schema, { name: 'tags' }).invoke('tag this package: structured output');
			const bare = await ask(make());
			standIn.reset();
			expect(await ask(it.wrap(make()))).toEqual(bare);
			expect(await ask(it.wrap(make()))).toEqual(bare);
			expect(calls()).toBe(1);
		});

		test('one of two who wait may leave; the other is answered, and nobody is left: the request ends', async () => {
			standIn.setBehaviour({ delayMs: 300 });
			const leaving = new AbortController();
			const left = it.wrap(make()).invoke('tag this package: leave', { signal: leaving.signal }).catch((error: unknown) => error);
			const stays = it.wrap(make()).invoke('tag this package: leave');
			await until(() => calls() === 1);
			leaving.abort();
			expect(await left).toBeInstanceOf(Error);
			expect((await stays).content).toBeTruthy();
			expect(calls()).toBe(1);

			standIn.setBehaviour({ hang: true });
			const alone = new AbortController();
			const gone = it.wrap(make()).invoke('tag this package: alone', { signal: alone.signal }).catch((error: unknown) => error);
			await until(() => calls() === 2);
			alone.abort();
			await gone;
			// Ollama's model looks at the signal between pieces only, and lets its request go on.
			if (!kind.startsWith('ChatOllama')) await until(() => standIn.counters().aborted === 1);
			expect(it.runtime.flights.inFlight).toBe(0);
		});

		test('an answer with tool calls is not kept where the user says so', async () => {
			const parts = { settings: settings({ cacheToolCalls: false }) };
			for (const _ of [1, 2]) await it.wrap(make(), parts).bindTools([TOOL]).invoke('Use weather for Bern');
			expect(calls()).toBe(2);
			for (const _ of [1, 2]) await it.wrap(make(), parts).bindTools([TOOL]).invoke('tag this package: plain');
			expect(calls()).toBe(3);
		});

		test('keeps to a budget, and warns before; a hit costs nothing', async () => {
			const parts = { settings: settings({ budgets: { budget: [{ scope: 'node', tokens: 30, warnPercent: 30 }] } }) };
			await it.wrap(make(), parts).invoke('tag this package: cheap');
			expect(it.warnings.join()).toContain('30 percent of the budget of this node');
			const refused = it.wrap(make(), parts).invoke(`tag this package: ${'dear '.repeat(60)}`);
			await expect(refused).rejects.toThrow('budget of this node');
			await it.wrap(make(), parts).invoke('tag this package: cheap');
			expect(calls()).toBe(1);
		});

		test('another attempt of a run that fails is answered anew; the same attempt is not', async () => {
			const parts = { repeatableRun: 'execution 1, agent, run 0' };
			const first = it.wrap(make(), parts);
			for (const _ of [1, 2]) await first.invoke('tag this package: poison');
			expect(calls()).toBe(1);
			const again = it.wrap(make(), parts);
			for (const _ of [1, 2]) await again.invoke('tag this package: poison');
			expect(calls()).toBe(2);
			expect(status()).toEqual(['miss', 'hit', 'refreshed', 'hit']);
		});
	});
}

/** A model of n8n's own kit, as a community provider node makes it. Its settings are where LangChain does not look. */
class KitModel {
	readonly provider = 'kit';
	readonly modelId: string;
	readonly tools: readonly { name: string }[];
	readonly #asked: string[];

	constructor(modelId: string, asked: string[], tools: readonly { name: string }[] = []) {
		this.modelId = modelId;
		this.tools = tools;
		this.#asked = asked;
	}

	async generate(): Promise<unknown> {
		this.#asked.push([this.modelId, ...this.tools.map(({ name }) => name)].join(' '));
		return { message: { role: 'assistant', content: [{ type: 'text', text: `from ${this.modelId}` }] }, finishReason: 'stop', usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 } };
	}

	async *stream(): AsyncGenerator<unknown> {
		this.#asked.push(`${this.modelId} streamed`);
		yield { type: 'text-delta', delta: 'from ' };
		yield { type: 'text-delta', delta: this.modelId };
		yield { type: 'finish', finishReason: 'stop', usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 } };
	}

	withTools(tools: readonly { name: string }[]): KitModel {
		return new KitModel(this.modelId, this.#asked, [...this.tools, ...tools]);
	}
}

describe("a model of n8n's own kit, behind an adapter", () => {
	const make = (modelId: string, asked: string[]): Model => {
		const { LangchainChatModelAdapter } = load('@n8n/ai-utilities') as { LangchainChatModelAdapter: new (model: KitModel) => Model };
		return new LangchainChatModelAdapter(new KitModel(modelId, asked));
	};

	test('is asked once, by model and by tools', async () => {
		const asked: string[] = [];
		for (const _ of [1, 2]) {
			expect(JSON.stringify((await it.wrap(make('a', asked)).invoke('hello')).content)).toContain('from a');
			await it.wrap(make('b', asked)).invoke('hello');
			await it.wrap(make('a', asked)).bindTools([TOOL]).invoke('hello');
		}
		expect(asked).toEqual(['a', 'b', 'a weather']);
	});

	test('streams', async () => {
		const asked: string[] = [];
		const text = async () => {
			const blocks: unknown[] = [];
			for await (const piece of await it.wrap(make('a', asked)).stream('hello')) blocks.push(...(Array.isArray(piece.content) ? piece.content : []));
			return blocks.map((block) => (block as { text: string }).text).join('');
		};
		expect(await text()).toBe('from a');
		expect(await text()).toBe('from a');
		expect(asked).toEqual(['a streamed']);
	});
});

describe('what consumers read of a model', () => {
	test('is still true: its class, its settings, its tools, its tokens', async () => {
		const { ChatOpenAI } = load('@langchain/openai') as { ChatOpenAI: ModelClass };
		const bare = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'k', modelKwargs: { response_format: { type: 'json_object' } } }) as unknown as Record<string, unknown>;
		bare.metadata = { tools: [{ type: 'web_search' }] };
		const wrapped = it.wrap(bare);
		expect(wrapped).toBeInstanceOf(ChatOpenAI);
		for (const name of ['model', 'modelKwargs', 'metadata', 'lc_namespace', 'lc_kwargs', 'temperature']) expect(wrapped[name], name).toBe(bare[name]);
		expect((wrapped._modelType as () => string)()).toBe('base_chat_model');
		expect((wrapped._llmType as () => string)()).toBe('openai');
	});

	test('leaves nothing of the wrapper on the model', async () => {
		const bare = KINDS['ChatAnthropic, which is bound']!();
		const before = Object.getOwnPropertyNames(bare).sort();
		await it.wrap(bare).bindTools([TOOL]).invoke('tag this package: traces');
		expect(Object.getOwnPropertyNames(bare).sort()).toEqual(before);
	});
});

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
