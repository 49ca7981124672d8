// Values that may be absent. Upstream: cel-go cel/library.go (OptionalTypes), cel/decls.go.
import { type FunctionTable, declare } from '../functions.ts';
import { CelError, Duration, Optional, Timestamp, equal, lookUp, numeric } from '../values.ts';

/** Of Go's time: the first of January of the year 1. */
const ZERO_TIME = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1_000_000n;

const isZero = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === '' ||
  equal(value, 0n) ||
  (value instanceof Duration && value.nanos === 0n) ||
  (value instanceof Timestamp && value.nanos === ZERO_TIME) ||
  (Array.isArray(value) && value.length === 0) ||
  (value instanceof Map && value.size === 0) ||
  (value instanceof Uint8Array && value.length === 0);

function valueOf(optional: Optional): unknown {
  if (!optional.has) throw new CelError('optional.none() dereference');
  return optional.value;
}

const present = (value: unknown): Optional => (value === undefined ? Optional.none : Optional.of(value));
const at = (list: unknown[], index: unknown): Optional => present(list[Number(numeric(index))]);
const within = <T>(wrapped: Optional, look: (value: T, key: unknown) => Optional, key: unknown): Optional =>
  wrapped.has ? look(wrapped.value as T, key) : Optional.none;
const unwrap = (list: Optional[]): unknown[] => list.filter((item) => item.has).map((item) => item.value);

export function declareOptionals(table: FunctionTable): void {
  declare(table, 'optional_of', 'optional.of(A) optional(A)', Optional.of);
  declare(table, 'optional_none', 'optional.none() optional(A)', () => Optional.none);
  const ofNonZero = (value: unknown): Optional => (isZero(value) ? Optional.none : Optional.of(value));
  declare(table, 'optional_ofNonZeroValue', 'optional.ofNonZeroValue(A) optional(A)', ofNonZero);
  declare(table, 'optional_hasValue', '.hasValue(optional(A)) bool', (o: Optional) => o.has);
  declare(table, 'optional_value', '.value(optional(A)) A', valueOf);
  declare(table, 'optional_or_optional', '.or(optional(A), optional(A)) optional(A)', (a: Optional, b: Optional) =>
    a.has ? a : b,
  );
  declare(table, 'optional_orValue_value', '.orValue(optional(A), A) A', (a: Optional, b: unknown) =>
    a.has ? a.value : b,
  );
  declare(table, 'optional_unwrap', 'optional.unwrap(list(optional(A))) list(A)', unwrap);
  declare(table, 'optional_unwrapOpt', '.unwrapOpt(list(optional(A))) list(A)', unwrap);
  declare(table, 'list_first', '.first(list(A)) optional(A)', (list: unknown[]) => present(list[0]));
  declare(table, 'list_last', '.last(list(A)) optional(A)', (list: unknown[]) => present(list.at(-1)));
  const get = (map: Map<unknown, unknown>, key: unknown): Optional => present(lookUp(map, key));
  declare(table, 'list_optindex_optional_int', '_[?_](list(A), int) optional(A)', at);
  const inList = (list: Optional, key: unknown): Optional => within(list, at, key);
  declare(table, 'optional_list_optindex_optional_int', '_[?_](optional(list(A)), int) optional(A)', inList);
  declare(table, 'map_optindex_optional_value', '_[?_](map(A, B), A) optional(B)', get);
  const inMap = (map: Optional, key: unknown): Optional => within(map, get, key);
  declare(table, 'optional_map_optindex_optional_value', '_[?_](optional(map(A, B)), A) optional(B)', inMap);
  declare(table, 'optional_list_index_int', '_[_](optional(list(A)), int) optional(A)', inList);
  declare(table, 'optional_map_index_value', '_[_](optional(map(A, B)), A) optional(B)', inMap);
}
