// API keys: the list, making one, and its secret, which is shown this once.

import { t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { addToken, readTokens, removeToken } from "../lib/tokens.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Moment } from "../parts/moment.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const scopes = ["read", "read_write"];
const terms_days = [90, 30, 365, 0];

function problemsFrom(error) {
	if (error.code === "uniqueness_error")
		return [{ field: "token-name", key: "api-keys.taken", error }];
	return problemsOf(error, { name: { field: "token-name", key: "keys.name.wrong" } }) ?? [{ key: "api-keys.add.failed", error }];
}

function Add({ onMade, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => { form.current.elements["token-name"].focus(); }, []);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const { "token-name": name, "token-scope": scope, "token-term": term } = form.current.elements;
		const attempt = state.attempt + 1;
		if (name.value.trim() === "") {
			setState({ problems: [{ field: "token-name", key: "keys.name.missing" }], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			onMade(await addToken(name.value.trim(), scope.value, Number(term.value)));
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form" aria-labelledby="add-title">
		<h2 id="add-title">${t("api-keys.make")}</h2>
		<p class="hint">${t("api-keys.make.what")}</p>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="token-name" label=${t("keys.name")} hint=${t("api-keys.name.hint")} problems=${state.problems} autocomplete="off" maxlength="63"/>
			<${ChoiceField} id="token-scope" label=${t("api-keys.scope")}
				choices=${scopes.map((scope) => ({ value: scope, text: t(`api-keys.scope.${scope}`) }))}/>
			<${ChoiceField} id="token-term" label=${t("api-keys.expires")}
				choices=${terms_days.map((days) => ({ value: days, text: days ? t("api-keys.days", { count: days }) : t("api-keys.forever") }))}/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "keys.busy" : "api-keys.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Secret({ fresh: { token, secret }, onDone }) {
	const title = useRef(null);

	useEffect(() => { title.current.focus(); }, []);
	return html`<section class="notice attention key-form" aria-labelledby="secret-title">
		<h2 id="secret-title" ref=${title} tabindex="-1">${t("api-keys.secret", { name: token.name })}</h2>
		<p>${t("api-keys.secret.once")}</p>
		<p><${Copy} text=${secret} what=${t("api-keys.secret", { name: token.name })}/></p>
		<p class="buttons"><button type="button" class="button" onClick=${onDone}>${t("api-keys.secret.done")}</button></p>
	</section>`;
}

function Token({ item, mayChange, onRemoved }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const take = async () => {
		setAsking(false);
		try {
			await removeToken(item.id);
		} catch (error) {
			if (error.code !== "not_found") {
				setFailure(error);
				return;
			}
		}
		onRemoved(item);
		document.getElementById("heading").focus();
		announce(t("api-keys.removed", { name: item.name }));
	};
	return html`<article class="server" aria-labelledby=${`token-${item.id}`} data-token=${item.id}>
		<div class="server-top">
			<h2 id=${`token-${item.id}`} tabindex="-1">${item.name}</h2>
			${mayChange && html`<div class="buttons key-remove">
				<button type="button" class="button small destroys" onClick=${() => setAsking(true)}>${t("keys.remove")}<span
					class="visually-hidden"> (${item.name})</span></button>
			</div>`}
		</div>
		<dl class="facts">
			<div><dt>${t("api-keys.scope")}</dt><dd>${t(`api-keys.scope.${item.scope}`)}</dd></div>
			<div><dt>${t("api-keys.used")}</dt><dd>${item.last_used ? html`<${Moment} at=${item.last_used}/>` : t("api-keys.unused")}</dd></div>
			<div><dt>${t("api-keys.expires")}</dt><dd>${item.expires ? html`<${Moment} at=${item.expires}/>` : t("api-keys.forever")}</dd></div>
		</dl>
		${failure && html`<${Failure} title=${t("api-keys.remove.failed")} error=${failure} onRetry=${() => { setFailure(null); take(); }}/>`}
		${asking && html`<${Dialog} id="remove-token" title=${t("api-keys.remove.title", { name: item.name })} refuse=${t("cancel")}
			confirm=${t("keys.remove")} onRefuse=${() => setAsking(false)} onConfirm=${take}
			fallback=${() => document.getElementById("heading")}>
			<p>${t("api-keys.remove.what")}</p>
		<//>`}
	</article>`;
}

export function ApiKeys() {
	const mayChange = useValue(me)?.role === "owner";
	const [list, setList] = useState({ state: "loading", tokens: [] });
	const [adding, setAdding] = useState(false);
	const [fresh, setFresh] = useState(null); // just made: {token, secret}

	const read = async (isWanted = () => true) => {
		setList((before) => ({ ...before, state: "loading" }));
		try {
			const tokens = await readTokens();
			if (isWanted())
				setList({ state: "ready", tokens });
		} catch (error) {
			if (isWanted())
				setList({ state: error, tokens: [] });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const made = (answer) => {
		setAdding(false);
		setFresh(answer);
		setList((before) => ({ ...before, tokens: [...before.tokens, answer.token] }));
	};
	const done = () => {
		const { id } = fresh.token;
		setFresh(null);
		setTimeout(() => (document.getElementById(`token-${id}`) ?? document.getElementById("heading")).focus());
	};
	const forget = ({ id }) => {
		setList((before) => ({ ...before, tokens: before.tokens.filter((token) => token.id !== id) }));
		setFresh((before) => (before?.token.id === id ? null : before));
	};
	const cancel = () => {
		setAdding(false);
		setTimeout(() => document.getElementById("make-token")?.focus());
	};

	const way = html`<button type="button" class="button primary" id="make-token" onClick=${() => setAdding(true)}>${t("api-keys.make")}</button>`;
	const isReady = list.state === "ready";
	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("api-keys.loading")}</p>`;
	else if (!isReady)
		body = html`<${Failure} title=${t("api-keys.unread")} error=${list.state} onRetry=${() => read()}/>`;
	else if (list.tokens.length === 0)
		body = !adding && html`<div class="empty"><p>${t(mayChange ? "api-keys.none" : "api-keys.none.look")}</p>${mayChange && way}</div>`;
	else
		body = html`<ul class="servers">${list.tokens.map((token) => html`<li key=${token.id}><${Token} item=${token} mayChange=${mayChange} onRemoved=${forget}/></li>`)}</ul>`;
	return html`<div>
		<${Heading} text=${t("api-keys")} help="api-keys"/>
		<${GroupTabs} of="keys" here="api-keys"/>
		${isReady && list.tokens.length > 0 && mayChange && !adding && !fresh && html`<div class="key-ways">${way}</div>`}
		${adding && html`<${Add} onMade=${made} onCancel=${cancel}/>`}
		${fresh && html`<${Secret} fresh=${fresh} onDone=${done}/>`}
		${body}
	</div>`;
}
