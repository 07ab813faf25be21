/** Unified social credit codes as GB 32100-2015 has them, read once more. */
const CHARACTERS = [...'0123456789ABCDEFGHJKLMNPQRTUWXY'];

/** The canonical form of what was typed, and what is wrong with it; null: nothing. */
export function readCode(typed: string): { code: string; wrong: 'LENGTH' | 'CHARACTER' | 'CHECK' | null } {
  const half = [...typed].map((letter) => {
    const point = letter.codePointAt(0) as number;
    return point >= 0xff01 && point <= 0xff5e ? String.fromCodePoint(point - 0xfee0) : letter;
  });
  const code = half.join('').trim().toUpperCase();
  if (code.length !== 18) return { code, wrong: 'LENGTH' };
  const numbers = [...code].map((letter) => CHARACTERS.indexOf(letter));
  if (numbers.includes(-1)) return { code, wrong: 'CHARACTER' };
  let weight = 1;
  let sum = 0;
  for (const number of numbers.slice(0, 17)) {
    sum += number * weight;
    weight = (weight * 3) % 31;
  }
  return { code, wrong: (sum + (numbers[17] as number)) % 31 === 0 ? null : 'CHECK' };
}

/** The code that begins with these 17 characters. */
export function codeOf(seventeen: string): string {
  const last = CHARACTERS.find((letter) => readCode(seventeen + letter).wrong === null);
  return seventeen + last;
}
