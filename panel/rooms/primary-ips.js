// The primary IPs: which server each is of, keeping one, giving it to another server that is off, its reverse name.

import { t } from "../lib/i18n.js";
import { assign, change, giveBack, hostOf, readRoom, reserve, reverseOf, setReverse, takersOf, unassign } from "../lib/primary-ips.js";
import { servers, sortedServers } from "../lib/servers.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { MadeList, useAsked } from "../parts/made-list.js";
import { NameDialog } from "../parts/name-dialog.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

const focusHeading = () => document.getElementById("heading");

function explain(error) {
	const whole = { uniqueness_error: "primary.name.taken", resource_limit_exceeded: "floating.limit", ip_pool_empty: "floating.none-left" }[error.code];
	if (whole)
		return [{ field: error.code === "uniqueness_error" ? "primary-name" : undefined, key: whole, error }];
	return problemsOf(error, { name: { field: "primary-name", key: "floating.name.wrong" } }) ?? [{ key: "floating.make.failed", error }];
}

function Create({ locations, onMade, onCancel }) {
	const form = useRef(null);
	const { submit, busy, ...told } = useSubmit({
		judge: () => [],
		work: async () => {
			const value = (id) => form.current.elements[`primary-${id}`].value.trim();
			onMade(await reserve({ type: value("type"), location: locations[0].name, ...(value("name") ? { name: value("name") } : {}) }));
		},
		explain,
	});
	useEffect(() => { form.current.elements["primary-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="primary-form-title">
		<h2 id="primary-form-title">${t("primary.make")}</h2>
		<p class="hint">${t("primary.make.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="primary-name" label=${t("floating.name")} hint=${t("floating.name.hint")} problems=${told.problems} autocomplete="off" maxlength="128"/>
			<${ChoiceField} id="primary-type" label=${t("floating.type")} choices=${[{ value: "ipv4", text: "IPv4" }, { value: "ipv6", text: t("floating.network") }]}/>
			<div class="buttons">
				<button class="button primary" id="primary-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "primary.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function GiveDialog({ ip, onClose, onGive }) {
	const choices = takersOf(ip, useValue(sortedServers));
	const [wanted, setWanted] = useState("");
	const to = choices.find(({ id }) => String(id) === wanted);
	return html`<${Dialog} id=${`give-${ip.id}`} title=${t("primary.give.title", { ip: ip.ip })} refuse=${t("cancel")} confirm=${t("floating.give")} isHarmless=${true}
		obstacle=${to ? null : t(choices.length > 0 ? "floating.move.choose" : "primary.give.nowhere")} fallback=${focusHeading} onRefuse=${onClose} onConfirm=${() => onGive(to)}>
		<div class="field">
			<label for="give-server">${t("floating.move.to")}</label>
			<select id="give-server" value=${wanted} onChange=${(event) => setWanted(event.target.value)}>
				<option value="">${t("floating.move.none")}</option>
				${choices.map(({ id, name }) => html`<option key=${id} value=${String(id)}>${name}</option>`)}
			</select>
		</div>
		<p>${t("primary.give.inside")}</p>
	<//>`;
}

function Reverse({ ip, onSaved, onCancel }) {
	const form = useRef(null);
	const id = `reverse-${ip.id}`;
	const { submit, busy, ...told } = useSubmit({
		judge: () => [],
		work: async () => {
			await setReverse(ip.id, hostOf(ip), form.current.elements[id].value.trim());
			onSaved();
		},
		explain: (error) => problemsOf(error, { dns_ptr: { field: id, key: "home.reverse.wrong" } }) ?? [{ key: "floating.change.failed", error }],
	});
	useEffect(() => { form.current.elements[id].focus(); }, []);
	return html`<form ref=${form} onSubmit=${submit} novalidate>
		<${Summary} ...${told}/>
		<${TextField} id=${id} label=${t("home.reverse.field", { address: hostOf(ip) })} hint=${t("home.reverse.hint")} problems=${told.problems} defaultValue=${reverseOf(ip)}
			autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="253"/>
		<div class="buttons">
			<button class="button primary" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "home.save")}</button>
			<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
		</div>
	</form>`;
}

function PrimaryIp({ ip, mayChange, onChanged }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(onChanged);
	const now = useValue(servers).get(ip.assignee_id);
	const isFree = ip.assignee_id === null;
	const names = { ip: ip.ip };
	const button = (what, text, press = () => setAsking(what), style = "") => html`<button type="button" class=${`button small${style}`} data-do=${what} aria-disabled=${busy ? "true" : undefined}
		onClick=${() => busy || press()}>${text}<span class="visually-hidden"> (${ip.ip})</span></button>`;
	const isRunning = !isFree && now?.status !== "off";
	return html`<article class="server" aria-labelledby=${`primary-${ip.id}`} data-primary=${ip.id}>
		<h2 class="customer-name" id=${`primary-${ip.id}`} translate="no"><bdi>${ip.name}</bdi></h2>
		<dl class="facts">
			<div><dt>${t("floating.address")}</dt><dd><${Copy} text=${ip.ip}/></dd></div>
			<div><dt>${t("floating.server")}</dt><dd>${isFree ? t("floating.of-none")
				: now ? html`<a href=${`#/servers/${ip.assignee_id}`} translate="no"><bdi>${now.name}</bdi></a>` : String(ip.assignee_id)}</dd></div>
			<div><dt>${t("primary.auto")}</dt><dd data-auto>${t(ip.auto_delete ? "primary.auto.goes" : "primary.auto.stays")}</dd></div>
			<div><dt>${t("primary.reverse")}</dt><dd>${reverseOf(ip) ? html`<code translate="no">${reverseOf(ip)}</code>` : t("home.reverse.none")}</dd></div>
		</dl>
		${asking === "reverse" && html`<${Reverse} ip=${ip} onCancel=${() => setAsking(null)}
			onSaved=${() => { setAsking(null); announce(t("home.reverse.changed")); focusHeading().focus(); onChanged(); }}/>`}
		${mayChange && asking !== "reverse" && html`<p class="buttons">
			${isFree && button("give", t("floating.give"))}
			${!isFree && !isRunning && button("release", t("floating.release"))}
			${button("auto", t(ip.auto_delete ? "primary.keep" : "primary.let-go"), () => attempt(() => change(ip.id, { auto_delete: !ip.auto_delete }), t(ip.auto_delete ? "primary.kept" : "primary.let-gone", names)))}
			${button("reverse", t("primary.reverse.change"))}
			${isFree && button("delete", t("floating.delete"), undefined, " destroys")}
		</p>
		${isRunning && html`<p class="hint">${t("primary.running")}</p>`}`}
		${failure && html`<${Failure} title=${t("floating.change.failed")} error=${failure} onRetry=${onChanged}/>`}
		${asking === "give" && html`<${GiveDialog} ip=${ip} onClose=${() => setAsking(null)}
			onGive=${(to) => attempt(() => assign(ip.id, to.id), t("floating.moved", { ...names, to: to.name }))}/>`}
		${asking === "release" && html`<${Dialog} id=${`release-${ip.id}`} title=${t("floating.release.title", names)} refuse=${t("cancel")} confirm=${t("floating.release")}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => unassign(ip.id), t("floating.released", names))}>
			<p>${t("primary.release.what")}</p>
		<//>`}
		${asking === "delete" && html`<${NameDialog} id="delete-primary" server=${{ id: ip.id, name: ip.name }} label=${t("floating.name")} title=${t("floating.delete.title", names)}
			confirm=${t("floating.delete")} typing="floating.delete.type" locked=${ip.protection.delete ? t("floating.delete.locked") : null}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => giveBack(ip.id), t("floating.deleted", names))}>
			<p>${t("floating.delete.loses")}</p>
		<//>`}
	</article>`;
}

export function PrimaryIps() {
	return html`<${MadeList} here="primary-ips" help="floating-ips" makeId="make-primary" read=${readRoom} listOf=${({ ips }) => ips}
		words=${{ title: t("primary"), make: t("primary.make"), unread: t("primary.unread"), loading: t("primary.loading"), none: t("primary.none"),
			made: ({ ip }) => t("floating.made", { ip }) }}
		form=${({ locations }, does) => html`<${Create} locations=${locations} ...${does}/>`}
		item=${(ip, does) => html`<${PrimaryIp} ip=${ip} ...${does}/>`}/>`;
}
