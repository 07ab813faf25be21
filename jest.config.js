export const testEnvironment = 'node';
export const extensionsToTreatAsEsm = ['.ts'];
export const moduleNameMapper = { '^(\\.{1,2}/.*)\\.js$': '$1' };
export const transform = { '^.+\\.ts$': '@swc/jest' };
export const testMatch = ['<rootDir>/tests/**/*.test.ts'];
export const testTimeout = 60_000;
export const maxWorkers = 2;
