// Passkeys in the account room: those one has, another one, and without one that is lost.

import { t } from "../lib/i18n.js";
import { addPasskey, passkeyObstacle, readPasskeys, removePasskey } from "../lib/passkeys.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";
import { Failure } from "./failure.js";
import { problemsOf, Summary, TextField } from "./form.js";
import { Moment } from "./moment.js";

const most = 10;
const name_max = 128; // bytes, as the service counts
const focusTitle = () => setTimeout(() => document.getElementById("passkeys-title")?.focus());

function nameProblem(name) {
	if (name === "")
		return { field: "passkey-name", key: "passkeys.name.missing" };
	return new TextEncoder().encode(name).length > name_max ? { field: "passkey-name", key: "passkeys.name.long" } : null;
}

const problemsFrom = (error) =>
	problemsOf(error, { name: { field: "passkey-name", key: "passkeys.name.refused" } })
	?? [error.code.startsWith("passkey") || error.code === "resource_limit_exceeded"
		? { key: `error.${error.code === "resource_limit_exceeded" ? "passkey_many" : error.code}` }
		: { key: "passkeys.failed", error }];

function Add({ onAdded }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const name = form.current.elements["passkey-name"].value.trim();
		const attempt = state.attempt + 1;
		const problem = nameProblem(name);
		if (problem) {
			setState({ problems: [problem], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			await addPasskey(name);
			form.current.reset();
			setState({ problems: [], attempt, busy: false });
			onAdded();
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="passkey-name" label=${t("passkeys.name")} hint=${t("passkeys.name.hint")} problems=${state.problems} autocomplete="off" maxlength="128"/>
			<div class="buttons">
				<button class="button" id="add-passkey" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "passkeys.busy" : "passkeys.add")}</button>
			</div>
		</form>`;
}

function Passkey({ item, onRemove }) {
	return html`<article class="server" aria-labelledby=${`passkey-${item.id}`} data-passkey=${item.id}>
		<div class="server-top">
			<h3 id=${`passkey-${item.id}`}><bdi>${item.name}</bdi></h3>
			<div class="buttons key-remove">
				<button type="button" class="button small" onClick=${onRemove}>${t("passkeys.remove")}<span class="visually-hidden"> (${item.name})</span></button>
			</div>
		</div>
		<dl class="facts">
			<div><dt>${t("passkeys.created")}</dt><dd><${Moment} at=${item.created}/></dd></div>
			<div><dt>${t("passkeys.used")}</dt><dd>${item.last_used ? html`<${Moment} at=${item.last_used}/>` : t("passkeys.unused")}</dd></div>
		</dl>
	</article>`;
}

export function Passkeys() {
	const [list, setList] = useState(null); // as the service tells it, or {error}
	const [asking, setAsking] = useState(null);
	const [failure, setFailure] = useState(null);
	const obstacle = passkeyObstacle();

	const read = async (isWanted = () => true) => {
		let found;
		try {
			found = await readPasskeys();
		} catch (error) {
			found = { error };
		}
		if (isWanted())
			setList(found);
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const changed = async (words) => {
		await read();
		focusTitle();
		announce(t(words));
	};
	const removeIt = async (item) => {
		setAsking(null);
		setFailure(null);
		try {
			await removePasskey(item.id);
		} catch (error) {
			if (error.code !== "not_found") { // it is gone already
				setFailure({ error, item });
				return;
			}
		}
		await changed("passkeys.removed");
	};

	let body;
	if (!list)
		body = html`<p class="waiting">${t("passkeys.loading")}</p>`;
	else if (list.error)
		body = html`<${Failure} title=${t("passkeys.unread")} error=${list.error} onRetry=${() => read()}/>`;
	else
		body = html`${list.length > 0 && html`<ul class="servers">${list.map((item) => html`<li key=${item.id}>
				<${Passkey} item=${item} onRemove=${() => setAsking(item)}/></li>`)}</ul>`}
			${obstacle && html`<p class="passkey-obstacle">${t(`passkeys.obstacle.${obstacle}`)}</p>`}
			${!obstacle && (list.length < most ? html`<${Add} onAdded=${() => changed("passkeys.added")}/>` : html`<p>${t("error.passkey_many")}</p>`)}`;
	return html`<section class="notice key-form" aria-labelledby="passkeys-title">
		<h2 id="passkeys-title" tabindex="-1">${t("passkeys")}</h2>
		<p class="hint">${t("passkeys.what")}</p>
		${failure && html`<${Failure} title=${t("passkeys.remove.failed")} error=${failure.error} onRetry=${() => removeIt(failure.item)}/>`}
		${body}
		${asking && html`<${Dialog} id="remove-passkey" title=${t("passkeys.remove.title", { name: asking.name })} refuse=${t("cancel")} confirm=${t("passkeys.remove")}
			onRefuse=${() => setAsking(null)} onConfirm=${() => removeIt(asking)} fallback=${() => document.getElementById("passkeys-title")}>
			<p>${t("passkeys.remove.what")}</p>
		<//>`}
	</section>`;
}
