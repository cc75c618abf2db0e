// The disk that a reinstall has kept: until when, and the ways to it: back to it, or gone.

import { gigabytes, t } from "../lib/i18n.js";
import { deleteKeptDisk, restoreKeptDisk } from "../lib/server-changes.js";
import { announce, html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";
import { FailureDetail, failureText } from "./failure.js";
import { Moment } from "./moment.js";
import { NameDialog } from "./name-dialog.js";

const heading = () => document.getElementById("heading");

/** @param obstacle  why nothing can be done now, as words; null when it can */
export function KeptDisk({ server, obstacle }) {
	const [asking, setAsking] = useState(null); // "back", "gone"
	const [busy, setBusy] = useState(false);
	const [failure, setFailure] = useState(null);
	const disk = server.ippo?.kept_disk;

	if (!disk)
		return null;
	const run = async (work, done) => {
		setAsking(null);
		setBusy(true);
		setFailure(null);
		try {
			await work(server.id);
			announce(t(done, { name: server.name }));
		} catch (error) {
			setFailure(error);
		} finally {
			setBusy(false);
		}
	};
	const locked = server.protection?.rebuild ? t("reinstall.locked") : null;
	const off = Boolean(obstacle) || busy;
	return html`<section class="notice kept-disk" aria-labelledby="kept-title">
		<h2 id="kept-title">${t("kept")}</h2>
		<p>${t("kept.what", { image: disk.image?.description || disk.image?.name || t("kept.no-image"), size: gigabytes(disk.disk_size) })}</p>
		<dl class="lines">
			<div><dt>${t("kept.since")}</dt><dd><${Moment} at=${disk.created} full/></dd></div>
			<div><dt>${t("kept.until")}</dt><dd><${Moment} at=${disk.expires} full/></dd></div>
		</dl>
		${failure && html`<div class="notice attention" role="alert">
			<p><strong>${t("kept.failed")}</strong> ${failureText(failure.code)}</p>
			<${FailureDetail} error=${failure}/>
		</div>`}
		<div class="buttons">
			<button type="button" class="button small" id="kept-back" disabled=${off} onClick=${() => setAsking("back")}>${t("kept.back")}</button>
			<button type="button" class="button small destroys" id="kept-gone" disabled=${off} onClick=${() => setAsking("gone")}>${t("kept.gone")}</button>
		</div>
		${asking === "back" && html`<${NameDialog} id="kept-back" server=${server} title=${t("kept.back.title", { name: server.name })} confirm=${t("kept.back")}
			typing="kept.back.type" locked=${locked} fallback=${heading} onRefuse=${() => setAsking(null)}
			onConfirm=${() => run(restoreKeptDisk, "kept.back.begun")}>
			<p>${t("kept.back.loses")}</p>
			<p>${t("kept.back.gets")}</p>
		<//>`}
		${asking === "gone" && html`<${Dialog} id=${`kept-gone-${server.id}`} title=${t("kept.gone.title", { name: server.name })} refuse=${t("cancel")}
			confirm=${t("kept.gone")} fallback=${heading} onRefuse=${() => setAsking(null)} onConfirm=${() => run(deleteKeptDisk, "kept.gone.begun")}>
			<p>${t("kept.gone.loses")}</p>
		<//>`}
	</section>`;
}
