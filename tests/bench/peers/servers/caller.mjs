/** The header in which a peer is told who calls; ours verifies a signed token instead. */
export const CALLER = 'x-institution';
