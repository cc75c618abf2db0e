// The top of every room: where one is, in which language and light, and as whom.

import { alerts } from "../lib/alerts.js";
import { chooseLanguage, language, languages, number, t } from "../lib/i18n.js";
import { notices } from "../lib/notices.js";
import { go, route } from "../lib/router.js";
import { me, signOut, switchAccount } from "../lib/session.js";
import { chooseTheme, theme, themes } from "../lib/theme.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { failureText } from "./failure.js";
import { GroupLink } from "./group-tabs.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";

function LanguageMenu() {
	const now = useValue(language);
	return html`<${Menu} id="language" name=${t("header.language")} shown=${languages.find(({ id }) => id === now).name}
		choices=${languages.map(({ id, name }) => ({ id, text: name, lang: id, chosen: id === now }))}
		onChoose=${(id) => chooseLanguage(id).catch(() => {})}/>`;
}

function ThemeMenu() {
	const now = useValue(theme);
	return html`<${Menu} id="theme" name=${t("header.theme")} icon="theme"
		choices=${themes.map((id) => ({ id, text: t(`theme.${id}`), chosen: id === now }))} onChoose=${chooseTheme}/>`;
}

/** The accounts one may work for, when there are several. */
function accountsOf({ customer, customers = [] }) {
	return customers.length < 2 ? [] : customers.map(({ id, name }) => ({ id: `customer-${id}`, text: name, chosen: id === customer.id }));
}

function AccountMenu({ person, onFailure }) {
	const attempt = async (work, words) => {
		try {
			onFailure(null);
			await work();
		} catch (error) {
			onFailure({ error, words });
		}
	};
	const choose = (id) => {
		if (id === "sign-out")
			return attempt(signOut, "sign-out.failed");
		if (!id.startsWith("customer-"))
			return go(`/${id}`);
		const number = Number(id.slice("customer-".length));
		return number === person.customer.id ? undefined : attempt(async () => {
			await switchAccount(number);
			go("/servers");
		}, "account.switch.failed");
	};
	return html`<${Menu} id="account" name=${t("header.account")} shown=${person.user?.name ?? person.customer.name}
		choices=${[...accountsOf(person), { id: "account", text: t("account") }, { id: "people", text: t("people") }, { id: "sign-out", text: t("sign-out") }]}
		onChoose=${choose}>
		<p class="menu-about">${person.user?.operator ? t("account.operator") : t("account.customer", { name: person.customer.name })}</p>
	<//>`;
}

/** How many notices are still to be read. */
function Unread() {
	const { unread } = useValue(notices);
	return unread > 0 ? html`<span class="count" aria-hidden="true">${number(unread)}</span><span class="visually-hidden"> (${t("notices.count", { count: unread })})</span>` : null;
}

/** How many alerts are open. */
function Open() {
	const { total } = useValue(alerts);
	return total > 0 ? html`<span class="count count-alerts" aria-hidden="true">${number(total)}</span><span class="visually-hidden"> (${t("alerts.count", { count: total })})</span>` : null;
}

/** Where the screen is narrow the rooms are behind this button, and what wants to be read is counted on it. */
function RoomsButton({ isOpen, onPress }) {
	const count = useValue(notices).unread + useValue(alerts).total;
	return html`<button type="button" class="menu-button rooms-button" id="all-rooms" aria-expanded=${String(isOpen)} aria-controls="rooms" onClick=${onPress}>
		<${Icon} name="menu"/> ${t("header.rooms")}${count > 0 && !isOpen && html`<span class="count" aria-hidden="true">${number(count)}</span>`}
	</button>`;
}

function ManualLink({ name }) {
	return html`<a href="#/manual" aria-current=${name === "manual" ? "page" : undefined}>${t("manual")}</a>`;
}

function skipToHeading(event) {
	event.preventDefault();
	document.getElementById("heading")?.focus();
}

export function Header() {
	const person = useValue(me);
	const { name, path } = useValue(route);
	const [failure, setFailure] = useState(null);
	const [isOpen, setOpen] = useState(false);

	useEffect(() => { setOpen(false); }, [path]);
	return html`<header class="header">
		<a class="skip" href=${location.hash || "#/"} onClick=${skipToHeading}>${t("skip")}</a>
		<div class="header-inner">
			<a class="brand" href="#/servers" translate="no">Ippo</a>
			${person && html`<${RoomsButton} isOpen=${isOpen} onPress=${() => setOpen(!isOpen)}/>
			<nav id="rooms" class=${isOpen ? "rooms" : "rooms folded"} aria-label=${t("header.rooms")}>
				<a href="#/servers" aria-current=${name === "servers" ? "page" : undefined}>${t("nav.servers")}</a>
				<a href="#/alerts" aria-current=${name === "alerts" ? "page" : undefined}>${t("alerts")}<${Open}/></a>
				<${GroupLink} of="network" here=${name}/>
				<${GroupLink} of="keys" here=${name}/>
				<a href="#/history" aria-current=${name === "history" ? "page" : undefined}>${t("nav.history")}</a>
				<a href="#/contract" aria-current=${name === "contract" ? "page" : undefined}>${t("contract")}</a>
				<a href="#/notices" aria-current=${name === "notices" ? "page" : undefined}>${t("notices")}<${Unread}/></a>
				<a href="#/contact" aria-current=${name === "contact" ? "page" : undefined}>${t("nav.support")}</a>
				<${ManualLink} name=${name}/>
				${person.user?.operator && html`<${GroupLink} of="admin" here=${name}/>`}
			</nav>`}
			${person === null && html`<nav aria-label=${t("header.rooms")}><${ManualLink} name=${name}/></nav>`}
			<div class="header-tools">
				<${LanguageMenu}/>
				<${ThemeMenu}/>
				${person && html`<${AccountMenu} person=${person} onFailure=${setFailure}/>`}
			</div>
		</div>
		${failure && html`<div class="notice attention header-notice" role="alert">
			<p><strong>${t(failure.words)}</strong> ${failureText(failure.error.code)}</p>
		</div>`}
	</header>`;
}
