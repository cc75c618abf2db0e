// What stands below an operating system that can be chosen: its name, what the images that come with Ippo are for, and how fresh it is; of one made of a server, of which.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { freshness } from "./image-age.js";
import { Moment } from "./moment.js";

const known = { wordpress: "create.image.wordpress" };

/** What to say of an image beside its title (its description, or else its name): last how fresh it is. */
export function aboutImage(image) {
	const { name, description, created_from: from } = image;
	if (from)
		return html`${t(`backups.kind.${image.type}`)} · <span translate="no">${from.name}</span> · <${Moment} at=${image.created} full/>`;
	const what = name && Object.hasOwn(known, name) ? t(known[name]) : null;
	return html`${name && description && html`<span translate="no">${name}</span> · `}${what && `${what} · `}${freshness(image)}`;
}
