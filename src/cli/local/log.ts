// The log of a daemon that runs in the foreground: pino, one JSON line an event, on stderr; on a terminal a short
// readable line instead.
import type { Logger } from '../../client/log.ts';
import { CliError } from '../errors.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'];

/** Throws CliError for a level that is none. */
export async function daemonLog(component: string, level: string): Promise<Logger> {
  if (!LEVELS.includes(level)) {
    throw new CliError(`invalid --log-level "${level}": must be one of ${LEVELS.join(', ')}`);
  }
  const { pino } = await import('pino');
  const options = { level, base: { component }, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return facade(pino(options, pino.destination({ dest: 2, sync: true })));
  const readable = {
    write(line: string) {
      const { time, level: number, component: _component, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
      const name = LEVELS[Number(number) / 10 - 2] ?? 'info';
      const rest = Object.entries(facts).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`);
      process.stderr.write(`${String(time).slice(11, 19)} ${name.padEnd(5)} ${String(msg)} ${rest.join(' ')}\n`);
    },
  };
  return facade(pino(options, readable));
}

/** Only what we use of pino: its own type cannot be returned from an async function. */
function facade(log: Logger): Logger {
  return {
    debug: (facts, message) => log.debug(facts, message),
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
  };
}
