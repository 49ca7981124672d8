// Loads plug-in modules of one's own. Not part of the CLI's bundle, where import() knows only the daemons.
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from './configuration.ts';

/** What a module offers as plug-ins; whether they are any is checked by readConfiguration. */
export async function loadPlugins(path: string): Promise<readonly unknown[]> {
  try {
    const { default: offered } = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return Array.isArray(offered) ? offered : [offered];
  } catch (error) {
    throw new ConfigurationError(`--plugin ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
