/** Accounts of staff, and how often somebody may try a password. */
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { StaffRole } from '../terms.js';
import { fits, hashOf } from './passwords.js';

export interface StaffAccount {
  readonly login: string;
  readonly nameZh: string;
  readonly nameEn: string;
  readonly roles: readonly StaffRole[];
  /** Whose data a provider steward answers for. */
  readonly provider: string | null;
  readonly active: boolean;
}
export type SignIn = { readonly kind: 'SIGNED_IN'; readonly login: string } | { readonly kind: 'REFUSED' } | { readonly kind: 'THROTTLED' };

export interface Staff {
  /** null where there is none, it is disabled, or it was changed after somebody signed in at `signedInAt` (seconds). */
  findActive(login: string, signedInAt: number | null): Promise<StaffAccount | null>;
  list(): Promise<StaffAccount[]>;
  /** Makes an account, or gives an existing one another password, roles and names. */
  add(account: Omit<StaffAccount, 'active'>, password: string): Promise<void>;
  disable(login: string): Promise<boolean>;
  signIn(login: string, password: string): Promise<SignIn>;
}

/** Passwords that may be tried in vain before the login has to wait, and for how long. */
export const MOST_FAILURES = 5;
const WAIT = '15 minutes';
/** A password costs a tenth of a second of a thread that checking tokens needs as well. */
const MOST_AT_ONCE = 8;
const LONGEST_PASSWORD = 256;
const COLUMNS = 'login, name_zh as "nameZh", name_en as "nameEn", roles, provider, active';

export function openStaff({ postgres }: { postgres: Postgres }): Staff {
  let underWay = 0;
  /** Counts before it is known whether the password fits: many at once are counted all the same. */
  async function countAttempt(login: string): Promise<number> {
    const [row] = await postgres.query<{ failures: number }>({
      text: `insert into sign_in_failure as f (login, failures, last_at) values ($1, 1, now()) on conflict (login) do update
        set failures = case when f.last_at < now() - interval '${WAIT}' then 1 else f.failures + 1 end,
          last_at = case when f.failures >= $2 and f.last_at >= now() - interval '${WAIT}' then f.last_at else now() end
        returning failures`,
      values: [login, MOST_FAILURES],
    });
    return row?.failures ?? Number.POSITIVE_INFINITY;
  }
  return {
    async findActive(login, signedInAt) {
      const [row] = await postgres.query<StaffAccount>({
        name: 'staff',
        // Signing in is told in whole seconds.
        text: `select ${COLUMNS} from staff where login = $1 and active and ($2::double precision is null or changed_at < to_timestamp($2 + 1))`,
        values: [login, signedInAt],
      });
      return row ?? null;
    },
    list: () => postgres.query<StaffAccount>({ text: `select ${COLUMNS} from staff order by login` }),
    async add({ login, nameZh, nameEn, roles, provider }, password) {
      if (roles.includes('PROVIDER_STEWARD') && provider === null) throw new Fault('BAD_USER_INPUT', { detail: 'PROVIDER_STEWARD: --provider' });
      await postgres.query({
        text: `insert into staff (login, name_zh, name_en, roles, provider, password) values ($1, $2, $3, $4, $5, $6)
          on conflict (login) do update set name_zh = excluded.name_zh, name_en = excluded.name_en, roles = excluded.roles,
            provider = excluded.provider, password = excluded.password, active = true, changed_at = now()`,
        values: [login, nameZh, nameEn, roles, provider, await hashOf(password)],
      });
    },
    async disable(login) {
      const text = 'update staff set active = false, changed_at = now() where login = $1 returning login';
      return (await postgres.query({ text, values: [login] })).length > 0;
    },
    async signIn(typed, password) {
      const login = typed.trim().toLowerCase();
      if (login === '' || login.length > 64 || password === '' || password.length > LONGEST_PASSWORD) return { kind: 'REFUSED' };
      if (underWay >= MOST_AT_ONCE) return { kind: 'THROTTLED' };
      underWay++;
      try {
        if ((await countAttempt(login)) > MOST_FAILURES) return { kind: 'THROTTLED' };
        const [row] = await postgres.query<{ password: string }>({ text: 'select password from staff where login = $1 and active', values: [login] });
        if (!(await fits(password, row?.password ?? null))) return { kind: 'REFUSED' };
        await postgres.query({ text: 'delete from sign_in_failure where login = $1', values: [login] });
        return { kind: 'SIGNED_IN', login };
      } finally {
        underWay--;
      }
    },
  };
}
