// The door of each room: which module it lives in. The rooms a visit begins with come with the panel;
// any other is fetched when somebody first goes there, so that a first load stays small.

import { insist } from "../lib/insist.js";
import { t } from "../lib/i18n.js";
import { html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { signal } from "../vendor/signals.js";
import { Heading } from "./room.js";
import { Servers } from "./servers.js";
import { SignIn } from "./sign-in.js";

const modules = {
	account: async () => (await import("./account.js")).Account,
	alerts: async () => (await import("./alerts.js")).Alerts,
	"api-keys": async () => (await import("./api-keys.js")).ApiKeys,
	backups: async () => (await import("./backups.js")).Backups,
	"confirm-mail": async () => (await import("./confirm-mail.js")).ConfirmMail,
	console: async () => (await import("./console.js")).Console,
	contract: async () => (await import("./contract.js")).ContractRoom,
	create: async () => (await import("./create.js")).Create,
	firewall: async () => (await import("./firewall.js")).Firewall,
	firewalls: async () => (await import("./firewalls.js")).Firewalls,
	"primary-ips": async () => (await import("./primary-ips.js")).PrimaryIps,
	"floating-ips": async () => (await import("./floating-ips.js")).FloatingIps,
	"first-step": async () => (await import("./first-step.js")).FirstStep,
	"forgot-password": async () => (await import("./forgot-password.js")).ForgotPassword,
	graphs: async () => (await import("./graphs.js")).Graphs,
	history: async () => (await import("./history.js")).History,
	contact: async () => (await import("./contact.js")).Contact,
	customer: async () => (await import("./customer.js")).Customer,
	customers: async () => (await import("./customers.js")).Customers,
	home: async () => (await import("./home.js")).Home,
	hosts: async () => (await import("./hosts.js")).Hosts,
	images: async () => (await import("./images.js")).Images,
	invitation: async () => (await import("./invitation.js")).Invitation,
	keys: async () => (await import("./keys.js")).Keys,
	manual: async () => (await import("./manual.js")).Manual,
	reinstall: async () => (await import("./reinstall.js")).Reinstall,
	settings: async () => (await import("./settings.js")).Settings,
	"server-filter": async () => (await import("./server-filter.js")).ServerFilter,
	"server-history": async () => (await import("./server-history.js")).ServerHistory,
	networks: async () => (await import("./networks.js")).Networks,
	"new-password": async () => (await import("./new-password.js")).NewPassword,
	notices: async () => (await import("./notices.js")).Notices,
	"name-servers": async () => (await import("./name-servers.js")).NameServers,
	outbox: async () => (await import("./outbox.js")).Outbox,
	nowhere: async () => (await import("./nowhere.js")).Nowhere,
	people: async () => (await import("./people.js")).People,
	zone: async () => (await import("./zone.js")).Zone,
	zones: async () => (await import("./zones.js")).Zones,
};

/** What is behind each door by now: {room} or {failure}, by name. */
const fetched = signal({ servers: { room: Servers }, "sign-in": { room: SignIn } });
const underWay = new Set();

/** Fetches a room, unless it is there or on its way; returns at once. */
export async function fetchRoom(name) {
	if (fetched.peek()[name]?.room || underWay.has(name))
		return;
	underWay.add(name);
	let found;
	try {
		found = { room: await insist(modules[name]) };
	} catch (error) {
		found = { failure: { code: "network", message: error.message } };
	}
	underWay.delete(name);
	fetched.value = { ...fetched.peek(), [name]: found };
}

export function Door({ name, parameters }) {
	const { room: Room, failure } = useValue(fetched)[name] ?? {};

	if (Room)
		return html`<${Room} parameters=${parameters}/>`;
	if (failure) {
		return html`<div class="narrow">
			<${Heading} text=${t("start")}/>
			<${Failure} title=${t("start.failed")} error=${failure} onRetry=${() => fetchRoom(name)}/>
		</div>`;
	}
	fetchRoom(name);
	return html`<p class="waiting">${t("start.waiting")}</p>`;
}
