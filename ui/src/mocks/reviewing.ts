import { http, HttpResponse } from "msw";
import type { ArtifactDocument, Checkpoint, Claim } from "@/api/types";
import { placesIn } from "@/lib/places";
import * as data from "./data";
import { problem, url } from "./answers";

/** What a review asks beside its decision: versions, what differs between them, and corrections compared again. */
export function reviewingHandlers(checkpoints: Checkpoint[]) {
  const base = "/projects/:pid/work-sessions/:sid";
  return [
    http.get(url(`${base}/artifacts/:aid/versions`), () =>
      HttpResponse.json({
        items: [
          { version: 1, author: "agent", author_name: null, iteration: 1, created_at: new Date(Date.now() - 7_200_000).toISOString(), signed: false, signed_by: null },
          { version: 2, author: "person", author_name: data.me.name, iteration: 1, created_at: new Date().toISOString(), signed: false, signed_by: null },
        ],
        next_cursor: null,
      }),
    ),
    /** Whatever the reader wrote holds, unless it says 9,999. */
    http.post(url(`${base}/checkpoints/:id/recheck`), async ({ params, request }) => {
      const { edits } = (await request.json()) as { edits: { artifact_id: string; body: ArtifactDocument }[] };
      const packet = checkpoints.find((c) => c.id === params["id"])?.packet;
      if (!packet) return problem(404, "not_found", "This review does not exist, or you may not see it.");
      const known = new Set(packet.artifacts.flatMap((artifact) => artifact.claims.map((claim) => claim.text)));
      const like = packet.artifacts[0]!.claims[0]!;
      return HttpResponse.json({
        artifacts: edits.map(({ artifact_id, body }) => ({
          artifact_id,
          claims: placesIn(body).flatMap(({ path, text }): Claim[] =>
            text
              .split(/(?<=\.)\s+/)
              .filter((sentence) => sentence && !known.has(sentence))
              .map((sentence, i) => ({
                ...like, id: `c_new${path.join("")}${i}`, n: i + 1, text: sentence, path, say: null, correction: null,
                verdict: sentence.includes("9,999") ? "unsupported" : "supported", needs_you: sentence.includes("9,999"),
                headline: sentence.includes("9,999") ? "Number differs" : "",
              })),
          ),
        })),
      });
    }),
  ];
}
