// How to log in with each of the usual programs: what to type where, and the fingerprint that the server must show.

import { t } from "../lib/i18n.js";
import { hostKeys, inRescue, loginAddress, loginPort, loginUser, sshCommand } from "../lib/power.js";
import { recall, remember } from "../lib/storage.js";
import { html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Copy } from "./copy.js";

const clients = [
	{ id: "ssh", name: "ssh" },
	{ id: "scp", name: "scp" },
	{ id: "teraterm", name: "Tera Term" },
	{ id: "putty", name: "PuTTY" },
	{ id: "winscp", name: "WinSCP" },
];

/** What stands in a program's window: its name there, and what goes into it. */
const Entries = ({ entries }) => html`<dl class="lines">${entries.map(([name, value, isText]) => html`<div key=${name}><dt>${name}</dt>
	<dd>${isText ? value : html`<${Copy} text=${value} what=${name}/>`}</dd></div>`)}</dl>`;

const scpPort = (port) => (port === "22" ? "" : `-P ${port} `);
const addressOfFile = (address) => (address.includes(":") ? `[${address}]` : address);

function Commands({ server, user, address, port }) {
	const key = hostKeys(server)[0];
	const ssh = sshCommand(server);
	return html`<${Entries} entries=${[
		[t("connect.command"), ssh],
		[t("connect.command.file"), ssh.replace(/^ssh/, "ssh -i ~/ippo-key")],
		...(key ? [[t("connect.known"), `echo '${port === "22" ? address : `[${address}]:${port}`} ${key.public_key}' >> ~/.ssh/known_hosts`]] : []),
	]}/>
	<p class="hint">${t("connect.ssh.what", { user })}</p>`;
}

const Copying = ({ user, address, port }) => html`<${Entries} entries=${[
	[t("connect.scp.to"), `scp ${scpPort(port)}file.txt ${user}@${addressOfFile(address)}:`],
	[t("connect.scp.from"), `scp ${scpPort(port)}${user}@${addressOfFile(address)}:file.txt .`],
	[t("connect.scp.folder"), `scp ${scpPort(port)}-r folder ${user}@${addressOfFile(address)}:`],
]}/><p class="hint">${t("connect.scp.what")}</p>`;

const TeraTerm = ({ user, address, port }) => html`<${Entries} entries=${[
	[t("connect.teraterm.host"), address],
	[t("connect.teraterm.port"), port],
	[t("connect.service"), "SSH (SSH2)", true],
	[t("connect.teraterm.user"), user],
	[t("connect.key"), t("connect.teraterm.key"), true],
]}/>`;

const Putty = ({ user, address, port }) => html`<${Entries} entries=${[
	["Host Name", `${user}@${address}`],
	["Port", port],
	["Connection type", "SSH", true],
	["Connection › SSH › Auth › Credentials", t("connect.putty.key"), true],
]}/>`;

const WinScp = ({ user, address, port }) => html`<${Entries} entries=${[
	[t("connect.winscp.protocol"), "SFTP", true],
	[t("connect.winscp.host"), address],
	[t("connect.winscp.port"), port],
	[t("connect.winscp.user"), user],
	[t("connect.key"), t("connect.winscp.key"), true],
]}/>`;

const helps = { ssh: Commands, scp: Copying, teraterm: TeraTerm, putty: Putty, winscp: WinScp };

/** By these a person knows the server at the first connection; it told them where the network does not reach. */
function Fingerprints({ server }) {
	const keys = hostKeys(server);
	if (keys.length > 0) {
		return html`<p class="hint">${t("connect.fingerprint.what")}</p>
			<${Entries} entries=${keys.map(({ type, fingerprint }) => [type, fingerprint])}/>`;
	}
	if (inRescue(server))
		return html`<p class="hint">${t("rescue.fingerprint.later")}</p>`;
	return html`<p class="hint">${t(server.ippo?.first_boot_done ? "connect.fingerprint.none" : "connect.fingerprint.later")}</p>
		${server.ippo?.first_boot_done && html`<p><${Copy} text="ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" what=${t("connect.fingerprint")}/></p>`}`;
}

export function ConnectHelp({ server }) {
	const [client, setClient] = useState(() => (helps[recall("client")] ? recall("client") : "ssh"));
	const address = loginAddress(server);
	const Help = helps[client];

	if (!address)
		return null;
	const choose = (id) => {
		setClient(id);
		remember("client", id);
	};
	return html`<section class="box" aria-labelledby="connect-title">
		<h2 id="connect-title">${t("connect")}</h2>
		<div class="buttons" role="group" aria-label=${t("connect.clients")}>${clients.map(({ id, name }) => html`<button key=${id} type="button"
			class="button small" translate="no" aria-pressed=${String(id === client)} onClick=${() => choose(id)}>${name}</button>`)}</div>
		<div data-client=${client}><${Help} server=${server} user=${loginUser(server)} address=${address}
			port=${String(loginPort(server))}/></div>
		<h3>${t("connect.fingerprint")}</h3>
		<${Fingerprints} server=${server}/>
	</section>`;
}
