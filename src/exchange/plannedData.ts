/**
 * Data of an answer that are bytes of JSON already and stay so: Apollo is told of an empty text, and the bytes take its
 * place once it has no more to say.
 */
import type { FormattedExecutionResult } from 'graphql';

export class PlannedData {
  #rest: Omit<FormattedExecutionResult, 'data'> | null = null;
  constructor(private readonly pieces: readonly Buffer[]) {}

  /** What stands around the data: errors before, extensions behind. */
  surround(rest: Omit<FormattedExecutionResult, 'data'>): void {
    this.#rest = rest;
  }
  /** The whole answer. @throws Error where nothing surrounds the data: the receipt stands there, and without one nothing leaves. */
  body(): Buffer {
    if (!this.#rest?.extensions?.receipt) throw new Error('data without a receipt');
    const { errors, extensions } = this.#rest;
    const head = Buffer.from(`{${errors ? `"errors":${JSON.stringify(errors)},` : ''}"data":`);
    const tail = Buffer.from(extensions ? `,"extensions":${JSON.stringify(extensions)}}` : '}');
    return Buffer.concat([head, ...this.pieces, tail]);
  }
}

/** The text of an answer, for Apollo; empty where its data are bytes, which then know what surrounds them. */
export function textOf({ data, ...rest }: FormattedExecutionResult): string {
  if (data instanceof PlannedData) {
    data.surround(rest);
    return '';
  }
  return JSON.stringify({ ...(rest.errors ? { errors: rest.errors } : {}), data, ...(rest.extensions ? { extensions: rest.extensions } : {}) });
}
