/** Root fields about the log as evidence: checkpoints, proofs and keys. They tell hashes, and read no record. */
import { Arg, Ctx, Field, Float, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { KeptCheckpoint, ProvenReceipt } from '../audit/proofs.js';
import { consistencyText, hexOf, inclusionText } from '../audit/proofText.js';
import { receiptOf } from '../audit/receiptText.js';
import { Fault } from '../faults.js';
import type { JourneyContext } from './journey.js';
import { DateTimeScalar } from './scalars.js';
import { enumOf } from './types.js';

const PROOF_STATES = ['PROVEN', 'PENDING'] as const;
export const ProofStateEnum = enumOf('ProofState', PROOF_STATES, '证明状态：PENDING 为尚未纳入检查点 / PENDING: durable, in no signed checkpoint yet');

@ObjectType('Checkpoint', { description: '审计日志的已签署检查点 / A signed checkpoint of the audit log' })
export class Checkpoint {
  @Field(() => Float, { simple: true, description: '条目数 / Entries under it' }) size!: number;
  @Field(() => DateTimeScalar, { simple: true, description: '签署时间 / When it was signed' }) time!: string;
  @Field(() => String, { simple: true, description: '树根，十六进制 / Root of the tree (RFC 6962, SHA-256), hex' }) root!: string;
  @Field(() => String, { simple: true, description: '签名文本（C2SP signed note） / The signed note' }) note!: string;
}

@ObjectType('ProvenReceipt', { description: '回执中可证明的部分 / What of a receipt can be proven' })
export class ProvenReceiptNode {
  @Field(() => ID, { simple: true, description: '回执编号 / Id of the receipt' }) id!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '时间 / When' }) time!: string;
  @Field(() => String, { simple: true, description: '叶哈希，十六进制 / Leaf hash, hex' }) leafHash!: string;
}

@ObjectType('InclusionProof', { description: '条目在日志中的证明 / That the entry of a receipt stands in the log' })
export class InclusionProof {
  @Field(() => ProofStateEnum, { simple: true, description: '状态 / Whether it can be proven yet' }) state!: (typeof PROOF_STATES)[number];
  @Field(() => ProvenReceiptNode, { simple: true, description: '回执 / The receipt' }) receipt!: ProvenReceipt;
  @Field(() => Float, { nullable: true, simple: true, description: '叶的序号 / Number of its leaf' }) leaf!: number | null;
  @Field(() => [String], { nullable: true, simple: true, description: '自叶至根的兄弟哈希 / Siblings from the leaf upwards, hex' }) path!: string[] | null;
  @Field(() => Checkpoint, { nullable: true, simple: true, description: '所依检查点 / The checkpoint that it leads to' }) checkpoint!: Checkpoint | null;
  @Field(() => String, { nullable: true, simple: true, description: '证明文件 zone-inclusion/1 / The proof as a file, for verifiers' }) document!:
    | string
    | null;
}

@ObjectType('ConsistencyProof', { description: '前一检查点为后一检查点之前缀的证明 / That one checkpoint begins another' })
export class ConsistencyProof {
  @Field(() => Checkpoint, { simple: true, description: '较早者 / The older one' }) older!: Checkpoint;
  @Field(() => Checkpoint, { simple: true, description: '较新者 / The newer one' }) newer!: Checkpoint;
  @Field(() => [String], { simple: true, description: '哈希，十六进制 / Hashes that lead from one to the other, hex' }) path!: string[];
  @Field(() => String, { simple: true, description: '证明文件 zone-consistency/1 / The proof as a file, for verifiers' }) document!: string;
}

@ObjectType('AuditKey', { description: '签署检查点的公钥 / A public key that signs checkpoints, or did' })
export class AuditKey {
  @Field(() => ID, { simple: true, description: '密钥编号 / Id under which its signatures stand, hex' }) id!: string;
  @Field(() => String, { simple: true, description: '公钥（C2SP verifier key） / As verifiers take it' }) verifier!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '启用时间 / Its first checkpoint' }) since!: string;
  @Field(() => DateTimeScalar, { nullable: true, simple: true, description: '停用时间；空为在用 / When another took over; null: it signs' })
  retiredAt!: string | null;
}

