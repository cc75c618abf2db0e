// The private networks: what there is, which servers are in each, joining, leaving, making and deleting.

import { t } from "../lib/i18n.js";
import { attach, changeAliases, deleteNetwork, detach, judgeAliases, makeNetwork, portOf, readRoom, splitAddresses } from "../lib/networks.js";
import { actions, servers, sortedServers } from "../lib/servers.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Changeable, Edit } from "../parts/edit.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { MadeList, useAsked } from "../parts/made-list.js";
import { NameDialog } from "../parts/name-dialog.js";
import { NetworkRange } from "../parts/network-range.js";
import { PrivatePort } from "../parts/private-port.js";
import { useEffect, useRef } from "../vendor/hooks.js";

const usual_range = "10.0.0.0/16";
const focusHeading = () => document.getElementById("heading");

function Create({ zone, onMade, onCancel }) {
	const form = useRef(null);
	const value = (id) => form.current.elements[`network-${id}`].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => (value("name") ? [] : [{ field: "network-name", key: "networks.name.missing" }]),
		work: async () => onMade(await makeNetwork(value("name"), value("range"), zone)),
		explain: (error) => {
			if (error.code === "uniqueness_error")
				return [{ field: "network-name", key: "networks.name.taken", error }];
			if (error.code === "resource_limit_exceeded")
				return [{ key: "networks.limit", error }];
			return problemsOf(error, { name: { field: "network-name", key: "networks.name.wrong" }, ip_range: { field: "network-range", key: "networks.range.wrong" } })
				?? [{ key: "networks.make.failed", error }];
		},
	});
	useEffect(() => { form.current.elements["network-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="network-form-title">
		<h2 id="network-form-title">${t("networks.make")}</h2>
		<p class="hint">${t("networks.make.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="network-name" label=${t("networks.name")} problems=${told.problems} autocomplete="off" maxlength="128"/>
			<${TextField} id="network-range" label=${t("networks.range")} hint=${t("networks.range.hint")} problems=${told.problems} autocomplete="off" maxlength="18" value=${usual_range}/>
			<div class="buttons">
				<button class="button primary" id="network-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "networks.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Join({ network, onDone, onCancel }) {
	const form = useRef(null);
	const choices = useValue(sortedServers).filter(({ id }) => !network.servers.includes(id));
	const value = (id) => form.current.elements[`join-${id}`].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => (value("server") ? [] : [{ field: "join-server", key: "networks.join.choose" }]),
		work: async () => {
			const server = Number(value("server"));
			await attach(server, network.id, value("ip"));
			onDone(choices.find(({ id }) => id === server)?.name ?? "");
		},
		explain: (error) => {
			const known = { ip_not_available: "networks.ip.taken", no_subnet_available: "networks.full", networks_overlap: "networks.overlap", resource_limit_exceeded: "networks.join.limit" }[error.code];
			if (known)
				return [{ field: error.code === "ip_not_available" ? "join-ip" : undefined, key: known, error }];
			return problemsOf(error, { ip: { field: "join-ip", key: "networks.ip.wrong" } }) ?? [{ key: "networks.change.failed", error }];
		},
	});
	useEffect(() => { form.current.elements["join-server"].focus(); }, []);
	return html`<section class="key-form" aria-labelledby="join-title">
		<h3 id="join-title">${t("networks.join")}</h3>
		<p class="hint">${t("networks.join.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${ChoiceField} id="join-server" label=${t("networks.server")} choices=${[{ value: "", text: t("networks.join.none") }, ...choices.map((each) => ({ value: String(each.id), text: each.name }))]}/>
			<${TextField} id="join-ip" label=${t("networks.address")} hint=${t("networks.ip.hint")} problems=${told.problems} autocomplete="off" maxlength="15"/>
			<div class="buttons">
				<button class="button primary" id="join-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "networks.join")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Aliases({ server, port, network, name }) {
	const id = `aliases-${network.id}-${server}`;
	const fields = (error) => (error.code === "ip_not_available"
		? [{ field: id, key: "networks.aliases.taken", error }]
		: problemsOf(error, { alias_ips: { field: id, key: "networks.aliases.outside" } }) ?? [{ key: "networks.change.failed", error }]);
	return html`<${Changeable} id=${`${id}-change`} words=${t("networks.aliases.change")} name=${name}>${(close) => html`<${Edit} id=${id} label=${t("networks.aliases")}
		hint=${t("networks.aliases.hint")} value=${port.alias_ips.join(" ")} judge=${judgeAliases} fields=${fields}
		save=${(text) => changeAliases(server, network.id, splitAddresses(text))}
		onDone=${() => { close(); announce(t("networks.aliases.changing", { server: name })); }} onCancel=${close}/>`}<//>`;
}

function Member({ id, network, mayChange, onLeave }) {
	const server = useValue(servers).get(id);
	const port = portOf(server, network);
	const name = server?.name ?? String(id);
	return html`<section class="private-member" aria-labelledby=${`member-${network.id}-${id}`} data-member=${id}>
		<h3 id=${`member-${network.id}-${id}`} translate="no">${server ? html`<a href=${`#/servers/${id}`}><bdi>${name}</bdi></a>` : name}</h3>
		${port && html`<${PrivatePort} port=${port} network=${network} name=${name}/>`}
		${mayChange && html`<div class="buttons">
			${port && html`<${Aliases} server=${id} port=${port} network=${network} name=${name}/>`}
			<button type="button" class="button small" data-do="leave" onClick=${() => onLeave({ id, name })}>${t("networks.leave")}<span class="visually-hidden"> (${name})</span></button>
		</div>`}
	</section>`;
}

function Network({ network, mayChange, onChanged }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(onChanged);
	const known = useValue(servers);
	const names = { network: network.name };
	const joined = (server) => {
		setAsking(null);
		announce(t("networks.joining", { server, ...names }));
		onChanged();
	};
	return html`<article class="server" aria-labelledby=${`network-${network.id}`} data-network=${network.id}>
		<h2 class="customer-name" id=${`network-${network.id}`} translate="no"><bdi>${network.name}</bdi></h2>
		<${NetworkRange} network=${network} mayChange=${mayChange} onChanged=${onChanged}/>
		${network.servers.length === 0 && html`<p class="hint">${t("networks.nobody")}</p>`}
		${network.servers.map((id) => html`<${Member} key=${id} id=${id} network=${network} mayChange=${mayChange} onLeave=${(server) => busy || setAsking({ leave: server })}/>`)}
		${asking === "join" && html`<${Join} network=${network} onDone=${joined} onCancel=${() => setAsking(null)}/>`}
		${mayChange && asking !== "join" && html`<p class="buttons">
			<button type="button" class="button small" data-do="join" onClick=${() => setAsking("join")}>${t("networks.join")}<span class="visually-hidden"> (${network.name})</span></button>
			<button type="button" class="button small destroys" data-do="delete" onClick=${() => busy || setAsking("delete")}>${t("networks.delete")}<span class="visually-hidden"> (${network.name})</span></button>
		</p>`}
		${busy && html`<p class="waiting" role="status">${t("networks.busy")}</p>`}
		${failure && html`<${Failure} title=${t("networks.change.failed")} error=${failure} onRetry=${onChanged}/>`}
		${asking?.leave && html`<${Dialog} id=${`leave-${network.id}`} title=${t("networks.leave.title", { server: asking.leave.name, ...names })} refuse=${t("cancel")} confirm=${t("networks.leave")}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)}
			onConfirm=${() => attempt(() => detach(asking.leave.id, network.id), t("networks.leaving", { server: asking.leave.name, ...names }))}>
			<p>${t("networks.leave.what")}</p>
		<//>`}
		${asking === "delete" && html`<${NameDialog} id="delete-network" server=${network} label=${t("networks.name")} title=${t("networks.delete.title", names)}
			confirm=${t("networks.delete")} typing="networks.delete.type"
			locked=${network.protection.delete ? t("networks.delete.locked") : null}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => deleteNetwork(network.id), t("networks.deleted", names))}>
			<p>${t("networks.delete.loses")}</p>
			${network.servers.length > 0 && html`<p>${t("networks.delete.servers")}</p><ul>${network.servers.map((id) => html`<li key=${id} translate="no"><bdi>${known.get(id)?.name ?? id}</bdi></li>`)}</ul>`}
		<//>`}
	</article>`;
}

export function Networks() {
	const ended = [...useValue(actions).values()].filter(({ command, status }) => /network/.test(command) && status !== "running").length;
	return html`<${MadeList} here="networks" help="networks" makeId="make-network" read=${readRoom} readKey=${String(ended)} listOf=${({ networks }) => networks}
		words=${{ title: t("networks"), make: t("networks.make"), unread: t("networks.unread"), loading: t("networks.loading"), none: t("networks.none"),
			made: ({ name }) => t("networks.made", { network: name }) }}
		form=${({ zone }, does) => html`<${Create} zone=${zone} ...${does}/>`}
		item=${(network, does) => html`<${Network} network=${network} ...${does}/>`}/>`;
}
