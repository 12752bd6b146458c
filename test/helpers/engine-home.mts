/** Where the test engine takes n8n from: this repository's node_modules, or the folder that FASTPATH_ENGINE names (see test/compat). */
import { createRequire } from 'node:module';
import path from 'node:path';

export const engineRequire = createRequire(path.join(process.env.FASTPATH_ENGINE ?? import.meta.dirname, 'package.json'));