@Resolver()
export class EvidenceQueries {
  @Query(() => Checkpoint, {
    nullable: true,
    description: '最新检查点，或覆盖某叶的最早检查点；尚无则为空 / The newest checkpoint, or the first that covers a leaf; null where there is none',
  })
  async checkpoint(
    @Ctx() { journey }: JourneyContext,
    @Arg('leaf', () => Float, { nullable: true, description: '叶的序号 / Number of a leaf: 0, 1, 2 ...' }) leaf: number | undefined,
  ): Promise<Checkpoint | null> {
    const { proofs } = journey.parts;
    const found = leaf === undefined || leaf === null ? await proofs.latest() : await proofs.covering(wholeOf('leaf', leaf));
    return found && checkpointOf(found);
  }

  @Query(() => InclusionProof, { nullable: true, description: '以回执编号取包含证明 / That the entry of a receipt stands in the log' })
  async inclusionProof(
    @Ctx() { journey }: JourneyContext,
    @Arg('receipt', () => ID, { description: '回执编号 / Id of the receipt' }) receipt: string,
    @Arg('time', () => String, { nullable: true, description: '回执时间；与叶哈希一并给出可查已归档条目 / Its time; with leafHash it finds what was archived' })
    time: string | undefined,
    @Arg('leafHash', () => String, { nullable: true, description: '回执的叶哈希 / Its leaf hash' }) leafHash: string | undefined,
  ): Promise<InclusionProof> {
    const found = await journey.parts.proofs.inclusion(receiptOf({ id: receipt, time, leafHash }));
    journey.lookups.push({ field: 'inclusionProof', filter: { receipt }, returned: found.state === 'UNKNOWN' ? 0 : 1 });
    switch (found.state) {
      case 'ARCHIVED':
        throw new Fault('RECEIPT_ARCHIVED', { detail: found.month, facts: { month: found.month } });
      case 'UNKNOWN':
        throw new Fault('RECEIPT_UNKNOWN');
      case 'CONTRADICTED':
        throw new Fault('LOG_CONTRADICTED');
      case 'PENDING':
        return { state: 'PENDING', receipt: found.receipt, leaf: null, path: null, checkpoint: null, document: null };
      case 'PROVEN':
        return { ...found, path: hexOf(found.path), checkpoint: checkpointOf(found.checkpoint), document: inclusionText(found) };
    }
  }

  @Query(() => ConsistencyProof, {
    nullable: true,
    description: '两个检查点之间的一致性证明；省略 newer 为最新 / That one checkpoint begins another; without newer, the newest',
  })
  async consistencyProof(
    @Ctx() { journey }: JourneyContext,
    @Arg('older', () => Float, { description: '较早检查点的 size / Size of the older one' }) older: number,
    @Arg('newer', () => Float, { nullable: true, description: '较新检查点的 size / Size of the newer one' }) newer: number | undefined,
  ): Promise<ConsistencyProof> {
    const found = await journey.parts.proofs.consistency(wholeOf('older', older), newer === undefined || newer === null ? undefined : wholeOf('newer', newer));
    if (!found) throw new Fault('CHECKPOINT_UNKNOWN');
    return { older: checkpointOf(found.older), newer: checkpointOf(found.newer), path: hexOf(found.path), document: consistencyText(found) };
  }

  @Query(() => [AuditKey], { description: '签署过检查点的全部公钥 / All public keys that ever signed a checkpoint' })
  async auditKeys(@Ctx() { journey }: JourneyContext): Promise<AuditKey[]> {
    const keys = await journey.parts.proofs.keys();
    return keys.map((key) => ({ ...key, since: key.since.toISOString(), retiredAt: key.retiredAt?.toISOString() ?? null }));
  }
}

function checkpointOf({ size, time, root, note }: KeptCheckpoint): Checkpoint {
  return { size, time: time.toISOString(), root: root.toString('hex'), note };
}

/** Counts of entries go beyond GraphQL's integers of 32 bits. */
function wholeOf(name: string, given: number): number {
  if (!Number.isSafeInteger(given) || given < 0) throw new Fault('BAD_USER_INPUT', { detail: `${name}: 0, 1, 2 ...` });
  return given;
}
