'use strict';

const { spawn } = require('node:child_process');
const { builtinModules } = require('node:module');
const fs = require('node:fs/promises');
const path = require('node:path');
const esbuild = require('esbuild');
const { dest, parallel, series, src } = require('gulp');

const DIST = path.join(__dirname, 'dist');
const VENDOR = path.join(DIST, 'lib', 'vendor.js');

function clean() {
	return fs.rm(DIST, { recursive: true, force: true });
}

/** Compiles our own files one to one, with source maps: two nodes that require the same file get the same module. */
function compile() {
	return tsc('-p', '.');
}

function typecheckSources() {
	return tsc('-p', '.', '--noEmit');
}

function typecheckTests() {
	return tsc('-p', 'test');
}

function tsc(...args) {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [require.resolve('typescript/bin/tsc'), ...args], { cwd: __dirname, stdio: 'inherit' });
		child.on('error', reject);
		child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tsc ended with code ${code}`))));
	});
}

/** Replaces the compiled lib/vendor.js by a bundle of the libraries it names, so that nothing is installed beside us. */
async function vendor() {
	const { metafile } = await esbuild.build({
		entryPoints: [path.join(__dirname, 'lib', 'vendor.ts')],
		outfile: VENDOR,
		allowOverwrite: true,
		bundle: true,
		platform: 'node',
		target: 'node22',
		format: 'cjs',
		legalComments: 'inline',
		metafile: true,
		logLevel: 'warning',
	});
	// The map of the unbundled file no longer fits, and the bundle's own would be larger than the bundle.
	await fs.rm(`${VENDOR}.map`, { force: true });
	assertOnlyBuiltins(metafile);
	await fs.writeFile(path.join(DIST, 'lib', 'vendor.LICENSES.txt'), await licences(metafile));
}

function assertOnlyBuiltins(metafile) {
	const builtins = new Set(builtinModules);
	const left = Object.values(metafile.outputs)
		.flatMap((output) => output.imports)
		.map((entry) => entry.path)
		.filter((name) => !name.startsWith('node:') && !builtins.has(name));
	if (left.length > 0) throw new Error(`dist/lib/vendor.js still requires: ${[...new Set(left)].join(', ')}`);
}

/** Name, version and licence text of every package that contributed to the bundle; fails when one has no licence file. */
async function licences(metafile) {
	const folders = new Set();
	for (const input of Object.keys(metafile.inputs)) {
		const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll('\\', '/'))?.[1];
		if (folder) folders.add(folder);
	}
	const parts = [];
	for (const folder of [...folders].sort()) {
		const root = path.join(__dirname, folder);
		const { name, version, license } = JSON.parse(await fs.readFile(path.join(root, 'package.json'), 'utf8'));
		const file = (await fs.readdir(root)).find((entry) => /^licen[cs]e/i.test(entry));
		if (!file) throw new Error(`${name}@${version} is inlined but has no licence file`);
		parts.push(`${name}@${version} (${license})\n\n${(await fs.readFile(path.join(root, file), 'utf8')).trim()}\n`);
	}
	return `dist/lib/vendor.js contains the following packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Icons and codex files belong next to the compiled node; `encoding: false` keeps PNGs byte for byte. */
function assets() {
	return src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}'], {
		base: '.',
		encoding: false,
		allowEmpty: true,
	}).pipe(dest(DIST));
}

exports.clean = clean;
exports.typecheck = series(typecheckSources, typecheckTests);
exports.build = series(clean, compile, parallel(vendor, assets));
exports.default = exports.build;
