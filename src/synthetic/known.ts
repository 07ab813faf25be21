/**
 * Where records agree with the firm they are about, by item code. MUST be the only place that knows single items:
 * everything else follows the catalogue's own words. An entry for an item that the catalogue no longer has is idle.
 */
import { periodBefore } from './calendar.js';
import type { Firm } from './firm.js';
import { identityNumber, mobile, personName } from './people.js';
import type { Row } from './row.js';
import { inventUscc } from './uscc.js';
import { STEMS } from './words.js';

/** Text, truth or day number of an item; null where the firm has none. */
export type Known =
  | { readonly kind: 'text'; readonly of: (row: Row) => string | null }
  | { readonly kind: 'truth'; readonly of: (row: Row) => boolean }
  | { readonly kind: 'day'; readonly of: (row: Row) => number | null };

const text = (of: (row: Row) => string | null): Known => ({ kind: 'text', of });
const ofFirm = (of: (firm: Firm) => string | null): Known => ({ kind: 'text', of: ({ firm }) => of(firm) });
const day = (of: (row: Row) => number | null): Known => ({ kind: 'day', of });

const division = ofFirm(({ district }) => district.code);
const industry = ofFirm(({ industry: code }) => code);
const place = ofFirm(({ address }) => address);
const chief = ofFirm(({ legalRepresentative }) => legalRepresentative);
const first = (code: string) => text(() => code);
/** Offices of the firm's own district; the development area has those of its own name. */
const officeOf = (before: string, after: string) => ofFirm(({ district }) => before + district.name + after);

const isChiefRow = ({ index }: Row) => index === 0;
/** Every fifth shareholder is a firm; the firms of the state and from abroad are held by such. */
const isHeldByFirm = ({ firm, pick }: Row) =>
  firm.ownership === 'STATE' || firm.ownership === 'FOREIGN' ? true : firm.ownership === 'PRIVATE' && pick % 5 === 0;
const holderName = ({ random }: Row) => `北京${random.pick(STEMS)[0]}${random.pick(STEMS)[0]}${random.pick(['投资管理', '控股', '企业管理', '科技'])}有限公司`;

