// What both consoles stand in: full screen, and the keys that lead out of them.

import { t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

export const way_out_id = "console-way-out";
const reopen_ms = 1000;

const isWayOut = (event) => event.ctrlKey && event.altKey && event.shiftKey && ["Control", "Alt", "Shift"].includes(event.key);

/** Ctrl+Alt+Shift, pressed together, leads from the console to `target()`. */
export function useWayOut(box, target) {
	useEffect(() => {
		const leave = (event) => {
			if (!isWayOut(event))
				return;
			event.preventDefault();
			event.stopPropagation();
			target()?.focus();
			announce(t("console.left"));
		};
		const element = box.current;
		element.addEventListener("keydown", leave, true);
		return () => element.removeEventListener("keydown", leave, true);
	}, []);
}

/** {isFull, toggle}; in full screen Esc goes to the guest where the browser allows it. */
export function useFullScreen(box) {
	const [isFull, setFull] = useState(false);
	useEffect(() => {
		const note = () => {
			const now = document.fullscreenElement === box.current;
			setFull(now);
			if (now)
				navigator.keyboard?.lock?.(["Escape"]).catch(() => {});
			else
				navigator.keyboard?.unlock?.();
		};
		document.addEventListener("fullscreenchange", note);
		return () => document.removeEventListener("fullscreenchange", note);
	}, []);
	const toggle = () => (document.fullscreenElement ? document.exitFullscreen() : box.current.requestFullscreen()).catch(() => {});
	return { isFull, toggle };
}

export function FullScreenButton({ full }) {
	if (!document.fullscreenEnabled)
		return null;
	return html`<button type="button" class="button small" aria-pressed=${String(full.isFull)} onClick=${full.toggle}>${t("console.full-screen")}</button>`;
}

/** A console that ended because its server went off opens again when the server is on. */
export function useReopening(session, link, server) {
	useEffect(() => {
		if (link.state !== "off" || server.status !== "running")
			return undefined;
		const timer = setTimeout(() => session.current.link.open(), reopen_ms);
		return () => clearTimeout(timer);
	}, [link, server.status]);
}

export function useLatest(value) {
	const latest = useRef(value);
	latest.current = value;
	return latest;
}
