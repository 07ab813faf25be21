/** Which of a Redis Cluster's slots a key lies in: CRC16 (XMODEM) of the key, or of what stands between its first braces. */

const SLOTS = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8;
  for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1;
  return sum;
});

export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  const hashed = Buffer.from(open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key);
  let sum = 0;
  for (const byte of hashed) sum = ((sum << 8) & 0xffff) ^ (TABLE[(sum >> 8) ^ byte] as number);
  return sum % SLOTS;
}
