// How an office is called: it is a region or a department.
import { useNames } from "../shared/naming.js";

export const officeName = useNames([["/api/v1/regions", "code"], ["/api/v1/departments", "id"]]);
