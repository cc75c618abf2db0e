// What a private network is made of: its range, its subnets, its name and its lock, each changed in place.

import { t } from "../lib/i18n.js";
import { addSubnet, changeRange, deleteSubnet, protect, renameNetwork } from "../lib/networks.js";
import { announce, html } from "../lib/ui.js";
import { Dialog } from "./dialog.js";
import { Changeable, Edit } from "./edit.js";
import { Failure } from "./failure.js";
import { problemsOf } from "./form.js";
import { useAsked } from "./made-list.js";

const focusHeading = () => document.getElementById("heading");

/** @param codes  by the service's code, words beside the field; its other complaints are about `wrong` */
const explain = (id, name, wrong, codes = {}) => (error) => (codes[error.code]
	? [{ field: id, key: codes[error.code], error }]
	: problemsOf(error, { [name]: { field: id, key: wrong } }) ?? [{ key: "networks.change.failed", error }]);

/** One line that is changed. @param said  what is announced then */
function Line({ id, what, network, label, hint, value, missing, save, fields, said, onChanged, ...input }) {
	return html`<${Changeable} id=${`${id}-change`} words=${what} name=${network.name}>${(close) => html`<${Edit} id=${id} label=${label} hint=${hint} value=${value}
		judge=${(text) => (text || !missing ? null : missing)} save=${save} fields=${fields} ...${input}
		onDone=${(text) => { close(); announce(said(text)); onChanged(); }} onCancel=${close}/>`}<//>`;
}

function Subnets({ network, mayChange, onChanged }) {
	const { asking, setAsking, attempt, busy, failure } = useAsked(onChanged);
	const names = { network: network.name };
	return html`<section class="private-subnets" aria-labelledby=${`subnets-${network.id}`}>
		<h3 id=${`subnets-${network.id}`}>${t("networks.subnets")}</h3>
		${network.subnets.length === 0 && html`<p class="hint">${t("networks.subnets.none")}</p>`}
		${network.subnets.length > 0 && html`<ul>${network.subnets.map(({ ip_range: range }) => html`<li key=${range} data-subnet=${range}><code>${range}</code> ${mayChange && html`<button
			type="button" class="button small" data-do="delete-subnet" aria-disabled=${busy ? "true" : undefined}
			onClick=${() => busy || setAsking(range)}>${t("networks.subnet.delete")}<span class="visually-hidden"> (${range})</span></button>`}</li>`)}</ul>`}
		${mayChange && html`<${Line} id=${`subnet-${network.id}`} what=${t("networks.subnet.add")} network=${network} label=${t("networks.subnet")}
			hint=${t("networks.subnet.hint")} value="" maxlength="18" save=${(range) => addSubnet(network, range)}
			fields=${explain(`subnet-${network.id}`, "ip_range", "networks.subnet.wrong", { networks_overlap: "networks.subnet.overlap", resource_limit_exceeded: "networks.subnet.limit" })}
			said=${() => t("networks.subnet.added", names)} onChanged=${onChanged}/>`}
		${failure && html`<${Failure} title=${t(failure.code === "resource_in_use" ? "networks.subnet.used" : "networks.change.failed")} error=${failure} onRetry=${onChanged}/>`}
		${asking && html`<${Dialog} id=${`delete-subnet-${network.id}`} title=${t("networks.subnet.delete.title", { subnet: asking, ...names })} refuse=${t("cancel")}
			confirm=${t("networks.subnet.delete")} fallback=${focusHeading} onRefuse=${() => setAsking(null)}
			onConfirm=${() => attempt(() => deleteSubnet(network.id, asking), t("networks.subnet.deleted", { subnet: asking, ...names }))}>
			<p>${t("networks.subnet.delete.what")}</p>
		<//>`}
	</section>`;
}

function Lock({ network, onChanged }) {
	const { attempt, busy, failure } = useAsked(onChanged);
	const isOn = network.protection.delete;
	return html`<button type="button" class="button small" data-do="lock" aria-disabled=${busy ? "true" : undefined}
			onClick=${() => attempt(() => protect(network.id, !isOn), t(isOn ? "networks.unlocked" : "networks.locked", { network: network.name }))}>
			${t(isOn ? "networks.unlock" : "networks.lock")}<span class="visually-hidden"> (${network.name})</span></button>
		${failure && html`<${Failure} title=${t("networks.change.failed")} error=${failure} onRetry=${onChanged}/>`}`;
}

export function NetworkRange({ network, mayChange, onChanged }) {
	const name = `name-${network.id}`;
	const range = `range-${network.id}`;
	return html`<div>
		<dl class="facts"><div><dt>${t("networks.range")}</dt><dd><code>${network.ip_range}</code></dd></div></dl>
		${network.protection.delete && html`<p class="hint" data-locked>${t("networks.locked.is")}</p>`}
		${mayChange && html`<div class="buttons">
			<${Line} id=${name} what=${t("networks.rename")} network=${network} label=${t("networks.name")} value=${network.name} missing="networks.name.missing" maxlength="128"
				save=${(text) => renameNetwork(network.id, text)} fields=${explain(name, "name", "networks.name.wrong", { uniqueness_error: "networks.name.taken" })}
				said=${(text) => t("networks.renamed", { network: text })} onChanged=${onChanged}/>
			<${Line} id=${range} what=${t("networks.widen")} network=${network} label=${t("networks.range")} hint=${t("networks.widen.hint")} value=${network.ip_range}
				missing="networks.widen.wrong" maxlength="18" save=${(text) => changeRange(network.id, text)}
				fields=${explain(range, "ip_range", "networks.widen.wrong", { networks_overlap: "networks.widen.overlap" })}
				said=${(text) => t("networks.widened", { network: network.name, range: text })} onChanged=${onChanged}/>
			<${Lock} network=${network} onChanged=${onChanged}/>
		</div>`}
		<${Subnets} network=${network} mayChange=${mayChange} onChanged=${onChanged}/>
	</div>`;
}
