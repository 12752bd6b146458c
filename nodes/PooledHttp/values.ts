/** What the fields of the panel hold, before anything is known of it. */
export type Values = Readonly<Record<string, unknown>>;

export function asValues(value: unknown): Values {
	return typeof value === 'object' && value !== null ? (value as Values) : {};
}

/** An expression may give something else where a text is meant. */
export function asText(value: unknown): string {
	if (typeof value === 'string') return value;
	return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The rows of `{ parameters: [{ name, … }] }`; one without a name is one that nobody filled in. */
export function toRows(value: unknown): Array<Values & { readonly name: string }> {
	const { parameters } = asValues(value);
	if (!Array.isArray(parameters)) return [];
	return parameters.flatMap((row: unknown) => {
		const name = asText(asValues(row).name);
		return name === '' ? [] : [{ ...asValues(row), name }];
	});
}

/** Names and values; a name that comes again makes a list, or takes the place of the one before. */
export function collect(rows: ReadonlyArray<{ readonly name: string; readonly value?: unknown }>, lists: boolean): Values {
	const collected: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
	for (const { name, value } of rows) {
		const present = lists ? collected[name] : undefined;
		collected[name] = present === undefined ? value : Array.isArray(present) ? [...(present as unknown[]), value] : [present, value];
	}
	return collected;
}
