// What a PKCS #10 certificate request says of its subject and of its other names, as far as defaults need it. It reads
// DER and checks no signature; who signs parses the request with a library.
//   CertificationRequest ::= SEQUENCE { info SEQUENCE { version, subject Name, key, [0] attributes }, … }
const PEM = /-----BEGIN CERTIFICATE REQUEST-----([\s\S]+?)-----END CERTIFICATE REQUEST-----/;
const COMMON_NAME = '550403';
const ORGANIZATION = '55040a';
const ALT_NAMES = '551d11';

export interface RequestedNames {
  commonName: string;
  organizations: readonly string[];
  /** Context tags of the alternative names: 1 e-mail, 2 DNS, 6 URI, 7 IP. */
  altNames: readonly number[];
}

interface Element {
  tag: number;
  body: Buffer;
}

/** The elements one after the other; nothing after what is cut off. */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const tag = bytes[at]!;
    let length = bytes[at + 1]!;
    at += 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 4 || at + octets > bytes.length) break;
      length = bytes.readUIntBE(at, octets);
      at += octets;
    }
    if (at + length > bytes.length) break;
    found.push({ tag, body: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** Values of one attribute of a Name: SEQUENCE OF SET OF SEQUENCE { type, value }. */
function valuesOf(name: Buffer, type: string): string[] {
  const pairs = elements(name).flatMap((set) => elements(set.body).map((pair) => elements(pair.body)));
  return pairs.flatMap(([oid, value]) => (oid?.body.toString('hex') === type && value ? [value.body.toString()] : []));
}

/** [0] SET OF SEQUENCE { extensionRequest, SET { SEQUENCE OF SEQUENCE { id, critical?, OCTET STRING } } }. */
function altNamesOf(attributes: Buffer): number[] {
  const extensions = elements(attributes)
    .flatMap((attribute) => elements(attribute.body).slice(1))
    .flatMap((set) => elements(set.body))
    .flatMap((list) => elements(list.body).map((extension) => elements(extension.body)));
  return extensions
    .filter(([id]) => id?.body.toString('hex') === ALT_NAMES)
    .flatMap((parts) => elements(parts.at(-1)!.body))
    .flatMap((names) => elements(names.body).map((name) => name.tag & 0x1f));
}

/** Undefined for what is no request. */
export function requestedNames(pem: string): RequestedNames | undefined {
  const base64 = PEM.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  const [request] = elements(Buffer.from(base64, 'base64'));
  const [info] = request ? elements(request.body) : [];
  const [, subject, , attributes] = info ? elements(info.body) : [];
  if (!subject) return undefined;
  return {
    commonName: valuesOf(subject.body, COMMON_NAME).at(-1) ?? '',
    organizations: valuesOf(subject.body, ORGANIZATION),
    altNames: attributes?.tag === 0xa0 ? altNamesOf(attributes.body) : [],
  };
}
