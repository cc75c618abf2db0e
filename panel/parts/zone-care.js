// What is done with a zone as a whole: signing, its file, and going back to an earlier version.

import { number, t } from "../lib/i18n.js";
import { saveFile } from "../lib/save-file.js";
import { html } from "../lib/ui.js";
import { goBack, importFile, readFile, readParent, readVersions, rollKey, setDnssec } from "../lib/zones.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Copy } from "./copy.js";
import { Dialog } from "./dialog.js";
import { AreaField, problemsOf, Summary, useSubmit } from "./form.js";
import { Moment } from "./moment.js";
import { useOnce } from "./once.js";
import { VersionChanges } from "./zone-version.js";

/** {parent, look, failed}: what the registrar has passed on. Asked for when it can be shown, and again on request. */
function useParent(zone, isSigned) {
	const [parent, setParent] = useState(null);
	const { run, failed } = useOnce(t("zone.parent.failed"));
	const look = () => run(async () => setParent(await readParent(zone.id)));
	useEffect(() => {
		if (isSigned)
			look();
	}, [zone.id, isSigned, zone.dnssec.ksk_roll?.status, ...zone.dnssec.ds]);
	return { parent: isSigned ? parent : null, look, failed };
}

const heading = () => document.getElementById("heading");

export function Signing({ zone, mayChange, onDone }) {
	const [asking, setAsking] = useState(null); // which question is open
	const { enabled, ds, ksk_roll: roll } = zone.dnssec;
	const isSigned = enabled && ds.length > 0;
	const { parent, look, failed: unread } = useParent(zone, isSigned);
	const { run, failed } = useOnce(t("zone.sign.failed"));
	const { run: runRoll, failed: unrolled } = useOnce(t("zone.roll.failed"));
	const close = () => setAsking(null);
	const turn = () => {
		close();
		return run(async () => {
			await setDnssec(zone.id, !enabled);
			onDone(t(enabled ? "zone.sign.ended" : "zone.sign.begun"));
		});
	};
	/* The key that the zone above points to. */
	const change = () => {
		close();
		return runRoll(async () => {
			await rollKey(zone.id);
			onDone(t("zone.roll.begun"));
		});
	};
	return html`<section class="group box" aria-labelledby="ds-title">
		<h2 id="ds-title">DNSSEC</h2>
		<p class="hint" data-roll=${roll?.status}>${t(!enabled ? "zone.sign.what" : ds.length === 0 ? "zone.ds.soon" : roll ? `zone.rolling.${roll.status}` : "zone.ds.what")}</p>
		${ds.length > 0 && html`<ul class="copies">${ds.map((each) => html`<li key=${each}><${Copy} text=${each}/></li>`)}</ul>`}
		${parent && html`<p data-parent=${parent.status}>${t(parent.reason ? "zone.parent.unknown" : `zone.parent.${parent.status}`)}</p>`}
		${isSigned && roll?.status === "waiting" && roll.ds_before.map((each) => html`<p key=${each} class="hint">${t("zone.roll.before", { ds: each })}</p>`)}
		${(isSigned || mayChange) && html`<p class="buttons">
			${isSigned && html`<button type="button" class="button" id="parent" onClick=${look}>${t("zone.parent.look")}</button>`}
			${isSigned && mayChange && !roll && html`<button type="button" class="button" id="roll" onClick=${() => setAsking("roll")}>${t("zone.roll")}</button>`}
			${mayChange && html`<button type="button" class="button" id="sign" onClick=${enabled ? () => setAsking("end") : turn}>${t(enabled ? "zone.sign.end" : "zone.sign")}</button>`}
		</p>`}
		${unread}${unrolled}${failed}
		${asking === "roll" && html`<${Dialog} id="roll-key" isHarmless=${true} title=${t("zone.roll.title")} refuse=${t("cancel")} confirm=${t("zone.roll")}
			fallback=${heading} onRefuse=${close} onConfirm=${change}><p>${t("zone.roll.what")}</p><//>`}
		${asking === "end" && html`<${Dialog} id="unsign" title=${t("zone.sign.end.title")} refuse=${t("cancel")} confirm=${t("zone.sign.end")}
			fallback=${heading} onRefuse=${close} onConfirm=${turn}><p>${t("zone.sign.end.what")}</p><//>`}
	</section>`;
}

export function ZoneFile({ zone, mayChange, onDone }) {
	const form = useRef(null);
	const { run, failed } = useOnce(t("zone.file.failed"));
	const text = () => form.current.elements["import-file"].value;
	const { submit, busy, ...told } = useSubmit({
		judge: () => (text().trim() === "" ? [{ field: "import-file", key: "zone.file.missing" }] : []),
		work: async () => {
			await importFile(zone.id, text());
			onDone(t("zone.file.imported"));
		},
		explain: (error) => problemsOf(error, { zonefile: { field: "import-file", key: "zones.file.wrong" } }) ?? [{ key: "zone.file.refused", error }],
	});
	return html`<section class="group box" aria-labelledby="file-title">
		<h2 id="file-title">${t("zones.file")}</h2>
		<p class="buttons"><button type="button" class="button" id="export" onClick=${() => run(async () => saveFile(`${zone.name}.zone`, await readFile(zone.id)))}>${t("zone.file.save")}</button></p>
		${failed}
		${mayChange && html`<details class="further"><summary>${t("zone.file.import")}</summary>
			<${Summary} ...${told}/>
			<form ref=${form} onSubmit=${submit} novalidate>
				<${AreaField} id="import-file" label=${t("zones.file")} hint=${t("zone.file.hint")} problems=${told.problems} rows="8" spellcheck="false" autocapitalize="none" class="fixed"/>
				<div class="buttons"><button class="button destroys" id="file-save" aria-disabled=${busy ? "true" : undefined}>${t("zone.file.import")}</button></div>
			</form>
		</details>`}
	</section>`;
}

export function Versions({ zone, mayChange, onDone }) {
	const [versions, setVersions] = useState([]);
	const [asking, setAsking] = useState(null);
	const { run, failed } = useOnce(t("zone.versions.failed"));
	useEffect(() => { run(async () => setVersions(await readVersions(zone.id))); }, [zone.version]);
	const back = () => {
		const version = asking;
		setAsking(null);
		return run(async () => {
			await goBack(zone.id, version);
			onDone(t("zone.versions.done", { version: number(version) }));
		});
	};
	return html`<section class="group box" aria-labelledby="versions-title">
		<h2 id="versions-title">${t("zone.versions")}</h2>
		<ul class="alerts">${versions.map(({ version, created, who, changes }) => html`<li key=${version} class="alert-line" data-version=${version}>
			<p class="alert-about"><strong>${t("zone.version", { version: number(version) })}</strong> <bdi translate="no">${who}</bdi> <${Moment} at=${created}/> <span class="hint">${t("zone.version.changes", { changes: number(changes) })}</span></p>
			<${VersionChanges} zone=${zone} version=${version}/>
			${mayChange && version !== zone.version && html`<p class="buttons"><button type="button" class="button small" data-do="back" onClick=${() => setAsking(version)}>${t("zone.versions.back")}<span class="visually-hidden"> (${number(version)})</span></button></p>`}
		</li>`)}</ul>
		${failed}
		${asking !== null && html`<${Dialog} id="go-back" title=${t("zone.versions.title", { version: number(asking) })} refuse=${t("cancel")} confirm=${t("zone.versions.back")}
			fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(null)} onConfirm=${back}><p>${t("zone.versions.what")}</p><//>`}
	</section>`;
}
