// What commands that run a daemon in the foreground have in common: options, errors that a person can mend, identity.
import { Client } from '../../client/rest.ts';
import { inClusterConfig } from '../../client/kubeconfig.ts';
import { httpsTransport } from '../../client/transport/https.ts';
import type { CommandContext } from '../base.ts';
import { clientConfig } from '../connect.ts';
import { CliError } from '../errors.ts';
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

/** Turns what a daemon throws for the user to mend (StartupError and the like) into one line without a stack. */
export async function startedByUser<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof Error && error.name === 'StartupError') throw new CliError(error.message);
    throw error;
  }
}

/** A client for a part that runs alone: the kubeconfig that flags name, or the service account of the pod we are in. */
export function daemonClient(context: CommandContext, userAgent: string): { client: Client; close(): void } {
  const explicit = context.globals.kubeconfig !== '' || context.io.env['KUBECONFIG'];
  const config =
    (explicit ? undefined : inClusterConfig(context.io.env as NodeJS.ProcessEnv)) ??
    clientConfig(context.globals, context.parsed.changed, context.io);
  const transport = httpsTransport(config);
  return { client: new Client(transport.handler, { userAgent }), close: () => transport.close() };
}
