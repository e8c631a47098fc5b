import { HttpResponse } from "msw";

export const url = (path: string) => `*/api${path}`;

export function problem(status: number, code: string, detail: string, extra: Record<string, unknown> = {}) {
  return HttpResponse.json(
    { type: "about:blank", title: detail, status, code, detail, hint: null, ...extra },
    { status, headers: { "Content-Type": "application/problem+json" } },
  );
}
