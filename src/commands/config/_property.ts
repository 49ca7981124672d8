// Dotted property names of `config set` and `config unset`: `contexts.my-context.namespace`, `preferences.colors`. A name
// of a stanza may have dots itself: it ends before the first word that is a field.
// Upstream: kubectl/pkg/cmd/config/navigation_step_parser.go, modifyConfig of set.go.
import { CliError } from '../../cli/errors.ts';
import type { KubeConfig } from '../../client/kubeconfig.ts';
import { STANZAS, wrongBase64 } from '../../client/kubeconfig-shape.ts';

type Stanza = Record<string, unknown>;
type Section = keyof typeof STANZAS;

/** Fields as Go's own structs, and not the file, call them. */
const INTERNAL: Record<string, string> = {
  'act-as': 'as',
  'act-as-uid': 'as-uid',
  'act-as-groups': 'as-groups',
  'act-as-user-extra': 'as-user-extra',
};
const FILED = new Set(Object.values(INTERNAL));

export type Change = { unset: true } | { value: string; rawBytes: boolean };

export function changeProperty(config: KubeConfig, property: string, change: Change): void {
  const [first = '', ...rest] = property.split('.');
  if (first === 'current-context') return changeCurrentContext(config, property, rest, change);
  if (first === 'preferences') return changePreferences(config, property, rest, change);
  if (!Object.hasOwn(STANZAS, first)) throw new CliError(`unable to parse ${property} after [] at api.Config`);
  changeStanzas(config[first as Section] as Map<string, Stanza>, { section: first as Section, property, rest, change });
}

function changeCurrentContext(config: KubeConfig, property: string, rest: readonly string[], change: Change): void {
  if (rest.length > 0) throw unparsed(property);
  config.currentContext = 'unset' in change ? '' : change.value;
}

function changePreferences(config: KubeConfig, property: string, rest: readonly string[], change: Change): void {
  if (rest.length === 0 && 'unset' in change) {
    config.preferences = {};
    return;
  }
  if (rest[0] !== 'colors')
    throw new CliError(`unable to parse ${property} after [{preferences api.Preferences}] at api.Preferences`);
  if (rest.length > 1) throw unparsed(property);
  const colors = !('unset' in change) && toBool(change.value);
  const { colors: _, ...others } = config.preferences;
  config.preferences = { ...(colors ? { colors } : {}), ...others };
}

interface Place {
  section: Section;
  property: string;
  rest: readonly string[];
  change: Change;
}

function changeStanzas(stanzas: Map<string, Stanza>, { section, property, rest, change }: Place): void {
  const unset = 'unset' in change;
  if (rest.length === 0) {
    if (unset) return stanzas.clear();
    throw new CliError(`can't set a map to a value: ${section}`);
  }
  const { fields } = STANZAS[section];
  const known = (word: string): boolean =>
    Object.hasOwn(INTERNAL, word) ? section === 'users' : Object.hasOwn(fields, word) && !FILED.has(word);
  const at = rest.findIndex((word, i) => i > 0 && known(word));
  const name = (at < 0 ? rest : rest.slice(0, at)).join('.');
  if (at < 0) {
    if (!unset) throw new CliError(`can't set a map to a value: ${section}`);
    stanzas.delete(name);
    return;
  }
  const field = INTERNAL[rest[at]!] ?? rest[at]!;
  if (rest.length > at + 1) throw unparsed(property);
  if (unset && !stanzas.has(name)) throw new CliError(`current map key \`${name}\` is invalid`);
  const stanza = { ...stanzas.get(name) };
  if (unset) delete stanza[field];
  else stanza[field] = valueOf(field, fields[field], change);
  stanzas.set(name, stanza);
}

function valueOf(field: string, type: unknown, { value, rawBytes }: Exclude<Change, { unset: true }>): unknown {
  if (type === 'string') return value;
  if (type === 'bool') return toBool(value);
  if (type !== '[]byte') throw new CliError(`cannot set ${field} to a single value`);
  if (rawBytes) return Buffer.from(value).toString('base64');
  const at = wrongBase64(value);
  if (at !== undefined) throw new CliError(`error decoding input value: illegal base64 data at input byte ${at}`);
  // Line ends in it are passed over, and not written again.
  return value.replaceAll(/[\r\n]/g, '');
}

/** Go's strconv.ParseBool. */
function toBool(text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new CliError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const unparsed = (property: string): CliError =>
  new CliError(`unable to parse one or more field values of ${property}`);
