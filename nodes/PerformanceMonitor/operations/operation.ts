import type { IBinaryData, IDataObject, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { Place } from '../../../lib/cache/marks';
import type { Egress } from '../../../lib/http';
import type { Clearing } from '../../../lib/n8n/clear';
import type { Oversight, Runtime, SharedStore } from '../../../lib/runtime';

/** A field of the panel, by its name; undefined where it is hidden. */
export type Read = (name: string) => unknown;

/** What operations work with, for one execution. */
export interface Desk {
	readonly runtime: Runtime;
	/** Undefined where this process is meant alone. */
	readonly shared: SharedStore | undefined;
	/** Of this process, or of all that share the store. */
	readonly oversight: Oversight;
	readonly clearing: Pick<Clearing, 'clear' | 'foresee'>;
	/** Where connections may go. */
	readonly egress: Egress;
	readonly place: Place;
	/** Of the workflow. */
	readonly timeZone: string;
	/** Hands a text over to n8n as a file. */
	file(text: string, fileName: string, mimeType: string): Promise<IBinaryData>;
}

/** One thing that the node does: its entry in the panel, the fields that are shown with it, and what it makes of them. */
export interface Operation {
	readonly name: string;
	readonly action: string;
	readonly description: string;
	/** Several operations may have the same field: the same object. */
	readonly fields: readonly INodeProperties[];
	/** Throws InvalidOptionError that names the field; what it throws fails this item alone. */
	readonly perform: (read: Read, desk: Desk, signal: AbortSignal) => Promise<INodeExecutionData | INodeExecutionData[]>;
}

/** Plain data as an item; times are left as they were measured. */
export function asJson(facts: object): INodeExecutionData {
	return { json: { ...(facts as IDataObject) } };
}
