import { describe, expect, it } from "vitest";
import type { Checkpoint, Me } from "@/api/types";
import { checkpoints, me } from "@/mocks/data";
import { saidBy } from "@/pages/inbox";
import { decidedBy } from "@/review/Dock";
import { isMine, mayTakeBack, ordinal, signaturesWords, signWords, standingOf } from "@/review/signing";

const consequence = "Sign version 2 and save the report";
const other = { by: "u2", name: "A colleague", at: "2026-01-05T14:05:00Z" };
const with_ = (quorum: number, votes: Checkpoint["votes"] = [], barred: string[] = []) =>
  ({ ...checkpoints[0]!, signing: { quorum, separate_duties: barred.length > 0, barred }, votes }) as Checkpoint;
const words = (quorum: number, votes: Checkpoint["votes"], corrected = false) =>
  signWords(consequence, standingOf(with_(quorum, votes), me), corrected);

describe("the words on the button", () => {
  it("say what one's own signature does", () => {
    expect(words(1, [])).toBe("Sign version 2 and save the report");
    expect(words(2, [])).toBe("Sign; one more must sign");
    expect(words(3, [])).toBe("Sign; 2 more must sign");
    expect(words(2, [other])).toBe("Sign as 2nd of 2 and save the report");
    expect(words(3, [other, { ...other, by: "u3" }])).toBe("Sign as 3rd of 3 and save the report");
  });
  it("name the version that a correction makes, or that everybody sees it first", () => {
    expect(words(1, [], true)).toBe("Sign version 3 and save the report");
    expect(words(2, [other], true)).toBe("Show the corrections to everybody");
    const barred = standingOf(with_(1, [], ["u9"]), me);
    expect(signWords(consequence, barred, true)).toBe("Show the corrections to everybody");
  });
  it("keep a consequence that they do not know", () => {
    expect(signWords("Let it go on", standingOf(with_(2, [other]), me), false)).toBe("Sign as 2nd of 2");
    expect(signWords("Sign 3 pieces and save the drafts", standingOf(with_(2, [other]), me), false)).toBe("Sign as 2nd of 2 and save the drafts");
  });
  it("count in words", () => {
    expect([1, 2, 3, 4, 9].map(ordinal)).toEqual(["1st", "2nd", "3rd", "4th", "9th"]);
  });
});

describe("where the reader stands", () => {
  it("is barred when they asked for it or edited it", () => {
    expect(standingOf(with_(1, [], [me.id]), me).barred).toBe(true);
    expect(standingOf(with_(1, [], ["u2"]), me).barred).toBe(false);
  });
  it("has voted or not, and may decide by their role", () => {
    expect(standingOf(with_(2, [{ ...other, by: me.id }]), me).voted).toBe(true);
    expect(standingOf(with_(2, [other]), me).voted).toBe(false);
    expect(standingOf(with_(2), { ...me, role: "viewer" }).mayDecide).toBe(false);
    expect(standingOf(with_(2), { ...me, role: "reviewer" }).mayDecide).toBe(true);
  });
});

describe("signatures so far", () => {
  it("say who and when, and nothing where one is enough", () => {
    expect(signaturesWords(with_(1), me.id)).toBe("");
    expect(signaturesWords(with_(2), me.id)).toBe("0 of 2 signatures");
    expect(signaturesWords(with_(2, [other]), me.id)).toMatch(/^1 of 2 signatures: A colleague, /);
    expect(signaturesWords(with_(2, [{ ...other, by: me.id }]), me.id)).toMatch(/: you, /);
  });
  it("are all named once it is decided", () => {
    const decision = { decision: "approve" as const, by: me.id, name: me.name, at: other.at };
    expect(decidedBy({ ...with_(2, [other, { ...other, by: me.id }]), decision }, me.id)).toBe("A colleague and you");
    expect(decidedBy({ ...with_(1), decision }, me.id)).toBe("you");
    // The sample signs its own work: nobody gave that signature.
    const sample = { ...with_(1, [{ ...other, by: me.id }]), decision: { ...decision, name: "Sample setup", via: "sample" } };
    expect(decidedBy(sample, me.id)).toBe("Sample setup");
    expect(saidBy(sample, me.id).words).toContain("Sample setup");
    expect(standingOf(sample, me).voted).toBe(false);
    // Sent back after a first signature: only who sent it back.
    const back = { ...decision, decision: "request_changes" as const, by: "u3", name: "Third" };
    expect(decidedBy({ ...with_(3, [other, { ...other, by: me.id }]), decision: back }, me.id)).toBe("Third");
  });
});

describe("taking back what is held", () => {
  const by = (id: string) => ({ decision: "reject" as const, by: id, name: id, at: "" });
  const who = (id: string, role: Me["role"]) => ({ ...me, id, role });
  const vote = { by: "voter", name: "Voter", at: "" };
  const rejected = { held: "reject" as const, decision: by("ana"), votes: [vote] };
  const signed = { held: "approve" as const, decision: { ...by("ana"), decision: "approve" as const }, votes: [vote] };
  it("is for whoever decided, whoever signed with them, and admins", () => {
    expect(mayTakeBack(rejected, who("ana", "reviewer"))).toBe(true);
    expect(mayTakeBack(rejected, who("ben", "reviewer"))).toBe(false);
    expect(mayTakeBack(rejected, who("ben", "admin"))).toBe(true);
    expect(mayTakeBack(rejected, who("ana", "viewer"))).toBe(false);
    expect(mayTakeBack(rejected, who("voter", "reviewer"))).toBe(false);
    expect(mayTakeBack(signed, who("voter", "reviewer"))).toBe(true);
    expect(mayTakeBack({ ...rejected, held: null }, who("ana", "admin"))).toBe(false);
    expect(mayTakeBack(rejected, undefined)).toBe(true);
  });
  it("is by the key for one's own alone", () => {
    expect(isMine(rejected, who("ben", "admin"))).toBe(false);
    expect(isMine(rejected, who("ana", "reviewer"))).toBe(true);
    expect(isMine({ ...rejected, held: null }, who("ana", "reviewer"))).toBe(false);
  });
});
