// What the last applies did to which server, so that `undo` can take them back: one file for each apply, readable by
// the user alone. The contents of secrets are never written down. A journal that cannot be written is no journal:
// applying goes on, and there is nothing to undo.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../client/write-whole.ts';
import { parseJson, stringifySorted } from '../../api/codec/json.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Mapping } from '../builder/mapper.ts';
import type { Io } from '../io.ts';
import { stateFolder } from '../previous.ts';

const KEPT = 20;

export type Address = Pick<Mapping, 'group' | 'version' | 'plural' | 'kind' | 'namespaced'>;

/** One object that an apply changed. */
export interface JournalEntry {
  address: Address;
  namespace?: string;
  name: string;
  uid: string;
  operation: 'created' | 'configured' | 'pruned';
  /** As it was; absent for created objects, and for secrets, whose contents are not kept. */
  before?: Unstructured;
  /** As the apply left it; absent for pruned objects and secrets. */
  after?: Unstructured;
  /** What the file said: whoever changed these fields since then is in conflict with an undo. */
  manifest?: Unstructured;
}

export interface Journal {
  time: string;
  entries: JournalEntry[];
}

/** Undefined when nobody's folder is known (a program that embeds the CLI), or journals are not wanted. */
export function journalFolder(serverUrl: string, cacheDir: string, io: Io): string | undefined {
  const known = cacheDir || io.env['KUBECACHEDIR'] || io.env['HOME'];
  if (!known || io.env['SAMPAN_JOURNAL'] === 'off') return undefined;
  const host = serverUrl.replace(/^https?:\/\//, '').replaceAll(/[^\w.-]/g, '_');
  return join(stateFolder(cacheDir, io), 'applied', host);
}

/** Secrets leave only their names. */
export function withoutSecrets(entry: JournalEntry): JournalEntry {
  if (entry.address.kind !== 'Secret' || entry.address.group !== '') return entry;
  const { address, namespace, name, uid, operation } = entry;
  return { address, ...(namespace ? { namespace } : {}), name, uid, operation };
}

export function writeJournal(folder: string, journal: Journal): void {
  if (journal.entries.length === 0) return;
  try {
    const file = join(folder, `${journal.time.replaceAll(':', '-')}-${process.pid}.json`);
    const text = stringifySorted({ ...journal, entries: journal.entries.map(withoutSecrets) });
    writeWhole(file, text, { mode: 0o600, folderMode: 0o700 });
    for (const old of journalFiles(folder).slice(KEPT)) rmSync(old, { force: true });
  } catch {
    return;
  }
}

/** The latest first. */
export function journalFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((n) => n.endsWith('.json'));
    return names.sort((a, b) => (a < b ? 1 : -1)).map((n) => join(folder, n));
  } catch {
    return [];
  }
}

export const readJournal = (file: string): Journal => parseJson(readFileSync(file, 'utf8')) as unknown as Journal;

/** What could not be undone stays; an empty journal goes. */
export function replaceJournal(file: string, journal: Journal): void {
  if (journal.entries.length === 0) return rmSync(file, { force: true });
  writeWhole(file, stringifySorted(journal), { mode: 0o600, folderMode: 0o700 });
}
