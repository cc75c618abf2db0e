// What is changed rarely: a server's name, the lock, the rescue system, the guest agent, deletion.

import { t } from "../lib/i18n.js";
import { deleteServer, renameServer, setAgent, setLock } from "../lib/server-changes.js";
import { announce, html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Changeable, Edit } from "./edit.js";
import { FailureDetail, failureText } from "./failure.js";
import { problemsOf } from "./form.js";
import { NameDialog } from "./name-dialog.js";
import { RescueSetting } from "./rescue.js";

const name_pattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i;

const nameProblems = (error) => (error.code === "uniqueness_error"
	? [{ field: "server-name", key: "home.name.taken", error }]
	: problemsOf(error, { name: { field: "server-name", key: "home.name.wrong" } }) ?? [{ key: "home.failed", error }]);

function Rename({ server }) {
	return html`<${Changeable} id="rename" words=${t("home.rename")} name=${server.name}>${(close) => html`<${Edit} id="server-name"
		label=${t("home.name")} hint=${t("home.name.hint")} value=${server.name} maxlength="63" fields=${nameProblems}
		judge=${(text) => (name_pattern.test(text) ? null : "home.name.wrong")} save=${(text) => renameServer(server.id, text)}
		onDone=${(text) => { close(); announce(t("home.renamed", { name: text })); }} onCancel=${close}/>`}<//>`;
}

const failures = { lock: "home.lock.failed", agent: "home.agent.failed", delete: "home.delete.failed" };

export function ServerSettings({ server }) {
	const [asking, setAsking] = useState(false);
	const [busy, setBusy] = useState("");
	const [failure, setFailure] = useState(null);
	const isLocked = Boolean(server.protection?.delete);
	const hasAgent = server.ippo?.guest_agent !== false;

	const attempt = async (what, work) => {
		if (busy)
			return;
		setBusy(what);
		setFailure(null);
		try {
			await work();
		} catch (error) {
			setFailure({ error, what });
		} finally {
			setBusy("");
		}
	};
	const turn = () => attempt("lock", async () => {
		await setLock(server.id, !isLocked);
		announce(t(isLocked ? "home.unlocked" : "home.lock.set"));
	});
	const turnAgent = () => attempt("agent", async () => {
		await setAgent(server.id, !hasAgent);
		announce(t(hasAgent ? "home.agent.is-off" : "home.agent.is-on"));
	});
	return html`<section class="box" aria-labelledby="settings-title">
		<h2 id="settings-title">${t("home.settings")}</h2>
		<div><${Rename} server=${server}/></div>
		${failure && html`<div class="notice attention" role="alert">
			<p><strong>${t(failures[failure.what])}</strong> ${failureText(failure.error.code)}</p>
			<${FailureDetail} error=${failure.error}/>
		</div>`}
		<div class="group-line" id="autostart">
			<p><strong>${t("home.autostart")}</strong></p>
			<p class="hint">${t("home.autostart.what")}</p>
		</div>
		<div class="group-line">
			<p><strong>${t("home.lock")}</strong> <span>${t(isLocked ? "home.lock.on" : "home.lock.off")}</span></p>
			<p class="hint">${t("home.lock.what")}</p>
			<p class="buttons"><button type="button" class="button small" id="lock" aria-disabled=${busy ? "true" : undefined} onClick=${turn}>
				${t(busy === "lock" ? "keys.busy" : isLocked ? "home.lock.remove" : "home.lock.put")}</button></p>
		</div>
		<${RescueSetting} server=${server}/>
		<div class="group-line" data-agent=${hasAgent ? "on" : "off"}>
			<p><strong>${t("home.agent")}</strong> <span>${t(hasAgent ? "home.agent.on" : "home.agent.off")}</span></p>
			<p class="hint">${t("home.agent.what")}</p>
			<ul class=${hasAgent ? "agent-uses" : "agent-uses grey"}>${["password", "check", "shutdown"].map((use) => html`<li key=${use}>${t(`home.agent.use.${use}`)}${
				!hasAgent && html` <span class="hint">${t(`home.agent.without.${use}`)}</span>`}</li>`)}</ul>
			<p class="buttons"><button type="button" class="button small" id="agent" aria-disabled=${busy ? "true" : undefined} onClick=${turnAgent}>
				${t(busy === "agent" ? "keys.busy" : hasAgent ? "home.agent.turn-off" : "home.agent.turn-on")}</button></p>
		</div>
		<div class="group-line">
			<p><strong>${t("home.delete.server")}</strong></p>
			<p class="hint" id="delete-about">${t(isLocked ? "home.locked" : "home.delete.what")}</p>
			<p class="buttons"><button type="button" class="button small destroys" id="delete" aria-describedby="delete-about"
				disabled=${isLocked} aria-disabled=${busy ? "true" : undefined} onClick=${() => busy || setAsking(true)}>${t("home.delete")}</button></p>
		</div>
		${asking && html`<${NameDialog} id="delete" server=${server} title=${t("home.delete.title", { name: server.name })} confirm=${t("home.delete")}
			typing="home.delete.type" locked=${isLocked ? t("home.locked") : null} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => setAsking(false)} onConfirm=${() => { setAsking(false); attempt("delete", () => deleteServer(server.id)); }}>
			<p>${t("home.delete.loses")}</p>
			<p>${t("home.delete.final")}</p>
		<//>`}
	</section>`;
}
