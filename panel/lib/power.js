// What a server's power state is called, and which commands make sense in it.

const verbOfCommand = { start_server: "poweron", shutdown_server: "shutdown", stop_server: "poweroff" };

/** Whether one of these actions is what the verb asked for: its event may come before the answer. */
export const isUnderWay = (running, verb) => running.some(({ command }) => verbOfCommand[command] === verb);

/**
 * powerOf() - what to show of a server.
 * @param server   as the API gives it
 * @param running  its running actions
 * @param request  {verb} asked here and not yet answered, or undefined
 * @return {state, pending, verbs}
 *   state    "running" | "off" | "busy" | "unknown"
 *   pending  verbs that are under way; their buttons say so
 *   verbs    the buttons to show, in order
 *
 * While something is under way the state is "busy" and never what it may become: a start that
 * fails must not have looked like a success for a moment.
 */
export function powerOf(server, running, request) {
	const pending = new Set(running.map(({ command }) => verbOfCommand[command]).filter(Boolean));
	const other = running.some(({ command }) => !(command in verbOfCommand));
	if (request)
		pending.add(request.verb);

	const verbs = offered(server.status, pending, other);
	const settled = { running: "running", off: "off" }[server.status];
	const isBusy = pending.size > 0 || running.length > 0 || settled === undefined;
	const state = server.status === "unknown" && !pending.size ? "unknown" : isBusy ? "busy" : settled;
	return { state, pending, verbs };
}

function offered(status, pending, other) {
	if (pending.has("poweroff"))
		return pending.has("shutdown") ? ["shutdown", "poweroff"] : ["poweroff"];
	if (pending.has("shutdown"))
		return ["shutdown", "poweroff"];
	if (pending.has("poweron"))
		return ["poweron"];
	if (other)
		return [];
	switch (status) {
	case "off":
		return ["poweron"];
	case "running":
		return ["shutdown", "poweroff"];
	case "stopping":
	case "unknown":
		return ["poweroff"];
	default:
		return [];
	}
}

/** Where its owner logs in: the IPv4 address, else the first address of the IPv6 network. */
export function loginAddress(server) {
	return server.public_net?.ipv4?.ip ?? ipv6Address(server);
}

export function ipv6Address(server) {
	const network = server.public_net?.ipv6?.ip;
	if (!network)
		return null;
	const prefix = network.split("/")[0];
	return prefix.endsWith("::") ? `${prefix}1` : prefix;
}

/** Whether it runs the rescue system, which has a login and host keys of its own. */
export const inRescue = (server) => Boolean(server.ippo?.rescue?.running);

export const loginUser = (server) => (inRescue(server) ? "root" : server.ippo?.user ?? "debian");

export const hostKeys = (server) => (inRescue(server) ? server.ippo.rescue.host_keys : server.ippo?.host_keys) ?? [];

export const loginPort = (server) => server.ippo?.ssh_port ?? 22;

export function sshCommand(server) {
	const address = loginAddress(server);
	const port = loginPort(server);
	return address ? `ssh ${port === 22 ? "" : `-p ${port} `}${loginUser(server)}@${address}` : null;
}
