/** `<id>` and `models/<id>` mean the same; a tuned model is `tunedModels/<id>`. */
export function modelPath(model: string): string {
	const id = bareId(model);
	const tuned = /^tunedModels\/(.+)$/.exec(id)?.[1];
	return tuned === undefined ? `models/${encodeURIComponent(id)}` : `tunedModels/${encodeURIComponent(tuned)}`;
}

export function bareId(model: string): string {
	return model.trim().replace(/^models\//, '');
}
