// PostGraphile's natural shape: a table a category with a column an item, made from the same records, and questions and answers
// brought from our words into its words and back.
import { gramsOf } from '../../../dist/catalogue/grams.js';
import { SEARCH_FIRST } from './asks.mjs';

const TYPES = { integer: 'integer', decimal: 'numeric', date: 'date', datetime: 'timestamptz', boolean: 'boolean' };
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
const quoted = (name) => `"${name}"`;
/** The field of an enterprise that leads to a category. */
const relation = ({ domain, field }) => `${domain}${field[0].toUpperCase()}${field.slice(1)}`;

/**
 * Typed tables in a schema of their own, with the keys, relations and names that a user of PostGraphile gives them; and for the
 * duties a role with column grants and row level security. Rows may be read where the institution was granted the category: asked
 * once a statement.
 */
export async function typedTables(owner, { categories }) {
  const statements = [
    `create schema typed;
     create table typed.enterprise (uscc text collate "C" primary key, name text, division text, industry text);
     insert into typed.enterprise select uscc, name, division, industry from enterprise;
     create table typed.granted (institution text, category smallint, primary key (institution, category));
     comment on table typed.granted is '@behavior -*';
     create function typed.enterprises_of(usccs text[]) returns setof typed.enterprise language sql stable as
       'select e.* from unnest(usccs) with ordinality as asked(uscc, place) join typed.enterprise e on e.uscc = asked.uscc order by asked.place';
     create function typed.search_enterprises(grams text[], part text) returns setof typed.enterprise language sql stable security definer as
       $$select e.uscc, e.name, e.division, e.industry from public.enterprise e where e.grams @> search_enterprises.grams
         and position(part in regexp_replace(upper(normalize(e.name, NFKC)), '\\s', '', 'g')) > 0 and e.uscc not like '92%' order by e.uscc$$;
     create role peer_bank nologin;
     grant usage on schema typed to peer_bank;
     grant select on typed.granted, typed.enterprise to peer_bank`,
    ...categories.map(tableOf),
  ];
  for (const statement of statements) for (const text of split(statement)) await owner.query({ text });
  await owner.query({ text: 'vacuum analyze' });
}

function tableOf({ id, type, domain, field, many, items }) {
  const table = `typed.${snake(type)}`;
  const columns = items.map(({ name, type: kind }) => ({ name, column: quoted(snake(name)), type: TYPES[kind] ?? 'text' }));
  const rows = many ? 'json_array_elements(r.payload::json) with ordinality as entry(item, place)' : 'lateral (select r.payload::json as item) as entry';
  const constraint = `${snake(type)}_of`;
  return `
    create table ${table} (uscc text collate "C" not null, ${many ? 'place integer not null, ' : ''}${columns.map(({ column, type: kind }) => `${column} ${kind}`).join(', ')});
    insert into ${table}
      select r.uscc, ${many ? 'entry.place, ' : ''}${columns.map(({ name }) => `x.${quoted(name)}`).join(', ')}
      from record r, ${rows}, json_to_record(entry.item) as x(${columns.map(({ name, type: kind }) => `${quoted(name)} ${kind}`).join(', ')})
      where r.category = ${id};
    alter table ${table} add primary key (uscc${many ? ', place' : ''});
    alter table ${table} add constraint ${constraint} foreign key (uscc) references typed.enterprise (uscc);
    comment on constraint ${constraint} on ${table} is '${many ? '@foreignFieldName' : '@foreignSingleFieldName'} ${relation({ domain, field })}';
    ${columns.map(({ name, column }) => `comment on column ${table}.${column} is '@name ${name}';`).join('\n')}
    insert into typed.granted values ('bank-01', ${id});
    grant select (uscc, ${many ? 'place, ' : ''}${columns.map(({ column }) => column).join(', ')}) on ${table} to peer_bank;
    alter table ${table} enable row level security;
    create policy granted on ${table} for select to peer_bank using (
      (select exists (select from typed.granted where institution = current_setting('zone.institution', true) and category = ${id})))`;
}

/** Statements one by one; the bodies of functions hold no semicolon. */
const split = (text) => text.split(';').filter((part) => part.trim() !== '');

/** Our asks in its words. */
export function postgraphileDialect({ categories }) {
  const fields = categories
    .map((category) => {
      const names = category.items.map(({ name }) => name).join(' ');
      return category.many ? `${relation(category)}(first: 1) { nodes { ${names} } }` : `${relation(category)} { ${names} }`;
    })
    .join(' ');
  const texts = {
    A: `query A($uscc: String!) { enterpriseByUscc(uscc: $uscc) { uscc ${fields} } }`,
    B: `query B($usccs: [String]!) { enterprisesOf(usccs: $usccs) { nodes { uscc ${fields} } } }`,
    S: 'query S($grams: [String]!, $part: String!, $first: Int!) { searchEnterprises(grams: $grams, part: $part, first: $first) { nodes { uscc name division industry } pageInfo { hasNextPage } } }',
  };
  return ({ kind, usccs, name }) => {
    if (kind === 'S') {
      const grams = gramsOf(name).filter((gram) => name.length === 1 || [...gram].length === 2);
      return { body: JSON.stringify({ query: texts.S, variables: { grams, part: name, first: SEARCH_FIRST } }) };
    }
    return { body: JSON.stringify(kind === 'A' ? { query: texts.A, variables: { uscc: usccs[0] } } : { query: texts.B, variables: { usccs } }) };
  };
}

/** Its answer in our words. */
export function toOurData(data, { kind }, { categories }) {
  if (kind === 'S') return data;
  const enterprise = (given) => {
    if (given === null) return null;
    const mapped = { uscc: given.uscc };
    for (const category of categories) {
      mapped[category.domain] ??= {};
      const found = given[relation(category)];
      mapped[category.domain][category.field] = category.many ? found.nodes : found;
    }
    return mapped;
  };
  return kind === 'A' ? { enterprise: enterprise(data.enterpriseByUscc) } : { enterprises: data.enterprisesOf.nodes.map(enterprise) };
}

/** Values by the path they lie at, nothing of what is null: an absent record is null with us and an empty list with it. */
export function leavesIn(value, path = 'data', leaves = {}) {
  if (value === null || value === undefined) return leaves;
  if (typeof value !== 'object') leaves[path] = value;
  else for (const [key, inner] of Object.entries(value)) leavesIn(inner, `${path}.${key}`, leaves);
  return leaves;
}
