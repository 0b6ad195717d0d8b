import { type Generator, numberBelow, pick } from './draws.ts'

// Shares in the population in tenths of a percent, rounded, from the public yearly lists of surnames; with their pinyin for e-mail addresses.
const surnameRows =
  '王 71 wang,李 70 li,张 66 zhang,刘 53 liu,陈 45 chen,杨 31 yang,黄 22 huang,赵 21 zhao,吴 20 wu,周 19 zhou,徐 15 xu,孙 15 sun,马 13 ma,朱 13 zhu,胡 13 hu,郭 12 guo,何 12 he,' +
  '林 12 lin,高 10 gao,罗 10 luo,郑 9 zheng,梁 9 liang,谢 8 xie,宋 7 song,唐 7 tang,许 6 xu,韩 6 han,邓 6 deng,冯 6 feng,曹 6 cao,彭 5 peng,曾 5 zeng,肖 5 xiao,田 5 tian,董 5 dong,' +
  '潘 5 pan,袁 4 yuan,蔡 4 cai,蒋 4 jiang,余 4 yu,于 4 yu,杜 4 du,叶 4 ye,程 4 cheng,魏 4 wei,苏 4 su,吕 4 lv,丁 4 ding,任 4 ren,卢 4 lu,姚 4 yao,沈 4 shen,钟 3 zhong,姜 3 jiang,' +
  '崔 3 cui,谭 3 tan,陆 3 lu,范 3 fan,汪 3 wang,廖 3 liao,石 3 shi,金 3 jin,韦 3 wei,贾 2 jia,夏 2 xia,付 2 fu,方 2 fang,邹 2 zou,熊 2 xiong,白 2 bai,孟 2 meng,秦 2 qin,邱 2 qiu,' +
  '侯 2 hou,江 2 jiang,尹 2 yin,薛 2 xue,闫 2 yan,段 2 duan,雷 2 lei,龙 2 long,黎 2 li,史 2 shi,陶 2 tao,贺 2 he,毛 2 mao,郝 2 hao,顾 2 gu,龚 2 gong,邵 2 shao,万 2 wan,欧阳 1 ouyang,司马 1 sima,上官 1 shangguan'

interface Surname {
  readonly name: string
  readonly weight: number
  readonly pinyin: string
}

const surnames: readonly Surname[] = surnameRows.split(',').map((row) => {
  const [name = '', weight = '', pinyin = ''] = row.split(' ')
  return { name, weight: Number(weight), pinyin }
})
const pinyinOf: ReadonlyMap<string, string> = new Map(surnames.map(({ name, pinyin }) => [name, pinyin]))

const givenCharacters = {
  male: '伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林博志建国文海峰东亮永成康毅振翔晨阳子轩泽睿家豪嘉德昌荣福庆思远天佑启航',
  female:
    '芳娜敏静丽艳娟霞秀英玲桂燕梅红兰玉萍莉丹雪琳慧婷颖璐倩洁欣怡梦佳瑶悦雨涵诗语馨宁淑珍凤云莲春菊美惠雅晓彤紫若曦婉清月秋如思琪子萱',
} as const

const latinGivenNames = {
  male: 'James John Robert Michael David William Thomas Daniel Peter Stefan Lucas Marco Pierre Antonio Kevin Brian'.split(' '),
  female: 'Mary Anna Linda Elizabeth Susan Sarah Karen Emma Julia Sophie Laura Maria Claire Isabel Nina Rachel'.split(' '),
} as const
const latinFamilyNames =
  'Smith Johnson Brown Taylor Wilson Miller Davis Garcia Martin Weber Fischer Dubois Rossi Silva Novak Jensen Murphy Walker Clark Lewis Young King Wright Evans Cooper Bailey'.split(
    ' ',
  )

