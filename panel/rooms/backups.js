// What is kept of a server: a backup each day, snapshots, and the ways back.

import { gigabytes, number, price, t } from "../lib/i18n.js";
import {
	deleteImage, disableBackups, enableBackups, hoursOf, imageChanges, makeSnapshot, protectImage, readBackupQuote, readImagesOf, restoreImage, windowAtNight, windows,
} from "../lib/server-images.js";
import { go } from "../lib/router.js";
import { actions, runningActions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Crumbs } from "../parts/crumbs.js";
import { Dialog } from "../parts/dialog.js";
import { Failure, FailureDetail, failureText } from "../parts/failure.js";
import { problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { Icon } from "../parts/icon.js";
import { useAsked } from "../parts/made-list.js";
import { Moment } from "../parts/moment.js";
import { NameDialog } from "../parts/name-dialog.js";
import { OneServer } from "../parts/one-server.js";
import { useRead } from "../parts/read.js";
import { RootPassword } from "../parts/root-password.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const heading = () => document.getElementById("heading");
const time = (date) => date.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });

function windowText(window) {
	const [from, until] = hoursOf(window).map(time);
	return t("backups.window.hours", { from, until, utc: window });
}

function Failed({ failure }) {
	return failure && html`<div class="notice attention" role="alert">
		<p><strong>${t("backups.failed")}</strong> ${failureText(failure.code)}</p>
		<${FailureDetail} error=${failure}/>
	</div>`;
}

/* --- each day's --- */

/** What it costs, before anything is switched on. */
function Price({ server }) {
	const { value, failure, again } = useRead(() => readBackupQuote(server.id), `${server.id} ${server.backup_window} ${server.server_type.id}`);
	if (failure)
		return html`<${Failure} title=${t("backups.price.unread")} error=${failure} onRetry=${again}/>`;
	if (!value)
		return html`<p class="waiting">${t("contract.quote.loading")}</p>`;
	const { backup, now } = value;
	if (!backup)
		return html`<p id="backup-price">${t("backups.price.free")}</p>`;
	const monthly = price(backup.amount, backup.currency);
	return html`<p id="backup-price"><strong>${t("backups.price", { price: monthly })}</strong>
		${!server.backup_window && ` ${t("backups.price.now", { price: price(now.amount, now.currency) })}`}</p>`;
}

