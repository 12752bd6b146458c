import { PROMETHEUS_CONTENT_TYPE, toPrometheus } from '../../../lib/metrics/prometheus';
import { asJson, type Operation } from './operation';

export const prometheus: Operation = {
	name: 'Prometheus',
	action: 'Get metrics for prometheus',
	description: 'All metrics as a text that Prometheus reads',
	fields: [],
	perform: async (_read, { oversight }) => asJson({ text: toPrometheus(await oversight.snapshot()), contentType: PROMETHEUS_CONTENT_TYPE }),
};
