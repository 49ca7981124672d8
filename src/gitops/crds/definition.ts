// What both custom resource definitions are made of. Objects of an existing Flux installation are used as they are.
import type { Unstructured } from '../../api/types.ts';

export type Property = Record<string, unknown>;

export const text = (description: string, rest: Property = {}): Property => ({ type: 'string', description, ...rest });
export const flag = (description: string, rest: Property = {}): Property => ({ type: 'boolean', description, ...rest });
export const duration = (description: string): Property =>
  text(description, { pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$' });
export const object = (description: string, properties: Property, required: string[] = []): Property => ({
  type: 'object',
  description,
  properties,
  ...(required.length > 0 ? { required } : {}),
});
export const list = (description: string, items: Property): Property => ({ type: 'array', description, items });
export const strings = (description: string): Property => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});

export const conditions = list(
  'What is known of the object: Ready, Reconciling, Stalled.',
  object(
    'One condition.',
    {
      type: text('The kind of the condition.'),
      status: text('True, False, or Unknown.', { enum: ['True', 'False', 'Unknown'] }),
      reason: text('One word for programs.'),
      message: text('A sentence for people.'),
      lastTransitionTime: text('When the status changed last.', { format: 'date-time' }),
      observedGeneration: { type: 'integer', format: 'int64', description: 'The generation that it speaks of.' },
    },
    ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  ),
);

export interface Definition {
  group: string;
  kind: string;
  plural: string;
  short: string[];
  description: string;
  spec: Property;
  status: Property;
  columns: { name: string; jsonPath: string; type?: string; priority?: number }[];
  /** Newest first; the first is stored. */
  versions: string[];
}

export function customResourceDefinition(d: Definition): Unstructured {
  const singular = d.kind.toLowerCase();
  const ready = '.status.conditions[?(@.type=="Ready")]';
  const columns = [
    ...d.columns,
    { name: 'Ready', jsonPath: `${ready}.status` },
    { name: 'Status', jsonPath: `${ready}.message` },
  ];
  const age = { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' };
  const openAPIV3Schema = {
    type: 'object',
    description: d.description,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: d.spec,
      status: d.status,
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${d.plural}.${d.group}`,
      labels: { 'app.kubernetes.io/part-of': 'sampan', 'app.kubernetes.io/component': 'gitops' },
    },
    spec: {
      group: d.group,
      scope: 'Namespaced',
      names: { kind: d.kind, listKind: `${d.kind}List`, plural: d.plural, singular, shortNames: d.short },
      versions: d.versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema },
        subresources: { status: {} },
        additionalPrinterColumns: [...columns.map((c) => ({ type: 'string', ...c })), age],
      })),
    },
  };
}
