/** How the states are called where they are shown. */
export const STATE_LABELS = { cold: '冷 cold', redis: 'Redis', process: '进程 L1' };
