// A new server on one page: plan, system, place, how to log in, packet filters, private networks, name, and whether
// it starts at once. What it costs stands before the button.

import { costOf, createServer, fits, readOffer } from "../lib/create.js";
import { choicesOf, fields as choice_fields, judgeChoices } from "../lib/first-choices.js";
import { bandwidth, gigabytes, price, t } from "../lib/i18n.js";
import { go, route } from "../lib/router.js";
import { joinedFrom } from "../lib/networks.js";
import { me } from "../lib/session.js";
import { makeKeyPair } from "../lib/ssh-key.js";
import { addKey, kindOf, removeKey } from "../lib/ssh-keys.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Choices } from "../parts/choices.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { FirstChoices } from "../parts/first-choices.js";
import { AreaField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { Icon } from "../parts/icon.js";
import { aboutImage } from "../parts/image-about.js";
import { explainNetworks, NetworkChoices } from "../parts/network-choices.js";
import { Quote } from "../parts/price.js";
import { Allowance } from "../parts/quotas.js";
import { RootPassword } from "../parts/root-password.js";
import { SaveKey } from "../parts/save-key.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const name_pattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i;
const user_pattern = /^[a-z_][a-z0-9_-]*$/;

const monthly = (plan, location) => {
	const { monthly: amount, currency } = costOf(plan, location);
	return t("create.monthly", { price: price(amount, currency) });
};

/** What is chosen at first: the cheapest plan, and the keys there are when there is no doubt which. */
function firstWish({ plans, images, locations, keys }) {
	const made = images.find(({ created_from: from }) => from);
	const plan = made ? plans.find((each) => fits(made, each)) ?? plans[0] : plans[0];
	return {
		plan, image: made ?? images.find((image) => fits(image, plan)) ?? images[0], location: locations[0],
		way: keys.length > 0 ? "mine" : "make", keys: new Set(keys.length === 1 ? [keys[0].id] : []), filters: new Set(), networks: new Set(), start: "no",
	};
}

/** Why nothing can be made just now, as a key of the words; null when it can. */
function lack({ plans, images, locations }) {
	return [[plans, "create.no-plans"], [images, "create.no-images"], [locations, "create.no-locations"]]
		.find(([list]) => list.length === 0)?.[1] ?? null;
}

function explain(error) {
	if (error.code === "resource_limit_exceeded")
		return [{ key: "create.limit", error }];
	if (error.code === "account_suspended")
		return [{ key: "suspended", error }];
	if (error.code === "maintenance")
		return [{ key: "create.maintenance", error }];
	if (error.code === "uniqueness_error")
		return [{ field: "server-name", key: "home.name.taken", error }];
	return problemsOf(error, {
		name: { field: "server-name", key: "home.name.wrong" },
		server_type: { field: "plan", key: "create.plan.wrong" },
		image: { field: "image", key: "create.image.wrong" },
		ssh_keys: { field: "keys", key: "create.keys.wrong" },
		firewalls: { field: "filters", key: "create.filters.wrong" },
		user: { field: "user", key: "create.user.wrong" },
		user_data: { field: "user-data", key: "create.script.wrong" },
		...choice_fields,
	}) ?? [{ key: "create.failed", error }];
}

function Plans({ offer, wish, change }) {
	return html`<${Choices} id="plan" legend=${t("server.plan")} hint=${t("create.plan.hint")} chosen=${wish.plan.id}
		onChoose=${(id) => change({ plan: offer.plans.find((plan) => plan.id === id) })}
		choices=${offer.plans.map((plan) => ({
			value: plan.id,
			text: html`<span translate="no">${plan.name}</span>`,
			about: [t("server.size", { cores: t("server.cores", { count: plan.cores }), memory: gigabytes(plan.memory), disk: gigabytes(plan.disk) }), bandwidth(plan)].filter(Boolean).join(" · "),
			end: monthly(plan, wish.location),
			obstacle: fits(wish.image, plan) ? null : t("create.plan.small", { disk: gigabytes(plan.disk), needed: gigabytes(wish.image.disk_size) }),
		}))}/>`;
}

function Images({ offer, wish, change, problems }) {
	return html`<${Choices} id="image" legend=${t("create.image")} chosen=${wish.image.id} problems=${problems}
		onChoose=${(id) => {
			const image = offer.images.find((each) => each.id === id);
			change({ image, plan: fits(image, wish.plan) ? wish.plan : offer.plans.find((plan) => fits(image, plan)) ?? wish.plan });
		}}
		choices=${offer.images.map((image) => ({
			value: image.id,
			text: image.description || image.name,
			about: aboutImage(image),
			obstacle: offer.plans.some((plan) => fits(image, plan)) ? null : t("create.image.large", { needed: gigabytes(image.disk_size) }),
		}))}/>`;
}

function Locations({ offer, wish, change }) {
	return offer.locations.length > 1 && html`<${Choices} id="location" legend=${t("server.location")} chosen=${wish.location.id}
		onChoose=${(id) => change({ location: offer.locations.find((each) => each.id === id) })}
		choices=${offer.locations.map((each) => ({ value: each.id, text: each.description || each.name, about: [each.city, each.country].filter(Boolean).join(", ") }))}/>`;
}

/** A set with it, or without it when it was there. */
function toggled(set, id) {
	const changed = new Set(set);
	if (!changed.delete(id))
		changed.add(id);
	return changed;
}

function Login({ offer, wish, change, problems, user }) {
	const toggle = (id) => change({ keys: toggled(wish.keys, id) });
	return html`
		<${Choices} id="way" legend=${t("create.login")} hint=${t("create.login.hint")} chosen=${wish.way} onChoose=${(way) => change({ way })}
			choices=${[
				{ value: "make", text: t("create.login.make"), about: t("create.login.make.what") },
				{ value: "mine", text: t("create.login.mine"), about: t("create.login.mine.what"), obstacle: offer.keys.length > 0 ? null : t("create.login.none") },
				{ value: "password", text: t("create.login.password"), about: t("create.login.password.what") },
			]}/>
		${wish.way === "mine" && html`<${Choices} id="keys" legend=${t("create.keys")} type="checkbox" chosen=${wish.keys} problems=${problems} onChoose=${toggle}
			choices=${offer.keys.map((key) => ({ value: key.id, text: key.name, about: html`<span translate="no">${kindOf(key)}</span>` }))}/>`}
		${wish.way === "make" && html`<${TextField} id="key-name" label=${t("create.key-name")} hint=${t("keys.name.hint")} problems=${problems}
			autocomplete="off" maxlength="63" defaultValue=${t("create.key-name.first", { user })}/>`}`;
}

function Filters({ offer, wish, change, problems }) {
	if (offer.filters.length === 0)
		return html`<div class="choices" id="filters"><strong>${t("firewalls")}</strong><p class="hint">${t("create.filters.none")}</p></div>`;
	return html`<${Choices} id="filters" legend=${t("firewalls")} hint=${t("create.filters.hint")} type="checkbox" chosen=${wish.filters} problems=${problems}
		onChoose=${(id) => change({ filters: toggled(wish.filters, id) })}
		choices=${offer.filters.map(({ id, name, rules }) => ({ value: id, text: html`<span dir="auto" translate="no">${name}</span>`, about: t("firewalls.rules.count", { count: rules.length }) }))}/>`;
}

/** For who knows what they are for. */
function Further({ problems }) {
	const isWrong = problems.some(({ field }) => ["user", "user-data"].includes(field));
	return html`<details class="further" open=${isWrong || undefined}>
		<summary>${t("create.further")}</summary>
		<${TextField} id="user" label=${t("create.user")} hint=${t("create.user.hint")} problems=${problems} autocomplete="off" autocapitalize="none"
			spellcheck="false" maxlength="32"/>
		<${AreaField} id="user-data" label=${t("create.script")} hint=${t("create.script.hint")} problems=${problems} rows="6" spellcheck="false"
			autocapitalize="none" maxlength="32768" class="fixed"/>
	</details>`;
}

function Cost({ wish, busy, maintenance }) {
	return html`<section class="notice create-cost" aria-labelledby="cost-title">
		<h2 id="cost-title">${t("create.cost")}</h2>
		<p class="create-price number">${monthly(wish.plan, wish.location)}</p>
		<${Quote} plan=${wish.plan.id}/>
		<p class="hint">${t("create.cost.when")} ${t("contract.included")}</p>
		<p class="hint">${t(wish.filters.size > 0 ? "create.filtered" : "create.closed")}</p>
		${maintenance && html`<p class="hint" id="create-obstacle">${t("create.maintenance")} <q>${maintenance.reason}</q></p>`}
		<div class="buttons"><button class="button primary" disabled=${Boolean(maintenance)} aria-describedby=${maintenance ? "create-obstacle" : undefined}
			aria-disabled=${busy ? "true" : undefined}>${t(busy ? "create.busy" : "create.submit")}</button></div>
	</section>`;
}

/** @return a promise of whether the private half was saved; the dialog answers it */
function useSaving() {
	const [saving, setSaving] = useState(null);
	const ask = (fresh) => new Promise((resolve) => setSaving({ ...fresh, resolve: (kept) => { setSaving(null); resolve(kept); } }));
	return [saving, ask];
}

class GivenUp extends Error {}

function Form({ offer, onMade }) {
	const form = useRef(null);
	const [wish, setWish] = useState(() => firstWish(offer));
	const [saving, askToSave] = useSaving();
	const saved = useRef(null); // a key that was made for this server and whose private half its owner has
	const change = (what) => setWish((before) => ({ ...before, ...what }));
	const field = (name) => form.current.elements[name]?.value.trim() ?? "";
	const addressIn = (network) => field(`network-ip-${network}`);
	const person = useValue(me);

	const judge = () => [
		wish.way === "mine" && wish.keys.size === 0 && { field: "keys", key: "create.keys.missing" },
		wish.way === "make" && !saved.current && field("key-name") === "" && { field: "key-name", key: "keys.name.missing" },
		!name_pattern.test(field("server-name")) && { field: "server-name", key: "home.name.wrong" },
		field("user") !== "" && !user_pattern.test(field("user")) && { field: "user", key: "create.user.wrong" },
		...judgeChoices(form.current),
	].filter(Boolean);

	/** The ids of the keys the server gets; one that is made here is saved before there is a server. */
	const keysOfWish = async () => {
		if (wish.way === "password")
			return [];
		if (wish.way === "mine")
			return [...wish.keys];
		if (!saved.current) {
			const name = field("key-name");
			const pair = await makeKeyPair(name);
			const key = await addKey(name, pair.publicKey).catch((error) => {
				error.ofKey = true;
				throw error;
			});
			if (!await askToSave({ key, pair })) {
				await removeKey(key.id).catch(() => {}); // it stays among the keys, where it can be taken away
				throw new GivenUp();
			}
			saved.current = key;
		}
		return [saved.current.id];
	};
	const { problems, attempt, busy, submit } = useSubmit({
		judge,
		work: async () => {
			const script = form.current.elements["user-data"].value;
			onMade(await createServer({
				name: field("server-name"), server_type: wish.plan.id, image: wish.image.id, location: wish.location.id,
				ssh_keys: await keysOfWish(), start_after_create: wish.start === "yes",
				...(wish.filters.size > 0 ? { firewalls: [...wish.filters].map((firewall) => ({ firewall })) } : {}),
				...(field("user") ? { user: field("user") } : {}), ...(script.trim() ? { user_data: script } : {}),
				...choicesOf(form.current), ...joinedFrom(wish.networks, addressIn),
			}));
		},
		explain: (error) => {
			if (error instanceof GivenUp)
				return [];
			return error.ofKey && error.code === "uniqueness_error" ? [{ field: "key-name", key: "keys.taken", error }]
				: explainNetworks(error, wish.networks, addressIn) ?? explain(error);
		},
	});
	return html`<form ref=${form} class="create" onSubmit=${submit} novalidate>
		<div class="create-fields">
			<${Summary} problems=${problems} attempt=${attempt}/>
			<${Plans} offer=${offer} wish=${wish} change=${change}/>
			<${Images} offer=${offer} wish=${wish} change=${change} problems=${problems}/>
			<${Locations} offer=${offer} wish=${wish} change=${change}/>
			<${Login} offer=${offer} wish=${wish} change=${change} problems=${problems} user=${person?.user?.name ?? person?.customer.name ?? ""}/>
			<${Filters} offer=${offer} wish=${wish} change=${change} problems=${problems}/>
			<${NetworkChoices} networks=${offer.networks} chosen=${wish.networks} problems=${problems} onChoose=${(id) => change({ networks: toggled(wish.networks, id) })}/>
			<${TextField} id="server-name" label=${t("create.name")} hint=${t("create.name.hint")} problems=${problems} autocomplete="off"
				autocapitalize="none" spellcheck="false" maxlength="63"/>
			<${Choices} id="start" legend=${t("create.start")} chosen=${wish.start} onChoose=${(start) => change({ start })} choices=${[
				{ value: "no", text: t("create.start.no"), about: t("create.start.no.what") },
				{ value: "yes", text: t("create.start.yes"), about: t("create.start.yes.what") },
			]}/>
			<${Further} problems=${problems}/>
			<${FirstChoices} problems=${problems}/>
			<${Allowance} only=${["servers", "cores", "memory_mib", "disk_gb", "addresses"]}/>
		</div>
		<${Cost} wish=${wish} busy=${busy} maintenance=${offer.maintenance}/>
		${saving && html`<${SaveKey} name=${saving.key.name} pair=${saving.pair} fallback=${() => document.getElementById("heading")}
			onDone=${() => saving.resolve(true)} onGiveUp=${() => saving.resolve(false)}/>`}
	</form>`;
}

/** Said before anything is filled in. */
function MaintenanceNotice({ maintenance }) {
	return html`<section class="notice attention" aria-labelledby="maintenance-title" data-maintenance>
		<h2 id="maintenance-title"><${Icon} name="attention"/> ${t("create.maintenance")}</h2>
		<p><q>${maintenance.reason}</q></p>
		<p class="hint">${t("create.maintenance.others")}</p>
	</section>`;
}

export function Create() {
	const [offer, setOffer] = useState(null);
	const [failure, setFailure] = useState(null);
	const [made, setMade] = useState(null);
	const mayCreate = useValue(me)?.role !== "reader";
	const asked = useValue(route).query;

	const read = () => {
		setFailure(null);
		readOffer(new URLSearchParams(asked).get("image")).then(setOffer, setFailure);
	};
	useEffect(read, []);
	const leave = (server) => {
		announce(t("create.made", { name: server.name }));
		go(`/servers/${server.id}`);
	};
	const finish = (answer) => (answer.password ? setMade(answer) : leave(answer.server));

	let body;
	if (!mayCreate)
		body = html`<p>${t("create.reader")}</p>`;
	else if (failure)
		body = html`<${Failure} title=${t("create.unread")} error=${failure} onRetry=${read}/>`;
	else if (!offer)
		body = html`<p class="waiting">${t("create.loading")}</p>`;
	else if (lack(offer))
		body = html`<p>${t(lack(offer))}</p>`;
	else
		body = html`${offer.maintenance && html`<${MaintenanceNotice} maintenance=${offer.maintenance}/>`}<${Form} offer=${offer} onMade=${finish}/>`;
	return html`<div class="narrow from-start creating">
		<${Crumbs}/>
		<${Heading} text=${t("create")} help="create"/>
		${body}
		${made && html`<${RootPassword} server=${made.server} password=${made.password} onDone=${() => leave(made.server)}/>`}
	</div>`;
}
