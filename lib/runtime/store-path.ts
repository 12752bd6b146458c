import { realpathSync } from 'node:fs';
import path from 'node:path';
import { InvalidOptionError } from '../core/errors';

type Environment = Readonly<Record<string, string | undefined>>;

const EXPECTED_NAME = 'a path that ends in .db, .sqlite or .sqlite3';
/** n8n's own default for files that workflows may reach. */
const DEFAULT_ALLOWED = '~/.n8n-files';

/**
 * Where the file of a store lies. A relative path stands for a place in n8n's own folder that is ours alone; an absolute one is subject to
 * n8n's rules for files (N8N_RESTRICT_FILE_ACCESS_TO, N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES).
 *
 * @param name what the user calls it
 * @throws InvalidOptionError
 */
export function storePath(name: string, text: string, environment: Environment = process.env): string {
	const given = text.trim();
	if (!/[^/\\]\.(db|sqlite|sqlite3)$/.test(given) || given.includes('\0')) throw new InvalidOptionError(name, EXPECTED_NAME, given);
	const n8nFolder = path.join(environment.N8N_USER_FOLDER ?? homeOf(environment), '.n8n');
	const ours = path.join(n8nFolder, 'fastpath');
	const file = path.resolve(ours, given);
	if (isWithin(ours, file)) return file;
	if (!path.isAbsolute(given)) throw new InvalidOptionError(name, 'a path that stays in its folder, or an absolute one', given);
	const real = realPathOf(file);
	if (environment.N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES !== 'false' && isWithin(realPathOf(n8nFolder), real)) {
		throw new InvalidOptionError(name, "a path outside n8n's own folder, or a relative one", given);
	}
	const allowed = allowedFolders(environment);
	if (allowed.length > 0 && !allowed.some((folder) => isWithin(folder, real))) {
		throw new InvalidOptionError(name, 'a relative path, or one in a folder that N8N_RESTRICT_FILE_ACCESS_TO names', given);
	}
	return real;
}

function allowedFolders(environment: Environment): string[] {
	return (environment.N8N_RESTRICT_FILE_ACCESS_TO ?? DEFAULT_ALLOWED)
		.split(';')
		.map((folder) => folder.trim())
		.filter((folder) => folder !== '')
		.map((folder) => realPathOf(path.resolve(folder.replace(/^~/, homeOf(environment)))));
}

/** As n8n finds it. */
function homeOf({ HOME, USERPROFILE }: Environment): string {
	return HOME ?? USERPROFILE ?? process.cwd();
}

/** Links resolved as far as the path exists. */
function realPathOf(file: string): string {
	try {
		return realpathSync(file);
	} catch {
		const folder = path.dirname(file);
		return folder === file ? file : path.join(realPathOf(folder), path.basename(file));
	}
}

function isWithin(folder: string, file: string): boolean {
	return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
