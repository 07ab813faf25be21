import * as house from '../harness/house.js';
import { test } from '@jest/globals';
test('x', () => { const h = house.readHouse(); for (const [n, l] of Object.entries(house)) if (typeof l === 'function' && !['readHouse','treeOf','visit'].includes(n)) console.log(n, (l as any)(h)); });
