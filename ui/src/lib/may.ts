import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { meQuery } from "@/api/queries";

const ROLES = ["viewer", "requester", "reviewer", "admin"];

/** Whether the reader has at least this role; not before that is known. */
export function useMay(least: "requester" | "reviewer" | "admin"): boolean {
  const role = useQuery(meQuery).data?.role;
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/**
 * Whether it is known who reads: a page that begins then never shows what its reader may not do, and nothing moves when
 * what they may do comes. Also true where that cannot be known now, and from then on: what has begun stays.
 */
export function useKnown(): boolean {
  const { isPending, failureCount } = useQuery(meQuery);
  const [begun, setBegun] = useState(false);
  const known = begun || !isPending || failureCount > 0;
  if (known !== begun) setBegun(known);
  return known;
}