function Switch({ server, obstacle, window, setWindow }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(() => {});
	const on = server.backup_window;
	const off = Boolean(obstacle) || busy;
	return html`<section class="box" aria-labelledby="backup-title">
		<h2 id="backup-title">${t("backups.daily")} <span class="state" data-backup=${on ? "on" : "off"}><${Icon} name=${on ? "success" : "off"}/> ${t(on ? "backups.on" : "backups.off")}</span></h2>
		<p>${t("backups.daily.what")}</p>
		<${Price} server=${server}/>
		<div class="field">
			<label for="backup-window">${t("backups.window")}</label>
			<select id="backup-window" value=${window} disabled=${off} onChange=${(event) => setWindow(event.target.value)}>${windows.map((each) =>
				html`<option key=${each} value=${each}>${windowText(each)}</option>`)}</select>
		</div>
		<${Failed} failure=${failure}/>
		<div class="buttons">
			${!on && html`<button type="button" class="button primary" id="backup-on" disabled=${off} onClick=${() => attempt(() => enableBackups(server.id, window), t("backups.on.done"))}>${t("backups.enable")}</button>`}
			${on && html`<button type="button" class="button" id="backup-move" disabled=${off || window === on} onClick=${() => attempt(() => enableBackups(server.id, window), t("backups.moved"))}>${t("backups.move")}</button>
			<button type="button" class="button destroys" id="backup-off" disabled=${off} onClick=${() => setAsking("off")}>${t("backups.disable")}</button>`}
		</div>
		${asking === "off" && html`<${Dialog} id=${`backup-off-${server.id}`} title=${t("backups.disable.title", { name: server.name })} refuse=${t("cancel")} confirm=${t("backups.disable")}
			fallback=${heading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => disableBackups(server.id), t("backups.off.done"))}>
			<p>${t("backups.disable.loses")}</p>
		<//>`}
	</section>`;
}

/* --- a snapshot now --- */

const explain = (error) => (error.code === "resource_limit_exceeded" ? [{ key: "backups.limit", error }] : null) ?? problemsOf(error, {
	description: { field: "description", key: "backups.description.wrong" },
}) ?? [{ key: "backups.failed", error }];

function Make({ server, obstacle }) {
	const form = useRef(null);
	const { problems, attempt, busy, submit } = useSubmit({
		judge: () => [],
		work: async () => {
			if (obstacle)
				return;
			await makeSnapshot(server.id, form.current.elements.description.value.trim());
			form.current.reset();
			announce(t("backups.begun", { name: server.name }));
		},
		explain,
	});
	return html`<section class="box" aria-labelledby="make-title">
		<h2 id="make-title">${t("backups.make.title")}</h2>
		<p>${t("backups.make.what")}</p>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${Summary} problems=${problems} attempt=${attempt}/>
			<${TextField} id="description" label=${t("backups.description")} hint=${t("backups.description.hint")} problems=${problems} maxlength="80" autocomplete="off"/>
			<div class="buttons"><button class="button primary" id="make" disabled=${Boolean(obstacle)} aria-disabled=${busy ? "true" : undefined}
				aria-describedby=${obstacle ? "backup-obstacle" : undefined}>${t("backups.make")}</button></div>
		</form>
	</section>`;
}

/* --- what there is --- */

/** How far one is that is being made. */
function Progress({ image, running }) {
	const action = running.find(({ command, resources = [] }) => command === "create_image" && resources.some((each) => each.type === "image" && each.id === image.id));
	return html`<span class="state" data-progress=${action?.progress ?? 0}><${Icon} name="busy"/> ${t("backups.creating", { progress: number(action?.progress ?? 0) })}</span>`;
}

function One({ image, server, obstacle, mayChange, running, onChanged, onRestored }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(onChanged);
	const there = image.status === "available";
	const guarded = image.protection.delete;
	const small = image.disk_size > server.primary_disk_size;
	const off = busy || !there;
	const title = image.description || t(`backups.kind.${image.type}`);
	const locked = server.protection?.rebuild ? t("reinstall.locked") : null;
	const hidden = html`<span class="visually-hidden"> (${title})</span>`;
	const restore = () => attempt(async () => onRestored(await restoreImage(server.id, image.id)), t("backups.restore.begun", { name: server.name }));
	return html`<article class="server" aria-labelledby=${`image-${image.id}`} data-image=${image.id}>
		<div class="server-top">
			<h3 id=${`image-${image.id}`} dir="auto">${title}</h3>
			${there
				? html`<span class="state"><${Icon} name="success"/> ${t("backups.available")}</span>`
				: html`<${Progress} image=${image} running=${running}/>`}
		</div>
		<dl class="facts">
			<div><dt>${t("backups.kind")}</dt><dd>${t(`backups.kind.${image.type}`)}</dd></div>
			<div><dt>${t("backups.when")}</dt><dd><${Moment} at=${image.created} full/></dd></div>
			${image.image_size !== null && html`<div><dt>${t("backups.size")}</dt><dd class="number">${gigabytes(image.image_size)}</dd></div>`}
			<div><dt>${t("home.disk")}</dt><dd class="number">${gigabytes(image.disk_size)}</dd></div>
			${guarded && html`<div><dt>${t("backups.protection")}</dt><dd>${t("backups.protected")}</dd></div>`}
		</dl>
		<${Failed} failure=${failure}/>
		${mayChange && html`<div class="buttons">
			<button type="button" class="button small" data-do="restore" disabled=${off || Boolean(obstacle) || small} onClick=${() => setAsking("restore")}>${t("backups.restore")}${hidden}</button>
			${there && html`<a class="button small" data-do="new" href=${`#/servers/new?image=${image.id}`}>${t("backups.new")}${hidden}</a>`}
			<button type="button" class="button small" data-do="protect" disabled=${off} aria-pressed=${guarded ? "true" : "false"}
				onClick=${() => attempt(() => protectImage(image.id, !guarded), t(guarded ? "backups.unprotected.done" : "backups.protected.done"))}>${t("backups.protect")}${hidden}</button>
			<button type="button" class="button small destroys" data-do="delete" disabled=${off || guarded} onClick=${() => setAsking("delete")}>${t("backups.delete")}${hidden}</button>
		</div>
		${guarded && html`<p class="hint">${t("backups.protected.what")}</p>`}
		${small && html`<p class="hint">${t("backups.small")}</p>`}`}
		${asking === "restore" && html`<${NameDialog} id=${`restore-${image.id}`} server=${server} title=${t("backups.restore.title", { name: server.name })} confirm=${t("backups.restore")}
			typing="reinstall.type" locked=${locked} fallback=${heading} onRefuse=${() => setAsking(null)} onConfirm=${restore}>
			<p>${t("backups.restore.loses")}</p>
			<p>${t("backups.restore.gets")}</p>
		<//>`}
		${asking === "delete" && html`<${Dialog} id=${`delete-${image.id}`} title=${t("backups.delete.title", { name: title })} refuse=${t("cancel")} confirm=${t("backups.delete")}
			fallback=${heading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => deleteImage(image.id), t("backups.deleted", { name: title }))}>
			<p>${t("backups.delete.loses")}</p>
		<//>`}
	</article>`;
}

function List({ server, obstacle, mayChange, running, onRestored }) {
	const { value, failure, again } = useRead(() => readImagesOf(server.id), `${server.id} ${imageChanges(useValue(actions), server.id)}`);
	let body;
	if (failure)
		body = html`<${Failure} title=${t("backups.unread")} error=${failure} onRetry=${again}/>`;
	else if (!value)
		body = html`<p class="waiting">${t("backups.loading")}</p>`;
	else if (value.length === 0)
		body = html`<div class="empty"><p>${t("backups.none")}</p>${mayChange && html`<p class="buttons"><button type="button" class="button" id="first" onClick=${() =>
			document.getElementById("description").focus()}>${t("backups.first")}</button></p>`}</div>`;
	else
		body = html`<ul class="servers">${value.map((image) => html`<li key=${image.id}><${One} image=${image} server=${server} obstacle=${obstacle} mayChange=${mayChange}
			running=${running} onChanged=${again} onRestored=${onRestored}/></li>`)}</ul>`;
	return html`<section aria-labelledby="list-title"><h2 id="list-title">${t("backups.list")}</h2>${body}</section>`;
}

function Inside({ server }) {
	const running = useValue(runningActions).get(server.id) ?? [];
	const mayChange = useValue(me)?.role !== "reader";
	const [window, setWindow] = useState(() => server.backup_window ?? windowAtNight());
	const [password, setPassword] = useState(null);
	const obstacle = mayChange ? (running.length > 0 ? t("reinstall.busy") : null) : t("backups.reader");
	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("backups.heading", { name: server.name })} help="backups"/>
		<${ServerTabs} server=${server} now="backups"/>
		<div class="narrow from-start backups">
			${obstacle && html`<p class="hint" id="backup-obstacle">${obstacle}</p>`}
			<${Switch} server=${server} obstacle=${obstacle} window=${window} setWindow=${setWindow}/>
			${mayChange && html`<${Make} server=${server} obstacle=${obstacle}/>`}
			<${List} server=${server} obstacle=${obstacle} mayChange=${mayChange} running=${running} onRestored=${(made) => made && setPassword(made)}/>
		</div>
		${password && html`<${RootPassword} server=${server} password=${password} onDone=${() => { setPassword(null); go(`/servers/${server.id}`); }}/>`}
	</div>`;
}

export function Backups({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("backups")} help="backups">${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
