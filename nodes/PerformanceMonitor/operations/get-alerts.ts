import { isWanted, alertFilterFields, toAlertFilter } from '../../shared/alerts';
import { asJson, type Operation } from './operation';

export const getAlerts: Operation = {
	name: 'Get Alerts',
	action: 'Get alerts',
	description: 'What is above its limit now, and what was raised, got worse or ended lately',
	fields: alertFilterFields,
	async perform(read, { oversight }) {
		const filter = toAlertFilter(read);
		const { at, standing, recent } = await oversight.alerts.look();
		return asJson({ at, standing: standing.filter((alert) => isWanted(alert, filter)), recent: recent.filter(({ alert }) => isWanted(alert, filter)) });
	},
};
