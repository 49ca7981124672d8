// What commands that run a daemon in the foreground have in common: options, errors that a person can mend, identity.
import { Client } from '../../client/rest.ts';
import { inClusterConfig } from '../../client/kubeconfig-connection.ts';
import { httpsTransport } from '../../client/transport/https.ts';
import type { Logger } from '../../client/log.ts';
import type { CommandContext } from '../base.ts';
import { clientConfig } from '../connect.ts';
import { CliError, PlainError, formatError } from '../errors.ts';
import { flag } from '../pflag.ts';

export const logFlags = {
  'log-level': flag.string('Least severe events to log: debug, info, warn, or error.', { default: 'info' }),
};

/** `HOST:PORT`, `:PORT` or `PORT`; `[::1]:6443` for IPv6. */
export function parseListen(text: string, name = '--listen'): { host?: string; port: number } {
  const match = /^(?:(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new CliError(`invalid ${name} "${text}": must be HOST:PORT, like 127.0.0.1:6443`);
  const host = match[1] ?? match[2];
  return host ? { host, port } : { port };
}

/** Daemons take no arguments. */
export function noArguments(args: readonly string[]): void {
  if (args.length > 0) throw new CliError(`unknown argument "${args[0]}"`);
}

/**
 * The life of a daemon: what it throws for the user to mend (StartupError and the like) becomes one line without a stack;
 * what a signal cut off is no failure; a log line is the last thing it does.
 */
export async function lifeOf(run: () => Promise<void>, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!signal.aborted)
      throw error instanceof Error && error.name === 'StartupError' ? new CliError(error.message) : error;
  }
  log.info({}, 'stopped');
}

/**
 * A client for a part that runs alone: the kubeconfig that flags name, or the service account of the pod we are in. The
 * server must answer it: a wrong address or token is said at once, not tried again for ever.
 */
export async function daemonClient(
  context: CommandContext,
  userAgent: string,
): Promise<{ client: Client; close(): void }> {
  const explicit = context.globals.kubeconfig !== '' || context.io.env['KUBECONFIG'];
  const config =
    (explicit ? undefined : inClusterConfig(context.io.env as NodeJS.ProcessEnv)) ??
    clientConfig(context.globals, context.parsed.changed, context.io);
  const transport = httpsTransport(config);
  const client = new Client(transport.handler, { userAgent });
  try {
    await client.request('GET', '/version');
  } catch (error) {
    transport.close();
    const printed = formatError(error, context.program, new URL(config.server).host);
    throw new PlainError(printed.text, printed.exitCode);
  }
  return { client, close: () => transport.close() };
}
