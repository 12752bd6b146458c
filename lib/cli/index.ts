#!/usr/bin/env node
import process from 'node:process';
import { main } from './main';

process.exitCode = main(process.argv.slice(2), {
	out: (text) => process.stdout.write(text),
	say: (line) => process.stderr.write(`${line}\n`),
});
