// Starts the panel: the words, who is signed in, then the room that the address names.

import { language, startLanguage, t } from "./lib/i18n.js";
import { insist } from "./lib/insist.js";
import { asking } from "./lib/proof.js";
import { goInstead, route } from "./lib/router.js";
import { onActionFinished } from "./lib/servers.js";
import { me, startFailure, startSession } from "./lib/session.js";
import { announce, html, useValue } from "./lib/ui.js";
import { commandName } from "./parts/action-line.js";
import { Banner } from "./parts/banner.js";
import { Failure } from "./parts/failure.js";
import { Header } from "./parts/header.js";
import { Standing } from "./parts/standing.js";
import { Strip } from "./parts/strip.js";
import { Door, fetchRoom } from "./rooms/doors.js";
import { Heading } from "./rooms/room.js";
import { useEffect, useLayoutEffect, useState } from "./vendor/hooks.js";
import { render } from "./vendor/preact.js";

const isOpenToAll = (name) => ["sign-in", "invitation", "manual", "new-password", "forgot-password", "confirm-mail"].includes(name);

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
	return html`<${Door} name=${name} key=${name === place.name ? place.key : name} parameters=${place.parameters}/>`;
}

/** The dialog that asks who it is comes when it is first needed. */
function ProofDoor() {
	const request = useValue(asking);
	const [found, setFound] = useState(null);

	useEffect(() => {
		if (request && !found)
			insist(() => import("./parts/proof.js")).then(setFound, () => request.answer(false));
	}, [request]);
	return request && found ? html`<${found.Proof} request=${request}/>` : null;
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
		<main class="main"><${Standing}/>${person && html`<${Strip}/>`}<${Banner}/><${Room} person=${person} place=${place}/></main>
		<${ProofDoor}/>`;
}

onActionFinished((action, server) => {
	if (action.command === "request_console")
		return;
	const words = { name: server?.name ?? "", command: commandName(action.command) };
	announce(t(action.status === "error" ? "announce.failed" : "announce.success", words));
});

const root = document.getElementById("app");
try {
	fetchRoom(route.peek().name); // beside the words and the session
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
