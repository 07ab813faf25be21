/** The command line as a person meets it: what each command prints, where it stops, and with which exit code. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { demoFirm } from '../../src/synthetic/firm.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'zone-cli-'));
chmodSync(folder, 0o755);
const home = join(folder, 'home');
const running: ChildProcess[] = [];

afterAll(async () => {
  await Promise.all(running.map((child) => ended(child, () => child.kill('SIGKILL'))));
  const server = postmaster();
  if (server !== null) process.kill(server, 'SIGINT');
  while (postmaster() !== null) await sleep(50);
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function begin(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { PATH, HOME, ZONE_HOME: home, LOG_LEVEL: 'error', ...env } });
  running.push(child);
  return child;
}
function ended(child: ChildProcess, how: () => unknown = () => undefined): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  how();
  return gone;
}
async function zone(args: readonly string[], { env }: { env?: Record<string, string> } = {}): Promise<Ran> {
  const child = begin(args, env);
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** A fault as people are told of it: its code first, what to do, and no place in the code. */
function expectFault({ code, err }: Ran, fault: string, ...words: (string | RegExp)[]): void {
  expect([code, err.split(':')[0]]).toEqual([1, fault]);
  for (const word of words) expect(err).toMatch(word);
  expect(err.trim().split('\n').length).toBeGreaterThan(1);
  expect(err).not.toMatch(/^\s+at |node:internal|\.js:\d/m);
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });
}
function postmaster(): number | null {
  const file = join(home, 'postgres', 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return existsSync(`/proc/${pid}`) ? pid : null;
}
function ownerUrl(): string {
  const port = readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://zone_owner:${readFileSync(join(home, 'postgres.password'), 'utf8')}@127.0.0.1:${port}/zone`;
}
async function listening(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const answered = await fetch(`${url}/health`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
  throw new Error('does not listen');
}

const COMMANDS = [
  'start',
  'serve',
  'migrate',
  'seed',
  'deliver',
  'catalogue',
  'catalogue check',
  'catalogue list',
  'catalogue show',
  'token',
  'query',
  'operations',
  'operations check',
  'schema',
  'schema print',
  'staff',
  'staff add',
  'staff list',
  'staff disable',
  'client',
  'client add',
  'client list',
  'audit archive',
  'audit restore',
  'audit hold',
  'audit hold add',
  'audit hold list',
  'audit hold release',
  'audit export',
  'audit walk',
  'audit verify-export',
  'client disable',
  'issuer',
  'issuer rotate',
  'audit',
  'audit sequence',
  'audit checkpoint',
  'audit proof',
  'audit keys',
  'audit keys list',
  'audit keys rotate',
];

describe('help', () => {
  test('lists every command', async () => {
    const { code, out } = await zone(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS.filter((name) => !name.includes(' '))) expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });

  test('of every command says how it is used and gives an example of it', async () => {
    const told = await Promise.all(COMMANDS.map(async (command) => ({ command, ...(await zone([...command.split(' '), '--help'])) })));
    for (const { command, code, out } of told) {
      expect([command, code]).toEqual([command, 0]);
      expect(out).toContain(`Usage: zone ${command}`);
      expect(out.slice(out.indexOf('例 Example:'))).toContain(`dist/main.js ${command}`);
    }
    const helpOf = (name: string) => told.find(({ command }) => command === name)?.out;
    expect(helpOf('seed')).toMatch(/--enterprises <n>[\s\S]*--seed <s>/);
    expect(helpOf('deliver')).toMatch(/deliver \[options\] <category> <file>[\s\S]*--mapping <file>/);
    expect(helpOf('token')).toMatch(/--institution <code>[\s\S]*--purpose/);
    expect(helpOf('query')).toMatch(/query \[options\] <file>[\s\S]*--institution <code>[\s\S]*--variables/);
  });

  test.each([
    ['an unknown command', ['catalog']],
    ['an unknown option', ['catalogue', 'list', '--yaml']],
    ['an argument that is missing', ['deliver', 'registration.basic']],
    ['nobody to act for', ['token']],
    ['two to act for', ['token', '--institution', 'bank-01', '--staff', 'li.wei']],
    ['an option that is missing', ['client', 'add', 'bank-01-core']],
    ['a number that is none', ['seed', '--enterprises', 'many']],
    ['a number that is too small', ['seed', '--enterprises', '0']],
    ['no subcommand', ['catalogue']],
  ])('%s ends with exit code 1 and where to look', async (_, args) => {
    const { code, err } = await zone(args);
    expect(code).toBe(1);
    expect(err).toMatch(/--help/);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe('catalogue', () => {
  test('list --json tells the promised totals', async () => {
    const { code, out } = await zone(['catalogue', 'list', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ providers: 27, categories: 256, items: 3_158 });
    expect(JSON.parse(out).list).toHaveLength(256);
  });

  test('list keeps to a domain and says how much that is, and a domain that does not exist is said to be none', async () => {
    const [tax, taxes] = (await Promise.all(['tax', 'taxes'].map((domain) => zone(['catalogue', 'list', '--domain', domain])))) as [Ran, Ran];
    const domains = [...tax.out.matchAll(/\b([a-zA-Z]+)\.[a-zA-Z]+ /g)].map(([, domain]) => domain);
    expect(domains.length).toBeGreaterThan(5);
    expect(new Set(domains)).toEqual(new Set(['tax']));
    expect([tax.code, tax.out]).toEqual([0, expect.stringContaining(`${domains.length} categories`)]);
    expectFault(taxes, 'BAD_USER_INPUT', 'taxes');
  });

  test('check finds the committed catalogue sound', async () => {
    const { code, out } = await zone(['catalogue', 'check']);
    expect([code, out]).toEqual([0, expect.stringMatching(/27 providers, 256 categories, 3158 items/)]);
  });

  test('show tells a category with all its items, and where to look when there is no such category', async () => {
    const shown = ['registration.basic', 'registration.nothing'].map((code) => zone(['catalogue', 'show', code]));
    const [told, nothing, json] = (await Promise.all([...shown, zone(['catalogue', 'show', 'registration.basic', '--json'])])) as [Ran, Ran, Ran];
    const { items } = JSON.parse(json.out) as { items: { name: string; title: { zh: string } }[] };
    expect(items.length).toBeGreaterThan(10);
    for (const { name, title } of items) {
      expect(told.out).toContain(name);
      expect(told.out).toContain(title.zh);
    }
    expectFault(nothing, 'BAD_USER_INPUT', 'registration.nothing', 'catalogue list');
  });

  test('what is piped into a reader that stops early ends without complaint', async () => {
    const { stdout, stderr } = spawnSync('sh', ['-c', `'${process.execPath}' '${MAIN}' catalogue list --json | head -c 10`], { cwd: folder, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^\{/), '']);
  });
});

test('operations check says what of a manifest may be registered, or what is wrong with which operation', async () => {
  const file = join(folder, 'manifest.json');
  writeFileSync(file, JSON.stringify([{ name: 'versions', document: '{ catalogue { version } }' }]));
  expect(await zone(['operations', 'check', file])).toMatchObject({ code: 0, out: expect.stringMatching(/^sha256:[0-9a-f]{64} {2}versions\n1 /) });
  writeFileSync(file, JSON.stringify([{ name: 'versions', document: '{ catalogue { verse } }' }, { document: '{' }]));
  const { code, out } = await zone(['operations', 'check', file]);
  expect([code, out]).toEqual([1, expect.stringMatching(/^versions: GRAPHQL_VALIDATION_FAILED: .*verse.*\n#2: GRAPHQL_PARSE_FAILED: /)]);
  expectFault(await zone(['operations', 'check', join(folder, 'none.json')]), 'BAD_USER_INPUT', 'ENOENT');
});

test('schema print is what is committed', async () => {
  const { code, out } = await zone(['schema', 'print']);
  expect(code).toBe(0);
  const committed = readFileSync(join('schema', 'zone.graphql'), 'utf8');
  expect(out === committed ? 'what is committed' : 'something else: run npm run schema:build').toBe('what is committed');
});

describe('token', () => {
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());

  test('is one of five minutes for the institution, with an inquiry to paste where a purpose is given', async () => {
    const [plain, pasted] = await Promise.all([
      zone(['token', '--institution', 'bank-01']),
      zone(['token', '--institution', 'bank-02', '--client', 'loans', '--purpose', 'LOAN_APPROVAL']),
    ]);
    expect(plain.out.trim()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const claims = claimsOf(plain.out);
    expect(claims).toMatchObject({ sub: 'bank-01' });
    expect(claims.exp - claims.iat).toBe(300);
    const [token, inquiry] = pasted.out.trim().split('\n') as [string, string];
    expect(claimsOf(token)).toMatchObject({ sub: 'bank-02', client_id: 'loans' });
    expect(inquiry).toMatch(/inquiry: \{ purpose: LOAN_APPROVAL, caseNumber: "[^"]+" \}/);
    // The key that signs is for its owner's eyes.
    expect(existsSync(join(home, 'sandbox-issuer.jwk'))).toBe(true);
  });

  test('is for staff with their roles, or for an enterprise by its code', async () => {
    const uscc = demoFirm(0, 3);
    const [officer, steward, enterprise, noRole, noCode] = (await Promise.all([
      zone(['token', '--staff', 'li.wei']),
      zone(['token', '--staff', 'lu.wanqiu', '--roles', 'PROVIDER_STEWARD, AUDITOR', '--provider', 'tax']),
      zone(['token', '--enterprise', uscc.toLowerCase()]),
      zone(['token', '--staff', 'li.wei', '--roles', 'EMPEROR']),
      zone(['token', '--enterprise', `${uscc.slice(0, 17)}Z`]),
    ])) as [Ran, Ran, Ran, Ran, Ran];
    expect(claimsOf(officer.out)).toMatchObject({ sub: 'li.wei', actor: 'staff', roles: ['GOVERNANCE_OFFICER'] });
    expect(claimsOf(steward.out)).toMatchObject({ sub: 'lu.wanqiu', actor: 'staff', roles: ['PROVIDER_STEWARD', 'AUDITOR'], provider: 'tax' });
    expect(claimsOf(enterprise.out)).toMatchObject({ sub: uscc, actor: 'enterprise' });
    expectFault(noRole, 'BAD_USER_INPUT', 'GOVERNANCE_OFFICER');
    expectFault(noCode, 'INVALID_USCC');
  });

  test('is refused for a purpose that does not exist, and in production', async () => {
    const env = { ZONE_ENV: 'production', DATABASE_URL: 'postgres://u@127.0.0.1:1/zone', TOKEN_JWKS_FILE: '/nowhere' };
    const args = ['token', '--institution', 'bank-01'];
    const [purpose, production] = (await Promise.all([zone([...args, '--purpose', 'CURIOSITY']), zone(args, { env })])) as [Ran, Ran];
    expectFault(purpose, 'BAD_USER_INPUT', 'PRE_LOAN_REVIEW');
    expectFault(production, 'CONFIG_FAULTY', 'production');
  });
});

test('a faulty configuration is told as a whole, without its values', async () => {
  const env = { PORT: 'four thousand', DATABASE_URL: 'mysql://me:s3cret@db/zone', LOG_LEVEL: 'loud' };
  const ran = await zone(['serve'], { env });
  expectFault(ran, 'CONFIG_FAULTY', 'PORT', 'DATABASE_URL', 'LOG_LEVEL');
  expect(ran.err).not.toContain('s3cret');
});

test('the demonstration is refused in production', async () => {
  const url = (user: string) => `postgres://${user}@127.0.0.1:1/zone`;
  const logins = Object.fromEntries(['GATEWAY', 'GOVERNANCE', 'ISSUER', 'SEQUENCER'].map((name) => [`DATABASE_${name}_URL`, url(name)]));
  const env = { ZONE_ENV: 'production', TOKEN_JWKS_FILE: '/nowhere', PUBLIC_URL: 'https://gateway.zone.example', ...logins };
  const [start, migrate, seed] = (await Promise.all([zone(['start'], { env }), zone(['migrate'], { env }), zone(['seed'], { env })])) as [Ran, Ran, Ran];
  expectFault(start, 'CONFIG_FAULTY', 'start is the demonstration');
  // What takes the owner asks for the owner, and takes nobody else.
  expectFault(migrate, 'CONFIG_FAULTY', 'DATABASE_URL is needed');
  expectFault(seed, 'ZONE_UNAVAILABLE');
});

test('a database that is away is told as such, without the password', async () => {
  const env = { DATABASE_URL: `postgres://zone:s3cret@127.0.0.1:${await freePort()}/zone` };
  for (const ran of await Promise.all(['migrate', 'serve'].map((command) => zone([command], { env })))) {
    expectFault(ran, 'ZONE_UNAVAILABLE');
    expect(ran.err).not.toContain('s3cret');
  }
});

describe('a zone', () => {
  const SEED = 3;
  let port: number;
  let url: string;
  let serving: ChildProcess;

  beforeAll(async () => {
    const { code, out } = await zone(['seed', '--enterprises', '16', '--seed', String(SEED)]);
    expect([code, out]).toEqual([0, expect.stringMatching(/16 enterprises, \d+ records/)]);
    // The last process of a home leaves no server behind.
    expect(postmaster()).toBeNull();
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    serving = begin(['serve'], { PORT: String(port) });
    await listening(url, serving);
  }, 120_000);

  test('seeded again the same is kept, and otherwise refused with what to do', async () => {
    const again = await zone(['seed', '--enterprises', '16', '--seed', String(SEED)]);
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/Kept the 16 enterprises/)]);
    expectFault(await zone(['seed', '--enterprises', '17', '--seed', String(SEED)]), 'ZONE_NOT_EMPTY', /--replace/);
  });

  test('migrated again has nothing to do', async () => {
    const { code, out } = await zone(['migrate']);
    expect([code, out]).toEqual([0, expect.stringMatching(/Nothing to do/)]);
  });

  test('takes a delivery and reports it in words and as JSON', async () => {
    const file = join(folder, 'licences.csv');
    const rows = [
      ['uscc', 'dispatchLicenceNumber', 'dispatchLicenceStatus', 'dispatchedWorkers'],
      [demoFirm(0, SEED), '京劳派1101052021010001', 'VALID', '12'],
      [demoFirm(1, SEED), '京劳派1101052021010002', 'VALID', 'a dozen'],
      ['91110000000000000X', '京劳派1101052021010003', 'VALID', '14'],
    ];
    const known = /code: ["']?(\w+)/.exec(readFileSync(join('schema', 'codes', 'human-resource-licence-status.yaml'), 'utf8'))?.[1] as string;
    writeFileSync(file, rows.map((row) => row.join(',').replace('VALID', known)).join('\n'));

    const { code, out } = await zone(['deliver', 'talent.labourDispatchLicence', file, '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ category: 'talent.labourDispatchLicence', read: 3, accepted: 1, changed: 1, unchanged: 0, quarantined: { total: 2 } });
    expect(Object.values(report.quarantined.byReason as Record<string, number>).reduce((sum, count) => sum + count, 0)).toBe(2);

    const again = await zone(['deliver', 'talent.labourDispatchLicence', file]);
    expect(again.code).toBe(0);
    for (const line of [/read.* 3 /, /accepted.* 1 /, /changed.* 0 /, /unchanged.* 1 /, /quarantined.* 2 /, ...Object.keys(report.quarantined.byReason)]) {
      expect(again.out).toMatch(line);
    }
  });

  test.each([
    ['a file that does not exist', ['registration.basic', '/nowhere/firms.csv'], 'DELIVERY_REFUSED', 'firms.csv'],
    ['a mode that does not exist', ['registration.basic', 'FILE', '--mode', 'APPEND'], 'BAD_USER_INPUT', 'MERGE'],
    ['a time that is none', ['registration.basic', 'FILE', '--data-time', 'yesterday'], 'BAD_USER_INPUT', '--data-time'],
  ])('refuses a delivery with %s', async (_, args, fault, word) => {
    const file = join(folder, 'any.csv');
    writeFileSync(file, 'uscc,enterpriseName\n');
    expectFault(await zone(['deliver', ...args.map((arg) => (arg === 'FILE' ? file : arg))]), fault, word);
  });

  test('is asked by query: an answer with its receipt, exit code 0', async () => {
    const { code, out, err } = await zone([
      'query',
      join(process.cwd(), 'seeds', 'queries', 'profile.graphql'),
      '--institution',
      'bank-01',
      '--variables',
      JSON.stringify({ uscc: demoFirm(0, SEED) }),
      '--url',
      `${url}/graphql`,
    ]);
    expect([code, err]).toEqual([0, '']);
    const { data, extensions } = JSON.parse(out);
    expect(data.enterprise.uscc).toBe(demoFirm(0, SEED));
    expect(extensions.receipt.leafHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a query that is refused is printed, with exit code 1', async () => {
    const file = join(folder, 'wrong.graphql');
    writeFileSync(file, '{ nothingOfThisName }');
    const [invalid, unknown] = await Promise.all([
      zone(['query', file, '--institution', 'bank-01', '--url', `${url}/graphql`]),
      zone(['query', file, '--institution', 'bank-77', '--url', `${url}/graphql`]),
    ]);
    expect([invalid.code, JSON.parse(invalid.out).errors[0].extensions.code]).toEqual([1, 'GRAPHQL_VALIDATION_FAILED']);
    expect([unknown.code, JSON.parse(unknown.out).data]).toEqual([1, undefined]);
  });

  test('a query of a file, variables or a gateway that are not there is told as a fault', async () => {
    const file = join(folder, 'catalogue.graphql');
    writeFileSync(file, '{ catalogue { version } }');
    const asked = (...args: string[]) => zone(['query', ...args, '--institution', 'bank-01']);
    const nobody = `http://127.0.0.1:${await freePort()}/graphql`;
    const [noGateway, noFile, noJson] = (await Promise.all([
      asked(file, '--url', nobody),
      asked('/nowhere/query.graphql', '--url', `${url}/graphql`),
      asked(file, '--variables', '{uscc: 1}', '--url', `${url}/graphql`),
    ])) as [Ran, Ran, Ran];
    expectFault(noGateway, 'ZONE_UNAVAILABLE', nobody);
    expectFault(noFile, 'BAD_USER_INPUT', 'query.graphql');
    expectFault(noJson, 'BAD_USER_INPUT', '--variables');
  });

  test('serve on a port that is taken says so, ends with exit code 1, and leaves the other one alone', async () => {
    expectFault(await zone(['serve'], { env: { PORT: String(port) } }), 'CONFIG_FAULTY', `PORT ${port}`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(serving.exitCode).toBeNull();
  });

  test('SIGTERM lets a request under way end, takes no new one, and ends with exit code 0 and without a server left behind', async () => {
    const token = (await zone(['token', '--institution', 'bank-01'])).out.trim();
    const ask = () =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ catalogue { version } }' }),
      });
    expect((await ask()).status).toBe(200);
    const owner = new pg.Client({ connectionString: ownerUrl() });
    // The server may end while this client says goodbye.
    owner.on('error', () => undefined);
    await owner.connect();
    await owner.query('begin');
    await owner.query('lock table audit_entry in exclusive mode');
    const answering = ask();
    await sleep(250);
    const gone = ended(serving, () => serving.kill('SIGTERM'));
    await sleep(250);
    await expect(ask()).rejects.toThrow();
    await owner.query('commit');
    await owner.end().catch(() => undefined);
    const answer = await answering;
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { data: { catalogue: { version: expect.any(String) } }, extensions: expect.objectContaining({ receipt: expect.anything() }) },
    ]);
    expect(await gone).toBe(0);
    expect(postmaster()).toBeNull();
  });
});

describe('start', () => {
  const demoHome = join(folder, 'demo');

  /** Runs the demonstration until it serves, and tells what it printed; the signal is the one of Ctrl-C. */
  async function demonstrate(): Promise<{ out: string; seconds: number; code: number | null }> {
    const port = await freePort();
    const began = performance.now();
    const child = begin(['start', '--enterprises', '24'], { ZONE_HOME: demoHome, PORT: String(port) });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    while (!out.includes('Ctrl-C')) {
      if (child.exitCode !== null || performance.now() - began > 60_000) throw new Error(`it does not serve: ${out}`);
      await sleep(25);
    }
    const seconds = (performance.now() - began) / 1_000;
    expect(out).toContain(`http://127.0.0.1:${port}/graphql`);
    const page = await fetch(`http://127.0.0.1:${port}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('GraphiQL')]);
    const code = await ended(child, () => child.kill('SIGINT'));
    return { out, seconds, code };
  }

  test('fills a zone, shows a worked query, prints the addresses, and keeps it the second time', async () => {
    const first = await demonstrate();
    for (const told of ['24/24', '明文 Clear', '脱敏 Masked', '拒绝 Denied', '新鲜度 Freshness', '回执 Receipt', 'leaf hash', '/health', '/metrics']) {
      expect(first.out).toContain(told);
    }
    expect(first.code).toBe(0);
    const second = await demonstrate();
    expect(second.out).toMatch(/Kept the 24 enterprises/);
    expect(second.out).toContain('回执 Receipt');
    expect(second.code).toBe(0);
  }, 120_000);
});
