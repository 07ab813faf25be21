/** The catalogue as GraphQL: what the zone holds, from whom, under which conditions. Reads no record. */
import { Arg, Field, Int, ObjectType } from 'type-graphql';
import type * as model from '../catalogue/model.js';
import { BilingualText, CardinalityEnum, CycleEnum, DataTypeEnum, MaskRuleEnum, SharingEnum, screaming } from './types.js';

@ObjectType('Code', { description: '代码及含义 / A code and its meaning' })
export class Code {
  @Field(() => String, { simple: true }) code!: string;
  @Field(() => String, { simple: true }) zh!: string;
  @Field(() => String, { simple: true }) en!: string;
  @Field(() => String, { nullable: true, simple: true, description: '上级代码 / The wider code' }) parent!: string | null;
}
@ObjectType('CodeList', { description: '代码表 / Code list' })
export class CodeList {
  @Field(() => String, { simple: true }) name!: string;
  @Field(() => BilingualText, { simple: true }) title!: BilingualText;
  @Field(() => [Code], { simple: true }) codes!: readonly Code[];
}

@ObjectType('Item', { description: '信息项 / Item' })
export class Item {
  constructor(private readonly item: model.Item) {}
  @Field(() => String, { description: '代码 / Code, domain.category.item' }) code(): string {
    return this.item.code;
  }
  @Field(() => String, { description: 'GraphQL 字段 / GraphQL field' }) name(): string {
    return this.item.name;
  }
  @Field(() => String, { description: '模式坐标 / Schema coordinate, Type.field' }) coordinate(): string {
    return this.item.coordinate;
  }
  @Field(() => BilingualText, { description: '名称 / Title' }) title(): BilingualText {
    return this.item.title;
  }
  @Field(() => DataTypeEnum, { description: '数据类型 / Data type' }) type(): string {
    return screaming(this.item.type);
  }
  @Field(() => String, { nullable: true, description: '代码表 / Code list of a code' }) codeList(): string | null {
    return this.item.codeList;
  }
  @Field(() => String, { nullable: true, description: '单位 / Unit' }) unit(): string | null {
    return this.item.unit;
  }
  @Field(() => BilingualText, { nullable: true, description: '说明 / Note' }) note(): BilingualText | null {
    return this.item.note;
  }
  @Field(() => Int, { description: '数据级别 1-4 / Grade, 1 to 4' }) grade(): number {
    return this.item.grade;
  }
  @Field(() => Boolean, { description: '是否个人信息 / Personal data' }) personal(): boolean {
    return this.item.personal;
  }
  @Field(() => SharingEnum, { description: '共享类型 / Sharing type' }) sharing(): string {
    return this.item.sharing;
  }
  @Field(() => MaskRuleEnum, { description: '脱敏规则 / Mask rule' }) mask(): string {
    return screaming(this.item.mask);
  }
  @Field(() => String, { nullable: true, description: '生效日，之前不可查 / Readable from this day on' }) inForceFrom(): string | null {
    return this.item.inForceFrom;
  }
}

@ObjectType('Provider', { description: '提供单位 / Provider' })
export class Provider {
  constructor(
    private readonly catalogue: model.Catalogue,
    private readonly provider: model.Code,
  ) {}
  @Field(() => String, { description: '代码 / Code' }) code(): string {
    return this.provider.code;
  }
  @Field(() => BilingualText, { description: '名称 / Name' }) name(): BilingualText {
    return { zh: this.provider.zh, en: this.provider.en };
  }
  @Field(() => [Category], { description: '其信息类 / Its categories' }) categories(): Category[] {
    return categoriesOf(this.catalogue, ({ provider }) => provider === this.provider.code);
  }
}

