// The private half of a key that was just made: it is in this page alone, so the page does not let
// go of it before it was saved or given up.

import { t } from "../lib/i18n.js";
import { saveFile } from "../lib/save-file.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { useModal } from "./dialog.js";

/** Only what every file system takes. */
const fileName = (name) => `ippo-${name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|-+$/g, "") || "key"}`;

/**
 * @param name, pair  of the key; see makeKeyPair()
 * @param onGiveUp    the key is not wanted any more: take it off the service as well
 */
export function SaveKey({ name, pair, fallback, onDone, onGiveUp }) {
	const dialog = useRef(null);
	const first = useRef(null);
	const [saved, setSaved] = useState(null); // the file's name
	const [reminded, setReminded] = useState(false);
	const { keepInside } = useModal(dialog, first, fallback);

	useEffect(() => {
		if (saved)
			return undefined;
		const hold = (event) => event.preventDefault();
		addEventListener("beforeunload", hold);
		return () => removeEventListener("beforeunload", hold);
	}, [saved]);

	const keep = (file, text) => {
		saveFile(file, text);
		setSaved(file);
	};
	const close = () => (saved ? onDone() : setReminded(true));
	const file = fileName(name);
	return html`<dialog ref=${dialog} aria-labelledby="save-key-title" aria-describedby="save-key-text"
		onCancel=${(event) => { event.preventDefault(); close(); }} onKeyDown=${keepInside}>
		<h2 id="save-key-title">${t("save-key")}</h2>
		<div id="save-key-text">
			<p>${t("save-key.what", { name })}</p>
			<p>${t("save-key.once")}</p>
		</div>
		<div class="buttons save-key-files">
			<button type="button" class=${`button ${saved ? "" : "primary"}`} ref=${first} onClick=${() => keep(file, pair.openssh)}>${t("save-key.openssh")}</button>
			<button type="button" class="button" onClick=${() => keep(`${file}.ppk`, pair.putty)}>${t("save-key.putty")}</button>
		</div>
		<p class="hint">${t("save-key.which")}</p>
		<div role="status">
			${saved && html`<p>${t("save-key.saved")} <code translate="no">${saved}</code></p>`}
			${saved && !saved.endsWith(".ppk") && html`<p class="hint">${t("save-key.mode")} <code translate="no">chmod 600 ${saved}</code></p>`}
			${!saved && reminded && html`<p class="dialog-obstacle">${t("save-key.unsaved")}</p>`}
		</div>
		<div class="buttons">
			${!saved && html`<button type="button" class="button destroys" onClick=${onGiveUp}>${t("save-key.give-up")}</button>`}
			<button type="button" class=${`button ${saved ? "primary" : ""}`} aria-disabled=${saved ? undefined : "true"} onClick=${close}>${t("save-key.done")}</button>
		</div>
	</dialog>`;
}
