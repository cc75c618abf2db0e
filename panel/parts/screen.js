// A picture of a server's screen, renewed calmly and only while somebody can see it.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

const refresh_ms = 20000;
const first_ms = 300; // a list that is scrolled through asks for nothing

export function Screen({ server }) {
	const place = useRef(null);
	const [isThere, setThere] = useState(null); // null: not known yet

	useEffect(() => {
		const image = place.current.querySelector("img");
		let timer = 0;
		let isSeen = false;
		let loaded = 0;

		// The old picture stays until the new one is there.
		const next = () => {
			image.src = `/v1/servers/${server.id}/console/screen?at=${Date.now()}`;
		};
		const plan = () => {
			clearTimeout(timer);
			if (isSeen && !document.hidden)
				timer = setTimeout(next, Math.max(first_ms, loaded + refresh_ms - Date.now()));
		};
		const note = (good) => () => {
			loaded = Date.now();
			setThere(good);
			plan();
		};
		const [onLoad, onError] = [note(true), note(false)];
		const sight = new IntersectionObserver((entries) => {
			isSeen = entries.at(-1).isIntersecting;
			plan();
		});
		image.addEventListener("load", onLoad);
		image.addEventListener("error", onError);
		document.addEventListener("visibilitychange", plan);
		sight.observe(place.current);
		return () => {
			clearTimeout(timer);
			sight.disconnect();
			image.removeEventListener("load", onLoad);
			image.removeEventListener("error", onError);
			document.removeEventListener("visibilitychange", plan);
		};
	}, [server.id]);

	return html`<a class="screen" ref=${place} href=${`#/servers/${server.id}/console/vnc`} aria-label=${t("screen.what", { name: server.name })}>
		<img alt="" width="176" height="99" hidden=${!isThere}/>
		${isThere === false && html`<span class="screen-none">${t("screen.none")}</span>`}
	</a>`;
}
