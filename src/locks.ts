/**
 * Numbers of all advisory locks of the database, in one place, so that no two things wait for each other by mistake. A number
 * that is also said in schema/migrations is never changed. Those marked HASHED lock by a text: the number is the seed of
 * `hashtextextended`, which spreads the texts of each over all 64 bits.
 */
export const LOCKS = Object.freeze({
  /** Processes that start together bring the schema up one after another. */
  MIGRATION: 7_203_158,
  /** Filling a zone with what is synthetic. */
  SEED: 7_203_159,
  /** Shared by whoever appends to the log, alone for whoever narrows policy: the epoch that an entry saw. In migrations, too. */
  POLICY_EPOCH: 7_203_160,
  /** Shared by whoever appends to the log outside the gateway's answers; whoever sequences looks at who holds it. In migrations, too. */
  APPENDING: 7_203_161,
  /** Held by the process that sequences the log, as long as it lives. */
  SEQUENCING: 7_203_162,
  /** Making partitions of months. In migrations alone. */
  MONTHS: 7_203_163,
  /** Changes of policy, one after another. */
  POLICY: 7_203_164,
  /** Deliveries of one category, one after another: the first of two numbers. */
  DELIVERY: 7_203_165,
  /** A delivery to several nodes, until all of them show it: the first of two numbers. */
  SETTLING: 7_203_173,
  /** HASHED: the same mutation sent twice at once. */
  IDEMPOTENCY: 7_203_166,
  /** HASHED: the same signed authorisation handed in twice at once. */
  CONSENT_EVIDENCE: 7_203_167,
  /** HASHED: changes of one consent. */
  CONSENT: 7_203_168,
  /** Placing a hold, and dropping a month. In migrations, too. */
  HOLDING: 7_203_171,
  /** Archiving and restoring months, one process at a time. */
  KEEPING: 7_203_172,
  /** Judging what was counted, one process at a time. */
  EVALUATING: 7_203_414,
  /** HASHED: reports of one case. */
  CASE: 7_203_415,
  /** Sending events of alerts, one process at a time. */
  SENDING: 7_203_416,
  /** HASHED: changes of one rule. */
  RULE: 7_203_417,
  /** HASHED: what is decided on one alert. */
  ALERT: 7_203_418,
});
