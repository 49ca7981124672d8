// Rows of tables as text with a gap for the age, made once for each revision of an object: what else is in a row follows
// from the object. Rows in which other cells depend on the time (restarts a while ago, running jobs) are made anew.
import { stringifyJson } from '../../../api/codec/json.ts';
import { ageOf } from '../../../api/duration.ts';
import { ageColumn } from '../../../api/kinds/shared/columns.ts';
import type { AnyKind, Column } from '../../../api/kind.ts';
import { columnsOf, rowFor } from '../../../api/table.ts';
import type { Entry } from '../cache/entry.ts';
import { type MetadataRange, metadataRange } from '../cache/metadata-bytes.ts';
import type { Endpoint } from '../registry.ts';
import { glanceOf } from './view.ts';

interface RowTemplate {
  /** `{"cells":["a","1/1",` and what follows the age: `],"conditions":[…]`. Without an age all is in `before`. */
  before: string;
  after: string;
  /** A timestamp; undefined when no cell shows an age. */
  since: string | undefined;
  /** Other cells than the age depend on the time: the texts are empty. */
  timed: boolean;
  /** Where the object's metadata stands in its bytes; both are 0 when it may stand anywhere. */
  start: number;
  end: number;
}

/** Records, maps and their place in the cache of faces, about. */
const OVERHEAD_BYTES = 200;

/** Where the metadata stands, found once; undefined when it may stand anywhere. */
export function rangeOf(entry: Entry): MetadataRange | undefined {
  const range = entry.face(
    'range',
    () => metadataRange(entry.bytes) ?? NOWHERE,
    () => OVERHEAD_BYTES,
  );
  return range === NOWHERE ? undefined : range;
}
const NOWHERE: MetadataRange = { start: 0, end: 0, managedStart: 0, managedEnd: 0 };

/** Made once for an entry and a definition: a custom resource's columns may change under its objects. */
export function rowTemplate(endpoint: Endpoint, entry: Entry, nowMs: number): RowTemplate {
  return entry.face(
    rowFace(endpoint.definition),
    () => templateOf(endpoint, entry, nowMs),
    ({ before, after }) => before.length + after.length + OVERHEAD_BYTES,
  );
}

/** A row up to and without its closing brace. */
export function rowText(template: RowTemplate, endpoint: Endpoint, entry: Entry, nowMs: number): string {
  const { before, after, since, timed } = template;
  if (timed) {
    const { cells, conditions } = rowFor(endpoint.definition, glanceOf(entry, endpoint), nowMs, 'None');
    return `{"cells":${stringifyJson(cells)}${conditionsText(conditions)}`;
  }
  return since === undefined ? before : `${before}"${ageOf(since, nowMs)}"${after}`;
}

const faces = new WeakMap<AnyKind, string>();
let faceCount = 0;

function rowFace(definition: AnyKind): string {
  let name = faces.get(definition);
  if (name === undefined) faces.set(definition, (name = `row ${++faceCount}`));
  return name;
}

const CENTURY_MS = 100 * 365.25 * 24 * 3_600_000;

function templateOf(endpoint: Endpoint, entry: Entry, nowMs: number): RowTemplate {
  const { definition } = endpoint;
  const { start, end } = metadataRange(entry.bytes) ?? NOWHERE;
  const object = glanceOf(entry, endpoint);
  const columns = columnsOf(definition);
  const row = rowFor(definition, object, nowMs, 'None');
  let age = -1;
  for (let i = 0; i < columns.length; i++) {
    const { value } = columns[i]!;
    if (value === (ageColumn as Column<unknown>).value && age < 0) age = i;
    else if (value.length > 1 && value(object, nowMs + CENTURY_MS) !== row.cells[i]) {
      return { before: '', after: '', since: undefined, timed: true, start, end };
    }
  }
  const conditions = conditionsText(row.conditions);
  const since = object.metadata.creationTimestamp;
  if (age < 0 || !since) {
    const before = `{"cells":${stringifyJson(row.cells)}${conditions}`;
    return { before, after: '', since: undefined, timed: false, start, end };
  }
  const first = stringifyJson(row.cells.slice(0, age)).slice(0, -1);
  const last = stringifyJson(row.cells.slice(age + 1)).slice(1);
  const before = `{"cells":${first}${age > 0 ? ',' : ''}`;
  const after = `${age + 1 < columns.length ? ',' : ''}${last}${conditions}`;
  return { before, after, since, timed: false, start, end };
}

const conditionsText = (conditions: object[] | undefined): string =>
  conditions ? `,"conditions":${stringifyJson(conditions)}` : '';