export const KNOWN: Readonly<Record<string, Known>> = {
  'registration.basic.enterpriseName': ofFirm(({ name }) => name),
  'registration.basic.entityType': ofFirm(({ entityType }) => entityType),
  'registration.basic.registrationStatus': ofFirm(({ vitality }) => ({ EXISTING: '1', REVOKED: '2', DEREGISTERED: '3' })[vitality]),
  'registration.basic.establishmentDate': day(({ firm }) => firm.founded),
  'registration.basic.businessTermFrom': day(({ firm }) => firm.founded),
  'registration.basic.deregistrationDate': day(({ firm }) => firm.ended),
  'registration.basic.registeredCapitalCurrency': first('CNY'),
  'registration.basic.legalRepresentative': chief,
  'registration.basic.legalRepresentativeIdNumber': ofFirm(({ legalRepresentativeNumber }) => legalRepresentativeNumber),
  'registration.basic.businessScope': ofFirm(({ scope }) => scope),
  'registration.basic.industry': industry,
  'registration.basic.division': division,
  'registration.basic.registeredAddress': place,
  'registration.basic.registrationAuthority': officeOf('北京市', '市场监督管理局'),
  'registration.basic.contactPhone': ofFirm(({ phone }) => phone),
  'registration.annualReport.correspondenceAddress': place,
  'registration.annualReport.postalCode': ofFirm(({ district }) => district.post),
  'registration.annualReport.reportContactPhone': ofFirm(({ phone }) => phone),
  'registration.annualReport.reportContactEmail': ofFirm(({ sound }) => `office@${sound}.example.cn`),
  'registration.annualReport.websiteAddress': ofFirm(({ sound }) => `www.${sound}.example`),
  'registration.annualReport.operatingStatus': text(({ firm, last }) => (firm.ended !== null && firm.ended - last < 400 ? '3' : '1')),
  'registration.annualReport.principalActivity': ofFirm(({ scope }) => scope.split('；')[0] as string),
  'registration.keyPersonnel.keyPersonName': text((row) => (isChiefRow(row) ? row.firm.legalRepresentative : personName(row.random))),
  'registration.keyPersonnel.position': text((row) => (isChiefRow(row) ? '413' : row.random.pick(['412', '421', '432', '433', '421']))),
  'registration.keyPersonnel.servesAsLegalRepresentative': { kind: 'truth', of: isChiefRow },
  'registration.keyPersonnel.keyPersonDocumentType': first('10'),
  'registration.keyPersonnel.keyPersonDocumentNumber': text(({ index, firm, random }) =>
    index === 0 ? firm.legalRepresentativeNumber : identityNumber(random, firm.founded - 20_000, firm.founded - 8_500),
  ),
  'registration.keyPersonnel.keyPersonNationality': first('CHN'),
  'registration.keyPersonnel.keyPersonPhone': text(({ index, firm, random }) => (index === 0 ? firm.phone : mobile(random))),
  'registration.shareholder.shareholderName': text((row) =>
    isHeldByFirm(row) ? holderName(row) : isChiefRow(row) ? row.firm.legalRepresentative : personName(row.random),
  ),
  'registration.shareholder.shareholderKind': text((row) => (isHeldByFirm(row) ? '11' : '20')),
  'registration.shareholder.shareholderUscc': text((row) => (isHeldByFirm(row) ? inventUscc(row.random, '91', row.firm.district.code) : null)),
  'registration.shareholder.shareholderDocumentType': text((row) => (isHeldByFirm(row) ? '20' : '10')),
  'registration.shareholder.shareholderDocumentNumber': text((row) =>
    isHeldByFirm(row)
      ? null
      : isChiefRow(row)
        ? row.firm.legalRepresentativeNumber
        : identityNumber(row.random, row.firm.founded - 20_000, row.firm.founded - 8_500),
  ),
  'registration.shareholder.shareholderCountry': first('CHN'),
  'registration.liquidation.dissolutionResolutionDate': day(({ firm, random }) => (firm.ended === null ? null : firm.ended - random.between(215, 320))),
  'registration.liquidation.deregistrationApprovalDate': day(({ firm }) => (firm.vitality === 'DEREGISTERED' ? firm.ended : null)),
  'registration.branch.branchIndustry': industry,
  'registration.branch.branchName': text(({ firm, random }) => `${firm.name}${random.pick(['望京', '中关村', '亦庄', '通州', '第二', '第三', '顺义'])}分公司`),
  'registration.equityPledge.pledgeRegistrationAuthority': officeOf('北京市', '市场监督管理局'),
  'registration.registrationChange.changeAuthority': officeOf('北京市', '市场监督管理局'),
  'creditSupervision.abnormalOperation.abnormalListingAuthority': officeOf('北京市', '市场监督管理局'),
  'creditSupervision.abnormalOperation.delistingAuthority': officeOf('北京市', '市场监督管理局'),
  'creditSupervision.marketPenalty.penaltyAuthority': officeOf('北京市', '市场监督管理局'),
  'commerce.foodBusinessLicence.foodLicenceAuthority': officeOf('北京市', '市场监督管理局'),
  'tax.nonNormalTaxpayer.noticeTaxOffice': officeOf('国家税务总局北京市', '税务局'),
  'registration.outOfTownInvestment.investeeUscc': text(({ random }) => inventUscc(random, '91', random.pick(ELSEWHERE))),
  'tax.registration.competentTaxOffice': officeOf('国家税务总局北京市', '税务局'),
  'tax.registration.productionPlace': place,
  'tax.registration.taxpayerStatus': ofFirm(({ vitality }) => ({ EXISTING: '03', REVOKED: '05', DEREGISTERED: '07' })[vitality]),
  'tax.registration.headOfficeCreditCode': text(() => null),
  'tax.registration.consolidatedTaxpayer': { kind: 'truth', of: () => false },
  'tax.registration.taxDeregistrationDate': day(({ firm }) => (firm.vitality === 'DEREGISTERED' && firm.ended !== null ? firm.ended - 30 : null)),
  'socialSecurity.insuredUnit.contributionStatus': ofFirm(({ vitality }) => (vitality === 'EXISTING' ? '1' : '4')),
  'socialSecurity.insuredUnit.suspensionDate': day(({ firm }) => (firm.ended === null ? null : firm.ended - 30)),
  'socialSecurity.insuredUnit.handlingAgency': ofFirm(({ district }) => `${district.name}社会保险基金管理中心`),
  'housingFund.unitAccount.managementOffice': ofFirm(({ district }) => `${district.name.replace(/区$/, '')}管理部`),
  'industry.sizeGrading.sizeClass': ofFirm(({ size, headcount }) => (size === 0 ? '4' : size === 1 ? '3' : headcount < 1000 ? '2' : '1')),
  'industry.sizeGrading.formerSizeClass': ofFirm(({ size, headcount }) => (size === 0 ? '4' : size === 1 ? '3' : headcount < 1000 ? '2' : '1')),
  'industry.sizeGrading.gradingIndustry': industry,
  'customs.declarantRegistration.declarantTrade': industry,
  'environment.dischargePermit.dischargeIndustry': industry,
  'environment.dischargePermit.productionSiteAddress': place,
  'environment.dischargePermit.dischargePermitNumber': text(({ firm, index }) => `${firm.uscc}00${index + 1}V`),
  'environment.dischargeExecutionReport.executedPermitNumber': ofFirm(({ uscc }) => `${uscc}001V`),
  'environment.impactApproval.projectDivision': division,
  'commerce.refinedOilRetail.fillingStationDivision': division,
  'culture.entertainmentVenue.venueDivision': division,
  'health.contractedMedicalInstitution.institutionDivision': division,
  'health.contractedPharmacy.pharmacyDivision': division,
  'intellectualProperty.pledgeWhitelist.recommendingDistrict': division,
  'transport.parkingLotFiling.parkingDivision': division,
  'judicial.dishonestEnforcee.responsiblePerson': chief,
  'judicial.consumptionRestriction.restrictedPerson': chief,
  'socialSecurity.wageArrearsBlacklist.responsiblePerson': chief,
  'talent.labourDispatchLicence.dispatchLicensor': officeOf('北京市', '人力资源和社会保障局'),
};

