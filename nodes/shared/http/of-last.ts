/** Remembers the last result, which holds while the arguments are the same objects. */
export function ofLast<A extends readonly unknown[], R>(make: (...args: A) => R): (...args: A) => R {
	let last: { readonly args: A; readonly result: R } | undefined;
	return (...args) => {
		if (last === undefined || args.some((arg, index) => arg !== last?.args[index])) last = { args, result: make(...args) };
		return last.result;
	};
}
