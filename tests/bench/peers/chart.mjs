export function chartOf() { return '<svg/>'; }
