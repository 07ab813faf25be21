/** Values that hang on no other item of the row: codes, truths, people, addresses, texts. */
import type { Catalogue, Item } from '../catalogue/model.js';
import { FIXED_TEXTS, USCC_KINDS } from './known.js';
import { accountNumber, address, identityNumber, mobile, personName } from './people.js';
import { weighted } from './random.js';
import type { Fill } from './row.js';
import { compileText } from './texts.js';
import { inventUscc } from './uscc.js';
import { DISTRICTS } from './words.js';

/** Truths are rarer than their contraries in what registers ask. */
const TRUE_SHARE = 0.35;
/** Addresses in a firm's records are mostly its own. */
const OWN_ADDRESS_SHARE = 0.6;

export function compilePlain(item: Item, catalogue: Pick<Catalogue, 'codeLists'>): Fill {
  const { type, code } = item;
  switch (type) {
    case 'code':
      return compileCode(item, catalogue);
    case 'boolean':
      return ({ random }) => (random.chance(TRUE_SHARE) ? 'true' : 'false');
    case 'personName':
      return ({ random }) => `"${personName(random)}"`;
    case 'idNumber':
      return ({ random, firm }) => `"${identityNumber(random, firm.founded - 18_000, firm.founded - 8_000)}"`;
    case 'phone':
      return ({ random }) => `"${mobile(random)}"`;
    case 'accountNumber':
      return ({ random }) => `"${accountNumber(random)}"`;
    case 'email':
      return ({ random, firm }) => `"${random.pick(['contact', 'office', 'info'])}@${firm.sound}.example.cn"`;
    case 'uscc': {
      const kind = USCC_KINDS[code] ?? '91';
      return ({ random, firm }) => `"${inventUscc(random, kind, random.chance(0.5) ? firm.district.code : random.pick(DISTRICTS).code)}"`;
    }
    case 'address':
      return ({ random, firm }) =>
        `"${random.chance(OWN_ADDRESS_SHARE) ? firm.address : address(random, random.chance(0.7) ? firm.district : random.pick(DISTRICTS))}"`;
    default:
      return compileText(item.example.length > 0 ? item.example : [item.title.zh], FIXED_TEXTS.has(code));
  }
}

/** The first codes of a list are the usual ones. Lists of two levels give their finer codes. */
function compileCode(item: Item, catalogue: Pick<Catalogue, 'codeLists'>): Fill {
  const list = catalogue.codeLists.get(item.codeList as string)?.codes ?? [];
  const finer = list.some(({ parent }) => parent !== null) ? list.filter(({ parent }) => parent !== null) : list;
  const draw = weighted(finer.map(({ code }, place) => [JSON.stringify(code), 1 / (place + 1)] as const));
  return ({ random }) => draw(random);
}
