import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ALL_MASKED, maskValue, type Value } from '../../src/access/masks.js';
import { loadCatalogue } from '../../src/catalogue/load.js';
import { type DataType, type Item, MASK_RULES, type MaskRule } from '../../src/catalogue/model.js';
import { PROJECT } from '../harness/house.js';
import { FIRM, onlyItem, PERSON, usccOf } from '../harness/invented.js';

const TYPE_OF: Record<MaskRule, string> = {
  name: 'personName',
  idNumber: 'idNumber',
  phone: 'phone',
  accountNumber: 'accountNumber',
  address: 'address',
  email: 'email',
  redact: 'text',
  round: 'decimal',
  year: 'date',
  uscc: 'uscc',
  withhold: 'code(tax-kind)',
};
const items = new Map(MASK_RULES.map((mask) => [mask, onlyItem({ mask, type: TYPE_OF[mask] }).item]));
const masked = (rule: MaskRule, value: Value) => maskValue(items.get(rule) as Item, value);

describe('a name', () => {
  test.each<[name: string, left: string]>([
    ['王小明', '王**'],
    ['王明', '王**'],
    [' 王小明 ', '王**'],
    ['欧阳修', '欧阳**'],
    ['欧阳娜娜', '欧阳**'],
    ['上官婉儿', '上官**'],
    ['司马相如', '司马**'],
    ['诸葛亮', '诸葛**'],
    ['尉迟恭', '尉迟**'],
    ['欧阳', '欧**'],
    ['欧小明', '欧**'],
    ['阿依古丽·买买提', '阿**'],
    ['𠮷野明', '𠮷**'],
    ['王', ALL_MASKED],
    ['', ALL_MASKED],
    ['  ', ALL_MASKED],
    ['John Smith', ALL_MASKED],
    ['Li', ALL_MASKED],
    ['王Smith', ALL_MASKED],
    ['王 小明', ALL_MASKED],
    ['王小明1', ALL_MASKED],
    ['王**', ALL_MASKED],
  ])('"%s" leaves as "%s"', (name, left) => {
    expect(masked('name', name)).toBe(left);
  });

  test('tells nothing of its length', () => {
    expect(new Set(['王明', '王小明', '王小小明明'].map((name) => masked('name', name))).size).toBe(1);
  });
});

describe('an identity number', () => {
  test.each<[number: string, left: string]>([
    ['11010519491231002X', '1***************2X'],
    ['110105194912310021', '1***************21'],
    ['110105491231002', '1************02'],
    ['11010519491231002x', ALL_MASKED],
    ['1101051949123100', ALL_MASKED],
    ['1101051949123100211', ALL_MASKED],
    ['11010549123100X', ALL_MASKED],
    ['E12345678', ALL_MASKED],
    ['H1234567(8)', ALL_MASKED],
    ['110105 19491231 002X', ALL_MASKED],
    ['', ALL_MASKED],
    ['1', ALL_MASKED],
  ])('"%s" leaves as "%s"', (number, left) => {
    expect(masked('idNumber', number)).toBe(left);
  });

  test('tells neither the place nor any part of the day of birth', () => {
    const left = String(masked('idNumber', '11010519491231002X'));
    expect(left.slice(1, 16)).toBe('*'.repeat(15));
  });
});

describe('a telephone number', () => {
  test.each<[number: string, left: string]>([
    ['13800138000', '138****8000'],
    ['19912345678', '199****5678'],
    ['010-62512345', ALL_MASKED],
    ['01062512345', ALL_MASKED],
    ['62512345', ALL_MASKED],
    ['62512345-801', ALL_MASKED],
    ['+8613800138000', ALL_MASKED],
    ['138 0013 8000', ALL_MASKED],
    ['1380013800', ALL_MASKED],
    ['138001380001', ALL_MASKED],
    ['400-810-8888', ALL_MASKED],
    ['', ALL_MASKED],
  ])('"%s" leaves as "%s"', (number, left) => {
    expect(masked('phone', number)).toBe(left);
  });
});

