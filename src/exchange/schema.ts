/** The schema: static types and those of the catalogue, built once, then wired to the journey. */
import 'reflect-metadata';
import { type GraphQLObjectType, type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import type { Catalogue, Category } from '../catalogue/model.js';
import { recordsTypeName } from '../catalogue/naming.js';
import { Fault } from '../faults.js';
import { fromCursor, type ReleasedRow } from '../records/release.js';
import { AlertMutations } from './alertMutations.js';
import { AlertQueries } from './alertQueries.js';
import { DisclosureMutations } from './disclosureMutations.js';
import { EvidenceQueries } from './evidenceQueries.js';
import { GovernanceFields, GovernanceQueries } from './governance.js';
import { Insights } from './insights.js';
import type { Journey, JourneyContext } from './journey.js';
import { LimitQueries } from './limitQueries.js';
import { LIMITS } from './limits.js';
import { PolicyMutations } from './mutations.js';
import { OfficerInsights } from './officerInsights.js';
import { OperationMutations } from './operationMutations.js';
import { PartnerMutations } from './partnerMutations.js';
import { type EnterpriseNode, Queries } from './queries.js';
import { declareRecordTypes } from './recordTypes.js';
import { StatementQueries } from './statementQueries.js';
import { TrailQueries } from './trailQueries.js';
import { UsageQueries } from './usage.js';
import { viewOf } from './views.js';

let built: { digest: string; schema: GraphQLSchema } | null = null;

/** The schema of a catalogue. type-graphql keeps metadata for the process, so there is one catalogue a process. */
export function schemaOf(catalogue: Catalogue): GraphQLSchema {
  if (built?.digest === catalogue.digest) return built.schema;
  if (built) throw new Error('this process has built the schema of another catalogue');
  declareRecordTypes(catalogue);
  const schema = buildSchemaSync({
    resolvers: [
      Queries,
      GovernanceQueries,
      GovernanceFields,
      PolicyMutations,
      PartnerMutations,
      LimitQueries,
      Insights,
      OfficerInsights,
      OperationMutations,
      EvidenceQueries,
      TrailQueries,
      DisclosureMutations,
      StatementQueries,
      UsageQueries,
      AlertQueries,
      AlertMutations,
    ],
    validate: false,
    emitSchemaFile: false,
  });
  wire(schema, catalogue);
  built = { digest: catalogue.digest, schema };
  return schema;
}

/** The schema as institutions see it. */
export function institutionView(catalogue: Catalogue): GraphQLSchema {
  return viewOf(schemaOf(catalogue), ['INSTITUTION']);
}

/** The schema as it is committed: sorted, with descriptions. */
export function printZoneSchema(catalogue: Catalogue): string {
  return `# Generated from the catalogue and the code by \`npm run schema:build\`. Never edited.\n\n${printSchema(lexicographicSortSchema(schemaOf(catalogue)))}\n`;
}

/** Item fields stay plain property reads; a domain hands its enterprise on; a category asks the reading. */
function wire(schema: GraphQLSchema, catalogue: Catalogue): void {
  const enterprise = (schema.getType('Enterprise') as GraphQLObjectType).getFields();
  for (const category of catalogue.categories) {
    const domain = enterprise[category.domain];
    if (domain) domain.resolve = (node: EnterpriseNode) => node;
    const field = (schema.getType(recordsTypeName(category.domain)) as GraphQLObjectType).getFields()[category.field];
    if (!field) throw new Error(`${category.code} has no field`);
    field.resolve = (node: EnterpriseNode, page: Page, { journey }: JourneyContext) => resolveCategory(category, node, page, journey);
    const items = (schema.getType(category.type) as GraphQLObjectType).getFields();
    for (const item of category.items) {
      const itemField = items[item.name];
      if (itemField) itemField.extensions = { ...itemField.extensions, item: item.code };
    }
  }
}

interface Page {
  readonly first?: number | null;
  readonly after?: string | null;
}

async function resolveCategory(
  category: Category,
  { uscc, read }: EnterpriseNode,
  page: Page,
  journey: Journey,
): Promise<ReleasedRow | readonly ReleasedRow[] | null> {
  const reached = await journey.decided.reading?.category(read, uscc, category);
  if (reached?.state !== 'GIVEN') return null;
  const { released } = reached;
  if (category.cardinality === 'ONE') return released.rows(0, 1)[0] ?? null;
  const begin = beginOf(page, released.version, read.usccs.length);
  return released.rows(begin, begin + (page.first ?? LIMITS.rows));
}

/** @throws Fault INVALID_PAGE, CURSOR_STALE */
function beginOf({ first, after }: Page, version: number, enterprises: number): number {
  if (first !== undefined && first !== null && (first < 1 || first > LIMITS.rows)) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LIMITS.rows}` });
  if (after === undefined || after === null) return 0;
  // A cursor belongs to one record.
  if (enterprises > 1) throw new Fault('INVALID_PAGE', { detail: 'after: one enterprise' });
  const cursor = fromCursor(after);
  if (!cursor) throw new Fault('INVALID_PAGE', { detail: 'after' });
  if (cursor.version !== version) throw new Fault('CURSOR_STALE');
  return cursor.position;
}
