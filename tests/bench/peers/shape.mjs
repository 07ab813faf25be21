// What the peers serve: our schema cut to what the workloads ask, and where its records lie. Cut from ours, so that a peer
// cannot answer another question than we do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, getNamedType, Kind, parse, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { recordsTypeName } from '../../../dist/catalogue/naming.js';

/** The coordinates (`Type.field`) that operations ask. */
function coordinatesOf(schema, operations) {
  const asked = new Set();
  for (const operation of operations) {
    const info = new TypeInfo(schema);
    const note = { Field: () => void asked.add(`${info.getParentType().name}.${info.getFieldDef().name}`) };
    visit(parse(operation), visitWithTypeInfo(info, note));
  }
  return asked;
}

/** The text of a schema with nothing but the fields asked and the types they need. */
export function cutSchema(text, operations) {
  const schema = buildSchema(text);
  const asked = coordinatesOf(schema, operations);
  const used = new Set([...asked].map((coordinate) => coordinate.split('.')[0]));
  const types = schema.getTypeMap();
  const need = (name) => {
    if (used.has(name) && seen.has(name)) return;
    seen.add(name);
    used.add(name);
    const type = types[name];
    for (const member of type.getTypes?.() ?? []) need(member.name);
    for (const field of Object.values(type.getFields?.() ?? {})) {
      if (!keeps(asked, name, field.name)) continue;
      need(getNamedType(field.type).name);
      for (const { type: argument } of field.args ?? []) need(getNamedType(argument).name);
    }
  };
  const seen = new Set();
  need('Query');
  const undescribed = (node) => ({ ...node, description: undefined, directives: [] });
  const document = visit(parse(text), {
    enter(node) {
      if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.DIRECTIVE_DEFINITION) return null;
      if (node.kind.endsWith('TypeDefinition') && !used.has(node.name.value)) return null;
      if (node.kind === Kind.OBJECT_TYPE_DEFINITION)
        return undescribed({ ...node, fields: node.fields.filter((field) => keeps(asked, node.name.value, field.name.value)) });
      return node.description || node.directives ? undescribed(node) : undefined;
    },
  });
  return print(document);
}

/** A type of which nothing is asked is there because a union names it: it stays whole. */
function keeps(asked, type, field) {
  if (!asked.has(`${type}.${field}`)) return ![...asked].some((coordinate) => coordinate.startsWith(`${type}.`));
  return true;
}

/**
 * All that a peer must know, as plain JSON: the schema, which field reads which category, which coordinates the caller was
 * granted, and which of them we mask for it.
 */
export function shapeOf({ catalogue, schemaFolder, operations, ids, masked }) {
  const text = readFileSync(join(schemaFolder, 'zone.graphql'), 'utf8');
  const asked = coordinatesOf(buildSchema(text), operations);
  const categories = catalogue.categories
    .map((category) => ({ coordinate: `${recordsTypeName(category.domain)}.${category.field}`, category }))
    .filter(({ coordinate }) => asked.has(coordinate))
    .map(({ coordinate, category }) => ({
      coordinate,
      id: ids.get(category.code),
      code: category.code,
      type: category.type,
      domain: category.domain,
      field: category.field,
      many: category.cardinality === 'MANY',
      items: category.items.filter(({ name }) => asked.has(`${category.type}.${name}`)).map(({ name, type, mask }) => ({ name, type, mask })),
    }));
  const masks = Object.fromEntries(
    categories.flatMap(({ type, items }) => items.filter(({ name }) => masked.includes(`${type}.${name}`)).map((item) => [`${type}.${item.name}`, item])),
  );
  return { sdl: cutSchema(text, operations), categories, granted: [...asked], masks };
}
