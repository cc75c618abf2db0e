// What the operators tell everybody: read here by all, written here by operators.

import { t } from "../lib/i18n.js";
import { markAllRead, markRead, notices, phaseOf, readMoreNotices, readScheduled, refreshNotices, withdrawNotice } from "../lib/notices.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { Moment } from "../parts/moment.js";
import { Body, Phase, titleOf } from "../parts/notice.js";
import { NoticeForm } from "../parts/notice-form.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const focusHeading = () => document.getElementById("heading").focus();

function Notice({ item, isOperator, onEdit }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null); // {error, again}

	const attempt = async (doing, after) => {
		setFailure(null);
		try {
			await doing();
			after();
		} catch (error) {
			setFailure({ error, again: () => attempt(doing, after) });
		}
	};
	const read = () => attempt(() => markRead(item.id), () => document.getElementById(`notice-${item.id}`)?.focus());
	const withdraw = () => {
		setAsking(false);
		attempt(async () => {
			try {
				await withdrawNotice(item.id);
			} catch (error) {
				// Somebody else was quicker.
				if (error.code !== "gone" && error.code !== "not_found")
					throw error;
				await refreshNotices();
			}
		}, () => {
			focusHeading();
			announce(t("notices.withdrawn"));
		});
	};
	const title = titleOf(item);
	const isNew = !item.read && !item.scheduled;
	const about = html`<span class="visually-hidden" dir="auto"> (${title})</span>`;
	return html`<article class=${`server news${isNew ? " unread" : ""}`} aria-labelledby=${`notice-${item.id}`} data-notice=${item.id}>
		<div class="news-top">
			<p class="news-marks">
				${item.scheduled ? html`<span class="mark">${t("notices.scheduled")}</span> <${Moment} at=${item.published} full/>` : html`<${Moment} at=${item.published}/>`}
				${item.pinned && phaseOf(item) !== "over" && html`<span class="mark">${t("notices.pinned")}</span>`}
				${isNew && html`<span class="mark mark-unread">${t("notices.unread")}</span>`}
			</p>
			<h2 id=${`notice-${item.id}`} tabindex="-1" dir="auto">${title}</h2>
			<${Phase} item=${item}/>
		</div>
		<${Body} item=${item}/>
		${item.edited && html`<p class="hint">${t("notices.edited")} <${Moment} at=${item.edited}/></p>`}
		${(isNew || isOperator) && html`<div class="buttons">
			${isNew && html`<button type="button" class="button small" data-do="read" onClick=${read}>${t("notices.mark-read")}${about}</button>`}
			${isOperator && html`<button type="button" class="button small" data-do="edit" onClick=${() => onEdit(item)}>${t("notices.edit")}${about}</button>
			<button type="button" class="button small destroys" data-do="withdraw" onClick=${() => setAsking(true)}>${t("notices.withdraw")}${about}</button>`}
		</div>`}
		${failure && html`<${Failure} title=${t("notices.failed")} error=${failure.error} onRetry=${failure.again}/>`}
		${asking && html`<${Dialog} id="withdraw" title=${t("notices.withdraw.title")} refuse=${t("cancel")} confirm=${t("notices.withdraw")}
			onRefuse=${() => setAsking(false)} onConfirm=${withdraw} fallback=${() => document.getElementById("heading")}>
			<p dir="auto"><strong>${title}</strong></p>
			<p>${t("notices.withdraw.what")}</p>
		<//>`}
	</article>`;
}

/** Those that are still to appear; read again whenever something about notices was heard. */
function useScheduled(isOperator, list) {
	const [scheduled, setScheduled] = useState([]);

	useEffect(() => {
		let isLate = false;
		if (isOperator)
			readScheduled().then((found) => isLate || setScheduled(found), () => {}); // the list's own failure is shown
		return () => { isLate = true; };
	}, [isOperator, list]);
	return scheduled;
}

export function Notices() {
	const person = useValue(me);
	const list = useValue(notices);
	const { state, items, total, unread } = list;
	const [writing, setWriting] = useState(null); // {item}: the one to change, or null for a new one
	const [failure, setFailure] = useState(null);
	const isOperator = Boolean(person.user?.operator);
	const scheduled = useScheduled(isOperator, list);

	const readAll = async () => {
		setFailure(null);
		try {
			await markAllRead();
			focusHeading();
			announce(t("notices.all-read"));
		} catch (error) {
			setFailure(error);
		}
	};
	const leave = () => {
		setWriting(null);
		setTimeout(() => (document.getElementById("write") ?? document.getElementById("heading")).focus());
	};
	const saved = ({ publish_at: later }) => {
		announce(later ? t("notices.is-scheduled") : t(writing.item && !writing.item.scheduled ? "notices.saved" : "notices.published"));
		setWriting(null);
		focusHeading();
	};
	let body;
	if (state === "loading")
		body = html`<p class="waiting">${t("notices.loading")}</p>`;
	else if (state !== "ready")
		body = html`<${Failure} title=${t("notices.not-read")} error=${state} onRetry=${refreshNotices}/>`;
	else if (items.length === 0)
		body = html`<p class="empty">${t("notices.none")}</p>`;
	else
		body = html`<ul class="servers">${items.map((item) => html`<li key=${item.id}><${Notice} item=${item} isOperator=${isOperator && !writing}
			onEdit=${(chosen) => setWriting({ item: chosen })}/></li>`)}</ul>
		${items.length < total && html`<div class="more"><button type="button" class="button" onClick=${readMoreNotices}>${t("notices.more")}</button></div>`}`;
	return html`<div>
		<${Heading} text=${t("notices")} help="notices"/>
		${!writing && state === "ready" && (isOperator || unread > 0) && html`<div class="key-ways"><div class="buttons">
			${isOperator && html`<button type="button" class="button primary" id="write" onClick=${() => setWriting({ item: null })}>${t("notices.write")}</button>`}
			${unread > 0 && html`<button type="button" class="button" id="read-all" onClick=${readAll}>${t("notices.read-all")}</button>`}
		</div></div>`}
		${failure && html`<${Failure} title=${t("notices.failed")} error=${failure} onRetry=${readAll}/>`}
		${writing && html`<${NoticeForm} key=${writing.item?.id ?? "new"} item=${writing.item} onSaved=${saved} onCancel=${leave}/>`}
		${scheduled.length > 0 && html`<section class="scheduled" aria-labelledby="scheduled-title"><h2 id="scheduled-title">${t("notices.scheduled.all")}</h2>
			<ul class="servers">${scheduled.map((item) => html`<li key=${item.id}><${Notice} item=${item} isOperator=${!writing} onEdit=${(chosen) => setWriting({ item: chosen })}/></li>`)}</ul>
		</section>`}
		${body}
	</div>`;
}
