import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type * as G from "./generated";
import { api } from "./client";

export type Now = G.Now;
export type NowItem = G.NowItem;
export type Series = G.Series;
export type Figures = G.Figures;
export type Bucket = G.Bucket;
export type Found = G.FoundItem;
export type DryRunResult = G.DryRunResult;
export type DryRunItem = G.DryRunItem;
export type DrySaid = G.DrySaid;

/** What runs, waits, was delivered and failed. Live events say when a list is old; figures are asked for again by the minute. */
export const nowQuery = (project?: string) =>
  queryOptions({
    queryKey: ["overview", "now", project ?? ""],
    queryFn: ({ signal }) => api<Now>("/analytics/now", { query: { project_id: project }, signal }),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });

export interface SeriesAsk {
  from: string;
  unit: "day" | "week" | "month";
  tz: string;
  project?: string;
  agent?: string;
  template?: string;
}

export const seriesQuery = ({ from, unit, tz, project, agent, template }: SeriesAsk) =>
  queryOptions({
    queryKey: ["overview", "series", from, unit, tz, project ?? "", agent ?? "", template ?? ""],
    queryFn: ({ signal }) =>
      api<Series>("/analytics/series", { query: { from, unit, tz, project_id: project, agent, template_id: template }, signal }),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });

export const findQuery = (words: string) =>
  queryOptions({
    queryKey: ["find", words],
    queryFn: async ({ signal }) => (await api<{ items: Found[] }>("/find", { query: { q: words }, signal })).items,
    enabled: words !== "",
  });

/** What the work of a project used since a time. */
export const spentQuery = (projectId: string, from: string) =>
  queryOptions({
    queryKey: ["spent", projectId, from],
    queryFn: ({ signal }) => api<G.Analytics>("/analytics/summary", { query: { project_id: projectId, from }, signal }),
    staleTime: 60_000,
  });
