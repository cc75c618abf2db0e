// The floating IPs: what there is, at which server each answers, reserving, moving and giving back.

import { commandFor, giveBack, move, netplanFor, readRoom, reserve } from "../lib/floating-ips.js";
import { t } from "../lib/i18n.js";
import { servers, sortedServers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy, CopyBlock } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { NameDialog } from "../parts/name-dialog.js";
import { useRead } from "../parts/read.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

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
	const [asking, setAsking] = useState(null);
	const [state, setState] = useState({ busy: false, failure: null });
	const now = useValue(servers).get(ip.server);
	const attempt = async (work, words) => {
		setAsking(null);
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await work();
			announce(words);
			setState({ busy: false, failure: null });
			onChanged();
		} catch (failure) {
			setState({ busy: false, failure });
		}
	};
	const names = { ip: ip.ip };
	const ask = (what) => () => state.busy || setAsking(what);
	const button = (what, text, style = "") => html`<button type="button" class=${`button small${style}`} data-do=${what} aria-disabled=${state.busy ? "true" : undefined}
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
		${state.failure && html`<${Failure} title=${t("floating.change.failed")} error=${state.failure} onRetry=${onChanged}/>`}
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
	const mayChange = useValue(me)?.role !== "reader";
	const { value, failure, again } = useRead(readRoom, "");
	const [making, setMaking] = useState(false);
	const list = value?.ips;
	const made = (ip) => {
		setMaking(false);
		announce(t("floating.made", { ip: ip.ip }));
		focusHeading().focus();
		again();
	};
	const leave = () => {
		setMaking(false);
		setTimeout(() => (document.getElementById("make-floating") ?? focusHeading()).focus());
	};
	const way = mayChange && !making && html`<p class="buttons"><button type="button" class="button primary" id="make-floating" onClick=${() => setMaking(true)}>${t("floating.make")}</button></p>`;
	return html`<div>
		<${Heading} text=${t("floating")} help="floating-ips"/>
		<${GroupTabs} of="network" here="floating-ips"/>
		${making && html`<${Create} locations=${value.locations} onMade=${made} onCancel=${leave}/>`}
		${failure && html`<${Failure} title=${t("floating.unread")} error=${failure} onRetry=${again}/>`}
		${!list && !failure && html`<p class="waiting">${t("floating.loading")}</p>`}
		${list?.length === 0 && !making && html`<div class="empty"><p>${t("floating.none")}</p>${way}</div>`}
		${list?.length > 0 && html`${way}<ul class="servers">${list.map((ip) => html`<li key=${ip.id}><${FloatingIp} ip=${ip} mayChange=${mayChange} onChanged=${again}/></li>`)}</ul>`}
	</div>`;
}
