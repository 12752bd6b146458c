import { DEFAULT_SETTINGS } from '../../../lib/insight';
import { InvalidOptionError } from '../../../lib/core/errors';
import { requireOneOf } from '../../../lib/core/validate';
import { requireJsonObject } from '../../shared/json';
import { asJson, type Operation, type Read } from './operation';
import { settingFields, toSettings } from './settings';

export const configure: Operation = {
	name: 'Configure',
	action: 'Configure what is watched and kept',
	description: 'Set from where on something is too much (memory, response times, errors, costs, objectives), and what caches may hold',
	fields: [
		{
			displayName: 'Input',
			name: 'input',
			type: 'options',
			noDataExpression: true,
			default: 'fields',
			options: [
				{ name: 'Fields Below', value: 'fields' },
				{ name: 'JSON', value: 'json', description: 'An object with the settings to change, as the output of this operation shows them' },
			],
		},
		{
			displayName: 'Settings',
			name: 'settings',
			type: 'json',
			typeOptions: { rows: 8 },
			default: JSON.stringify({ memoryPercent: DEFAULT_SETTINGS.memoryPercent, responseMs: DEFAULT_SETTINGS.responseMs }, null, 2),
			required: true,
			description: 'What is left out stays as it is; null goes back to the default. Nothing is changed where one is not valid.',
			displayOptions: { show: { input: ['json'] } },
		},
		{
			displayName: 'Settings',
			name: 'changes',
			type: 'collection',
			placeholder: 'Add Setting',
			default: {},
			description: 'What is not added stays as it is. 0 watches for nothing.',
			displayOptions: { show: { input: ['fields'] } },
			options: settingFields,
		},
		{
			displayName: 'Begin With Defaults',
			name: 'reset',
			type: 'boolean',
			default: false,
			description: 'Whether all that is not set here goes back to its default',
		},
	],
	async perform(read, { oversight, shared }) {
		const reset = read('reset') ?? false;
		if (typeof reset !== 'boolean') throw new InvalidOptionError('Begin With Defaults', 'true or false', reset);
		const { settings, kept } = await oversight.configure(changesOf(read), { reset });
		const keptIn = shared && kept ? 'shared store' : 'memory of this process';
		return asJson({ settings, keptIn, untilRestart: !(shared && kept) });
	},
};

function changesOf(read: Read): unknown {
	if (requireOneOf('Input', read('input') ?? 'fields', ['fields', 'json']) === 'fields') return toSettings(read('changes'));
	const given = requireJsonObject('Settings', read('settings'));
	return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === null && name in DEFAULT_SETTINGS ? DEFAULT_SETTINGS[name as keyof typeof DEFAULT_SETTINGS] : value]));
}
