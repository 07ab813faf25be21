/**
 * What may be looked for in the log: each part narrows; entries must fit all of them. What is asked of enterprise, category,
 * item, reason and consent must be true together: of this enterprise that item was denied for that reason.
 */
import type { Reason } from '../access/outcome.js';
import type { InstitutionId, Purpose, Uscc } from '../terms.js';

export interface TrailFilter {
  readonly institution?: InstitutionId;
  /** System of an institution, a console or a portal. */
  readonly client?: string;
  /** Login of a member of staff. */
  readonly staff?: string;
  readonly operator?: string;
  readonly caseNumber?: string;
  readonly purpose?: Purpose;
  readonly enterprise?: Uscc;
  /** Provider of a category that was asked. */
  readonly provider?: string;
  readonly category?: string;
  /** Item code, such as `tax.valueAddedTaxReturn.taxPayable`. */
  readonly item?: string;
  readonly outcome?: 'ANSWERED' | 'REFUSED';
  /** Why an item was denied. */
  readonly reason?: Reason;
  readonly consent?: string;
  readonly policyVersion?: number;
  /** From this moment on, and before that one. */
  readonly from?: Date;
  readonly until?: Date;
}
