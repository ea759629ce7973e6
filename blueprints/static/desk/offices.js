// How the county's regions and departments are called: an office is one of either.
import { useNames } from "../shared/naming.js";

export const officeName = useNames([["/api/v1/regions", "code"], ["/api/v1/departments", "id"]]);
