// The parts that tables of several kinds share: age, images, selectors, addresses. Upstream: the format* and translate*
// functions of pkg/printers/internalversion/printers.go.
import { ageOf } from '../../duration.ts';
import type { Column } from '../../kind.ts';
import { type LabelSelector, formatLabelSelector } from '../../selector.ts';
import type { KubeObject } from '../../types.ts';
import { texts } from './column-texts.ts';

type Value<T> = Column<T>['value'];

export function column<T>(name: string, type: Column<T>['type'], description: string, value: Value<T>): Column<T> {
  return { name, type, description, value };
}
/** Shown with `-o wide` only. */
export function wide<T>(name: string, type: Column<T>['type'], description: string, value: Value<T>): Column<T> {
  return { name, type, description, priority: 1, value };
}

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: texts['ObjectMeta.name']!,
  value: (object) => object.metadata?.name ?? '',
};

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: texts['ObjectMeta.creationTimestamp']!,
  value: (object, nowMs) => ageOf(object.metadata?.creationTimestamp, nowMs),
};

export const createdAtColumn: Column<KubeObject> = {
  name: 'Created At',
  type: 'date',
  description: texts['ObjectMeta.creationTimestamp']!,
  value: (object) => object.metadata?.creationTimestamp ?? null,
};

interface ContainerLike {
  name: string;
  image?: string;
}
interface TemplateOwner extends KubeObject {
  spec?: { template?: { spec?: { containers?: readonly ContainerLike[] } } };
}

export const CONTAINERS_TEXT = 'Names of each container in the template.';
export const IMAGES_TEXT = 'Images referenced by each container in the template.';
export const containerNames = (list: readonly ContainerLike[] | undefined): string =>
  list?.map((c) => c.name).join(',') ?? '';
export const containerImages = (list: readonly ContainerLike[] | undefined): string =>
  list?.map((c) => c.image ?? '').join(',') ?? '';

export const containersColumn = wide<TemplateOwner>('Containers', 'string', CONTAINERS_TEXT, (o) =>
  containerNames(o.spec?.template?.spec?.containers),
);
export const imagesColumn = wide<TemplateOwner>('Images', 'string', IMAGES_TEXT, (o) =>
  containerImages(o.spec?.template?.spec?.containers),
);

export function selectorColumn(text: string): Column<KubeObject & { spec?: { selector?: LabelSelector } }> {
  return wide('Selector', 'string', text, (o) => formatLabelSelector(o.spec?.selector));
}

interface LoadBalancerStatus {
  ingress?: readonly { ip?: string; hostname?: string }[];
}

/** Sorted and unique, as upstream's set. Tables of the server are never clipped: they are made for wide output. */
export function loadBalancerAddresses(status: LoadBalancerStatus | undefined): string {
  const found = new Set<string>();
  for (const { ip, hostname } of status?.ingress ?? []) if (ip || hostname) found.add((ip || hostname)!);
  return [...found].sort().join(',');
}

/** The first three, then how many more; `empty` when there is none. */
export function firstThree(list: readonly string[], empty: string): string {
  if (list.length > 3) return `${list.slice(0, 3).join(',')} + ${list.length - 3} more...`;
  return list.join(',') || empty;
}

export const booleanText = (value: boolean | null | undefined): string =>
  value == null ? '<unset>' : value ? 'True' : 'False';

export const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
