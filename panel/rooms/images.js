// The images, for operators: how old they are, which updates they lack, and a look at once.

import { t } from "../lib/i18n.js";
import { checkUpdates, readImage, readImages } from "../lib/images.js";
import { announce, html } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Icon } from "../parts/icon.js";
import { ageText, isOld, pendingText } from "../parts/image-age.js";
import { Moment } from "../parts/moment.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const again_ms = 1000;

function Updates({ image }) {
	const { updates } = image;
	return html`
		${updates.checked && html`<div><dt>${t("images.pending")}</dt><dd>${t("images.pending.of", { security: updates.security, all: updates.pending })}</dd></div>
		<div><dt>${t("images.checked")}</dt><dd><${Moment} at=${updates.checked}/></dd></div>`}
		${updates.reason && html`<div><dt>${t("images.now")}</dt><dd>${pendingText(image)}</dd></div>`}`;
}

function One({ image, onChanged }) {
	const [failure, setFailure] = useState(null);
	const { updates, deprecated } = image;
	const { looking } = updates;
	const mayCheck = looking !== undefined && updates.reason !== "no_package_list"; // operators alone are told whether one is due

	useEffect(() => {
		if (!looking)
			return undefined;
		let timer;
		const look = async () => {
			try {
				const now = await readImage(image.id);
				onChanged(now);
				if (!now.updates.looking) {
					announce(t("images.looked", { name: now.name }));
					return;
				}
			} catch {
				// What it was is still shown; the next look asks again.
			}
			timer = setTimeout(look, again_ms);
		};
		timer = setTimeout(look, again_ms);
		return () => clearTimeout(timer);
	}, [looking]);
	const check = async () => {
		if (looking)
			return;
		setFailure(null);
		try {
			onChanged(await checkUpdates(image.id));
		} catch (error) {
			setFailure(error);
		}
	};
	return html`<article class="server" aria-labelledby=${`image-${image.id}`} data-image=${image.id}>
		<div class="server-top">
			<h2 class="customer-name" id=${`image-${image.id}`} translate="no">${image.name ?? image.id}</h2>
			${!deprecated && html`<span class=${isOld(image) ? "state state-unknown" : "state"}><${Icon} name=${isOld(image) ? "attention" : "success"}/> ${ageText(image)}</span>`}
		</div>
		${image.description && html`<p dir="auto">${image.description}</p>`}
		<dl class="facts">
			${deprecated && html`<div><dt>${t("images.deprecated")}</dt><dd><${Moment} at=${deprecated}/></dd></div>`}
			<${Updates} image=${image}/>
		</dl>
		${updates.reason && html`<p class="hint">${t(`images.reason.${updates.reason}`)}</p>`}
		${updates.message && html`<p class="hint outbox-error" dir="auto" translate="no">${updates.message}</p>`}
		${isOld(image) && !deprecated && html`<p class="hint">${t("images.old")} <code translate="no">ippo image refresh ${image.name} --recipe …</code></p>`}
		${mayCheck && html`<p class="buttons"><button type="button" class="button small" data-do="check" aria-disabled=${looking ? "true" : undefined}
			onClick=${check}>${t(looking ? "images.checking" : "images.check")}<span class="visually-hidden"> (${image.name})</span></button></p>`}
		${failure && html`<${Failure} title=${t("images.failed")} error=${failure} onRetry=${check}/>`}
	</article>`;
}

export function Images() {
	const [list, setList] = useState({ state: "loading", items: [] });
	const gone = useRef(false);

	const read = async () => {
		let next;
		try {
			next = { state: "ready", items: await readImages() };
		} catch (error) {
			next = { state: error, items: [] };
		}
		if (!gone.current)
			setList(next);
	};
	useEffect(() => {
		read();
		return () => { gone.current = true; };
	}, []);
	const changed = (image) => setList((now) => ({ ...now, items: now.items.map((each) => (each.id === image.id ? image : each)) }));

	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("images.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("images.unread")} error=${list.state} onRetry=${read}/>`;
	else if (list.items.length === 0)
		body = html`<p class="empty">${t("images.none")}</p>`;
	else
		body = html`<ul class="servers">${list.items.map((image) => html`<li key=${image.id}><${One} image=${image} onChanged=${changed}/></li>`)}</ul>`;
	return html`<div>
		<${Heading} text=${t("images")} help="images"/>
		<${GroupTabs} of="admin" here="images"/>
		${body}
	</div>`;
}
