// Printers of whole objects: json, yaml, name, jsonpath, templates, custom columns. A printer turns an object (or a
// List) into text; engines are loaded by the format that needs them. Upstream: genericclioptions.PrintFlags.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringifyJson, stringifySorted } from '../../api/codec/json.ts';
import { parseApiVersion, type Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import { flag } from '../pflag.ts';

export type Printer = (object: Unstructured) => string;

const BASE_FORMATS = [
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'name',
  'template',
  'templatefile',
  'yaml',
];

/** Flags of every command that prints objects. */
export const printFlags = {
  'allow-missing-template-keys': flag.bool(
    'If true, ignore any errors in templates when a field or map key is missing in the template. Only applies to golang and jsonpath output formats.',
    { default: true },
  ),
  output: flag.string(
    'Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).',
    { short: 'o' },
  ),
  'show-managed-fields': flag.bool('If true, keep the managedFields when printing objects in JSON or YAML format.'),
  template: flag.string(
    'Template string or path to template file to use when -o=go-template, -o=go-template-file. The template format is golang templates [http://golang.org/pkg/text/template/#pkg-overview].',
  ),
};

export interface PrintOptions {
  output: string;
  template?: string;
  allowMissingKeys?: boolean;
  showManagedFields?: boolean;
  noHeaders?: boolean;
  /** JSON has the order of Go's structs, as Go prints what it holds as such; other kinds that of the object. */
  typed?: boolean;
  /** custom-columns is offered too (get). */
  customColumns?: boolean;
  /** Formats that the command offers besides these; named in the error. */
  extraFormats?: readonly string[];
  cwd?: string;
  /** Told what explains a failed template, for stdout. */
  onFailure?(text: string): void;
}

/** Reads the print flags. Formats that stand before an `=` carry their argument in the value. */
export const printOptionsOf = (flags: {
  output: string;
  template: string;
  'allow-missing-template-keys': boolean;
  'show-managed-fields': boolean;
}): PrintOptions => ({
  output: flags.output,
  template: flags.template,
  allowMissingKeys: flags['allow-missing-template-keys'],
  showManagedFields: flags['show-managed-fields'],
});

/** The printer for `-o`; throws for a format that there is none for. */
export async function objectPrinter(options: PrintOptions): Promise<Printer> {
  const { format, argument } = split(options);
  const read = (path: string, what = '--template'): string => readTemplate(path, what, options.cwd ?? process.cwd());
  switch (format) {
    case 'json':
      return jsonPrinter(options);
    case 'yaml':
      return yamlPrinter(options);
    case 'kyaml':
      if (!kyamlOffered()) break;
      return kyamlPrinter(options);
    case 'name':
      return namePrinter;
    case 'jsonpath':
    case 'jsonpath-as-json':
    case 'jsonpath-file': {
      const { jsonpathPrinter } = await import('./jsonpath.ts');
      const template = format === 'jsonpath-file' ? read(argument) : argument;
      return jsonpathPrinter(template, { ...options, asJson: format === 'jsonpath-as-json' });
    }
    case 'go-template':
    case 'template':
    case 'go-template-file':
    case 'templatefile': {
      const { templatePrinter } = await import('./template.ts');
      return templatePrinter(format.endsWith('file') ? read(argument) : argument, options);
    }
    case 'custom-columns':
    case 'custom-columns-file':
      if (options.customColumns) {
        const columns = await import('./custom-columns.ts');
        const spec =
          format === 'custom-columns' ? columns.fromSpec(argument) : columns.fromTemplate(read(argument, 'template'));
        return columns.customColumnsPrinter(spec, options.noHeaders === true, options.onFailure);
      }
  }
  throw noPrinter(options);
}

export function noPrinter(options: PrintOptions, base: readonly string[] = BASE_FORMATS): CliError {
  const formats = [
    ...base,
    ...(kyamlOffered() ? ['kyaml'] : []),
    ...(options.customColumns ? ['custom-columns', 'custom-columns-file'] : []),
    ...(options.extraFormats ?? []),
  ];
  return new CliError(
    `unable to match a printer suitable for the output format ${JSON.stringify(options.output)}, allowed formats are: ${formats.sort().join(',')}`,
  );
}

const WITH_ARGUMENT =
  /^(jsonpath|jsonpath-as-json|jsonpath-file|go-template|go-template-file|template|templatefile|custom-columns|custom-columns-file)(?:=([\s\S]*))?$/;

function split(options: PrintOptions): { format: string; argument: string } {
  let output = options.output;
  if (output === '' && options.template) output = 'go-template';
  const match = WITH_ARGUMENT.exec(output);
  if (!match) return { format: output, argument: '' };
  const argument = match[2] ?? options.template ?? '';
  if (argument === '' && match[1] === 'custom-columns-file') {
    throw new CliError('custom-columns format specified but no custom columns given');
  }
  if (argument === '' && match[1] !== 'custom-columns') {
    throw new CliError(`template format specified but no template given`);
  }
  return { format: match[1]!, argument };
}

function readTemplate(path: string, what: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message;
    throw new CliError(`error reading ${what} ${path}, open ${path}: ${why}\n`);
  }
}