describe('an account number', () => {
  test.each<[number: string, left: string]>([
    ['6222021234567890123', '6222********0123'],
    ['020012345678', '0200********5678'],
    ['1'.repeat(30), '1111********1111'],
    ['02001234567', ALL_MASKED],
    ['1'.repeat(31), ALL_MASKED],
    ['6222 0212 3456 7890', ALL_MASKED],
    ['CN6222021234567890', ALL_MASKED],
    ['12345678', ALL_MASKED],
    ['', ALL_MASKED],
  ])('"%s" leaves as "%s"', (number, left) => {
    expect(masked('accountNumber', number)).toBe(left);
  });

  test('tells nothing of its length', () => {
    expect(masked('accountNumber', '622200001234')).toBe(masked('accountNumber', '62220000000000001234'));
  });
});

describe('an address', () => {
  test.each<[address: string, left: string]>([
    ['北京市海淀区中关村大街1号', '北京市海淀区***'],
    ['海淀区中关村大街1号', '海淀区***'],
    ['北京海淀区中关村大街1号', '北京海淀区***'],
    ['中国北京市海淀区中关村大街1号', '中国北京市海淀区***'],
    ['北京市密云县鼓楼东大街3号', '北京市密云县***'],
    ['上海市浦东新区张江高科技园区', '上海市浦东新区***'],
    ['河北省石家庄市桥西区友谊大街9号', '河北省石家庄市桥西区***'],
    ['山东省济南市市中区经四路2号', '山东省济南市市中区***'],
    ['河北省唐山市路南区新华道1号', '河北省唐山市路南区***'],
    ['江苏省南京市鼓楼区汉口路22号', '江苏省南京市鼓楼区***'],
    ['河南省新乡市红旗区平原路', '河南省新乡市红旗区***'],
    ['黑龙江省哈尔滨市道里区中央大街', '黑龙江省哈尔滨市道里区***'],
    ['黑龙江省大庆市大同区高台子街', '黑龙江省大庆市大同区***'],
    ['广西壮族自治区南宁市青秀区民族大道1号', '广西壮族自治区南宁市青秀区***'],
    ['内蒙古自治区呼和浩特市新城区成吉思汗大街', '内蒙古自治区呼和浩特市新城区***'],
    ['新疆维吾尔自治区乌鲁木齐市天山区人民路2号', '新疆维吾尔自治区乌鲁木齐市天山区***'],
    ['宁夏回族自治区银川市兴庆区解放街5号', '宁夏回族自治区银川市兴庆区***'],
    ['西藏自治区拉萨市城关区北京中路', '西藏自治区拉萨市城关区***'],
    ['内蒙古自治区通辽市科尔沁左翼中旗保康镇', '内蒙古自治区通辽市科尔沁左翼中旗***'],
    ['广西壮族自治区桂林市恭城瑶族自治县恭城镇', '广西壮族自治区桂林市恭城瑶族自治县***'],
    ['西城区菜市口教子胡同东区5号', '西城区***'],
    ['北京市朝阳区', ALL_MASKED],
    ['广西壮族自治区', ALL_MASKED],
    ['北京市望京街8号小区3栋', ALL_MASKED],
    ['望京街小区3栋', ALL_MASKED],
    ['北京市望京小区3栋', ALL_MASKED],
    ['路8号小区', ALL_MASKED],
    ['北京市长安路东区5号', ALL_MASKED],
    ['北京市望京花园四区12号', ALL_MASKED],
    ['科技园区3号楼', ALL_MASKED],
    ['学院路37号', ALL_MASKED],
    ['中关村软件园二期西侧', ALL_MASKED],
    ['Room 5, 12 Main Street', ALL_MASKED],
    ['区', ALL_MASKED],
    ['', ALL_MASKED],
  ])('"%s" leaves as "%s"', (address, left) => {
    expect(masked('address', address)).toBe(left);
  });
});

describe('an e-mail address', () => {
  test.each<[address: string, left: string]>([
    ['wang.ming@example.com', 'w***@example.com'],
    ['ab@example.cn', 'a***@example.cn'],
    ['a@example.com', ALL_MASKED],
    ['wang.ming@example', ALL_MASKED],
    ['wang.ming', ALL_MASKED],
    ['wang@ming@example.com', ALL_MASKED],
    ['wang ming@example.com', ALL_MASKED],
    ['', ALL_MASKED],
  ])('"%s" leaves as "%s"', (address, left) => {
    expect(masked('email', address)).toBe(left);
  });
});

