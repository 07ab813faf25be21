/**
 * A sequencer that ends itself by SIGKILL at its n-th statement: before it is sent, or just after. Ends with exit code 0
 * where its step has fewer. Arguments: address of the database, key file, origin, n, BEFORE or AFTER.
 */
import { openSequencer } from '../../dist/audit/sequencer.js';
import { openSigner } from '../../dist/audit/signer.js';
import { openPostgres } from '../../dist/postgres.js';

const [url, file, origin, n, moment] = process.argv.slice(2);
const postgres = openPostgres({ url, role: 'zone_sequencer', poolSize: 1, limitMs: 10_000 });
let statements = 0;
const die = () => process.kill(process.pid, 'SIGKILL');

function dying(client) {
  return {
    query(...asked) {
      const last = ++statements === Number(n);
      if (last && moment === 'BEFORE') die();
      const answered = client.query(...asked);
      // It is on its way: the server may have begun, ended, or not seen it.
      if (last) setTimeout(die, Math.random() * 3);
      return last ? new Promise(() => undefined) : answered;
    },
  };
}

const sequencer = openSequencer({
  postgres: { ...postgres, withClient: (work) => postgres.withClient((client) => work(dying(client))) },
  signer: openSigner({ file, origin }),
  integrations: [],
  now: () => new Date(),
});
await sequencer.step();
process.exit(0);
