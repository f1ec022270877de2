import type { Filter } from "./api";

/** Reads the filter from the query of the page's URL. Unknown values are the defaults, because users edit URLs. */
export function parseFilter(status: string | null | undefined, order: string | null | undefined): Filter {
  return {
    status: status === "pending" || status === "completed" ? status : "all",
    order: order === "asc" ? "asc" : "desc",
  };
}
