#!/usr/bin/env node
// Runs a file on the Node that stands first on the PATH now. A shell remembers where it found `node`, so within one
// script a plain `node` would still be the one from before the installation.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

process.argv.splice(1, 2, path.resolve(process.argv[2]));
await import(pathToFileURL(process.argv[1]).href);