async function jsonPrinter(options: PrintOptions): Promise<Printer> {
  if (options.typed) {
    const { inGoOrder } = await import('../go-order.ts');
    return (o) => `${stringifyJson(inGoOrder(clean(o, options)), 4)}\n`;
  }
  return (o) =>
    isWatchEvent(o)
      ? `{"type":${JSON.stringify(o.type)},"object":${stringifySorted(o.object)}}\n`
      : `${stringifySorted(clean(o, options), 4)}\n`;
}

async function yamlPrinter(options: PrintOptions): Promise<Printer> {
  const { toYaml } = await import('../yaml.ts');
  let printed = 0;
  return (object) => (printed++ > 0 ? '---\n' : '') + toYaml(clean(object, options));
}

async function kyamlPrinter(options: PrintOptions): Promise<Printer> {
  const { stringifyKyaml } = await import('../../api/codec/kyaml.ts');
  if (!options.typed) return (object) => stringifyKyaml(clean(object, options));
  const { inGoOrder } = await import('../go-order.ts');
  return (object) => stringifyKyaml(inGoOrder(clean(object, options)), true);
}

/** Since 1.34, when the user asks for it. */
const kyamlOffered = (): boolean => (process.env['KUBECTL_KYAML'] ?? '').toLowerCase() === 'true';

/** managedFields are noise unless asked for. */
function clean(object: Unstructured, options: PrintOptions): Unstructured {
  if (options.showManagedFields) return object;
  const items = (object as { items?: unknown }).items;
  if (Array.isArray(items)) return { ...object, items: (items as Unstructured[]).map(withoutManagedFields) };
  return withoutManagedFields(object);
}

export function withoutManagedFields(object: Unstructured): Unstructured {
  if (!object?.metadata?.managedFields) return object;
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

/** What `get -w --output-watch-events` prints. As JSON it is one line. */
const isWatchEvent = (value: unknown): value is { type: string; object: Unstructured } =>
  typeof (value as { type?: unknown }).type === 'string' &&
  'object' in (value as object) &&
  !('kind' in (value as object));

/** `pod/x`, `deployment.apps/x`; lists give one line for each item. */
export const namePrinter: Printer = (object) => {
  if (isWatchEvent(object)) return namePrinter(object.object);
  const items = (object as { items?: unknown }).items;
  if (Array.isArray(items)) return (items as Unstructured[]).map(namePrinter).join('');
  return `${objectName(object)}\n`;
};

/** `deployment.apps/x` */
export function objectName(object: Unstructured): string {
  const { group } = parseApiVersion(object.apiVersion ?? '');
  const kind = (object.kind ?? '<unknown>').toLowerCase();
  return `${group ? `${kind}.${group}` : kind}/${object.metadata?.name ?? '<unknown>'}`;
}
