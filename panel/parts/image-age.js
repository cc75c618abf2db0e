// How old an image is, and what is missing in it, in one quiet line.

import { moment, t } from "../lib/i18n.js";

const day_ms = 86400000;

/** Whole days since it was built or, where that is not known, brought in. */
export const daysOf = ({ built, created }) => Math.max(0, Math.floor((Date.now() - Date.parse(built ?? created)) / day_ms));

export const isOld = (image) => daysOf(image) > 30;

/** Since when it is not known what waits, with the reason; or how many updates of security do. */
export function pendingText({ updates }) {
	if (!updates.reason)
		return updates.security === 0 ? t("image.no-security") : t("image.security", { count: updates.security });
	return updates.unknown_since ? t("image.unknown-since", { time: moment(new Date(updates.unknown_since), new Date(0)) }) : t("image.unknown");
}

export function ageText(image) {
	return t(image.built ? "image.built" : "image.brought", { count: daysOf(image) });
}

/** For somebody who chooses: nothing is said of what nobody can know. */
export function freshness(image) {
	const age = ageText(image);
	return image.updates.reason === "no_package_list" ? age : t("image.fresh", { age, pending: pendingText(image) });
}
