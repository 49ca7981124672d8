// Roles and bindings share their pages. Upstream: kubectl/pkg/describe RoleDescriber, kubectl/pkg/util/rbac.
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { annotationLines, labelLines } from './_metadata.ts';

interface Row {
  group: string;
  resource: string;
  resourceNames: string[];
  nonResourceUrls: string[];
  verbs: string[];
}

function head(object: KubeObject): Document {
  const doc = new Document();
  doc.field(0, 'Name', object.metadata?.name ?? '');
  labelLines(doc, 'Labels', object.metadata?.labels);
  annotationLines(doc, 'Annotations', object.metadata?.annotations);
  return doc;
}

export function describeRole(role: KubeObject & { rules?: PolicyRule[] | null }): string {
  const doc = head(role);
  doc.line(0, 'PolicyRule:');
  doc.line(1, 'Resources\tNon-Resource URLs\tResource Names\tVerbs');
  doc.line(1, '---------\t-----------------\t--------------\t-----');
  for (const row of policyRows(role.rules ?? [])) {
    const lists = [row.nonResourceUrls, row.resourceNames, row.verbs].map((l) => `[${l.join(' ')}]`);
    doc.line(1, `${resourceText(row)}\t${lists.join('\t')}`);
  }
  return doc.toString();
}

export function describeBinding(binding: KubeObject & { roleRef?: RoleRef; subjects?: Subject[] | null }): string {
  const doc = head(binding);
  doc.line(0, 'Role:');
  doc.field(1, 'Kind', binding.roleRef?.kind ?? '');
  doc.field(1, 'Name', binding.roleRef?.name ?? '');
  doc.line(0, 'Subjects:');
  doc.line(1, 'Kind\tName\tNamespace');
  doc.line(1, '----\t----\t---------');
  for (const s of binding.subjects ?? []) doc.line(1, `${s.kind}\t${s.name}\t${s.namespace ?? ''}`);
  return doc.toString();
}

/** `deployments.apps/scale` */
function resourceText({ group, resource }: Row): string {
  if (resource === '') return '';
  const [name, ...rest] = resource.split('/');
  return `${name}${group ? `.${group}` : ''}${rest.length > 0 ? `/${rest.join('/')}` : ''}`;
}

/** One row for each resource (and resource name) with all its verbs; rows sorted as upstream sorts their text. */
export function policyRows(rules: readonly PolicyRule[]): Row[] {
  const rows: Row[] = [];
  const merged = new Map<string, Row>();
  for (const rule of rules) {
    const names = rule.resourceNames?.length ? rule.resourceNames : [undefined];
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        for (const verb of rule.verbs) for (const name of names) addVerb(merged, rows, group, resource, name, verb);
      }
    }
    for (const url of rule.nonResourceURLs ?? []) {
      for (const verb of rule.verbs) {
        rows.push({ group: '', resource: '', resourceNames: [], nonResourceUrls: [url], verbs: [verb] });
      }
    }
  }
  const key = (r: Row): string => {
    const groups = r.resource === '' ? '' : r.group;
    return `${r.verbs.join(' ')}],APIGroups:[${groups}],Resources:[${r.resource}],ResourceNames:[${r.resourceNames}],NonResourceURLs:[${r.nonResourceUrls}]`;
  };
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function addVerb(
  merged: Map<string, Row>,
  rows: Row[],
  group: string,
  resource: string,
  name: string | undefined,
  verb: string,
): void {
  const key = `${group}|${resource}|${name ?? ''}`;
  const found = merged.get(key);
  if (found) {
    if (!found.verbs.includes(verb)) found.verbs.push(verb);
    return;
  }
  const row: Row = {
    group,
    resource,
    resourceNames: name === undefined ? [] : [name],
    nonResourceUrls: [],
    verbs: [verb],
  };
  merged.set(key, row);
  rows.push(row);
}
