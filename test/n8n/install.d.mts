/** Path of the n8n program, to be run with Node; installs n8n first when it is missing. */
export function ensureN8n(log?: (line: string) => void): Promise<string>;

/** Installs what the lock file in that folder says, without install scripts. */
export function npmCi(folder: string): Promise<void>;
