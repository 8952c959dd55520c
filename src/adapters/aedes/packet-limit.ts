/** A length is at most four bytes of seven bits (MQTT 3.1.1, 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/**
 * Follows the packets of one client without keeping them, and tells when one announces more bytes than allowed. aedes has
 * no such limit: it would gather 256 MB for whoever announces them.
 */
export class PacketLimit {
  readonly #maxBytes: number;
  /** Bytes of the packet's body that are still to come. */
  #left = 0;
  #length = 0;
  /** Bytes of the length so far; undefined: the next byte is a packet's first. */
  #digits: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  exceededBy(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        this.#left -= passed;
        at += passed;
      } else if (!this.#takeHeader(chunk[at++] ?? 0)) return true;
    }
    return false;
  }

  /** False: too large, or no length at all. */
  #takeHeader(byte: number): boolean {
    if (this.#digits === undefined) {
      this.#digits = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 127) * 128 ** this.#digits;
    this.#digits++;
    if (byte > 127) return this.#digits < MAX_LENGTH_BYTES;
    this.#left = this.#length;
    this.#digits = undefined;
    return this.#left <= this.#maxBytes;
  }
}
