import { describe, expect, test } from '@jest/globals';
import { gramsOf } from '../../src/catalogue/grams.js';
import type { CodeList, Item } from '../../src/catalogue/model.js';
import { readCapital } from '../../src/delivery/capital.js';
import { codeReader, codeTitleReader, divisionReader } from '../../src/delivery/codes.js';
import { readDate, readDateTime } from '../../src/delivery/dates.js';
import { compareDecimals, readNumber } from '../../src/delivery/numbers.js';
import type { Reading } from '../../src/delivery/reasons.js';
import { readBoolean, readDeliveredUscc, readInteger, readText, valueReaderOf } from '../../src/delivery/values.js';
import { usccCheckCharacter } from '../../src/terms.js';

const outcome = (reading: Reading<unknown>) => (reading.ok ? reading.value : reading.fault.reason);

function listOf(name: string, codes: Record<string, string>): CodeList {
  const entries = Object.entries(codes).map(([code, zh]) => ({ code, zh, en: code, parent: null }));
  return { name, title: { zh: name, en: name }, codes: entries, byCode: new Map(entries.map((entry) => [entry.code, entry])) };
}

describe('dates', () => {
  test.each([
    ['2020-01-31', '2020-01-31'],
    ['2020/1/31', '2020-01-31'],
    ['2020.01.31', '2020-01-31'],
    ['2020年1月31日', '2020-01-31'],
    ['20200131', '2020-01-31'],
    ['２０２０－０１－３１', '2020-01-31'],
    ['2020-01-31 00:00:00.0', '2020-01-31'],
    ['2020-01-31T00:00:00Z', '2020-01-31'],
    ['43861', '2020-01-31'],
    ['36525', '1999-12-31'],
    ['2020-02-29', '2020-02-29'],
    ['2019-02-29', 'NOT_A_DATE'],
    ['1900-02-29', 'NOT_A_DATE'],
    ['2020-13-01', 'NOT_A_DATE'],
    ['2020-00-10', 'NOT_A_DATE'],
    ['2020-01-31 08:15', 'NOT_A_DATE'],
    ['31/01/2020', 'NOT_A_DATE'],
    ['2020-1/31', 'NOT_A_DATE'],
    ['20200132', 'NOT_A_DATE'],
    ['2020', 'NOT_A_DATE'],
    ['0000-01-01', 'NOT_A_DATE'],
  ])('the day %s is read as %s', (text, expected) => {
    expect(outcome(readDate(text))).toBe(expected);
  });

  test.each([
    ['2020-01-31T12:00:00Z', '2020-01-31T12:00:00Z'],
    ['2020-01-31 12:00:00', '2020-01-31T04:00:00Z'],
    ['2020/1/31 7:30', '2020-01-30T23:30:00Z'],
    ['2020-01-31T12:00:00+0200', '2020-01-31T10:00:00Z'],
    ['2020-01-31', '2020-01-30T16:00:00Z'],
    ['2020-01-31 24:00:00', 'NOT_A_DATE'],
    ['2020-02-30 12:00:00', 'NOT_A_DATE'],
    ['noon', 'NOT_A_DATE'],
  ])('the moment %s is read as %s', (text, expected) => {
    expect(outcome(readDateTime(text))).toBe(expected);
  });
});

describe('numbers', () => {
  test.each<[string, number, string]>([
    ['1,234,567.50', 0, '1234567.5'],
    ['１２３．４', 0, '123.4'],
    ['007', 0, '7'],
    ['-0.00', 0, '0'],
    ['-12.30', 0, '-12.3'],
    ['1.5E+07', 0, '15000000'],
    ['1e-3', 0, '0.001'],
    ['0.00012', 4, '1.2'],
    ['12.3456789', 4, '123456.789'],
    ['5', -2, '0.05'],
    ['90071992547409931234.01', 0, '90071992547409931234.01'],
    ['1,23', 0, 'NOT_A_NUMBER'],
    ['12,34,567', 0, 'NOT_A_NUMBER'],
    ['12%', 0, 'NOT_A_NUMBER'],
    ['.5', 0, 'NOT_A_NUMBER'],
    ['twelve', 0, 'NOT_A_NUMBER'],
    ['9'.repeat(61), 0, 'TOO_LONG'],
  ])('%s times ten to %i is %s', (text, timesTenTo, expected) => {
    expect(outcome(readNumber(text, timesTenTo))).toBe(expected);
  });

  test.each([
    ['12', 12],
    ['12.0', 12],
    ['-3', -3],
    ['12.5', 'NOT_AN_INTEGER'],
    ['9007199254740993', 'NOT_AN_INTEGER'],
    ['a', 'NOT_A_NUMBER'],
  ])('%s as a whole number is %s', (text, expected) => {
    expect(outcome(readInteger(text))).toBe(expected);
  });

  test('decimals are ordered by value, not by spelling', () => {
    const sorted = ['10', '9', '-10', '-9', '0.5', '0.45', '0', '100.01', '100'].sort(compareDecimals);
    expect(sorted).toEqual(['-10', '-9', '0', '0.45', '0.5', '9', '10', '100', '100.01']);
  });
});

