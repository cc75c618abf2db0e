// Starts the panel: the words, who is signed in, then the room that the address names.

import { language, startLanguage, t } from "./lib/i18n.js";
import { goInstead, route } from "./lib/router.js";
import { onActionFinished } from "./lib/servers.js";
import { me, startFailure, startSession } from "./lib/session.js";
import { announce, html, useValue } from "./lib/ui.js";
import { commandName } from "./parts/action-line.js";
import { Banner } from "./parts/banner.js";
import { Failure } from "./parts/failure.js";
import { Header } from "./parts/header.js";
import { Account } from "./rooms/account.js";
import { ApiKeys } from "./rooms/api-keys.js";
import { Console } from "./rooms/console.js";
import { Invitation } from "./rooms/invitation.js";
import { Keys } from "./rooms/keys.js";
import { NewPassword } from "./rooms/new-password.js";
import { Nowhere } from "./rooms/nowhere.js";
import { People } from "./rooms/people.js";
import { Heading } from "./rooms/room.js";
import { Servers } from "./rooms/servers.js";
import { SignIn } from "./rooms/sign-in.js";
import { useLayoutEffect } from "./vendor/hooks.js";
import { render } from "./vendor/preact.js";

const rooms = {
	account: Account,
	people: People,
	servers: Servers, console: Console, keys: Keys, "api-keys": ApiKeys,
	"sign-in": SignIn, invitation: Invitation, "new-password": NewPassword, nowhere: Nowhere,
};
const isOpenToAll = (name) => ["sign-in", "invitation", "new-password"].includes(name);

function Room({ person, place }) {
	const failure = useValue(startFailure);

	if (person === undefined && !isOpenToAll(place.name)) {
		return html`<div class="narrow">
			<${Heading} text=${t("start")}/>
			${failure
				? html`<${Failure} title=${t("start.failed")} error=${failure} onRetry=${startSession}/>`
				: html`<p class="waiting">${t("start.waiting")}</p>`}
		</div>`;
	}
	const name = person || isOpenToAll(place.name) ? place.name : "sign-in";
	return html`<${rooms[name]} key=${name === place.name ? place.key : name} parameters=${place.parameters}/>`;
}

function App() {
	const person = useValue(me);
	const place = useValue(route);
	useValue(language);

	// Who is signed in has no business at the sign-in; who is not has none elsewhere.
	useLayoutEffect(() => {
		if (person === null && !isOpenToAll(place.name))
			goInstead("/sign-in");
		else if (person && place.name === "sign-in")
			goInstead("/servers");
	}, [person, place]);

	return html`<${Header}/>
		<main class="main"><${Banner}/><${Room} person=${person} place=${place}/></main>`;
}

onActionFinished((action, server) => {
	if (action.command === "request_console")
		return;
	const words = { name: server?.name ?? "", command: commandName(action.command) };
	announce(t(action.status === "error" ? "announce.failed" : "announce.success", words));
});

const root = document.getElementById("app");
try {
	await Promise.all([startLanguage(), startSession()]);
	render(html`<${App}/>`, root);
} catch (error) {
	// Without a catalogue there are no words but these.
	console.error(error);
	render(html`<main class="main narrow">
		<h1>Ippo</h1>
		<p lang="ja">パネルを読み込めませんでした。接続を確かめて、ページを再読み込みしてください。</p>
		<p lang="en">The panel could not be loaded. Check your connection and reload the page.</p>
	</main>`, root);
}
