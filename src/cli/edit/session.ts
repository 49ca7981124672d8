// One edit: objects in one file, in the user's editor, again and again until what comes back can be saved or is given
// up. What saving means is the mode's: patches (edit), new objects (create --edit), annotations (apply
// edit-last-applied). Upstream: kubectl/pkg/cmd/util/editor/editoptions.go EditOptions.Run.
import { rmSync, existsSync } from 'node:fs';
import { stringifySorted } from '../../api/codec/json.ts';
import type { ManagedFieldsEntry, Unstructured } from '../../api/types.ts';
import { type DocumentCheck, documentCheck } from '../builder/document-check.ts';
import { Builder, type Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { AggregateCliError, PlainError, plainMessage, throwCollected } from '../errors.ts';
import type { FieldValidation } from '../flags.ts';
import type { Io } from '../io.ts';
import { withLastApplied } from '../last-applied.ts';
import { noPrinter, withoutManagedFields } from '../print/object.ts';
import { editText } from './editor.ts';
import { type EditMode, EditResults, withoutComments } from './results.ts';

export interface EditOptions {
  mode: EditMode;
  /** The `-o` of the command: the format of the file and of what is printed at the end. */
  output: string;
  validation: FieldValidation;
  saveConfig: boolean;
  windowsLineEndings: boolean;
  subresource?: string;
  program: string;
  io: Io;
  cluster(): Promise<Cluster>;
  /** Saves what was edited. Failures that the user can mend are added to the results; any other ends the edit. */
  save(edited: readonly Info[], originals: readonly Info[], results: EditResults): Promise<void>;
}

type ManagedFields = Map<string, readonly ManagedFieldsEntry[] | undefined>;

export class EditSession {
  private readonly options: EditOptions;
  private readonly check: DocumentCheck | undefined;
  private managedFields: ManagedFields = new Map();

  constructor(options: EditOptions) {
    this.options = options;
    this.check = documentCheck(options.cluster, options.io, options.validation);
  }

  async run(infos: readonly Info[]): Promise<void> {
    let results = new EditResults();
    const initial = await this.fileOf(infos);
    let previous: string | undefined;
    for (;;) {
      const text = this.header(results) + (previous === undefined ? initial : withoutComments(previous));
      const { json, prefix } = { json: this.options.output === 'json', prefix: `${this.options.program}-edit-` };
      const edited = await this.keeping(results.file, () =>
        editText(text, prefix, json ? '.json' : '.yaml', this.options.io),
      );
      const { file } = edited;
      if (previous !== undefined && (await meaning(previous)) === (await meaning(edited.text))) {
        throw this.preserved(new Error('Edit cancelled, no valid changes were saved.'), file);
      }
      if (results.file !== '') rmSync(results.file, { force: true });
      results = new EditResults();
      results.file = file;
      const wrong = await fileErrors(edited.text, this.check);
      if (wrong !== undefined) {
        this.say(results.addInvalidFile(wrong, infos[0]!));
        previous = edited.text;
        continue;
      }
      if (await this.isCancelled(initial, edited.text, file)) return;
      const updated = await this.parsed(edited.text);
      if ('syntaxError' in updated) {
        results.addSyntaxError(updated.syntaxError);
        previous = edited.text;
        continue;
      }
      await this.keeping(file, () => this.save(updated.infos, infos, results));
      this.refuseUnsaved(results);
      if (results.invalid === 0) {
        rmSync(file, { force: true });
        return;
      }
      previous = edited.text;
    }
  }

  private header(results: EditResults): string {
    return this.options.output === 'json' ? '' : this.lineEnds(results.header(this.options.mode));
  }

  private lineEnds(text: string): string {
    return this.options.windowsLineEndings ? text.replaceAll('\n', '\r\n') : text;
  }

  /** The objects as they are shown: one by itself, several as a List, none with managedFields. */
  private async fileOf(infos: readonly Info[]): Promise<string> {
    for (const info of infos) {
      this.managedFields.set(uidOf(info), info.object!.metadata.managedFields);
      info.object = withoutManagedFields(info.object!);
    }
    const items = infos.map((info) => info.object!);
    const object = items.length === 1 ? items[0]! : { apiVersion: 'v1', kind: 'List', metadata: {}, items };
    const { output } = this.options;
    if (output === 'json') return this.lineEnds(`${stringifySorted(object, 4)}\n`);
    if (output !== '' && output !== 'yaml') throw noPrinter({ output }, ['json', 'yaml']);
    const { toYaml } = await import('../yaml.ts');
    return this.lineEnds(toYaml(object));
  }

  private async isCancelled(initial: string, text: string, file: string): Promise<boolean> {
    const unchanged = (await meaning(initial)) === (await meaning(text));
    if (!unchanged && text.split('\n').some((line) => /^\s*[^#\s]/.test(line))) return false;
    rmSync(file, { force: true });
    this.say(unchanged ? 'Edit cancelled, no changes made.' : 'Edit cancelled, saved file was empty.');
    return true;
  }

  private async parsed(text: string): Promise<{ infos: Info[] } | { syntaxError: string }> {
    const { options } = this;
    const built = await new Builder(options.cluster, options.io, options.program, {
      texts: [{ source: 'edited-file', text }],
    }).build();
    try {
      throwCollected(built.errors);
    } catch (error) {
      const several = error instanceof AggregateCliError;
      return { syntaxError: several ? `[${error.errors.map((e) => e.message).join(', ')}]` : plainMessage(error) };
    }
    return { infos: built.infos };
  }

  private async save(updated: readonly Info[], originals: readonly Info[], results: EditResults): Promise<void> {
    const { namespace } = await this.options.cluster();
    for (const info of [...updated, ...originals]) {
      info.object = withManagedFields(info.object!, this.managedFields.get(uidOf(info)));
    }
    for (const info of updated) {
      requireNamespace(info, namespace);
      if (this.options.saveConfig) info.object = withLastApplied(info.object!);
    }
    await this.options.save(updated, originals, results);
  }

  /** What cannot be mended in the editor ends the edit; the file stays. */
  private refuseUnsaved(results: EditResults): void {
    const { program } = this.options;
    if (results.retryable > 0) {
      this.say(`You can run \`${program} replace -f ${results.file}\` to try this update again.`);
    } else if (results.notFound > 0) {
      this.say(`The edits you made on deleted resources have been saved to ${JSON.stringify(results.file)}`);
    } else return;
    throw new PlainError('');
  }

  /** When `work` fails, says where the file is. */
  private async keeping<T>(file: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.preserved(error, file);
    }
  }

  private preserved(error: unknown, file: string): unknown {
    if (file !== '' && existsSync(file)) {
      this.say(`A copy of your changes has been stored to ${JSON.stringify(file)}`);
    }
    return error;
  }

  private say(text: string): void {
    this.options.io.stderr.write(`${text}\n`);
  }
}

export const uidOf = (info: Info): string => info.object!.metadata.uid ?? '';

function withManagedFields(
  object: Unstructured,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): Unstructured {
  const bare = withoutManagedFields(object);
  if (!managedFields) return bare;
  return { ...bare, metadata: { ...bare.metadata, managedFields } } as Unstructured;
}

/** The text without its form: comments, order and layout of YAML. JSON is compared as it stands. */
async function meaning(text: string): Promise<string> {
  if (text.trimStart().startsWith('{')) return text;
  const { parseYaml } = await import('../yaml.ts');
  try {
    return stringifySorted(parseYaml(text));
  } catch {
    return withoutComments(text);
  }
}

async function fileErrors(text: string, check: DocumentCheck | undefined): Promise<string | undefined> {
  if (!check) return undefined;
  const { parseYaml } = await import('../yaml.ts');
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    return (error as Error).message;
  }
  return check(value);
}

/** Upstream: resource.RequireNamespace. */
function requireNamespace(info: Info, namespace: string): void {
  if (!info.mapping.namespaced) return;
  if (!info.namespace) {
    info.namespace = namespace;
    info.object = { ...info.object!, metadata: { ...info.object!.metadata, namespace } };
  } else if (info.namespace !== namespace) {
    throw new Error(
      `the namespace from the provided object ${JSON.stringify(info.namespace)} does not match the namespace ${JSON.stringify(namespace)}. You must pass '--namespace=${info.namespace}' to perform this operation.`,
    );
  }
}
