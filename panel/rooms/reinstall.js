// A fresh system on a server that keeps its name and addresses: the way out of every mistake.

import { fits, readImages } from "../lib/create.js";
import { choicesOf, fields as choice_fields, judgeChoices } from "../lib/first-choices.js";
import { gigabytes, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { reinstallServer } from "../lib/server-changes.js";
import { runningActions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Choices } from "../parts/choices.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { FirstChoices } from "../parts/first-choices.js";
import { AreaField, problemsOf, Summary, useSubmit } from "../parts/form.js";
import { aboutImage } from "../parts/image-about.js";
import { NameDialog } from "../parts/name-dialog.js";
import { DeletedServer, useServer } from "../parts/one-server.js";
import { RootPassword } from "../parts/root-password.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const explain = (error) => problemsOf(error, {
	image: { field: "image", key: "create.image.wrong" },
	user_data: { field: "user-data", key: "create.script.wrong" },
	...choice_fields,
}) ?? [{ key: "reinstall.failed", error }];

/** Why it cannot be done now, as words; null when it can. */
function obstacleOf(server, running) {
	if (server.protection?.rebuild)
		return t("reinstall.locked");
	return running.length > 0 ? t("reinstall.busy") : null;
}

function Form({ server, images, onDone }) {
	const form = useRef(null);
	const [image, setImage] = useState(() => images.find(({ id }) => id === server.image?.id) ?? images[0]);
	const [question, setQuestion] = useState(null); // {resolve}: whether the name was typed
	const running = useValue(runningActions).get(server.id) ?? [];
	const obstacle = obstacleOf(server, running);
	const disk = { disk: server.primary_disk_size };
	const ask = () => new Promise((resolve) => setQuestion({ resolve: (answer) => { setQuestion(null); resolve(answer); } }));

	const { problems, attempt, busy, submit } = useSubmit({
		judge: () => judgeChoices(form.current),
		work: async () => {
			if (obstacle || !await ask())
				return;
			const script = form.current.elements["user-data"].value;
			onDone(await reinstallServer(server.id, { image: image.id, ...(script.trim() ? { user_data: script } : {}), ...choicesOf(form.current) }));
		},
		explain,
	});
	return html`<form ref=${form} class="reinstall" onSubmit=${submit} novalidate>
		<${Summary} problems=${problems} attempt=${attempt}/>
		<${Choices} id="image" legend=${t("create.image")} chosen=${image.id} problems=${problems}
			onChoose=${(id) => setImage(images.find((each) => each.id === id))}
			choices=${images.map((each) => ({
				value: each.id, text: each.description || each.name,
				about: aboutImage(each),
				obstacle: fits(each, disk) ? null : t("create.plan.small", { needed: gigabytes(each.disk_size), disk: gigabytes(disk.disk) }),
			}))}/>
		<details class="further" open=${problems.some(({ field }) => field === "user-data") || undefined}>
			<summary>${t("create.further")}</summary>
			<${AreaField} id="user-data" label=${t("create.script")} hint=${t("create.script.hint")} problems=${problems} rows="6"
				spellcheck="false" autocapitalize="none" maxlength="32768" class="fixed"/>
		</details>
		<${FirstChoices} port=${server.ippo?.ssh_port} problems=${problems}/>
		${obstacle && html`<p class="hint" id="reinstall-obstacle">${obstacle}</p>`}
		<div class="buttons"><button class="button destroys" disabled=${Boolean(obstacle)} aria-disabled=${busy ? "true" : undefined}
			aria-describedby=${obstacle ? "reinstall-obstacle" : undefined}>${t("reinstall.submit")}</button></div>
		${question && html`<${NameDialog} id="reinstall" server=${server} title=${t("reinstall.title", { name: server.name })} confirm=${t("reinstall.submit")}
			typing="reinstall.type" locked=${server.protection?.rebuild ? t("reinstall.locked") : null} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => question.resolve(false)} onConfirm=${() => question.resolve(true)}>
			<p>${t("reinstall.loses")}</p>
			<p>${t("reinstall.keeps")}</p>
		<//>`}
	</form>`;
}

function Inside({ server }) {
	const [images, setImages] = useState(null);
	const [failure, setFailure] = useState(null);
	const [password, setPassword] = useState(null);
	const mayChange = useValue(me)?.role !== "reader";

	const read = () => {
		setFailure(null);
		readImages().then(setImages, setFailure);
	};
	useEffect(read, []);
	const leave = () => {
		announce(t("reinstall.begun", { name: server.name }));
		go(`/servers/${server.id}`);
	};

	let body;
	if (!mayChange)
		body = html`<p>${t("reinstall.reader")}</p>`;
	else if (failure)
		body = html`<${Failure} title=${t("reinstall.unread")} error=${failure} onRetry=${read}/>`;
	else if (!images)
		body = html`<p class="waiting">${t("reinstall.loading")}</p>`;
	else if (images.length === 0)
		body = html`<p>${t("create.no-images")}</p>`;
	else
		body = html`<${Form} server=${server} images=${images} onDone=${(made) => (made ? setPassword(made) : leave())}/>`;
	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("reinstall.heading", { name: server.name })} help="reinstall"/>
		<${ServerTabs} server=${server} now="reinstall"/>
		<div class="narrow">
			<p>${t("reinstall.about")}</p>
			<p>${t("reinstall.loses")} ${t("reinstall.keeps")}</p>
			${body}
		</div>
		${password && html`<${RootPassword} server=${server} password=${password} onDone=${leave}/>`}
	</div>`;
}

export function Reinstall({ parameters }) {
	const { server, known, failure, read } = useServer(Number(parameters.id));

	if (server)
		return html`<${Inside} server=${server}/>`;
	if (known)
		return html`<${DeletedServer} name=${known.name}/>`;
	return html`<div class="narrow"><${Heading} text=${t("reinstall")} help="reinstall"/>
		${failure
			? html`<${Failure} title=${t("home.unread")} error=${failure} onRetry=${read}/>`
			: html`<p class="waiting">${t("home.loading")}</p>`}
	</div>`;
}