describe('an amount', () => {
  test.each<[amount: Value, left: Value | null]>([
    ['5234567.89', '5000000'],
    ['5500000', '6000000'],
    ['5499999.99', '5000000'],
    ['9500000', '10000000'],
    ['12345678901234567890', '10000000000000000000'],
    ['99999999999999999999', '100000000000000000000'],
    ['16000000000000000000.01', '20000000000000000000'],
    ['-1234.5', '-1000'],
    ['-27', '-30'],
    ['-3', '0'],
    ['0', '0'],
    ['0.13', '0'],
    ['9.99', '0'],
    ['10', '10'],
    ['14.99', '10'],
    ['15', '20'],
    [1234, 1000],
    [7, 0],
    [-27, -30],
    [0, 0],
    [96, 100],
    [2_147_483_647, 2_000_000_000],
    ['', null],
    ['many', null],
    ['1e5', null],
    ['1,234', null],
    [true, null],
  ])('%j leaves as %j', (amount, left) => {
    expect(masked('round', amount)).toBe(left);
  });
});

describe('a day or a moment', () => {
  test.each<[day: Value, left: Value | null]>([
    ['2020-05-06', '2020-01-01'],
    ['1999-12-31', '1999-01-01'],
    ['2020-05-06T07:08:09Z', '2020-01-01T00:00:00Z'],
    ['2020', null],
    ['06/05/2020', null],
    ['', null],
    [2020, null],
  ])('%j leaves as %j', (day, left) => {
    expect(masked('year', day)).toBe(left);
  });
});

describe('a unified social credit code', () => {
  test('of a firm leaves whole, because a part of it would be the code of another', () => {
    expect(masked('uscc', FIRM)).toBe(FIRM);
  });
  test("of an individual's business does not leave at all", () => {
    expect(masked('uscc', PERSON)).toBeNull();
  });
});

test.each<Value>(['红色', 7, true, '01', '2020-05-06'])('a withheld %j does not leave at all', (value) => {
  expect(masked('withhold', value)).toBeNull();
});
test.each(['甲公司', 'x', '', '很长的一段经营范围'.repeat(20)])('of a redacted text "%s" nothing is left, not even its length', (text) => {
  expect(masked('redact', text)).toBe(ALL_MASKED);
});

/* ---- properties ---- */

const TEXTUAL = ['name', 'idNumber', 'phone', 'accountNumber', 'address', 'email', 'redact'] as const;
const digits = (least: number, most = least) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: least, maxLength: most });
const han = (least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...'王李欧阳上官小明北京市海淀区县旗省路街号自治区东西一二·'), minLength: least, maxLength: most });
/** Texts that look like what they should be, and texts that do not. */
const texts = fc.oneof(
  han(0, 12),
  digits(0, 32),
  digits(10).map((rest) => `1${rest}`),
  fc.tuple(digits(17), fc.constantFrom(...'0123456789X')).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('北京市海淀区', '广西壮族自治区南宁市青秀区', '某某省某某市某某县'), han(0, 10), digits(0, 4)).map((parts) => parts.join('')),
  fc.emailAddress(),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const left = (text: string) => [...text].filter((character) => character !== '*').length;
/** Characters of the original that may be left of it. */
const MOST_LEFT: Record<(typeof TEXTUAL)[number], (text: string) => number> = {
  name: () => 2,
  idNumber: () => 3,
  phone: () => 7,
  accountNumber: () => 8,
  address: (text) => Math.max(0, ...['区', '县', '旗'].map((end) => text.lastIndexOf(end) + 1)),
  email: (text) => 1 + text.length - Math.max(0, text.lastIndexOf('@')),
  redact: () => 0,
};

