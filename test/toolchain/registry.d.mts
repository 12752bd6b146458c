/** Throws where npm does not trust the certificate of its registry; says where it cannot be reached. */
export function askRegistry(npm: readonly string[], place: { cwd: string; env?: NodeJS.ProcessEnv }, log?: (line: string) => void): void;