describe('capital', () => {
  test.each([
    ['500(万元人民币)', '5000000', 'CNY'],
    ['30(万美元)', '300000', 'USD'],
    ['20(万元美元)', '200000', 'USD'],
    ['48万人民币', '480000', 'CNY'],
    ['48.5万人民币元', '485000', 'CNY'],
    ['1000.5万元', '10005000', 'CNY'],
    ['１，０００．５（万元人民币）', '10005000', 'CNY'],
    ['12,345,678.9(万元)', '123456789000', 'CNY'],
    ['0.123456(万元)', '1234.56', 'CNY'],
    ['7(万德国马克)', '70000', 'DEM'],
    ['7(万香港元)', '70000', 'HKD'],
    ['7(万元港元)', '70000', 'HKD'],
    ['2亿日元', '200000000', 'JPY'],
    ['3百万欧元', '3000000', 'EUR'],
    ['人民币500万元', '5000000', 'CNY'],
    ['USD 30万', '300000', 'USD'],
    ['500元', '500', 'CNY'],
    ['0(万元人民币)', '0', 'CNY'],
    ['70368744177664.01(万元)', '703687441776640100', 'CNY'],
  ])('%s is %s units of %s', (text, amount, currency) => {
    expect(outcome(readCapital(text))).toEqual({ amount, currency });
  });

  test.each([
    ['500(万)', 'NOT_A_NUMBER'],
    ['500', 'NOT_A_NUMBER'],
    ['500(万元人民币', 'NOT_A_NUMBER'],
    ['5,00(万元)', 'NOT_A_NUMBER'],
    ['-5万元', 'NOT_A_NUMBER'],
    ['人民币5万美元', 'NOT_A_NUMBER'],
    ['500万金币', 'NOT_IN_CODE_LIST'],
    ['五百万元', 'NOT_A_NUMBER'],
    ['SOMEBODY）', 'NOT_A_NUMBER'],
  ])('%s is not understood (%s)', (text, reason) => {
    expect(outcome(readCapital(text))).toBe(reason);
  });

  test('an amount without a currency is read as the mapping supposes, and says so', () => {
    expect(readCapital('500(万)', { unstatedCurrency: 'CNY' })).toEqual({
      ok: true,
      value: { amount: '5000000', currency: 'CNY' },
      warning: 'CURRENCY_ASSUMED',
    });
    expect(outcome(readCapital('500', { unstatedCurrency: 'CNY' }))).toBe('NOT_A_NUMBER');
    expect(outcome(readCapital('500', { unstatedCurrency: 'CNY', unstatedTimesTenTo: 4 }))).toEqual({ amount: '5000000', currency: 'CNY' });
    expect(readCapital('500(万元)', { unstatedCurrency: 'USD' })).toEqual({ ok: true, value: { amount: '5000000', currency: 'CNY' } });
  });
});

describe('codes', () => {
  const divisions = listOf('division', {
    110101: '东城区',
    110102: '西城区',
    110105: '朝阳区',
    110112: '通州区',
    110118: '密云区',
    110302: '北京经济技术开发区',
  });
  test.each([
    ['朝阳', '110105'],
    ['朝阳区', '110105'],
    ['北京市朝阳区', '110105'],
    ['北京 朝阳', '110105'],
    ['密云县', '110118'],
    ['110228', '110118'],
    ['崇文区', '110101'],
    ['宣武', '110102'],
    ['110104', '110102'],
    ['通县', '110112'],
    ['通州', '110112'],
    ['亦庄', '110302'],
    ['经济技术开发区', '110302'],
    ['北京经济技术开发区', '110302'],
    ['110105', '110105'],
    ['浦东', 'NOT_IN_CODE_LIST'],
    ['北京', 'NOT_IN_CODE_LIST'],
    ['110199', 'NOT_IN_CODE_LIST'],
  ])('the division %s is %s', (text, expected) => {
    expect(outcome(divisionReader(divisions)(text))).toBe(expected);
  });

  const types = listOf('entity-type', { 1130: '有限责任公司（自然人投资或控股）', 1140: '有限责任公司（国有控股）', 3200: '集体所有制', 4531: '普通合伙企业' });
  test.each([
    ['集体所有制', '3200'],
    ['有限责任公司(国有控股)', '1140'],
    ['普通合伙', '4531'],
    ['国有企业', '1140'],
    ['3200', '3200'],
    ['有限责任公司', 'NOT_IN_CODE_LIST'],
    ['集', 'NOT_IN_CODE_LIST'],
    ['合伙', 'NOT_IN_CODE_LIST'],
  ])('the title %s is %s', (text, expected) => {
    expect(outcome(codeTitleReader(types, { 国有企业: '1140' })(text))).toBe(expected);
  });

  test('a bare code is taken in its exact spelling only', () => {
    expect(outcome(codeReader(types)('3200'))).toBe('3200');
    expect(outcome(codeReader(types)('集体所有制'))).toBe('NOT_IN_CODE_LIST');
  });
});

