// What stands below an operating system that can be chosen: its name, and what the images that come with Ippo are for.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

const known = { wordpress: "create.image.wordpress" };

/** What to say of an image beside its title (its description, or else its name); null when there is nothing. */
export function aboutImage({ name, description }) {
	if (!name)
		return null;
	const what = Object.hasOwn(known, name) ? t(known[name]) : null;
	return description || what
		? html`${description && html`<span translate="no">${name}</span>`}${description && what && " · "}${what}`
		: null;
}
