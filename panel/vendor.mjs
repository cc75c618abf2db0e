// Builds the panel: our own files as they are, the few parts by others beside them, and next to
// each text file its compressed forms, so that the web server never compresses anything.
//
//   node vendor.mjs --output DIR --packages DIR --manual DIR FILE...
//
// Files are named relative to this folder; the manual is what docs/manual/render made. There is no bundler and no import map: an import map
// would be an inline script, which the content security policy refuses, so the bare imports inside
// the vendored modules are rewritten to relative ones here. NOTICES.txt is written last; it is the
// build's stamp.

import { execFileSync } from "node:child_process";
import {
	cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));

// What is taken of each package, and under which name.
const modules = [
	{ package: "preact", file: "dist/preact.mjs", as: "preact.js" },
	{ package: "preact", file: "hooks/dist/hooks.mjs", as: "hooks.js" },
	{ package: "htm", file: "dist/htm.module.js", as: "htm.js" },
	{ package: "@preact/signals-core", file: "dist/signals-core.module.js", as: "signals.js" },
	{ package: "lean-qr", file: "index.mjs", as: "lean-qr.js" },
	{ package: "@xterm/xterm", file: "lib/xterm.mjs", as: "xterm.js", mend: mendXterm },
	{ package: "@xterm/addon-fit", file: "lib/addon-fit.mjs", as: "xterm-fit.js" },
	{ package: "uplot", file: "dist/uPlot.esm.js", as: "uplot.js" },
];
const sheets = [
	{ package: "@xterm/xterm", file: "css/xterm.css", as: "xterm.css" },
	{ package: "uplot", file: "dist/uPlot.min.css", as: "uplot.css" },
];
// Packages of which a module is taken with everything that it imports, under its own names.
const trees = [{ package: "@novnc/novnc", file: "core/rfb.js", as: "novnc" }];
const licences = { "@novnc/novnc": ["LICENSE.txt", "docs/LICENSE.MPL-2.0", "vendor/pako/LICENSE"] };
const bare = { preact: "./preact.js", "preact/hooks": "./hooks.js", "@preact/signals-core": "./signals.js" };

