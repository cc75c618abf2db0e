// The floating IPs: what there is, at which server each answers, reserving, moving and giving back.

import { commandFor, giveBack, move, netplanFor, readRoom, reserve } from "../lib/floating-ips.js";
import { t } from "../lib/i18n.js";
import { servers, sortedServers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { Copy, CopyBlock } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { MadeList, useAsked } from "../parts/made-list.js";
import { NameDialog } from "../parts/name-dialog.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

const focusHeading = () => document.getElementById("heading");

function explain(error) {
	const whole = { uniqueness_error: "floating.name.taken", resource_limit_exceeded: "floating.limit", ip_pool_empty: "floating.none-left" }[error.code];
	if (whole)
		return [{ field: error.code === "uniqueness_error" ? "floating-name" : undefined, key: whole, error }];
	return problemsOf(error, { name: { field: "floating-name", key: "floating.name.wrong" } }) ?? [{ key: "floating.make.failed", error }];
}

function Create({ locations, onMade, onCancel }) {
	const form = useRef(null);
	const choices = useValue(sortedServers);
	const { submit, busy, ...told } = useSubmit({
		judge: () => [],
		work: async () => {
			const value = (id) => form.current.elements[`floating-${id}`].value.trim();
			const server = value("server");
			onMade(await reserve({
				type: value("type"), ...(value("name") ? { name: value("name") } : {}),
				...(server ? { server: Number(server) } : { home_location: locations[0].name }),
			}));
		},
		explain,
	});
	useEffect(() => { form.current.elements["floating-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="floating-form-title">
		<h2 id="floating-form-title">${t("floating.make")}</h2>
		<p class="hint">${t("floating.make.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="floating-name" label=${t("floating.name")} hint=${t("floating.name.hint")} problems=${told.problems} autocomplete="off" maxlength="128"/>
			<${ChoiceField} id="floating-type" label=${t("floating.type")} choices=${[{ value: "ipv4", text: "IPv4" }, { value: "ipv6", text: t("floating.network") }]}/>
			<${ChoiceField} id="floating-server" label=${t("floating.server")} choices=${[{ value: "", text: t("floating.server.later") }, ...choices.map((each) => ({ value: String(each.id), text: each.name }))]}/>
			<div class="buttons">
				<button class="button primary" id="floating-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "floating.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

/** Says what will happen before it does. */
function MoveDialog({ ip, now, onClose, onMove }) {
	const choices = useValue(sortedServers).filter(({ id }) => id !== ip.server);
	const [wanted, setWanted] = useState("");
	const to = choices.find(({ id }) => String(id) === wanted);
	return html`<${Dialog} id=${`move-${ip.id}`} title=${t("floating.move.title", { ip: ip.ip })} refuse=${t("cancel")} confirm=${t("floating.move")} isHarmless=${true}
		obstacle=${to ? null : t(choices.length > 0 ? "floating.move.choose" : "floating.move.nowhere")} fallback=${focusHeading} onRefuse=${onClose} onConfirm=${() => onMove(to)}>
		<div class="field">
			<label for="move-server">${t("floating.move.to")}</label>
			<select id="move-server" value=${wanted} onChange=${(event) => setWanted(event.target.value)}>
				<option value="">${t("floating.move.none")}</option>
				${choices.map(({ id, name }) => html`<option key=${id} value=${String(id)}>${name}</option>`)}
			</select>
		</div>
		<div role="status" id="move-happens">${to && html`<p>${t(now ? "floating.move.from-to" : "floating.move.begins", { ip: ip.ip, from: now?.name ?? "", to: to.name })}</p>
			<p>${t("floating.move.inside", { to: to.name })}</p>`}</div>
	<//>`;
}

function Inside({ ip, server }) {
	return html`<details class="further" open>
		<summary>${t("floating.inside", { server: server?.name ?? "" })}</summary>
		<p class="hint">${t("floating.inside.now")}</p>
		<${Copy} text=${commandFor(ip)} what=${ip.ip}/>
		<p class="hint">${t("floating.inside.kept")}</p>
		<${CopyBlock} text=${netplanFor(ip)}/>
	</details>`;
}

function FloatingIp({ ip, mayChange, onChanged }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(onChanged);
	const now = useValue(servers).get(ip.server);
	const names = { ip: ip.ip };
	const ask = (what) => () => busy || setAsking(what);
	const button = (what, text, style = "") => html`<button type="button" class=${`button small${style}`} data-do=${what} aria-disabled=${busy ? "true" : undefined}
		onClick=${ask(what)}>${text}<span class="visually-hidden"> (${ip.ip})</span></button>`;
	return html`<article class="server" aria-labelledby=${`floating-${ip.id}`} data-floating=${ip.id}>
		<h2 class="customer-name" id=${`floating-${ip.id}`} translate="no"><bdi>${ip.name}</bdi></h2>
		<dl class="facts">
			<div><dt>${t("floating.address")}</dt><dd><${Copy} text=${ip.ip}/></dd></div>
			<div><dt>${t("floating.server")}</dt><dd>${ip.server === null ? t("floating.of-none")
				: now ? html`<a href=${`#/servers/${ip.server}`} translate="no"><bdi>${now.name}</bdi></a>` : String(ip.server)}</dd></div>
		</dl>
		${ip.server !== null && html`<${Inside} ip=${ip} server=${now}/>`}
		${mayChange && html`<p class="buttons">
			${button("move", t(ip.server === null ? "floating.give" : "floating.move"))}
			${ip.server !== null && button("release", t("floating.release"))}
			${button("delete", t("floating.delete"), " destroys")}
		</p>`}
		${failure && html`<${Failure} title=${t("floating.change.failed")} error=${failure} onRetry=${onChanged}/>`}
		${asking === "move" && html`<${MoveDialog} ip=${ip} now=${now} onClose=${() => setAsking(null)}
			onMove=${(to) => attempt(() => move(ip.id, to.id), t("floating.moved", { ...names, to: to.name }))}/>`}
		${asking === "release" && html`<${Dialog} id=${`release-${ip.id}`} title=${t("floating.release.title", names)} refuse=${t("cancel")} confirm=${t("floating.release")}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => move(ip.id, null), t("floating.released", names))}>
			<p>${t("floating.release.what")}</p>
		<//>`}
		${asking === "delete" && html`<${NameDialog} id="delete-floating" server=${{ id: ip.id, name: ip.name }} label=${t("floating.name")} title=${t("floating.delete.title", names)}
			confirm=${t("floating.delete")} typing="floating.delete.type" locked=${ip.protection.delete ? t("floating.delete.locked") : null}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => giveBack(ip.id), t("floating.deleted", names))}>
			<p>${t("floating.delete.loses")}</p>
		<//>`}
	</article>`;
}

export function FloatingIps() {
	return html`<${MadeList} here="floating-ips" help="floating-ips" makeId="make-floating" read=${readRoom} listOf=${({ ips }) => ips}
		words=${{ title: t("floating"), make: t("floating.make"), unread: t("floating.unread"), loading: t("floating.loading"), none: t("floating.none"),
			made: ({ ip }) => t("floating.made", { ip }) }}
		form=${({ locations }, does) => html`<${Create} locations=${locations} ...${does}/>`}
		item=${(ip, does) => html`<${FloatingIp} ip=${ip} ...${does}/>`}/>`;
}
