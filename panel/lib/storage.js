// What this browser remembers; where storage is forbidden, for as long as the page lives.

const fallback = new Map();

export function recall(name) {
	try {
		return localStorage.getItem(`ippo.${name}`);
	} catch {
		return fallback.get(name) ?? null;
	}
}

export function remember(name, value) {
	try {
		if (value === null)
			localStorage.removeItem(`ippo.${name}`);
		else
			localStorage.setItem(`ippo.${name}`, value);
	} catch {
		if (value === null)
			fallback.delete(name);
		else
			fallback.set(name, value);
	}
}

/** Calls back when another tab changed the value. */
export function onOtherTab(name, callback) {
	addEventListener("storage", (event) => {
		if (event.key === `ippo.${name}`)
			callback(event.newValue);
	});
}