// What follows a hyphen or a dot is part of a name, as in id="valid-from".
const importPattern = /((?<![-.])\bfrom\s*|(?<![-.])\bimport\s*\(?\s*)(["'])([^"'\n]+)\2/g;
const compressed = new Set([".html", ".css", ".js", ".json", ".svg", ".txt"]);
const preloadMark = "<!-- modules -->";

function fail(message) {
	console.error(`panel: ${message}`);
	process.exit(1);
}

function parseArguments(argv) {
	const options = { files: [] };
	for (let i = 0; i < argv.length; i++) {
		if (["--output", "--packages", "--manual"].includes(argv[i]))
			options[argv[i].slice(2)] = path.resolve(argv[++i] ?? "");
		else
			options.files.push(path.relative(here, path.resolve(argv[i])));
	}
	if (!options.output || !options.packages || !options.manual || options.files.length === 0)
		fail("usage: vendor.mjs --output DIR --packages DIR --manual DIR FILE...");
	return options;
}

const lock = JSON.parse(readFileSync(path.join(here, "package-lock.json"), "utf8"));

/** Whether `folder` holds exactly the versions that the lock file names. */
function isComplete(folder) {
	return Object.entries(lock.packages).every(([name, wanted]) => {
		if (name === "")
			return true;
		try {
			const found = JSON.parse(readFileSync(path.join(folder, name, "package.json"), "utf8"));
			return found.version === wanted.version;
		} catch {
			return false;
		}
	});
}

/** The folder that has node_modules: this one if a packager filled it, else one in the build. */
function findPackages(folder) {
	for (const candidate of [folder, here])
		if (isComplete(candidate))
			return path.join(candidate, "node_modules");
	mkdirSync(folder, { recursive: true });
	for (const name of ["package.json", "package-lock.json"])
		cpSync(path.join(here, name), path.join(folder, name));
	try {
		execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
			{ cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
	} catch (error) {
		fail(`npm ci failed in ${folder}:\n${error.stderr ?? error.message}\n` +
			"Check that npm reaches its registry, or run `npm ci` in panel/ where it does; " +
			"-Dpanel=false builds without the panel.");
	}
	return path.join(folder, "node_modules");
}

/**
 * Replaces a file as a whole, and only if it differs: a web server that has the old one open goes
 * on with it unharmed.
 */
function replaceFile(target, data) {
	if (existsSync(target) && readFileSync(target).equals(data))
		return;
	writeFileSync(`${target}.new`, data);
	renameSync(`${target}.new`, target);
}

function writeFile(output, name, content) {
	const target = path.join(output, name);
	const data = Buffer.from(content);
	const forms = compressed.has(path.extname(name)) ? {
		".gz": zlib.gzipSync(data, { level: 9 }),
		".br": zlib.brotliCompressSync(data, {
			params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length },
		}),
	} : {};

	mkdirSync(path.dirname(target), { recursive: true });
	replaceFile(target, data);
	for (const suffix of [".gz", ".br"]) {
		if (forms[suffix]?.length < data.length)
			replaceFile(target + suffix, forms[suffix]);
		else
			rmSync(target + suffix, { force: true });
	}
}

/** Replaces exactly `count` places, or fails: a new version of a part must be looked at again. */
function replaceAll(text, pattern, replacement, count, what) {
	const found = [...text.matchAll(pattern)].length;
	if (found !== count)
		fail(`${what}: ${found} places to mend instead of ${count}; look at its new version`);
	return text.replace(pattern, replacement);
}

/**
 * xterm writes its colours and sizes into <style> elements and style attributes, which the content
 * security policy refuses. Here they become constructed style sheets (lib/sheet.js) and properties.
 */
function mendXterm(text) {
	const sheet = replaceAll(text, /[\w.]+\.createElement\("style"\)/g, "ippoSheet()", 3, "xterm's style elements");
	const properties = replaceAll(sheet, /(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g,
		"$1.style.cssText+=`;${$2}`", 1, "xterm's style attributes");
	return `import { makeSheet as ippoSheet } from "../lib/sheet.js";\n${properties}`;
}

const withoutMap = (source) => source.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");

function vendorModules(packages, contents) {
	for (const module of modules) {
		const source = withoutMap(readFileSync(path.join(packages, module.package, module.file), "utf8"));
		const text = source.replace(importPattern, (all, keyword, quote, name) => `${keyword}${quote}${bare[name] ?? name}${quote}`);
		contents.set(`vendor/${module.as}`, module.mend ? module.mend(text) : text);
	}
	for (const sheet of sheets)
		contents.set(`vendor/${sheet.as}`, readFileSync(path.join(packages, sheet.package, sheet.file), "utf8"));
	for (const tree of trees)
		vendorTree(path.join(packages, tree.package), tree, contents);
}

function vendorTree(folder, tree, contents) {
	const visit = (file) => {
		const name = `vendor/${tree.as}/${file}`;
		if (contents.has(name))
			return;
		const source = withoutMap(readFileSync(path.join(folder, file), "utf8"));
		contents.set(name, source);
		for (const { target } of importsOf(source))
			visit(path.posix.join(path.posix.dirname(file), target));
	};
	visit(tree.file);
}

/** The imports of a module: {target, isLater}; later ones are made by import(). */
function importsOf(source) {
	const code = source.replace(/^\s*(\/\/|\*).*$/gm, ""); // a comment may speak of what comes "from" elsewhere
	return [...code.matchAll(importPattern)].map(([, keyword, , target]) => ({ target, isLater: keyword.trimEnd().endsWith("(") }));
}

/**
 * Every import must lead to a file that is there; returns the modules that are needed at once, in
 * order of need.
 */
function walkImports(contents, start) {
	const order = [];
	const seen = new Set();
	const visit = (name, from, isLater) => {
		if (!contents.has(name))
			fail(`${from} imports ${name}, which is not among the panel's files (see panel/meson.build)`);
		if (isLater ? seen.has(name) : order.includes(name))
			return;
		seen.add(name);
		if (!isLater)
			order.push(name);
		for (const next of importsOf(contents.get(name))) {
			if (!next.target.startsWith("."))
				fail(`${name} imports "${next.target}": only relative imports work without an import map`);
			visit(path.posix.join(path.posix.dirname(name), next.target), name, isLater || next.isLater);
		}
	};
	visit(start, "index.html", false);
	return order;
}

function notices(packages) {
	const parts = [...new Set([...modules, ...sheets, ...trees].map((part) => part.package))].sort();
	const text = parts.map((name) => {
		const folder = path.join(packages, name);
		const about = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
		const files = licences[name] ?? readdirSync(folder).filter((file) => /^licen[sc]e/i.test(file));
		if (files.length === 0 || !files.every((file) => existsSync(path.join(folder, file))))
			fail(`${name} has no licence file`);
		const words = files.map((file) => readFileSync(path.join(folder, file), "utf8").trim()).join("\n\n");
		return `${name} ${about.version} (${about.license})\n\n${words}\n`;
	});
	return `The panel is part of Ippo (ISC licence). It contains these parts by others.\n\n${text.join(`\n${"-".repeat(72)}\n\n`)}`;
}

/** Removes what an earlier build left and this one no longer has. */
function removeStrangers(output, wanted, folder = "") {
	for (const entry of readdirSync(path.join(output, folder))) {
		const name = path.posix.join(folder, entry);
		if (statSync(path.join(output, name)).isDirectory()) {
			removeStrangers(output, wanted, name);
			if (readdirSync(path.join(output, name)).length === 0)
				rmSync(path.join(output, name), { recursive: true });
		} else if (!wanted.has(name.replace(/\.(gz|br)$/, ""))) {
			rmSync(path.join(output, name));
		}
	}
}

const options = parseArguments(process.argv.slice(2));
const packages = findPackages(options.packages);
const contents = new Map();

for (const name of options.files)
	contents.set(name.split(path.sep).join("/"), readFileSync(path.join(here, name), "utf8"));
vendorModules(packages, contents);
for (const language of readdirSync(options.manual))
	for (const name of readdirSync(path.join(options.manual, language)))
		contents.set(`manual/${language}/${name}`, readFileSync(path.join(options.manual, language, name), "utf8"));

const preloads = walkImports(contents, "app.js").map((name) => `<link rel="modulepreload" href="/${name}">`);
const index = contents.get("index.html");
if (!index?.includes(preloadMark))
	fail(`index.html has no ${preloadMark}`);
contents.set("index.html", index.replace(preloadMark, preloads.join("\n\t")));

if (existsSync(options.output))
	removeStrangers(options.output, new Set([...contents.keys(), "NOTICES.txt"]));
for (const [name, text] of contents)
	writeFile(options.output, name, text);
writeFile(options.output, "NOTICES.txt", notices(packages));
utimesSync(path.join(options.output, "NOTICES.txt"), new Date(), new Date());
