// SSH public keys: the list, adding one by pasting it, and making one here.

import { t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { makeKeyPair } from "../lib/ssh-key.js";
import { addKey, kindOf, readKeys, removeKey } from "../lib/ssh-keys.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { problemsOf, Summary, TextField } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Moment } from "../parts/moment.js";
import { SaveKey } from "../parts/save-key.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const looksPrivate = (text) => /PRIVATE KEY|PuTTY-User-Key-File/.test(text);

function check(way, name, line) {
	return [
		name === "" && { field: "key-name", key: "keys.name.missing" },
		way === "paste" && line === "" && { field: "key-line", key: "keys.line.missing" },
		way === "paste" && looksPrivate(line) && { field: "key-line", key: "keys.line.private" },
	].filter(Boolean);
}

function problemsFrom(error) {
	if (error.code === "uniqueness_error")
		return [{ field: "key-name", key: "keys.taken", error }];
	return problemsOf(error, {
		name: { field: "key-name", key: "keys.name.wrong" },
		public_key: { field: "key-line", key: "keys.line.wrong" },
	}) ?? [{ key: "keys.add.failed", error }];
}

/** @param onMade  called with {key, pair}; the pair of a key that was made here, else null */
function Add({ way, onMade, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => { form.current.elements["key-name"].focus(); }, [way]);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const name = form.current.elements["key-name"].value.trim();
		const line = form.current.elements["key-line"]?.value.trim() ?? "";
		const problems = check(way, name, line);
		const attempt = state.attempt + 1;
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			const pair = way === "make" ? await makeKeyPair(name) : null;
			onMade({ key: await addKey(name, pair?.publicKey ?? line), pair });
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form" aria-labelledby="add-title">
		<h2 id="add-title">${t(way === "make" ? "keys.make" : "keys.paste")}</h2>
		<p class="hint">${t(way === "make" ? "keys.make.what" : "keys.paste.what")}</p>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="key-name" label=${t("keys.name")} hint=${t("keys.name.hint")} problems=${state.problems} autocomplete="off" maxlength="63"/>
			${way === "paste" && html`<${TextField} id="key-line" label=${t("keys.line")} hint=${t("keys.line.hint")} problems=${state.problems}
				autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="16384"/>`}
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>
					${t(state.busy ? "keys.busy" : way === "make" ? "keys.make.submit" : "keys.paste.submit")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Key({ item, mayChange, onRemoved }) {
	const name = useRef(null);
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const take = async () => {
		setAsking(false);
		try {
			await removeKey(item.id);
		} catch (error) {
			if (error.code !== "not_found") {
				setFailure(error);
				return;
			}
		}
		onRemoved(item);
		document.getElementById("heading").focus();
		announce(t("keys.removed", { name: item.name }));
	};
	return html`<article class="server" aria-labelledby=${`key-${item.id}`} data-key=${item.id}>
		<div class="server-top">
			<h2 id=${`key-${item.id}`} ref=${name} tabindex="-1">${item.name}</h2>
			${mayChange && html`<div class="buttons key-remove">
				<button type="button" class="button small destroys" onClick=${() => setAsking(true)}>${t("keys.remove")}<span
					class="visually-hidden"> (${item.name})</span></button>
			</div>`}
		</div>
		<dl class="facts">
			<div><dt>${t("keys.kind")}</dt><dd translate="no">${kindOf(item)}</dd></div>
			<div><dt>${t("keys.created")}</dt><dd><${Moment} at=${item.created}/></dd></div>
			<div class="fact-wide"><dt>${t("keys.fingerprint")}</dt><dd><code translate="no">${item.fingerprint}</code></dd></div>
		</dl>
		<p class="connect key-line"><span>${t("keys.line")}</span> <${Copy} text=${item.public_key} what=${t("keys.line.of", { name: item.name })}/></p>
		${failure && html`<${Failure} title=${t("keys.remove.failed")} error=${failure} onRetry=${() => { setFailure(null); take(); }}/>`}
		${asking && html`<${Dialog} id="remove-key" title=${t("keys.remove.title", { name: item.name })} refuse=${t("cancel")}
			confirm=${t("keys.remove")} onRefuse=${() => setAsking(false)} onConfirm=${take}
			fallback=${() => document.getElementById("heading")}>
			<p>${t("keys.remove.what")}</p>
		<//>`}
	</article>`;
}

export function Keys() {
	const mayChange = useValue(me)?.role !== "reader";
	const [list, setList] = useState({ state: "loading", keys: [] });
	const [way, setWay] = useState(null); // of adding: "paste", "make"
	const [fresh, setFresh] = useState(null); // made here and not saved yet: {key, pair}

	const read = async (isWanted = () => true) => {
		setList((before) => ({ ...before, state: "loading" }));
		try {
			const keys = await readKeys();
			if (isWanted())
				setList({ state: "ready", keys });
		} catch (error) {
			if (isWanted())
				setList({ state: error, keys: [] });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const made = ({ key, pair }) => {
		setWay(null);
		setList((before) => ({ ...before, keys: [...before.keys, key] }));
		announce(t("keys.added", { name: key.name }));
		if (pair)
			setFresh({ key, pair });
		else
			focusKey(key);
	};
	const forget = ({ id }) => setList((before) => ({ ...before, keys: before.keys.filter((key) => key.id !== id) }));
	const focusKey = ({ id }) => setTimeout(() => document.getElementById(`key-${id}`)?.focus());
	const giveUp = async () => {
		const { key } = fresh;
		setFresh(null);
		try {
			await removeKey(key.id);
			forget(key);
		} catch {
			await read(); // it stays in the list, where it can be taken away
		}
	};

	const ways = html`<div class="buttons">
		<button type="button" class="button primary" aria-expanded=${String(way === "make")} onClick=${() => setWay("make")}>${t("keys.make")}</button>
		<button type="button" class="button" aria-expanded=${String(way === "paste")} onClick=${() => setWay("paste")}>${t("keys.paste")}</button>
	</div>`;
	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("keys.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("keys.unread")} error=${list.state} onRetry=${() => read()}/>`;
	else if (list.keys.length === 0)
		body = !way && html`<div class="empty"><p>${t("keys.none")}</p>${mayChange && ways}</div>`;
	else
		body = html`<ul class="servers">${list.keys.map((key) => html`<li key=${key.id}><${Key} item=${key} mayChange=${mayChange} onRemoved=${forget}/></li>`)}</ul>`;
	return html`<div>
		<${Heading} text=${t("keys")} help="ssh-keys">${list.state === "ready" && list.keys.length > 0 && html`<p class="heading-about number">${t("keys.count", { count: list.keys.length })}</p>`}<//>
		<${GroupTabs} of="keys" here="keys"/>
		${list.state === "ready" && list.keys.length > 0 && mayChange && !way && html`<div class="key-ways">${ways}</div>`}
		${way && html`<${Add} key=${way} way=${way} onMade=${made} onCancel=${() => setWay(null)}/>`}
		${body}
		${fresh && html`<${SaveKey} name=${fresh.key.name} pair=${fresh.pair} fallback=${() => document.getElementById(`key-${fresh.key.id}`)}
			onDone=${() => { focusKey(fresh.key); setFresh(null); }} onGiveUp=${giveUp}/>`}
	</div>`;
}
