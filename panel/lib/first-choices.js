// What is chosen for a system's first boot: read from a form's fields, judged, and put into a wish. What is as usual is left out.

export const usual_port = 22;
export const usual_log_days = 90;
export const usual_updates = "reboot";

const lowest_port = 1024;
const highest_port = 65535;
const most_log_days = 3650;
const shortest_password = 12;
const port_pattern = /^\d{1,5}(-\d{1,5})?\/(tcp|udp)$/;

/** What is wrong about each field, as the API's name: {field, key}. */
export const fields = {
	"first_step.ssh_port": { field: "ssh-port", key: "choices.port.wrong" },
	"first_step.open_ports": { field: "open-ports", key: "choices.open.wrong" },
	"first_step.log_days": { field: "log-days", key: "choices.logs.wrong" },
	"first_step.user": { field: "user", key: "create.user.wrong" },
	"first_step.updates": { field: "updates", key: "choices.updates.wrong" },
	"first_step.console_password": { field: "console-password", key: "choices.password.wrong" },
};

const own = Object.values(fields).map(({ field }) => field).filter((field) => field !== "user"); // that one stands elsewhere

export const isAboutChoices = ({ field }) => own.includes(field);

const isWhole = (text, low, high) => /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high;

/** "443, 80/tcp" as the API wants it; a port without a protocol is TCP's. */
const portsOf = (text) => text.split(/[\s,、]+/).filter(Boolean).map((port) => (port.includes("/") ? port.toLowerCase() : `${port}/tcp`));

function read(form) {
	const text = (name) => form.elements[name]?.value.trim() ?? "";
	const way = form.elements["port-way"].value;
	return {
		way, port: way === "own" ? text("ssh-port") : "", ports: portsOf(text("open-ports")), days: text("log-days"),
		updates: form.elements.updates.value, password: form.elements["console-password"].value,
	};
}

export function judgeChoices(form) {
	const { way, port, ports, days, password } = read(form);
	const isPort = port === String(usual_port) || isWhole(port, lowest_port, highest_port);
	const wrong = {
		"first_step.ssh_port": way === "own" && !isPort,
		"first_step.open_ports": !ports.every((each) => port_pattern.test(each)),
		"first_step.log_days": days !== "" && !isWhole(days, 1, most_log_days),
		"first_step.console_password": password !== "" && (password.length < shortest_password || !/^[ -~]+$/.test(password)),
	};
	return Object.keys(wrong).filter((name) => wrong[name]).map((name) => fields[name]);
}

/** {first_step} for a wish; {} when everything is as usual. */
export function choicesOf(form) {
	const { way, port, ports, days, updates, password } = read(form);
	const first_step = {
		...(way === "random" ? { ssh_port: "random" } : {}),
		...(way === "own" && Number(port) !== usual_port ? { ssh_port: Number(port) } : {}),
		...(ports.length > 0 ? { open_ports: ports } : {}),
		...(days !== "" && Number(days) !== usual_log_days ? { log_days: Number(days) } : {}),
		...(updates !== usual_updates ? { updates } : {}),
		...(password !== "" ? { console_password: password } : {}),
	};
	return Object.keys(first_step).length > 0 ? { first_step } : {};
}
