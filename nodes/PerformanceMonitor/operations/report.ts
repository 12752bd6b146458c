import { renderReport } from '../../../lib/insight';
import { requireInteger, requireOneOf, requireText } from '../../../lib/core/validate';
import { periodField, toPeriod } from './fields';
import { asJson, type Operation, type Read } from './operation';

const MIME_TYPE = 'text/html';

export const report: Operation = {
	name: 'Report',
	action: 'Make a report',
	description: 'A page with charts, findings and advice that stands alone: to look at, print, send or serve',
	fields: [
		{
			displayName: 'Put Out',
			name: 'putOut',
			type: 'options',
			default: 'file',
			options: [
				{ name: 'File', value: 'file', description: 'In the binary field data' },
				{ name: 'Text', value: 'text', description: 'In the field HTML, such as for Respond to Webhook' },
			],
		},
		{ displayName: 'Title', name: 'title', type: 'string', default: 'Performance', description: 'What stands at the top of the page' },
		periodField,
		{
			displayName: 'Time Zone',
			name: 'timeZone',
			type: 'string',
			default: '',
			placeholder: 'e.g. Europe/Berlin',
			description: 'Of the times that are shown. Leave it empty for that of the workflow.',
		},
		{
			displayName: 'Refresh Every (Seconds)',
			name: 'refreshSeconds',
			type: 'number',
			default: 0,
			typeOptions: { minValue: 0, maxValue: 86_400 },
			description: 'How often the page asks for itself again, where a webhook serves it. 0 for never.',
		},
	],
	async perform(read, { oversight, file, timeZone }) {
		const isFile = requireOneOf('Put Out', read('putOut') ?? 'file', ['file', 'text']) === 'file';
		const options = { title: requireText('Title', read('title') ?? 'Performance'), window: toPeriod(read), timeZone: toTimeZone(read) ?? timeZone, refreshSeconds: requireInteger('Refresh Every (Seconds)', read('refreshSeconds') ?? 0, { max: 86_400 }) };
		const [snapshot, settings, book] = await Promise.all([oversight.snapshot(), oversight.settings(), oversight.alerts.look()]);
		const html = renderReport(snapshot, { ...options, settings, book });
		const json = { at: snapshot.at, period: options.window };
		return isFile ? { json, binary: { data: await file(html, 'performance.html', MIME_TYPE) } } : asJson({ ...json, html });
	},
};

function toTimeZone(read: Read): string | undefined {
	const zone = read('timeZone') ?? '';
	return zone === '' ? undefined : requireText('Time Zone', zone);
}
