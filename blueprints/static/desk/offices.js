// How the county's regions and departments are called: an office is one of either.
import { useNames } from "../shared/naming.js";

const REGIONS = ["/api/v1/regions", "code"];

export const placeName = useNames([REGIONS]);
export const officeName = useNames([REGIONS, ["/api/v1/departments", "id"]]);
