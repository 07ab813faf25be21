/**
 * node:cluster forgets a connection that it handed to a process which died before it took it: nobody would answer on it and
 * nobody would close it, and its caller would wait for ever. So what is handed out is watched, and closed with the process.
 */
import type { ChildProcess } from 'node:child_process';

/** A connection as node:cluster hands it out. */
interface Connection {
  close(): void;
}
interface ClusterWord {
  readonly act?: string;
  readonly seq?: number;
  /** The word that this one answers. */
  readonly ack?: number;
}

export function closeWhatIsNotTaken(worker: ChildProcess): void {
  const handedOut = new Map<number | undefined, Connection>();
  const send = worker.send.bind(worker) as (...given: unknown[]) => boolean;
  worker.send = (...given: unknown[]): boolean => {
    const [word, connection] = given as [ClusterWord, Connection | undefined];
    if (connection && word.act === 'newconn') handedOut.set(word.seq, connection);
    return send(...given);
  };
  worker.on('internalMessage', ({ ack }: ClusterWord) => handedOut.delete(ack));
  worker.once('exit', () => {
    for (const connection of handedOut.values()) connection.close();
  });
}