const brandCharacters = '华信泰瑞恒盛宏达鑫源丰利中联创新智远博通金辉东方海天汇众安康顺兴嘉德万福永隆科锐卓越'
const companyForms = ['有限公司', '有限公司', '有限公司', '有限责任公司', '股份有限公司', '集团有限公司']
// What a business does, with its code in GB/T 4754.
const companyTrades = [
  ['贸易', 'F51'],
  ['进出口', 'F51'],
  ['科技', 'I65'],
  ['信息技术', 'I65'],
  ['电子', 'C39'],
  ['机械设备', 'C34'],
  ['建筑工程', 'E47'],
  ['装饰工程', 'E50'],
  ['物流', 'G58'],
  ['食品', 'C14'],
  ['医药', 'C27'],
  ['服装', 'C18'],
  ['家具', 'C21'],
  ['化工', 'C26'],
  ['新能源', 'D44'],
  ['房地产开发', 'K70'],
  ['文化传媒', 'R86'],
  ['教育咨询', 'P83'],
  ['农业发展', 'A01'],
  ['汽车销售', 'F5261'],
  ['广告', 'L725'],
  ['环保', 'N77'],
  ['精密模具', 'C3525'],
  ['酒店管理', 'H61'],
] as const
const shopTrades = [
  ['餐饮店', 'H62'],
  ['便利店', 'F5211'],
  ['服装店', 'F5232'],
  ['五金店', 'F5274'],
  ['水果店', 'F5223'],
  ['理发店', 'O8040'],
  ['汽车修理店', 'O8111'],
  ['药店', 'F5251'],
  ['茶叶店', 'F5226'],
  ['家电维修部', 'O8131'],
] as const

const list = (texts: readonly string[]): string => `'{${texts.join(',')}}'::text[]`
const oneOf = (unit: string, texts: readonly string[]): string => `(${list(texts)})[1 + floor(${unit} * ${texts.length})::int]`
const oneCharacter = (unit: string, characters: string): string =>
  `substr('${characters}', 1 + floor(${unit} * ${[...characters].length})::int, 1)`

function surname(unit: string): string {
  const total = surnames.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  const lowerBounds = surnames.map(({ weight }) => (sum += weight) - weight).map((bound) => (bound / total).toFixed(6))
  return `(${list(surnames.map(({ name }) => name))})[width_bucket(${unit}, '{${lowerBounds.join(',')}}'::float8[])]`
}

/** SQL for a Chinese name; `unit` gives numbers in [0, 1) by purpose. */
export function chineseNameSql(gender: string, unit: (purpose: string) => string): string {
  const character = (purpose: string): string =>
    `case when ${gender} = 'female' then ${oneCharacter(unit(purpose), givenCharacters.female)} else ${oneCharacter(unit(purpose), givenCharacters.male)} end`
  return `${surname(unit('surname'))} || (${character('given name 1')}) || case when ${unit('given name length')} < 0.2 then '' else (${character('given name 2')}) end`
}

export function latinNameSql(gender: string, unit: (purpose: string) => string): string {
  const given = unit('latin given name')
  return `case when ${gender} = 'female' then ${oneOf(given, latinGivenNames.female)} else ${oneOf(given, latinGivenNames.male)} end || ' ' || ${oneOf(unit('latin family name'), latinFamilyNames)}`
}

/** SQL for a company's name such as 深圳市华信贸易有限公司. */
export function companyNameSql(city: string, unit: (purpose: string) => string): string {
  const brand = `${oneCharacter(unit('brand 1'), brandCharacters)} || ${oneCharacter(unit('brand 2'), brandCharacters)}`
  return `${city} || ${brand} || ${oneOf(
    unit('trade'),
    companyTrades.map(([trade]) => trade),
  )} || ${oneOf(unit('company form'), companyForms)}`
}

/** SQL for what stands behind the owner's name in the name of a shop. */
export function shopNameSql(unit: (purpose: string) => string): string {
  return oneOf(
    unit('trade'),
    shopTrades.map(([trade]) => trade),
  )
}

/** SQL for the GB/T 4754 code that goes with a business's name. */
export function industrySql(kind: string, unit: (purpose: string) => string): string {
  return `case ${kind} when 'company' then ${oneOf(
    unit('trade'),
    companyTrades.map(([, code]) => code),
  )} when 'sole_trader' then ${oneOf(
    unit('trade'),
    shopTrades.map(([, code]) => code),
  )} end`
}

/** A Chinese name of a staff member. */
export function staffName(next: Generator): string {
  const characters = [...pick(next, [givenCharacters.male, givenCharacters.female])]
  const given = numberBelow(next, 5) === 0 ? pick(next, characters) : pick(next, characters) + pick(next, characters)
  return pick(next, surnames.slice(0, 60)).name + given
}

/** The part of a name that an e-mail address begins with. */
export function emailNameOf(name: string): string {
  if (/^[A-Za-z ]+$/.test(name)) return name.toLowerCase().replace(' ', '.')
  return pinyinOf.get(name.slice(0, 2)) ?? pinyinOf.get(name.slice(0, 1)) ?? 'office'
}
