// The customers, for operators of the service: found by name and by whether they are suspended.

import { amount, createCustomer, quotas, readCustomers, readDefaults, setDefaults } from "../lib/customers.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { announce, html } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Icon } from "../parts/icon.js";
import { QuotaForm } from "../parts/quota-form.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const everything = { search: "", status: "" };

function Create({ onCancel }) {
	const form = useRef(null);
	const name = () => form.current.elements["customer-name"].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => (name() === "" ? [{ field: "customer-name", key: "customers.name.missing" }] : []),
		work: async () => {
			const made = await createCustomer(name());
			announce(t("customers.made", { name: made.name }));
			go(`/admin/customers/${made.id}`);
		},
		explain: (error) => (error.code === "uniqueness_error" ? [{ field: "customer-name", key: "customers.name.taken", error }]
			: problemsOf(error, { name: { field: "customer-name", key: "customers.name.wrong" } }) ?? [{ key: "customers.failed", error }]),
	});
	useEffect(() => { form.current.elements["customer-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="create-title">
		<h2 id="create-title">${t("customers.create")}</h2>
		<p class="hint">${t("customers.create.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="customer-name" label=${t("customers.name")} problems=${told.problems} autocomplete="off" maxlength="128"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${busy ? "true" : undefined}>${t("customers.create")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Filter({ onFilter }) {
	const choose = (event) => {
		event.preventDefault();
		const { search, status } = event.currentTarget.elements;
		onFilter({ search: search.value.trim(), status: status.value });
	};
	return html`<form class="history-filter" role="search" onSubmit=${choose}>
		<${TextField} id="search" label=${t("customers.search")} problems=${[]} type="search" autocomplete="off" maxlength="128"/>
		<${ChoiceField} id="status" label=${t("customers.status")} choices=${["", "active", "suspended"].map((value) => ({ value, text: t(`customers.status.${value || "all"}`) }))}/>
		<div class="buttons"><button class="button">${t("customers.find")}</button></div>
	</form>`;
}

function Customer({ item }) {
	const { servers, cores, memory_mib: memory } = item.quotas;
	const of = (quota, { used, limit }) => t(limit === null ? "quota.unlimited" : "quota.of", { used: amount(quota, used), limit: amount(quota, limit ?? 0) });
	return html`<article class="server" aria-labelledby=${`customer-${item.id}`} data-customer=${item.id}>
		<div class="server-top">
			<h2 class="customer-name" id=${`customer-${item.id}`}><a href=${`#/admin/customers/${item.id}`} dir="auto">${item.name}</a></h2>
			<span class=${item.suspended ? "state state-unknown" : "state"}><${Icon} name=${item.suspended ? "attention" : "success"}/> ${t(`customers.status.${item.suspended ? "suspended" : "active"}`)}</span>
		</div>
		<dl class="facts">
			<div><dt>${t("quota.servers")}</dt><dd>${of("servers", servers)}</dd></div>
			<div><dt>${t("quota.cores")}</dt><dd>${of("cores", cores)}</dd></div>
			<div><dt>${t("quota.memory_mib")}</dt><dd>${of("memory_mib", memory)}</dd></div>
		</dl>
	</article>`;
}

/** What a new customer may have. */
function Defaults() {
	const [found, setFound] = useState(null); // the limits, or {error}
	const [editing, setEditing] = useState(false);

	const read = async (isWanted = () => true) => {
		let limits;
		try {
			limits = await readDefaults();
		} catch (error) {
			limits = { error };
		}
		if (isWanted())
			setFound(limits);
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	let body;
	if (!found)
		body = html`<p class="waiting">${t("customers.defaults.loading")}</p>`;
	else if (found.error)
		body = html`<${Failure} title=${t("customers.defaults.unread")} error=${found.error} onRetry=${() => read()}/>`;
	else if (editing)
		body = html`<${QuotaForm} limits=${found} what=${t("customers.defaults.form")} save=${setDefaults} onDone=${() => { setEditing(false); read(); }}
			onCancel=${() => { setEditing(false); setTimeout(() => document.getElementById("edit-defaults")?.focus()); }}/>`;
	else
		body = html`<dl class="facts quotas">${quotas.map((quota) => html`<div key=${quota} data-default=${quota}>
			<dt>${t(`quota.${quota}`)}</dt><dd>${found[quota] === null ? t("quota.none") : amount(quota, found[quota])}</dd></div>`)}</dl>
			<p class="buttons"><button type="button" class="button" id="edit-defaults" onClick=${() => setEditing(true)}>${t("quota.edit")}</button></p>`;
	return html`<section class="group" aria-labelledby="defaults-title">
		<h2 id="defaults-title">${t("customers.defaults")}</h2>
		<p class="hint">${t("customers.defaults.what")}</p>
		${body}
	</section>`;
}

export function Customers() {
	const [filter, setFilter] = useState(everything);
	const [list, setList] = useState({ state: "loading", items: [], total: 0, next: null });
	const [making, setMaking] = useState(false);
	const asked = useRef(0);

	const read = async (wanted, page = 1) => {
		const question = ++asked.current;
		try {
			const { customers, total, next } = await readCustomers(wanted, page);
			if (question === asked.current)
				setList((now) => ({ state: "ready", items: page === 1 ? customers : [...now.items, ...customers], total, next }));
		} catch (error) {
			if (question === asked.current)
				setList((now) => ({ ...now, state: error }));
		}
	};
	useEffect(() => {
		read(filter);
		return () => { asked.current++; };
	}, [filter]);

	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("customers.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("customers.unread")} error=${list.state} onRetry=${() => read(filter)}/>`;
	else if (list.items.length === 0)
		body = html`<p class="empty">${t("customers.none")}</p>`;
	else
		body = html`<p class="hint" id="customers-count">${t("customers.count", { count: list.total })}</p>
		<ul class="servers">${list.items.map((item) => html`<li key=${item.id}><${Customer} item=${item}/></li>`)}</ul>
		${list.next !== null && html`<div class="more"><button type="button" class="button" onClick=${() => read(filter, list.next)}>${t("customers.more")}</button></div>`}`;
	return html`<div>
		<${Heading} text=${t("customers")} help="customers"/>
		<${GroupTabs} of="admin" here="customers"/>
		${!making && html`<div class="key-ways"><div class="buttons"><button type="button" class="button primary" id="make-customer" onClick=${() => setMaking(true)}>${t("customers.create")}</button></div></div>`}
		${making && html`<${Create} onCancel=${() => { setMaking(false); setTimeout(() => document.getElementById("make-customer")?.focus()); }}/>`}
		<${Filter} onFilter=${setFilter}/>
		${body}
		<${Defaults}/>
	</div>`;
}
