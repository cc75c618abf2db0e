// A style sheet made by script. The content security policy refuses <style> elements that scripts
// fill; a constructed sheet is no inline style, and is what vendor.mjs gives xterm instead.

import { insist } from "./insist.js";

/**
 * Stands in for a <style> element: has its place in the tree, and its text is a sheet that the
 * document adopts for as long as the element is not removed.
 */
export function makeSheet() {
	const element = document.createElement("template");
	const sheet = new CSSStyleSheet();

	document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
	Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text) });
	element.remove = () => {
		document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
		Element.prototype.remove.call(element);
	};
	return element;
}

const loading = new Map();

function addLink(path) {
	return new Promise((resolve, reject) => {
		const link = document.createElement("link");
		link.rel = "stylesheet";
		link.href = path;
		link.onload = resolve;
		link.onerror = () => {
			link.remove();
			reject(new Error(`no style sheet: ${path}`));
		};
		document.head.append(link);
	});
}

/** Loads one of the panel's own style sheets when it is first needed. */
export function loadSheet(path) {
	if (!loading.has(path)) {
		const loaded = insist(() => addLink(path));
		loading.set(path, loaded);
		loaded.catch(() => loading.delete(path));
	}
	return loading.get(path);
}
