// A request whose body can be had whole, past the stream that it comes through otherwise: for a small one that stream costs
// more than all else that Node does to read it. Node's server makes its requests of a class that may be given; how its
// parser hands them their bodies, `push` (null at the end), is what every readable stream is filled by.

import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export class WholeRequest extends IncomingMessage {
  private missing: number;
  private pieces: Buffer[] | undefined;
  private onBody: ((body: Buffer) => void) | undefined;

  constructor(socket: Socket) {
    super(socket);
    this.missing = 0;
    this.pieces = undefined;
    this.onBody = undefined;
  }

  /**
   * Has `onBody` called once all bytes of the body are there, and nothing of it given to the stream. Before any of it has
   * come, which is while the listener is called. A client that leaves before has nobody told.
   * @param length of the body, which is above 0.
   */
  takeBody(length: number, onBody: (body: Buffer) => void): void {
    this.missing = length;
    this.pieces = [];
    this.onBody = onBody;
  }

  /** Puts back what was taken: from now on the request is a stream of it. */
  putBack(body: Buffer): void {
    this.pieces = undefined;
    super.push(body);
    if (this.complete) super.push(null);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.pieces === undefined) return super.push(chunk, encoding);
    if (chunk === null) return true;
    this.missing -= chunk.length;
    const isWhole = this.missing === 0 && this.pieces.length === 0;
    if (!isWhole) this.pieces.push(chunk);
    if (this.missing === 0) this.onBody?.(isWhole ? chunk : Buffer.concat(this.pieces));
    return true;
  }
}
