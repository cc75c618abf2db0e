// What the serial port said, as plain text to be read: for screen readers, and to copy from.

import { get } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { useModal } from "./dialog.js";
import { Failure } from "./failure.js";

const page_bytes = 32768;

/** Without a terminal's orders; a line that was written over shows what it was last. */
export function plainText(text) {
	return text
		.replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, "")
		.replace(/\x1b[P^_X][^\x1b]*\x1b\\/g, "")
		.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, "")
		.replace(/\x1b[ -/]*[0-~]/g, "")
		.replace(/\r+\n/g, "\n")
		.replace(/[^\n]*\r(?=[^\n])/g, "")
		.replace(/[^\x08\n]\x08/g, "")
		.replace(/[\0-\x08\x0b-\x1f\x7f]/g, "");
}

export function SerialText({ server, onClose, fallback }) {
	const dialog = useRef(null);
	const title = useRef(null);
	const [state, setState] = useState({ step: "loading" });
	const { keepInside } = useModal(dialog, title, fallback);

	/** @param before  the page that ends there; undefined: the last one */
	const read = async (before) => {
		setState({ step: "loading" });
		try {
			const path = `/v1/servers/${server.id}/console/text`;
			const bounds = before === undefined ? await get(`${path}?max=1`) : null;
			const end = before ?? bounds.end;
			const from = Math.max(bounds?.first ?? 0, end - page_bytes);
			const max = Math.max(1, end - from);
			const answer = await get(`${path}?from=${from}&max=${max}`);
			setState({ step: "ready", text: plainText(answer.text), from: answer.from, first: answer.first, isLast: before === undefined });
		} catch (error) {
			setState({ step: "failed", error, before });
		}
	};
	useEffect(() => { read(); }, []);

	return html`<dialog ref=${dialog} class="serial-text" aria-labelledby="serial-text-title" onKeyDown=${keepInside}
		onCancel=${(event) => { event.preventDefault(); onClose(); }}>
		<h2 id="serial-text-title" ref=${title} tabindex="-1">${t("serial-text")}</h2>
		${state.step === "loading" && html`<p class="waiting">${t("serial-text.loading")}</p>`}
		${state.step === "failed" && html`<${Failure} title=${t("serial-text.unread")} error=${state.error} onRetry=${() => read(state.before)}/>`}
		${state.step === "ready" && html`<p class="hint">${t(state.isLast ? "serial-text.last" : "serial-text.part")}</p>
			<pre tabindex="0" role="region" aria-label=${t("serial-text.region")} translate="no">${state.text || t("serial-text.empty")}</pre>`}
		<div class="buttons">
			${state.step === "ready" && state.from > state.first && html`<button type="button" class="button" onClick=${() => read(state.from)}>${t("serial-text.before")}</button>`}
			${state.step === "ready" && html`<button type="button" class="button" onClick=${() => read()}>${t("serial-text.refresh")}</button>`}
			<button type="button" class="button" onClick=${onClose}>${t("close")}</button>
		</div>
	</dialog>`;
}
