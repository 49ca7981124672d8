// What a kubeconfig file may hold: fields in the order of Go's structs with their types, the errors of a decoder that
// meets another type, and stanzas as they are written back. Upstream: client-go/tools/clientcmd/api/v1/types.go.
import { Buffer } from 'node:buffer';

type Type = 'string' | 'bool' | '[]byte' | '[]string' | 'map[string]string' | 'map[string][]string' | 'any' | Struct;

export interface Struct {
  name: string;
  fields: Readonly<Record<string, Type>>;
  /** Fields that are written when they are empty, too. */
  always: readonly string[];
}

const EXEC_ENV: Struct = { name: 'ExecEnvVar', fields: { name: 'string', value: 'string' }, always: ['name', 'value'] };
const EXEC: Struct = {
  name: 'ExecConfig',
  fields: {
    command: 'string',
    args: '[]string',
    env: 'any',
    apiVersion: 'string',
    installHint: 'string',
    provideClusterInfo: 'bool',
    interactiveMode: 'string',
  },
  always: ['command', 'args', 'env', 'provideClusterInfo'],
};
const PROVIDER: Struct = {
  name: 'AuthProviderConfig',
  fields: { name: 'string', config: 'map[string]string' },
  always: ['name', 'config'],
};

export const STANZAS: Readonly<Record<'clusters' | 'users' | 'contexts', Struct>> = {
  clusters: {
    name: 'Cluster',
    fields: {
      server: 'string',
      'tls-server-name': 'string',
      'insecure-skip-tls-verify': 'bool',
      'certificate-authority': 'string',
      'certificate-authority-data': '[]byte',
      'proxy-url': 'string',
      'disable-compression': 'bool',
      extensions: 'any',
    },
    always: ['server'],
  },
  users: {
    name: 'AuthInfo',
    fields: {
      'client-certificate': 'string',
      'client-certificate-data': '[]byte',
      'client-key': 'string',
      'client-key-data': '[]byte',
      token: 'string',
      tokenFile: 'string',
      as: 'string',
      'as-uid': 'string',
      'as-groups': '[]string',
      'as-user-extra': 'map[string][]string',
      username: 'string',
      password: 'string',
      'auth-provider': PROVIDER,
      exec: EXEC,
      extensions: 'any',
    },
    always: [],
  },
  contexts: {
    name: 'Context',
    fields: { cluster: 'string', user: 'string', namespace: 'string', extensions: 'any' },
    always: ['cluster', 'user'],
  },
};

const SINGULAR = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Empty fields and what is not known left out, in Go's order. */
export function formOf(struct: Struct, stanza: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(struct.fields)) {
    const value = stanza[name];
    if (typeof type === 'object') {
      if (isMap(value)) out[name] = formOf(type, value);
    } else if (struct.always.includes(name)) out[name] = value ?? zeroOf(type);
    else if (!isEmpty(value)) out[name] = value;
  }
  return out;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isMap(value)) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || value === false;
}

const zeroOf = (type: Type): unknown => (type === 'string' ? '' : type === 'bool' ? false : null);

/** What Go's decoder says of the first value of a wrong type; undefined when there is none. */
export function wrongShape(raw: unknown): string | undefined {
  if (!isMap(raw)) return VERSION_KIND(goType(raw));
  const config = new Shape('Config');
  config.check(raw['preferences'], 'preferences', { name: 'Preferences', fields: { colors: 'bool' }, always: [] });
  for (const section of ['clusters', 'users', 'contexts'] as const) config.section(section, raw[section]);
  config.check(raw['current-context'], 'current-context', 'string');
  config.list(raw['extensions'], 'extensions', '[]v1.NamedExtension');
  return config.wrong;
}

const VERSION_KIND = (type: string): string =>
  `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;

const goType = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;

class Shape {
  wrong: string | undefined;
  constructor(private readonly root: string) {}

  section(section: keyof typeof STANZAS, list: unknown): void {
    const struct = STANZAS[section];
    const type = `v1.Named${struct.name}`;
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) return this.fail(list, this.root, section, `[]${type}`);
    const seen = new Set<unknown>();
    for (const entry of list) {
      if (!isMap(entry)) return this.fail(entry, this.root, section, type);
      const of = `Named${struct.name}`;
      this.check(entry['name'], `${section}.name`, 'string', of);
      this.check(entry[SINGULAR[section]], `${section}.${SINGULAR[section]}`, struct, of);
      if (seen.has(entry['name'])) {
        const to = struct.name === 'AuthInfo' ? 'AuthInfo' : struct.name;
        this.wrong ??= `error converting *[]Named${to} into *map[string]*api.${to}: duplicate name ${JSON.stringify(entry['name'])} in list`;
      }
      seen.add(entry['name']);
    }
  }

  check(value: unknown, path: string, type: Type, of = this.root): void {
    if (value === undefined || value === null || type === 'any') return;
    if (typeof type === 'object') {
      if (!isMap(value)) return this.fail(value, of, path, `v1.${type.name}`);
      for (const [name, inner] of Object.entries(type.fields)) {
        this.check(value[name], `${path}.${name}`, inner, type.name);
      }
      if (type === EXEC) this.environment(value['env'], `${path}.env`);
    } else if (type === '[]byte') this.bytes(value, of, path);
    else if (!fits(value, type)) this.fail(value, of, path, type);
  }

  list(value: unknown, path: string, type: string): void {
    if (value !== undefined && value !== null && !Array.isArray(value)) this.fail(value, this.root, path, type);
  }

  private environment(list: unknown, path: string): void {
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) return this.fail(list, EXEC.name, path, '[]v1.ExecEnvVar');
    for (const entry of list) this.check(entry, path, EXEC_ENV, EXEC.name);
  }

  private bytes(value: unknown, of: string, path: string): void {
    if (typeof value !== 'string') return this.fail(value, of, path, '[]uint8');
    const at = wrongBase64(value);
    if (at !== undefined) this.wrong ??= `illegal base64 data at input byte ${at}`;
  }

  private fail(value: unknown, of: string, path: string, type: string): void {
    this.wrong ??= `json: cannot unmarshal ${goType(value)} into Go struct field ${of}.${path} of type ${type}`;
  }
}

function fits(value: unknown, type: Exclude<Type, Struct>): boolean {
  if (type === 'string') return typeof value === 'string';
  if (type === 'bool') return typeof value === 'boolean';
  if (type === '[]string') return Array.isArray(value);
  return isMap(value);
}

/** Where base64 is broken; undefined when it is sound. */
export function wrongBase64(text: string): number | undefined {
  const data = text.replaceAll(/[\r\n]/g, '');
  const at = /[^A-Za-z0-9+/=]/.exec(data)?.index;
  if (at !== undefined) return at;
  return data.length % 4 === 0 && Buffer.from(data, 'base64').length > 0 === data.length > 0
    ? undefined
    : data.length - (data.length % 4);
}
