/** What the issuer remembers between two requests, in PostgreSQL: the storage that oidc-provider asks for. */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { Postgres } from '../postgres.js';
import type { UsedOnce } from './usedOnce.js';

const REPLAY = 'ReplayDetection';
/** Longest that anything without a term of its own is kept, in seconds. */
const LONGEST_SECONDS = 24 * 3_600;

export interface StateParts {
  readonly postgres: Postgres;
  readonly usedOnce: UsedOnce;
  /** Clients are registered elsewhere; the provider may look one up, nothing else. */
  readonly findClient: (client: string) => Promise<AdapterPayload | undefined>;
}

export function openState({ postgres, usedOnce, findClient }: StateParts): (model: string) => Adapter {
  return (model) => {
    if (model === 'Client') return readOnly(findClient);
    if (model === REPLAY) return onceOnly(usedOnce);
    const one = async (where: string, value: string): Promise<AdapterPayload | undefined> => {
      const [row] = await postgres.query<{ payload: AdapterPayload; consumed: boolean }>({
        text: `select payload, consumed_at is not null as consumed from issuer_state where model = $1 and ${where} = $2 and expires_at > now()`,
        values: [model, value],
      });
      return row && { ...row.payload, ...(row.consumed ? { consumed: true } : {}) };
    };
    return {
      async upsert(id, payload, expiresIn) {
        await postgres.query({
          text: `insert into issuer_state (model, id, payload, grant_id, uid, expires_at) values ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')
            on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`,
          values: [model, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null, expiresIn ?? LONGEST_SECONDS],
        });
      },
      find: (id) => one('id', id),
      findByUid: (uid) => one('uid', uid),
      findByUserCode: async () => undefined,
      async consume(id) {
        const text = 'update issuer_state set consumed_at = now() where model = $1 and id = $2 and consumed_at is null returning id';
        // Of two that redeem the same code at once, both have found it unused; only one gets here first.
        if ((await postgres.query({ text, values: [model, id] })).length === 0) throw new errors.InvalidGrant('already consumed');
      },
      async destroy(id) {
        await postgres.query({ text: 'delete from issuer_state where model = $1 and id = $2', values: [model, id] });
      },
      async revokeByGrantId(grantId) {
        await postgres.query({ text: 'delete from issuer_state where grant_id = $1', values: [grantId] });
      },
    };
  };
}

function onceOnly(usedOnce: UsedOnce): Adapter {
  return {
    ...readOnly(async (id) => ((await usedOnce.isUsed(REPLAY, id)) ? { jti: id, kind: REPLAY } : undefined)),
    async upsert(id, _payload, expiresIn = LONGEST_SECONDS) {
      const fresh = await usedOnce.use(REPLAY, id, new Date(Date.now() + expiresIn * 1000));
      if (!fresh) throw new errors.InvalidClientAuth('used before');
    },
  };
}

function readOnly(find: (id: string) => Promise<AdapterPayload | undefined>): Adapter {
  const refuse = async () => {
    throw new Error('the provider does not change this');
  };
  return {
    find,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
  };
}
