/** A point on the map with the name of what stands there. */
interface Spot {
  readonly name: string
  readonly latitude: number
  readonly longitude: number
  readonly closed?: true
}

interface District {
  readonly district: string
  readonly subBranch: Spot
  readonly outlets: readonly Spot[]
}

/** A city in which the demo bank has a branch. */
export interface City {
  /** Code of the branch, which is the city's dialling code. */
  readonly code: string
  readonly city: string
  readonly province: string
  readonly postalCode: string
  /** GB/T 2260 codes of districts, for identity numbers. */
  readonly regions: readonly string[]
  readonly branch: Spot
  readonly districts: readonly District[]
}

const spot = (name: string, latitude: number, longitude: number): Spot => ({ name, latitude, longitude })

export const headOffice = { ...spot('总行', 22.5431, 114.0579), code: 'HO' }

export const cities: readonly City[] = [
  {
    code: '0755',
    city: '深圳市',
    province: '广东省',
    postalCode: '518000',
    regions: ['440303', '440304', '440305', '440306'],
    branch: spot('深圳分行', 22.5364, 114.0545),
    districts: [
      {
        district: '南山区',
        subBranch: spot('深圳南山支行', 22.5333, 113.9304),
        outlets: [spot('深圳科技园网点', 22.5405, 113.953), spot('深圳蛇口网点', 22.4857, 113.918)],
      },
      {
        district: '福田区',
        subBranch: spot('深圳福田支行', 22.541, 114.055),
        outlets: [spot('深圳华强北网点', 22.547, 114.085), spot('深圳车公庙网点', 22.535, 114.025)],
      },
      {
        district: '罗湖区',
        subBranch: spot('深圳罗湖支行', 22.548, 114.131),
        outlets: [
          spot('深圳东门网点', 22.546, 114.119),
          spot('深圳国贸网点', 22.541, 114.1185),
          { ...spot('深圳文锦渡网点', 22.539, 114.133), closed: true },
        ],
      },
    ],
  },
  {
    code: '021',
    city: '上海市',
    province: '上海市',
    postalCode: '200000',
    regions: ['310101', '310104', '310106', '310115'],
    branch: spot('上海分行', 31.2336, 121.485),
    districts: [
      {
        district: '浦东新区',
        subBranch: spot('上海浦东支行', 31.2304, 121.544),
        outlets: [spot('上海陆家嘴网点', 31.24, 121.5), spot('上海张江网点', 31.208, 121.596)],
      },
      {
        district: '静安区',
        subBranch: spot('上海静安支行', 31.229, 121.448),
        outlets: [spot('上海南京西路网点', 31.2292, 121.455), spot('上海曹家渡网点', 31.237, 121.43)],
      },
      {
        district: '徐汇区',
        subBranch: spot('上海徐汇支行', 31.188, 121.436),
        outlets: [spot('上海徐家汇网点', 31.194, 121.437), spot('上海漕河泾网点', 31.17, 121.4)],
      },
    ],
  },
  {
    code: '010',
    city: '北京市',
    province: '北京市',
    postalCode: '100000',
    regions: ['110101', '110102', '110105', '110108'],
    branch: spot('北京分行', 39.915, 116.366),
    districts: [
      {
        district: '朝阳区',
        subBranch: spot('北京朝阳支行', 39.9215, 116.443),
        outlets: [spot('北京建国门网点', 39.9087, 116.436), spot('北京望京网点', 39.996, 116.48)],
      },
      {
        district: '海淀区',
        subBranch: spot('北京海淀支行', 39.9593, 116.298),
        outlets: [spot('北京中关村网点', 39.983, 116.316), spot('北京五道口网点', 39.992, 116.338)],
      },
    ],
  },
  {
    code: '020',
    city: '广州市',
    province: '广东省',
    postalCode: '510000',
    regions: ['440103', '440104', '440105', '440106'],
    branch: spot('广州分行', 23.1291, 113.2644),
    districts: [
      {
        district: '天河区',
        subBranch: spot('广州天河支行', 23.125, 113.361),
        outlets: [spot('广州体育西网点', 23.132, 113.322), spot('广州珠江新城网点', 23.119, 113.321)],
      },
      { district: '越秀区', subBranch: spot('广州越秀支行', 23.129, 113.267), outlets: [spot('广州北京路网点', 23.125, 113.27)] },
    ],
  },
  {
    code: '0571',
    city: '杭州市',
    province: '浙江省',
    postalCode: '310000',
    regions: ['330102', '330105', '330106', '330108'],
    branch: spot('杭州分行', 30.2741, 120.1551),
    districts: [
      {
        district: '西湖区',
        subBranch: spot('杭州西湖支行', 30.259, 120.13),
        outlets: [spot('杭州文三路网点', 30.277, 120.13), spot('杭州黄龙网点', 30.269, 120.131)],
      },
      { district: '滨江区', subBranch: spot('杭州滨江支行', 30.208, 120.212), outlets: [spot('杭州长河网点', 30.196, 120.195)] },
    ],
  },
]

/** GB/T 2260 codes of districts all over the country, where people who moved were registered first. */
export const elsewhereRegions: readonly string[] =
  '120101 130102 140105 150102 210102 210202 220102 230102 320102 320505 340104 350102 350203 360102 370102 370202 410102 420102 420106 430102 430104 450102 460105 500103 510104 510107 520102 530102 610102 610113 620102 640104 650102'.split(
    ' ',
  )

export const streets: readonly string[] =
  '人民路 解放路 中山路 建设路 和平路 新华路 文化路 长江路 学府路 滨河路 科技路 迎宾路'.split(' ')
