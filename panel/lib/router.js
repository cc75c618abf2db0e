// Which room is open, told by the part of the address after "#". The web server gives index.html
// at "/" alone, and a secret in an invitation's link never reaches a log.

import { signal } from "../vendor/signals.js";

const patterns = [
	{ name: "servers", pattern: /^\/servers$/ },
	{ name: "create", pattern: /^\/servers\/new$/ },
	{ name: "home", pattern: /^\/servers\/([0-9]{1,15})$/, parameters: ["id"], roomBy: "id" },
	{ name: "backups", pattern: /^\/servers\/([0-9]{1,15})\/backups$/, parameters: ["id"], roomBy: "id" },
	{ name: "reinstall", pattern: /^\/servers\/([0-9]{1,15})\/reinstall$/, parameters: ["id"], roomBy: "id" },
	{ name: "server-filter", pattern: /^\/servers\/([0-9]{1,15})\/filter$/, parameters: ["id"], roomBy: "id" },
	{ name: "settings", pattern: /^\/servers\/([0-9]{1,15})\/settings$/, parameters: ["id"], roomBy: "id" },
	{ name: "server-history", pattern: /^\/servers\/([0-9]{1,15})\/history$/, parameters: ["id"], roomBy: "id" },
	{ name: "first-step", pattern: /^\/servers\/([0-9]{1,15})\/first-step$/, parameters: ["id"], roomBy: "id" },
	{ name: "graphs", pattern: /^\/servers\/([0-9]{1,15})\/graphs(?:\/(hour|day|week|month|year))?$/, parameters: ["id", "range"], roomBy: "id" },
	// Both consoles are one room: going from one to the other must not end either.
	{ name: "console", pattern: /^\/servers\/([0-9]{1,15})\/console(?:\/(serial|vnc))?$/, parameters: ["id", "kind"], roomBy: "id" },
	{ name: "keys", pattern: /^\/keys$/ },
	{ name: "api-keys", pattern: /^\/api-keys$/ },
	{ name: "history", pattern: /^\/history$/ },
	{ name: "people", pattern: /^\/people$/ },
	{ name: "alerts", pattern: /^\/alerts(?:\/for\/([0-9]{1,15})\/(cpu|memory_used|disk_read|network_in))?$/, parameters: ["id", "metric"] },
	{ name: "firewalls", pattern: /^\/firewalls$/ },
	{ name: "firewall", pattern: /^\/firewalls\/([0-9]{1,15})$/, parameters: ["id"], roomBy: "id" },
	{ name: "floating-ips", pattern: /^\/floating-ips$/ },
	{ name: "primary-ips", pattern: /^\/primary-ips$/ },
	{ name: "networks", pattern: /^\/networks$/ },
	{ name: "zones", pattern: /^\/zones$/ },
	{ name: "zone", pattern: /^\/zones\/([0-9]{1,15})$/, parameters: ["id"], roomBy: "id" },
	{ name: "contract", pattern: /^\/contract$/ },
	{ name: "notices", pattern: /^\/notices$/ },
	{ name: "contact", pattern: /^\/contact(?:\/([0-9]{1,15}))?$/, parameters: ["id"], roomBy: "id" },
	{ name: "manual", pattern: /^\/manual(?:\/([a-z-]{1,40})(?:\/([a-z0-9-]{1,120}))?)?$/, parameters: ["topic", "place"], roomBy: "topic" },
	{ name: "customers", pattern: /^\/admin\/customers$/ },
	{ name: "customer", pattern: /^\/admin\/customers\/([0-9]{1,15})$/, parameters: ["id"], roomBy: "id" },
	{ name: "hosts", pattern: /^\/admin\/hosts$/ },
	{ name: "images", pattern: /^\/admin\/images$/ },
	{ name: "name-servers", pattern: /^\/admin\/name-servers$/ },
	{ name: "outbox", pattern: /^\/admin\/outbox$/ },
	{ name: "account", pattern: /^\/account$/ },
	{ name: "sign-in", pattern: /^\/sign-in$/ },
	{ name: "invitation", pattern: /^\/invitation\/([A-Za-z0-9_-]{1,256})$/, parameters: ["key"], roomBy: "key" },
	{ name: "forgot-password", pattern: /^\/forgot-password$/ },
	{ name: "confirm-mail", pattern: /^\/confirm-mail\/([A-Za-z0-9_-]{1,256})$/, parameters: ["key"], roomBy: "key" },
	{ name: "new-password", pattern: /^\/new-password\/([A-Za-z0-9_-]{1,256})$/, parameters: ["key"], roomBy: "key" },
];

let seen; // the address as it was last read

function read() {
	seen = location.hash;
	const [path, query = ""] = (location.hash.replace(/^#/, "") || "/servers").split("?", 2);
	for (const { name, pattern, parameters: names = [], roomBy } of patterns) {
		const match = pattern.exec(path);
		if (match) {
			const parameters = Object.fromEntries(names.map((each, i) => [each, match[i + 1]]));
			return { name, path, query, parameters, key: `${name} ${parameters[roomBy] ?? ""}` };
		}
	}
	return { name: "nowhere", path, query, parameters: {}, key: `nowhere ${path}` };
}

/** {name, path, query, parameters, key}: `query` is what follows a "?". A room stays as it is while the key stays the same. */
export const route = signal(read());

addEventListener("hashchange", () => { route.value = read(); });

export function go(path) {
	location.hash = path;
}

/**
 * As go(), but the room left behind is not in the browser's history. Who has gone elsewhere already stays there: the
 * address changes at once, "hashchange" comes later, and what was decided for the room before must not undo it.
 */
export function goInstead(path) {
	if (location.hash === seen)
		history.replaceState(null, "", `#${path}`);
	route.value = read();
}
