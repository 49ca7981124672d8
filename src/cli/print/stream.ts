// A long list printed page by page as it arrives: the bytes of one List, without ever holding it.
import { stringifySorted } from '../../api/codec/json.ts';
import type { Unstructured } from '../../api/types.ts';
import { namePrinter, type PrintOptions, withoutManagedFields } from './object.ts';

/** Texts of pages, and what stands around them. */
export interface ListStream {
  page(items: readonly Unstructured[]): string;
  end(): string;
}

/** Undefined for a format that needs the whole list. */
export async function listStream(options: PrintOptions): Promise<ListStream | undefined> {
  switch (options.output) {
    case 'json':
      return new JsonStream(options);
    case 'yaml':
      return new YamlStream(options, (await import('../yaml.ts')).toYaml);
    case 'name':
      return { page: (items) => items.map(namePrinter).join(''), end: () => '' };
  }
  return undefined;
}

abstract class ItemStream implements ListStream {
  protected printed = 0;
  private readonly options: PrintOptions;
  constructor(options: PrintOptions) {
    this.options = options;
  }

  page(items: readonly Unstructured[]): string {
    if (items.length === 0) return '';
    const shown = this.options.showManagedFields ? items : items.map(withoutManagedFields);
    const text = this.text(shown);
    this.printed += items.length;
    return text;
  }

  protected abstract text(items: readonly Unstructured[]): string;
  abstract end(): string;
}

class JsonStream extends ItemStream {
  protected text(items: readonly Unstructured[]): string {
    // Inside an object of one member the items have the indentation that they have in the List.
    const lines = stringifySorted({ items }, 4).slice('{\n    "items": [\n'.length, -'\n    ]\n}'.length);
    return (this.printed === 0 ? '{\n    "apiVersion": "v1",\n    "items": [\n' : ',\n') + lines;
  }

  end(): string {
    const head = this.printed === 0 ? '{\n    "apiVersion": "v1",\n    "items": []' : '\n    ]';
    return `${head},\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n`;
  }
}

class YamlStream extends ItemStream {
  private readonly toYaml: (value: unknown) => string;
  constructor(options: PrintOptions, toYaml: (value: unknown) => string) {
    super(options);
    this.toYaml = toYaml;
  }

  protected text(items: readonly Unstructured[]): string {
    const lines = this.toYaml({ items }).slice('items:\n'.length);
    return (this.printed === 0 ? 'apiVersion: v1\nitems:\n' : '') + lines;
  }

  end(): string {
    const head = this.printed === 0 ? 'apiVersion: v1\nitems: []\n' : '';
    return `${head}kind: List\nmetadata:\n  resourceVersion: ""\n`;
  }
}