describe('codes of enterprises', () => {
  const body = '91110108MA00000X0';
  const good = body + usccCheckCharacter(body);
  const bad = body + (good.endsWith('1') ? '2' : '1');
  const strict = { acceptFailedCheck: false, lowerCase: 'UPPER' } as const;

  test.each([
    ['as it is', good, good],
    ['full-width, padded', ` ${good.replace('9', '９')} `, good],
    ['in lower case', good.toLowerCase(), good],
    ['too short', good.slice(1), 'USCC_LENGTH'],
    ['with the letter O', good.replace('X', 'O'), 'USCC_CHARACTER'],
    ['with a wrong check character', bad, 'USCC_CHECK'],
    ['with a wrong check character in lower case', bad.toLowerCase(), 'USCC_CHECK'],
  ])('a code %s is judged', (_, text, expected) => {
    expect(outcome(readDeliveredUscc(text, strict))).toBe(expected);
  });

  test('a failed check is accepted with a warning where the mapping says so, and nothing else is', () => {
    const lenient = { ...strict, acceptFailedCheck: true };
    expect(readDeliveredUscc(bad, lenient)).toEqual({ ok: true, value: bad, warning: 'FAILED_CHECK' });
    expect(outcome(readDeliveredUscc(good.slice(1), lenient))).toBe('USCC_LENGTH');
    expect(outcome(readDeliveredUscc(good.replace('X', 'O'), lenient))).toBe('USCC_CHARACTER');
  });

  test('a lower-case letter is refused where the mapping says so, whatever the check says', () => {
    const capitals = { acceptFailedCheck: true, lowerCase: 'REFUSE' } as const;
    expect(outcome(readDeliveredUscc(good.replace('X', 'x'), capitals))).toBe('USCC_CHARACTER');
    expect(outcome(readDeliveredUscc(bad.replace('X', 'x'), capitals))).toBe('USCC_CHARACTER');
    expect(outcome(readDeliveredUscc(good, capitals))).toBe(good);
  });
});

describe('values by type', () => {
  const reader = (type: Item['type']) => valueReaderOf({ type, codeList: null } as Item, undefined, { acceptFailedCheck: false, lowerCase: 'UPPER' });
  test.each<[Item['type'], string, unknown]>([
    ['boolean', '是', true],
    ['boolean', 'FALSE', false],
    ['boolean', '0', false],
    ['boolean', 'maybe', 'NOT_A_BOOLEAN'],
    ['phone', '13800000000', '13800000000'],
    ['phone', '010-60000000转12', '010-60000000转12'],
    ['phone', '+86 10 6000 0000', '+86 10 6000 0000'],
    ['phone', '138****0000', 'NOT_THE_FORM'],
    ['phone', '12', 'NOT_THE_FORM'],
    ['email', 'office@example.com', 'office@example.com'],
    ['email', 'office.example.com', 'NOT_THE_FORM'],
    ['email', 'a b@example.com', 'NOT_THE_FORM'],
    ['accountNumber', '6222000000000000000', '6222000000000000000'],
    ['accountNumber', '62*', 'NOT_THE_FORM'],
    ['idNumber', '11010119000101003X', 'NOT_THE_FORM'],
    ['idNumber', '110101190001010000', 'NOT_THE_FORM'],
    ['idNumber', '110101200002300019', 'NOT_THE_FORM'],
    ['idNumber', 'E12345678', 'E12345678'],
    ['idNumber', '张三', 'NOT_THE_FORM'],
    ['string', ' 甲\u3000', '甲'],
    ['string', '甲\u0000乙', 'NOT_THE_FORM'],
    ['string', '甲\ud800', 'NOT_THE_FORM'],
    ['code', '1', 'NOT_IN_CODE_LIST'],
    ['uscc', '123', 'USCC_LENGTH'],
  ])('a %s %j is judged', (type, text, expected) => {
    expect(outcome(reader(type)(text))).toBe(expected);
  });

  test('a citizen number is held to its check character', () => {
    const body = '11010119900307001';
    const accepted = [...'0123456789X'].filter((check) => reader('idNumber')(body + check).ok);
    expect(accepted).toHaveLength(1);
  });

  test('a name may have 1,000 characters, a text more', () => {
    const long = '甲'.repeat(1_001);
    expect(outcome(reader('string')(long))).toBe('TOO_LONG');
    expect(outcome(reader('string')(long.slice(1)))).toBe(long.slice(1));
    expect(outcome(reader('text')(long))).toBe(long);
  });

  test('line breaks belong to a text', () => {
    expect(outcome(readText('one\ntwo', 100))).toBe('one\ntwo');
    expect(outcome(readBoolean('yes'))).toBe(true);
  });
});

describe('grams', () => {
  test('a name is cut into its distinct characters and pairs, alike for either width and case', () => {
    expect(gramsOf('北京ab 北京')).toEqual(['北', '京', 'A', 'B', '北京', '京A', 'AB', 'B北']);
    expect(gramsOf('ＡＢ')).toEqual(gramsOf('a b'));
    expect(gramsOf('𠮷野')).toEqual(['𠮷', '野', '𠮷野']);
    expect(gramsOf(' ')).toEqual([]);
  });
});
