// Light, dark, or as the system says. first-paint.js applies a choice before anything is drawn.

import { signal } from "../vendor/signals.js";
import { onOtherTab, recall, remember } from "./storage.js";

export const themes = ["system", "light", "dark"];

const known = (value) => (themes.includes(value) ? value : "system");

export const theme = signal(known(recall("theme")));

function apply(value) {
	if (value === "system")
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = value;
	theme.value = value;
}

export function chooseTheme(value) {
	remember("theme", value === "system" ? null : value);
	apply(value);
}

onOtherTab("theme", (value) => apply(known(value)));
