// Which room is open, told by the part of the address after "#". The web server gives index.html
// at "/" alone, and a secret in an invitation's link never reaches a log.

import { signal } from "../vendor/signals.js";

const patterns = [
	{ name: "servers", pattern: /^\/servers$/ },
	{ name: "sign-in", pattern: /^\/sign-in$/ },
	{ name: "invitation", pattern: /^\/invitation\/([A-Za-z0-9_-]{1,256})$/, parameter: "key" },
];

function read() {
	const path = location.hash.replace(/^#/, "") || "/servers";
	for (const { name, pattern, parameter } of patterns) {
		const match = pattern.exec(path);
		if (match)
			return { name, path, parameters: parameter ? { [parameter]: match[1] } : {} };
	}
	return { name: "nowhere", path, parameters: {} };
}

/** {name, path, parameters} */
export const route = signal(read());

addEventListener("hashchange", () => { route.value = read(); });

export function go(path) {
	location.hash = path;
}

/** As go(), but the room left behind is not in the browser's history. */
export function goInstead(path) {
	history.replaceState(null, "", `#${path}`);
	route.value = read();
}
