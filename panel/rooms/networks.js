// The private networks: what there is, which servers are in each, joining, leaving, making and deleting.

import { t } from "../lib/i18n.js";
import { attach, deleteNetwork, detach, makeNetwork, portOf, readRoom } from "../lib/networks.js";
import { actions, servers, sortedServers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { NameDialog } from "../parts/name-dialog.js";
import { PrivatePort } from "../parts/private-port.js";
import { useRead } from "../parts/read.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

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

function Member({ id, network, mayChange, onLeave }) {
	const server = useValue(servers).get(id);
	const port = portOf(server, network);
	const name = server?.name ?? String(id);
	return html`<section class="private-member" aria-labelledby=${`member-${network.id}-${id}`} data-member=${id}>
		<h3 id=${`member-${network.id}-${id}`} translate="no">${server ? html`<a href=${`#/servers/${id}`}><bdi>${name}</bdi></a>` : name}</h3>
		${port && html`<${PrivatePort} port=${port} network=${network} name=${name}/>`}
		${mayChange && html`<p class="buttons"><button type="button" class="button small" data-do="leave" onClick=${() => onLeave({ id, name })}>${t("networks.leave")}<span class="visually-hidden"> (${name})</span></button></p>`}
	</section>`;
}

function Network({ network, mayChange, onChanged }) {
	const [asking, setAsking] = useState(null);
	const [state, setState] = useState({ busy: false, failure: null });
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
	const names = { network: network.name };
	const joined = (server) => {
		setAsking(null);
		announce(t("networks.joining", { server, ...names }));
		onChanged();
	};
	return html`<article class="server" aria-labelledby=${`network-${network.id}`} data-network=${network.id}>
		<h2 class="customer-name" id=${`network-${network.id}`} translate="no"><bdi>${network.name}</bdi></h2>
		<dl class="facts">
			<div><dt>${t("networks.range")}</dt><dd><code>${network.ip_range}</code></dd></div>
			<div><dt>${t("networks.subnets")}</dt><dd><code>${network.subnets.map(({ ip_range: range }) => range).join(" ") || "-"}</code></dd></div>
		</dl>
		${network.servers.length === 0 && html`<p class="hint">${t("networks.nobody")}</p>`}
		${network.servers.map((id) => html`<${Member} key=${id} id=${id} network=${network} mayChange=${mayChange} onLeave=${(server) => state.busy || setAsking({ leave: server })}/>`)}
		${asking === "join" && html`<${Join} network=${network} onDone=${joined} onCancel=${() => setAsking(null)}/>`}
		${mayChange && asking !== "join" && html`<p class="buttons">
			<button type="button" class="button small" data-do="join" onClick=${() => setAsking("join")}>${t("networks.join")}<span class="visually-hidden"> (${network.name})</span></button>
			<button type="button" class="button small destroys" data-do="delete" onClick=${() => state.busy || setAsking("delete")}>${t("networks.delete")}<span class="visually-hidden"> (${network.name})</span></button>
		</p>`}
		${state.failure && html`<${Failure} title=${t("networks.change.failed")} error=${state.failure} onRetry=${onChanged}/>`}
		${asking?.leave && html`<${Dialog} id=${`leave-${network.id}`} title=${t("networks.leave.title", { server: asking.leave.name, ...names })} refuse=${t("cancel")} confirm=${t("networks.leave")}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)}
			onConfirm=${() => attempt(() => detach(asking.leave.id, network.id), t("networks.leaving", { server: asking.leave.name, ...names }))}>
			<p>${t("networks.leave.what")}</p>
		<//>`}
		${asking === "delete" && html`<${NameDialog} id="delete-network" server=${network} label=${t("networks.name")} title=${t("networks.delete.title", names)}
			confirm=${t("networks.delete")} typing="networks.delete.type"
			locked=${network.servers.length > 0 ? t("networks.delete.used") : network.protection.delete ? t("networks.delete.locked") : null}
			fallback=${focusHeading} onRefuse=${() => setAsking(null)} onConfirm=${() => attempt(() => deleteNetwork(network.id), t("networks.deleted", names))}>
			<p>${t("networks.delete.loses")}</p>
		<//>`}
	</article>`;
}

export function Networks() {
	const mayChange = useValue(me)?.role !== "reader";
	const ended = [...useValue(actions).values()].filter(({ command, status }) => /network/.test(command) && status !== "running").length;
	const { value, failure, again } = useRead(readRoom, String(ended));
	const [making, setMaking] = useState(false);
	const list = value?.networks;
	const made = (network) => {
		setMaking(false);
		announce(t("networks.made", { network: network.name }));
		focusHeading().focus();
		again();
	};
	const leave = () => {
		setMaking(false);
		setTimeout(() => (document.getElementById("make-network") ?? focusHeading()).focus());
	};
	const way = mayChange && !making && html`<p class="buttons"><button type="button" class="button primary" id="make-network" onClick=${() => setMaking(true)}>${t("networks.make")}</button></p>`;
	return html`<div>
		<${Heading} text=${t("networks")} help="networks"/>
		<${GroupTabs} of="network" here="networks"/>
		${making && html`<${Create} zone=${value.zone} onMade=${made} onCancel=${leave}/>`}
		${failure && html`<${Failure} title=${t("networks.unread")} error=${failure} onRetry=${again}/>`}
		${!list && !failure && html`<p class="waiting">${t("networks.loading")}</p>`}
		${list?.length === 0 && !making && html`<div class="empty"><p>${t("networks.none")}</p>${way}</div>`}
		${list?.length > 0 && html`${way}<ul class="servers">${list.map((network) => html`<li key=${network.id}><${Network} network=${network} mayChange=${mayChange} onChanged=${again}/></li>`)}</ul>`}
	</div>`;
}