describe('whatever the value', () => {
  test.each(TEXTUAL)('a mask of the kind %s leaves no more than it may, in the places where it stood', (rule) => {
    fc.assert(
      fc.property(texts, (text) => {
        const out = masked(rule, text);
        if (typeof out !== 'string') throw new Error('a text leaves as a text');
        expect(left(out)).toBeLessThanOrEqual(MOST_LEFT[rule](text));
        expect(out).toContain('**');
        const [front = '', back = ''] = [out.slice(0, out.indexOf('*')), out.slice(out.lastIndexOf('*') + 1)];
        expect(text.trim().startsWith(front)).toBe(true);
        expect(text.trim().endsWith(back)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('an address tells no number, and ends with a district', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(masked('address', text)).toMatch(/^(|[^\d０-９]+[区县旗])\*\*\*$/u);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(TEXTUAL)('a value masked twice by the kind %s tells no more than one masked once', (rule) => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = masked(rule, text) as string;
        expect([once, ALL_MASKED]).toContain(masked(rule, once));
      }),
      { numRuns: 500 },
    );
  });

  test('a decimal stays a plain decimal text of one figure, the nearest there is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.option(digits(1, 6)), (whole, fraction) => {
        const out = masked('round', fraction === null ? String(whole) : `${whole}.${fraction}`);
        if (typeof out !== 'string') throw new Error('a decimal leaves as a text');
        expect(out).toMatch(/^(0|-?[1-9]0+)$/);
        const size = whole < 0n ? -whole : whole;
        if (size < 10n) expect(out).toBe('0');
        else {
          const unit = 10n ** BigInt(String(size).length - 1);
          const nearest = ((2n * size + unit) / (2n * unit)) * unit;
          expect(BigInt(out)).toBe(whole < 0n ? -nearest : nearest);
        }
        expect(masked('round', out)).toBe(out);
      }),
    );
  });

  test('a whole number stays a whole number', () => {
    fc.assert(
      fc.property(fc.integer(), (number) => {
        const out = masked('round', number);
        expect(Number.isInteger(out)).toBe(true);
        expect(Object.is(out, -0)).toBe(false);
        expect(out).toBe(Number(masked('round', String(number))));
      }),
    );
  });

  test('a day stays a day of its year, and a moment a moment', () => {
    const days = fc.date({ min: new Date('1600-01-01'), max: new Date('2399-12-31'), noInvalidDate: true }).map((date) => date.toISOString());
    fc.assert(
      fc.property(days, (iso) => {
        const [day, moment] = [masked('year', iso.slice(0, 10)), masked('year', `${iso.slice(0, 19)}Z`)];
        expect(new Date(String(day)).toISOString().slice(0, 10)).toBe(day);
        expect(new Date(String(moment)).toISOString()).toBe(`${String(moment).slice(0, -1)}.000Z`);
        expect([String(day).slice(0, 4), String(moment).slice(0, 4)]).toEqual([iso.slice(0, 4), iso.slice(0, 4)]);
      }),
    );
  });
});

describe('every item of the zone', () => {
  const SAMPLE: Record<DataType, Value> = {
    string: '北京辰光科技有限公司',
    text: '技术开发、技术咨询',
    integer: 1234,
    decimal: '5234567.89',
    date: '2020-05-06',
    datetime: '2020-05-06T07:08:09Z',
    boolean: true,
    code: '01',
    uscc: usccOf('92110108MA02'),
    personName: '王小明',
    idNumber: '11010519491231002X',
    phone: '13800138000',
    address: '北京市海淀区中关村大街1号',
    accountNumber: '6222021234567890123',
    email: 'wang@example.com',
  };
  const catalogue = loadCatalogue(join(PROJECT, 'schema'));

  test('leaves masked as a value of its own type or not at all, and never as it was', () => {
    const wrong = catalogue.items.filter((item) => {
      const sample = SAMPLE[item.type];
      const out = maskValue(item, sample);
      return out === sample || (out !== null && typeof out !== typeof sample);
    });
    expect(catalogue.items).toHaveLength(3158);
    expect(wrong.map(({ code }) => code)).toEqual([]);
  });

  test('that is a day, an amount or a whole number leaves masked as a readable one', () => {
    const FORM: Partial<Record<DataType, RegExp>> = { date: /^2020-01-01$/, datetime: /^2020-01-01T00:00:00Z$/, decimal: /^5000000$/, integer: /^1000$/ };
    const wrong = catalogue.items.filter((item) => {
      const out = maskValue(item, SAMPLE[item.type]);
      return out !== null && !(FORM[item.type]?.test(String(out)) ?? true);
    });
    expect(wrong.map(({ code }) => code)).toEqual([]);
  });
});
