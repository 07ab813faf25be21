// What the floor with a statement answers, brought into our words: whole payloads, of which we say a part.

/** @param got rows of `{ uscc, category, payload }`, or the entries of a search */
export function payloadsToOurData(got, { kind, usccs }, { categories }, first) {
  if (kind === 'S') return { searchEnterprises: { nodes: got.slice(0, first), pageInfo: { hasNextPage: got.length > first } } };
  const payloads = new Map(got.map(({ uscc, category, payload }) => [`${uscc} ${category}`, payload]));
  const enterprises = usccs.map((uscc) => {
    const enterprise = { uscc };
    for (const { id, domain, field, many, items } of categories) {
      const payload = payloads.get(`${uscc} ${id}`) ?? null;
      const part = (row) => Object.fromEntries(items.map(({ name }) => [name, row[name]]));
      enterprise[domain] ??= {};
      enterprise[domain][field] = payload === null ? null : many ? payload.slice(0, 1).map(part) : part(payload);
    }
    return enterprise;
  });
  return kind === 'A' ? { enterprise: enterprises[0] } : { enterprises };
}
