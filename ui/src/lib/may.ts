import { useQuery } from "@tanstack/react-query";
import { meQuery } from "@/api/queries";

const ROLES = ["viewer", "requester", "reviewer", "admin"];

/** Whether the reader has at least this role; until that is known what most readers may do is there. */
export function useMay(least: "requester" | "reviewer" | "admin"): boolean {
  const role = useQuery(meQuery).data?.role;
  return role === undefined || ROLES.indexOf(role) >= ROLES.indexOf(least);
}