@ObjectType('Category', { description: '信息类 / Category' })
export class Category {
  constructor(
    private readonly catalogue: model.Catalogue,
    private readonly category: model.Category,
  ) {}
  @Field(() => String, { description: '代码 / Code, domain.category' }) code(): string {
    return this.category.code;
  }
  @Field(() => String, { description: '领域 / Domain' }) domain(): string {
    return this.category.domain;
  }
  @Field(() => Provider, { description: '提供单位 / Provider' }) provider(): Provider {
    return new Provider(this.catalogue, this.catalogue.providers.find(({ code }) => code === this.category.provider) as model.Code);
  }
  @Field(() => BilingualText, { description: '名称 / Title' }) title(): BilingualText {
    return this.category.title;
  }
  @Field(() => BilingualText, { description: '说明 / Description' }) description(): BilingualText {
    return this.category.description;
  }
  @Field(() => String, { description: 'GraphQL 类型 / GraphQL type' }) type(): string {
    return this.category.type;
  }
  @Field(() => String, { description: 'GraphQL 字段 / GraphQL field of the domain' }) field(): string {
    return this.category.field;
  }
  @Field(() => CardinalityEnum) cardinality(): string {
    return this.category.cardinality;
  }
  @Field(() => [String], { description: '识别一行的信息项 / Items that identify a row' }) identifiedBy(): readonly string[] {
    return this.category.identifiedBy;
  }
  @Field(() => String, { nullable: true, description: '排序信息项，新者在前 / Item that orders the rows, newest first' }) orderedBy(): string | null {
    return this.category.orderedBy;
  }
  @Field(() => CycleEnum, { description: '更新周期 / Update cycle' }) updateCycle(): string {
    return this.category.updateCycle;
  }
  @Field(() => SharingEnum, { description: '共享类型 / Sharing type' }) sharing(): string {
    return this.category.sharing;
  }
  @Field(() => BilingualText, { nullable: true, description: '共享条件 / Condition of sharing' }) condition(): BilingualText | null {
    return this.category.condition;
  }
  @Field(() => String, { description: '依据 / Legal or administrative basis' }) basis(): string {
    return this.category.basis;
  }
  @Field(() => Int, { description: '默认数据级别 / Grade of items that name none' }) grade(): number {
    return this.category.grade;
  }
  @Field(() => Int, { description: '目录版本 / Version of the entry' }) version(): number {
    return this.category.version;
  }
  @Field(() => String, { description: '发布日期 / Release date' }) released(): string {
    return this.category.released;
  }
  @Field(() => [Item], { description: '信息项 / Items' }) items(): Item[] {
    return this.category.items.map((item) => new Item(item));
  }
}

@ObjectType('Catalogue', { description: '数据目录 / The catalogue of the zone' })
export class Catalogue {
  constructor(private readonly catalogue: model.Catalogue) {}

  @Field(() => String, { description: '内容摘要 SHA-256 / Digest of the content' }) version(): string {
    return this.catalogue.digest;
  }
  @Field(() => [Provider], { description: '提供单位 / Providers' }) providers(): Provider[] {
    return this.catalogue.providers.map((provider) => new Provider(this.catalogue, provider));
  }
  @Field(() => [Category], {
    description: '信息类；search 在代码、名称与信息项名称中查找 / Categories; search looks in codes and titles of categories and items',
  })
  categories(
    @Arg('domain', () => String, { nullable: true }) domain?: string,
    @Arg('provider', () => String, { nullable: true }) provider?: string,
    @Arg('search', () => String, { nullable: true }) search?: string,
  ): Category[] {
    const wanted = search?.trim().toLowerCase();
    return categoriesOf(
      this.catalogue,
      (category) => (!domain || category.domain === domain) && (!provider || category.provider === provider) && (!wanted || mentions(category, wanted)),
    );
  }
  @Field(() => Category, { nullable: true, description: '一类 / One category, by code' })
  category(@Arg('code', () => String) code: string): Category | null {
    const category = this.catalogue.category(code);
    return category ? new Category(this.catalogue, category) : null;
  }
  @Field(() => Item, { nullable: true, description: '一项 / One item, by code' })
  item(@Arg('code', () => String) code: string): Item | null {
    const item = this.catalogue.item(code);
    return item ? new Item(item) : null;
  }
  @Field(() => CodeList, { nullable: true, description: '代码表 / One code list, by name' })
  codeList(@Arg('name', () => String) name: string): CodeList | null {
    return this.catalogue.codeLists.get(name) ?? null;
  }
}

function categoriesOf(catalogue: model.Catalogue, wanted: (category: model.Category) => boolean): Category[] {
  return catalogue.categories.filter(wanted).map((category) => new Category(catalogue, category));
}

function mentions(category: model.Category, wanted: string): boolean {
  const texts = [category.code, category.title.zh, category.title.en, ...category.items.flatMap(({ name, title }) => [name, title.zh])];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}
