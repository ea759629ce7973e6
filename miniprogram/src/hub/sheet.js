// What there is to fill in: one service, or a bundle of several (一件事); what is known of it already, and where it goes.
import { latest } from "./ask.js";

/** `services`: the parts with their own guide; `about`: what is filled in; `known`: prefilled fields; `offers`: papers. */
export async function sheet(service, bundle) {
  const whole = bundle ? (await latest(`/bundles/${bundle}`)).body : null;
  const read = await Promise.all((whole ? whole.services : [service]).map(part));
  return {
    place: bundle ? `/bundles/${bundle}` : `/services/${service}`,
    about: whole ? { ...whole, kind: "application", limits: { uploads: narrowest(read.map((each) => each.about.limits.uploads || {})) } } : read[0].about,
    services: read.map((each) => each.about),
    known: Object.assign({}, ...read.map((each) => each.known)),
    offers: [...new Map(read.flatMap((each) => each.offers).map((each) => [each.type, each])).values()],
  };
}

async function part(id) {
  const [about, filled, mine] = await Promise.all([
    latest(`/services/${id}`),
    latest(`/me/forms/${id}`).catch(() => ({ body: { fields: {} } })),
    latest(`/me/materials?service=${id}&page_size=1`).catch(() => ({ body: {} })),
  ]);
  const standards = Object.fromEntries((about.body.guide.materials || []).map((each) => [each.type, each.accept_standard]));
  return { about: about.body, known: filled.body.fields, offers: (mine.body.offers || []).map((each) => ({ ...each, service: id, standard: standards[each.type] })) };
}

// A paper of a bundle goes to several offices: the strictest of them decides.
function narrowest(limits) {
  return { max_bytes: Math.min(...limits.map((each) => each.max_bytes || 10485760)), media_types: (limits[0].media_types || []).filter((kind) => limits.every((each) => (each.media_types || []).includes(kind))) };
}
