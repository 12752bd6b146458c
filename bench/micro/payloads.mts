/** What is hashed and kept: an AI request and its answer. */

export const SCOPE = { credential: 'c1', origin: 'https://api.test', partition: 'workflow 7' };

/** 1 KB. */
export const REQUEST = {
	model: 'gpt-4o-mini',
	temperature: 0,
	max_tokens: 500,
	messages: [
		{ role: 'system', content: 'You are terse.' },
		{ role: 'user', content: 'Summarise this: '.padEnd(800, 'lorem ipsum ') },
	],
};

export const ANSWER = {
	id: 'x',
	model: 'gpt-4o-mini',
	choices: [{ message: { role: 'assistant', content: 'word '.repeat(80) }, finish_reason: 'stop' }],
	usage: { prompt_tokens: 210, completion_tokens: 80 },
};
