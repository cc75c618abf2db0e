// Mails and webhooks that wait, were sent or failed, for operators: tried again, or not sent at all.

import { t } from "../lib/i18n.js";
import { discardMessage, readOutbox, retryMessage } from "../lib/outbox.js";
import { announce, html } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const states = ["", "failed", "waiting", "sent"];
const icons = { failed: "attention", waiting: "busy", sent: "success" };
const focusHeading = () => document.getElementById("heading").focus();

function Message({ item, onChanged }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null); // {error, again}
	const busy = useRef(false);

	const attempt = async (doing, words) => {
		if (busy.current)
			return;
		busy.current = true;
		setFailure(null);
		try {
			await doing(item.id);
		} catch (error) {
			// Sent, expired or tried again meanwhile: what is there now says so.
			if (!["gone", "not_found", "unsupported_error"].includes(error.code)) {
				setFailure({ error, again: () => attempt(doing, words) });
				return;
			}
		} finally {
			busy.current = false;
		}
		await onChanged();
		focusHeading();
		announce(words);
	};
	const discard = () => {
		setAsking(false);
		attempt(discardMessage, t("outbox.discarded"));
	};
	const about = html`<span class="visually-hidden" dir="auto"> (${item.recipient})</span>`;
	return html`<article class="server" aria-labelledby=${`message-${item.id}`} data-outbox=${item.id}>
		<div class="server-top">
			<h2 class="outbox-recipient" id=${`message-${item.id}`} dir="auto" translate="no">${item.recipient}</h2>
			<span class=${item.status === "failed" ? "state state-unknown" : "state"}><${Icon} name=${icons[item.status]}/> ${t(`outbox.status.${item.status}`)}</span>
		</div>
		<p dir="auto">${item.subject}</p>
		<dl class="facts">
			<div><dt>${t("outbox.kind")}</dt><dd>${t(`outbox.kind.${item.kind}`)}</dd></div>
			<div><dt>${t("outbox.created")}</dt><dd><${Moment} at=${item.created}/></dd></div>
			<div><dt>${t("outbox.attempts")}</dt><dd>${item.attempts}</dd></div>
			${item.next_attempt && html`<div><dt>${t("outbox.next")}</dt><dd><${Moment} at=${item.next_attempt}/></dd></div>`}
		</dl>
		${item.error && html`<p class="hint outbox-error" dir="auto" translate="no">${item.error}</p>`}
		${item.status !== "sent" && html`<p class="buttons">
			${item.status === "failed" && html`<button type="button" class="button small" data-do="retry" onClick=${() => attempt(retryMessage, t("outbox.retried"))}>${t("outbox.retry")}${about}</button>`}
			<button type="button" class="button small destroys" data-do="discard" onClick=${() => setAsking(true)}>${t("outbox.discard")}${about}</button>
		</p>`}
		${failure && html`<${Failure} title=${t("outbox.failed")} error=${failure.error} onRetry=${failure.again}/>`}
		${asking && html`<${Dialog} id="discard" title=${t("outbox.discard.title")} refuse=${t("cancel")} confirm=${t("outbox.discard")}
			onRefuse=${() => setAsking(false)} onConfirm=${discard} fallback=${() => document.getElementById("heading")}>
			<p dir="auto"><strong>${item.recipient}</strong> ${item.subject}</p>
			<p>${t("outbox.discard.what")}</p>
		<//>`}
	</article>`;
}

export function Outbox() {
	const [status, setStatus] = useState("");
	const [list, setList] = useState({ state: "loading", items: [], next: null, mailAvailable: true });
	const asked = useRef(0);

	const read = async (page = 1) => {
		const question = ++asked.current;
		try {
			const { messages, total, next, mailAvailable } = await readOutbox(status, page);
			if (question === asked.current)
				setList((now) => ({ state: "ready", items: page === 1 ? messages : [...now.items, ...messages], total, next, mailAvailable }));
		} catch (error) {
			if (question === asked.current)
				setList((now) => ({ ...now, state: error }));
		}
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, [status]);

	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("outbox.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("outbox.unread")} error=${list.state} onRetry=${() => read()}/>`;
	else if (list.items.length === 0)
		body = html`<p class="empty">${t("outbox.none")}</p>`;
	else
		body = html`<ul class="servers">${list.items.map((item) => html`<li key=${item.id}><${Message} item=${item} onChanged=${() => read()}/></li>`)}</ul>
		${list.next !== null && html`<div class="more"><button type="button" class="button" onClick=${() => read(list.next)}>${t("outbox.more")}</button></div>`}`;
	return html`<div>
		<${Heading} text=${t("outbox")} help="outbox"/>
		<${GroupTabs} of="admin" here="outbox"/>
		${!list.mailAvailable && html`<p class="hint" id="no-mail">${t("outbox.no-mail")}</p>`}
		<div class="key-ways"><div class="buttons contact-ways"><button type="button" class="button" id="outbox-again" onClick=${() => read()}>${t("outbox.again")}</button>
			<div class="field contact-state"><label for="outbox-status">${t("contact.show")}</label>
			<select id="outbox-status" onChange=${(event) => setStatus(event.target.value)}>${states.map((each) => html`<option key=${each} value=${each} selected=${each === status}>${t(`outbox.status.${each || "all"}`)}</option>`)}</select></div></div></div>
		${body}
	</div>`;
}
