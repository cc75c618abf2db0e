// The invitation's link: choose a name, and a password or a passkey, and be signed in.

import { t } from "../lib/i18n.js";
import { min_password, passwordProblem } from "../lib/password.js";
import { goInstead } from "../lib/router.js";
import { acceptInvitation, checkInvitation, me, redeemInvitation, redeemInvitationByPasskey } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { PasswordField, problemsOf, Summary, TextField } from "../parts/form.js";
import { Moment } from "../parts/moment.js";
import { nameOfPasskey, PasskeyInstead, passkeyProblem } from "../parts/passkey-instead.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const namePattern = /^[a-z0-9][a-z0-9._@+-]*$/;

function nameProblem(name) {
	if (name === "")
		return { field: "name", key: "invitation.name.missing" };
	return namePattern.test(name) ? null : { field: "name", key: "invitation.name.wrong" };
}

function problemsFrom(error) {
	if (error.code === "uniqueness_error")
		return [{ field: "name", key: "invitation.name.taken" }];
	const problem = passkeyProblem(error);
	return problem ? [problem] : problemsOf(error, {
		name: { field: "name", key: "invitation.name.wrong" },
		password: { field: "password", key: "invitation.password.refused" },
	}) ?? [{ key: "invitation.failed", error }];
}

/** An invitation that was used, has expired or never was: the API tells them apart for nobody. */
const isGone = (error) => ["not_found", "gone", "unauthorized", "forbidden", "invalid_input"].includes(error.code) && error.fields.length === 0;

function Gone({ signedIn }) {
	return html`<div class="narrow">
		<${Heading} text=${t("invitation.gone")}/>
		<p>${t("invitation.gone.what")}</p>
		<p class="buttons"><a class="button" href=${signedIn ? "#/servers" : "#/sign-in"}>${t(signedIn ? "nav.servers" : "sign-in")}</a></p>
	</div>`;
}

/** As whoever is signed in: one more account to work for. */
function Join({ invitation, name, onGone }) {
	const busy = useRef(false);
	const [failure, setFailure] = useState(null);

	const join = async () => {
		if (busy.current)
			return;
		busy.current = true;
		setFailure(null);
		try {
			await acceptInvitation(invitation.key);
			goInstead("/servers");
		} catch (error) {
			if (isGone(error))
				onGone(error);
			else
				setFailure(error);
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form" aria-labelledby="join-title">
		<h2 id="join-title">${t("invitation.join", { name })}</h2>
		<p>${t("invitation.join.what", { name, customer: invitation.customer.name })}</p>
		${failure?.code === "uniqueness_error" && html`<p class="field-problem" role="alert">${t("invitation.join.already")}</p>`}
		${failure && failure.code !== "uniqueness_error" && html`<${Failure} title=${t("invitation.failed")} error=${failure} onRetry=${join}/>`}
		<div class="buttons"><button type="button" class="button primary" onClick=${join}>${t("invitation.join", { name })}</button></div>
	</section>
	<h2>${t("invitation.new")}</h2>`;
}

export function Invitation({ parameters: { key } }) {
	const person = useValue(me);
	const form = useRef(null);
	const busy = useRef(false);
	const [invitation, setInvitation] = useState({ state: "loading" });
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	const read = async (isWanted = () => true) => {
		setInvitation({ state: "loading" });
		try {
			const answer = await checkInvitation(key);
			if (isWanted())
				setInvitation({ state: "ready", ...answer });
		} catch (error) {
			if (isWanted())
				setInvitation({ state: isGone(error) || error.fields.length > 0 ? "gone" : "failed", error });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, [key]);

	/** @param how  true or "passkey"; @param judge, work  of the name that was typed */
	const enter = async (how, judge, work) => {
		if (busy.current)
			return;
		const name = form.current.elements.name.value.trim().toLowerCase();
		const problems = [nameProblem(name), judge(name)].filter(Boolean);
		const attempt = state.attempt + 1;
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: how });
		try {
			await work(name);
			goInstead("/servers");
		} catch (error) {
			if (isGone(error))
				setInvitation({ state: "gone", error });
			else
				setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};

	const submit = (event) => {
		event.preventDefault();
		const password = form.current.elements.password.value;
		return enter(true, (name) => passwordProblem("password", password, name), (name) => redeemInvitation(key, name, password));
	};
	const usePasskey = () => enter("passkey", () => null, (name) => redeemInvitationByPasskey(key, name, nameOfPasskey()));

	if (invitation.state === "gone")
		return html`<${Gone} signedIn=${Boolean(person)}/>`;
	if (invitation.state !== "ready")
		return html`<div class="narrow">
			<${Heading} text=${t("invitation")}/>
			${invitation.state === "failed"
				? html`<${Failure} title=${t("invitation.unread")} error=${invitation.error} onRetry=${() => read()}/>`
				: html`<p class="waiting">${t("invitation.loading")}</p>`}
		</div>`;
	return html`<div class="narrow">
		<${Heading} text=${t("invitation")} help="sign-in"/>
		<p>${t(invitation.operator ? "invitation.operator" : "invitation.customer")}</p>
		${invitation.expires && html`<p class="hint">${t("invitation.expires")} <${Moment} at=${invitation.expires}/></p>`}
		${person?.user && !invitation.operator && html`<${Join} invitation=${{ ...invitation, key }} name=${person.user.name}
			onGone=${(error) => setInvitation({ state: "gone", error })}/>`}
		${person && html`<div class="notice"><p>${t("invitation.signed-in", { name: person.user?.name ?? person.customer.name })}</p></div>`}
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="name" label=${t("person.name")} hint=${t("invitation.name.hint")} problems=${state.problems} defaultValue=${invitation.name}
				autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="64"/>
			<${PasswordField} id="password" label=${t("password")} hint=${t("invitation.password.hint", { min: min_password })}
				problems=${state.problems} autocomplete="new-password"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy === true ? "invitation.busy" : "invitation.submit")}</button>
			</div>
		</form>
		<${PasskeyInstead} what=${t("link.passkey.join")} busy=${state.busy} onUse=${usePasskey}/>
	</div>`;
}
