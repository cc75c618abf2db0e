// Would a packet reach it? The API's own model answers, nothing is sent.

import { protocols, testPacket } from "../lib/firewalls.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useRef, useState } from "../vendor/hooks.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "./form.js";
import { Icon } from "./icon.js";

/**
 * @param place      what is asked: "firewalls/1/test", "servers/1/filter/test"
 * @param firewalls  whose rules may have decided
 */
export function PacketTest({ place, firewalls }) {
	const form = useRef(null);
	const [found, setFound] = useState(null);
	const [isOut, setOut] = useState(false);
	const value = (name) => form.current.elements[name].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => {
			setFound(null);
			return value("test-address") ? [] : [{ field: "test-address", key: "firewalls.test.address.wrong" }];
		},
		work: async () => setFound({ isOut, ...await testPacket(place, { direction: value("test-direction"), protocol: value("test-protocol"), address: value("test-address"), port: value("test-port") }) }),
		explain: (error) => problemsOf(error, {
			address: { field: "test-address", key: "firewalls.test.address.wrong" },
			port: { field: "test-port", key: "firewalls.test.port.wrong" },
		}) ?? [{ key: "firewalls.test.failed", error }],
	});
	const name = found && firewalls.find(({ id }) => id === found.firewall)?.name;
	return html`<section class="box firewall-part" aria-labelledby="test-title">
		<h2 id="test-title">${t("firewalls.test")}</h2>
		<p class="hint">${t("firewalls.test.what")}</p>
		<${Summary} ...${told}/>
		<form class="history-filter" ref=${form} onSubmit=${submit} onChange=${({ target }) => { if (target.name === "test-direction") { setOut(target.value === "out"); setFound(null); } }} novalidate>
			<${ChoiceField} id="test-direction" label=${t("firewalls.column.direction")} choices=${["in", "out"].map((each) => ({ value: each, text: t(`firewalls.direction.${each}`) }))}/>
			<${TextField} id="test-address" label=${t(isOut ? "firewalls.test.to" : "firewalls.test.address")} problems=${told.problems} autocomplete="off" spellcheck="false" maxlength="45"/>
			<${ChoiceField} id="test-protocol" label=${t("firewalls.protocol")} choices=${protocols.map((each) => ({ value: each, text: each.toUpperCase() }))}/>
			<${TextField} id="test-port" label=${t("firewalls.port")} problems=${told.problems} inputmode="numeric" autocomplete="off" maxlength="5" defaultValue="443"/>
			<div class="buttons"><button class="button" id="test-ask" aria-disabled=${busy ? "true" : undefined}>${t("firewalls.test.ask")}</button></div>
		</form>
		<p role="status" id="test-verdict">${found && html`<${Icon} name=${found.passes ? "success" : "attention"}/> <strong>${t(`firewalls.${found.passes ? "passes" : "stops"}${found.isOut ? ".out" : ""}`)}</strong>
			${" "}${found.reason === "rule" ? t("firewalls.reason.rule", { name: name ?? String(found.firewall), number: found.rule + 1 }) : t(`firewalls.reason.${found.reason}`)}`}</p>
	</section>`;
}
