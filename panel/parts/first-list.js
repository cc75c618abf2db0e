// What somebody does at first: two-step verification → key → server → connect. It says by itself what is
// done, and goes when its reader sends it away.

import { get } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { listState, sortedServers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { remember } from "../lib/storage.js";
import { readTwoStep } from "../lib/two-step.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Connect, Fingerprint } from "./connect.js";
import { Icon } from "./icon.js";

/** {twoStep, key}: whether each is there; null while that is not known. What cannot be read is left out. */
function useDone() {
	const [done, setDone] = useState(null);
	useEffect(() => {
		let isHere = true;
		const none = () => null;
		Promise.all([
			readTwoStep().then(({ enabled }) => enabled, none),
			get("/v1/ssh_keys?per_page=1").then(({ ssh_keys }) => ssh_keys.length > 0, none),
		]).then(([twoStep, key]) => isHere && setDone({ twoStep, key }));
		return () => { isHere = false; };
	}, []);
	return done;
}

function Step({ isDone, name, children }) {
	return html`<li class=${isDone ? "first-done" : ""} data-step=${name}>
		<${Icon} name=${isDone ? "success" : "off"}/>
		<div><p><strong>${t(`first.${name}`)}</strong> <span class="hint">${t(isDone ? "first.done" : "first.open")}</span></p>${!isDone && children}</div>
	</li>`;
}

/** @param onClose  it is not wanted any more */
export function FirstList({ onClose }) {
	const done = useDone();
	const list = useValue(sortedServers);
	const { state, total } = useValue(listState);
	const mayChange = useValue(me)?.role !== "reader";
	const running = list.find(({ status }) => status === "running");

	if (!done || state !== "ready")
		return null;
	const close = () => {
		remember("first", "done");
		onClose();
		document.getElementById("heading")?.focus();
	};
	return html`<section class="notice first" aria-labelledby="first-title">
		<h2 id="first-title">${t("first")}</h2>
		<ol>
			${done.twoStep !== null && html`<${Step} name="two-step" isDone=${done.twoStep}>
				<p>${t("first.two-step.what")}</p><p><a href="#/account">${t("first.two-step.go")}</a></p><//>`}
			${mayChange && done.key !== null && html`<${Step} name="key" isDone=${done.key}>
				<p>${t("first.key.what")}</p><p><a href="#/keys">${t("first.key.go")}</a></p><//>`}
			${mayChange && html`<${Step} name="server" isDone=${total > 0}>
				<p>${t("first.server.what")}</p><p><a href="#/servers/new">${t("create.submit")}</a></p><//>`}
			<${Step} name="connect" isDone=${false}>
				${running
					? html`<p>${t("first.connect.what")}</p><${Connect} server=${running}/>
						${running.ippo?.host_keys?.length > 0 && html`<p class="connect"><${Fingerprint} server=${running}/></p>`}
						<p><a href=${`#/servers/${running.id}`}>${t("first.connect.go")}</a></p>`
					: html`<p>${t("first.connect.later")}</p>`}
			<//>
		</ol>
		<p class="buttons"><button type="button" class="button small" onClick=${close}>${t("first.close")}</button></p>
	</section>`;
}
