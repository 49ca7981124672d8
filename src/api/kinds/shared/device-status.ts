// The status of a ResourceClaim: which devices it got, who uses them, and what drivers say of them. Upstream:
// validateResourceClaimStatusUpdate of pkg/apis/resource/validation.
import type { NodeSelector } from 'kubernetes-types/core/v1.js';
import { byteLength } from '../../names.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { formatAddress, parseNetwork } from './addresses.ts';
import { type Condition, conditions } from './conditions.ts';
import { csiDriverName } from './csi-names.ts';
import {
  type Configuration,
  type Devices,
  each,
  poolName,
  requestNames,
  validateConfigurations,
  validateRaw,
  validateReference,
} from './device-requests.ts';
import { dnsLabel, immutable, oneOf } from './field-rules.ts';
import { validateNodeSelector } from './pod-scheduling.ts';

interface Device {
  driver?: string;
  pool?: string;
  device?: string;
  shareID?: string;
}
interface Consumer {
  apiGroup?: string;
  resource?: string;
  name?: string;
  uid?: string;
}
interface NetworkData {
  interfaceName?: string;
  hardwareAddress?: string;
  ips?: string[];
}
export interface ClaimStatus {
  allocation?: {
    devices?: {
      results?: (Device & { request?: string })[];
      config?: Configuration[];
    };
    nodeSelector?: NodeSelector;
  };
  reservedFor?: Consumer[];
  devices?: (Device & { conditions?: Condition[]; data?: unknown; networkData?: NetworkData })[];
}

const MAX_RESULTS = 32;
const MAX_CONFIGURATIONS = 64;
const MAX_CONSUMERS = 256;
const MAX_CONDITIONS = 8;
const MAX_IPS = 16;
const MAX_INTERFACE = 256;
const MAX_HARDWARE_ADDRESS = 128;

export const deviceId = ({ driver, pool, device, shareID }: Device): string =>
  JSON.stringify([driver, pool, device, shareID]);
/** Go's identifier of a device shows nothing of what is in it. */
const OPAQUE_ID = new GoStruct({
  Driver: new GoStruct({}),
  Pool: new GoStruct({}),
  Device: new GoStruct({}),
  ShareID: new GoStruct({}),
});

function names(errors: FieldErrors, path: string, { driver, pool, device = '' }: Device): void {
  csiDriverName(errors, `${path}.driver`, driver);
  poolName(errors, `${path}.pool`, pool);
  dnsLabel(errors, `${path}.device`, device);
}

function consumer(errors: FieldErrors, path: string, ref: Consumer): void {
  for (const field of ['resource', 'name', 'uid'] as const) if (!ref[field]) errors.required(`${path}.${field}`);
}

/** Upstream: IsValidInterfaceAddress. */
function interfaceAddress(errors: FieldErrors, path: string, text: string): void {
  const network = parseNetwork(text);
  if (!network) {
    return errors.invalid(path, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)');
  }
  const canonical = `${formatAddress(network.address)}/${network.length}`;
  if (text !== canonical) errors.invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`);
}

function networkData(errors: FieldErrors, path: string, data: NetworkData): void {
  const { interfaceName = '', hardwareAddress = '', ips } = data;
  if (byteLength(interfaceName) > MAX_INTERFACE) errors.tooLong(`${path}.interfaceName`, MAX_INTERFACE);
  if (byteLength(hardwareAddress) > MAX_HARDWARE_ADDRESS) {
    errors.tooLong(`${path}.hardwareAddress`, MAX_HARDWARE_ADDRESS);
  }
  const check = (ip: string, at: string): void => interfaceAddress(errors, at, ip);
  each(errors, `${path}.ips`, ips, MAX_IPS, check, (ip) => ip);
}

function reported(errors: FieldErrors, status: ClaimStatus): void {
  const allocated = new Set(status.allocation?.devices?.results?.map(deviceId));
  const seen = new Set<string>();
  status.devices?.forEach((device, i) => {
    const path = `status.devices[${i}]`;
    names(errors, path, device);
    if (!allocated.has(deviceId(device))) {
      errors.invalid(path, OPAQUE_ID, 'must be an allocated device in the claim');
    }
    const { conditions: list, data, networkData: network } = device;
    if (list && list.length > MAX_CONDITIONS) errors.tooMany(`${path}.conditions`, list.length, MAX_CONDITIONS);
    conditions(errors, `${path}.conditions`, list);
    if (data != null) validateRaw(errors, `${path}.data`, data, false);
    if (network) networkData(errors, `${path}.networkData`, network);
  });
  status.devices?.forEach((device, i) => {
    const id = deviceId(device);
    if (seen.has(id)) errors.duplicate(`status.devices[${i}].deviceID`, OPAQUE_ID);
    seen.add(id);
  });
}

function allocation(errors: FieldErrors, given: NonNullable<ClaimStatus['allocation']>, devices: Devices): void {
  const path = 'status.allocation';
  const requests = requestNames(devices);
  const check = (result: Device & { request?: string }, at: string): void => {
    validateReference(errors, `${at}.request`, result.request ?? '', requests);
    names(errors, at, result);
  };
  each(errors, `${path}.devices.results`, given.devices?.results, MAX_RESULTS, check);
  validateConfigurations(errors, `${path}.devices.config`, given.devices?.config, {
    names: requests,
    most: MAX_CONFIGURATIONS,
    before: ({ source }, at) => oneOf(errors, `${at}.source`, source, ['FromClaim', 'FromClass']),
  });
  if (given.nodeSelector) validateNodeSelector(errors, `${path}.nodeSelector`, given.nodeSelector);
}

export function validateClaimStatus(
  errors: FieldErrors,
  status: ClaimStatus,
  old: ClaimStatus,
  devices: Devices,
  deleted: boolean,
): void {
  const field = 'status.reservedFor';
  const check = (ref: Consumer, at: string): void => consumer(errors, at, ref);
  each(errors, field, status.reservedFor, MAX_CONSUMERS, check, (ref) => ref.uid ?? '', '.uid');
  reported(errors, status);
  if (status.reservedFor?.length) {
    const key = ({ apiGroup = '', resource = '', name = '', uid = '' }: Consumer): string =>
      JSON.stringify([apiGroup, resource, name, uid]);
    const before = new Set(old.reservedFor?.map(key));
    if (!status.allocation) errors.forbidden(field, 'may not be specified when `allocated` is not set');
    else if (deleted && status.reservedFor.some((ref) => !before.has(key(ref)))) {
      const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      errors.forbidden(field, why);
    }
  }
  if (!status.allocation) return;
  if (old.allocation) immutable(errors, 'status.allocation', status.allocation, old.allocation);
  else allocation(errors, status.allocation, devices);
}
