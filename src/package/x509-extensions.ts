/** One extension of a certificate: RFC 5280, 4.2. `value` is what the OCTET STRING wraps. */
export type Extension = { readonly oid: string; readonly critical: boolean; readonly value: Buffer };

/** What node:crypto does not tell: it knows only whether a certificate may sign others (BasicConstraints and KeyUsage). */
export type CertificateUse = {
  /**
   * Made for signing models: digitalSignature, or codeSigning where there is no KeyUsage; and for nothing else but
   * code. The reference also takes the certificate of a TLS server, which has digitalSignature too.
   */
  readonly signsModels: boolean;
  /** How many further authorities may stand below this one. */
  readonly pathLength: number;
  /** Critical extensions that nobody here understands: such a certificate must be refused (RFC 5280, 4.2). */
  readonly unknownCritical: readonly string[];
};

const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
const EXTENDED_KEY_USAGE = '551d25';
const SUBJECT_ALT_NAME = '551d11';
const UNDERSTOOD = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME];
/** 1.3.6.1.5.5.7.3.3 as an OBJECT IDENTIFIER. */
const CODE_SIGNING = Buffer.from('06082b06010505070303', 'hex');

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const SEQUENCE = 0x30;
/** [3] EXPLICIT of TBSCertificate. */
const EXTENSIONS = 0xa3;

/** Reads what a certificate (DER) may be used for. Throws RangeError on DER that is no certificate. */
export function certificateUse(der: Buffer): CertificateUse {
  const extensions = readExtensions(der);
  const find = (oid: string) => extensions.find((extension) => extension.oid === oid)?.value;
  const usage = find(KEY_USAGE);
  const bits = usage === undefined ? undefined : first(usage, BIT_STRING);
  // The first byte of a BIT STRING counts unused bits; bit 0 is digitalSignature (4.2.1.3).
  const digitalSignature = bits === undefined ? undefined : ((bits[1] ?? 0) & 0x80) !== 0;
  const extended = find(EXTENDED_KEY_USAGE);
  const codeSigning =
    extended !== undefined && children(first(extended, SEQUENCE)).some(({ raw }) => raw.equals(CODE_SIGNING));
  return {
    signsModels: (digitalSignature ?? codeSigning) && (extended === undefined || codeSigning),
    pathLength: pathLength(find(BASIC_CONSTRAINTS)),
    unknownCritical: extensions
      .filter(({ oid, critical }) => critical && !UNDERSTOOD.includes(oid))
      .map((extension) => extension.oid),
  };
}

function pathLength(constraints: Buffer | undefined): number {
  if (constraints === undefined) return Number.POSITIVE_INFINITY;
  const length = children(first(constraints, SEQUENCE)).find(({ tag }) => tag === INTEGER)?.body;
  return length === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(length.toString('hex'), 16);
}

function readExtensions(der: Buffer): readonly Extension[] {
  const certificate = first(der, SEQUENCE);
  const wrapped = children(first(certificate, SEQUENCE)).find(({ tag }) => tag === EXTENSIONS)?.body;
  if (wrapped === undefined) return [];
  return children(first(wrapped, SEQUENCE)).map(({ body }) => {
    const parts = children(body);
    const part = (tag: number) => parts.find((one) => one.tag === tag)?.body;
    return {
      oid: (part(OID) ?? Buffer.alloc(0)).toString('hex'),
      critical: part(BOOLEAN)?.[0] === 0xff,
      value: part(OCTET_STRING) ?? Buffer.alloc(0),
    };
  });
}

type Element = { readonly tag: number; readonly body: Buffer; readonly raw: Buffer };

function first(der: Buffer, tag: number): Buffer {
  const element = readElement(der);
  if (element.tag !== tag) throw new RangeError(`DER has tag ${element.tag} where ${tag} is due`);
  return element.body;
}

function children(der: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < der.length; ) {
    const element = readElement(der.subarray(at));
    elements.push(element);
    at += element.raw.length;
  }
  return elements;
}

function readElement(der: Buffer): Element {
  const tag = der.readUInt8(0);
  const short = der.readUInt8(1);
  // From 0x80 on, the low bits count the bytes of the length (X.690, 8.1.3.5).
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const length = lengthBytes === 0 ? short : der.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > der.length) throw new RangeError('DER ends before its element');
  return { tag, body: der.subarray(start, start + length), raw: der.subarray(0, start + length) };
}