/** Kinds of unified codes (GB 32100: registration office and kind of organisation) of those named besides firms. */
export const USCC_KINDS: Readonly<Record<string, string>> = {
  'procurement.contract.purchaserCreditCode': '12',
  'procurement.receivableConfirmation.debtorUnitCreditCode': '12',
  'socialAffairs.socialOrganisation.organisationCode': '52',
  'socialAffairs.socialOrganisationInspection.inspectedOrganisation': '52',
  'socialAffairs.charitableDonation.recipientCharity': '53',
};

/** Registration divisions outside Beijing. */
const ELSEWHERE = ['120116', '130131', '131003', '130609', '320505', '330110', '370102', '440305'];

/** Texts whose digits carry a meaning or a check of their own, so that drawing them anew would falsify them. */
export const FIXED_TEXTS: ReadonlySet<string> = new Set([
  'emergency.majorHazardSource.casRegistryNumber',
  'health.medicalDeviceRegistration.uniqueDeviceIdentifier',
  'health.medicalDevicePermit.devicePermitScope',
  'industry.foodProductionLicence.productionStandardNumber',
  'transport.overlimitViolation.weighingStation',
  'environment.soilWaterConservation.soilPlanProject',
]);

/** The last day on which a closed firm still did business. */
export function lastDayOf(firm: Firm): number {
  return firm.ended === null ? Number.POSITIVE_INFINITY : (periodBefore(firm.ended, 'MONTHLY', 0)[1] ?? firm.ended);
}
