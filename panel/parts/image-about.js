// What stands below an operating system that can be chosen: its name, what the images that come with Ippo are for, and how fresh it is.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { freshness } from "./image-age.js";

const known = { wordpress: "create.image.wordpress" };

/** What to say of an image beside its title (its description, or else its name): last how fresh it is. */
export function aboutImage(image) {
	const { name, description } = image;
	const what = name && Object.hasOwn(known, name) ? t(known[name]) : null;
	return html`${name && description && html`<span translate="no">${name}</span> · `}${what && `${what} · `}${freshness(image)}`;
}
