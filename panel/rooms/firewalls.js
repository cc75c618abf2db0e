// The packet filters: what there is, where it is in force, and making one.

import { makeFirewall, readFirewalls, serversOf } from "../lib/firewalls.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { useRead } from "../parts/read.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

function Create({ onCancel }) {
	const form = useRef(null);
	const name = () => form.current.elements["firewall-name"].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => (name() ? [] : [{ field: "firewall-name", key: "firewalls.name.missing" }]),
		work: async () => {
			const made = await makeFirewall(name());
			announce(t("firewalls.made", { name: made.name }));
			go(`/firewalls/${made.id}`);
		},
		explain: (error) => (error.code === "uniqueness_error" ? [{ field: "firewall-name", key: "firewalls.name.taken", error }]
			: problemsOf(error, { name: { field: "firewall-name", key: "firewalls.name.wrong" } }) ?? [{ key: "firewalls.make.failed", error }]),
	});
	useEffect(() => { form.current.elements["firewall-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="create-title">
		<h2 id="create-title">${t("firewalls.make")}</h2>
		<p class="hint">${t("firewalls.make.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="firewall-name" label=${t("firewalls.name")} problems=${told.problems} autocomplete="off" maxlength="128"/>
			<div class="buttons">
				<button class="button primary" id="firewall-save" aria-disabled=${busy ? "true" : undefined}>${t("firewalls.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

export function Firewalls() {
	const mayChange = useValue(me)?.role !== "reader";
	const { value: list, failure, again } = useRead(readFirewalls, "");
	const [making, setMaking] = useState(false);
	const leave = () => {
		setMaking(false);
		setTimeout(() => (document.getElementById("make-firewall") ?? document.getElementById("heading")).focus());
	};
	const way = mayChange && !making && html`<p class="buttons"><button type="button" class="button primary" id="make-firewall" onClick=${() => setMaking(true)}>${t("firewalls.make")}</button></p>`;
	return html`<div>
		<${Heading} text=${t("firewalls")} help="firewalls"/>
		<${GroupTabs} of="network" here="firewalls"/>
		${making && html`<${Create} onCancel=${leave}/>`}
		${failure && html`<${Failure} title=${t("firewalls.unread")} error=${failure} onRetry=${again}/>`}
		${!list && !failure && html`<p class="waiting">${t("firewalls.loading")}</p>`}
		${list?.length === 0 && !making && html`<div class="empty"><p>${t("firewalls.none")}</p>${way}</div>`}
		${list?.length > 0 && html`${way}${list.map((firewall) => html`<article class="server" key=${firewall.id} data-firewall=${firewall.id}>
			<h2 class="customer-name" dir="auto"><a href=${`#/firewalls/${firewall.id}`} translate="no">${firewall.name}</a></h2>
			<p class="alert-when"><span>${t("firewalls.rules.count", { count: firewall.rules.length })}</span><span>${t("firewalls.servers.count", { count: serversOf(firewall).length })}</span>
				${firewall.ippo.trial && html`<strong>${t("firewalls.trial")}</strong>`}</p>
		</article>`)}`}
	</div>`;
}
