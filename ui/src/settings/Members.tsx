import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, ApiError, newKey } from "@/api/client";
import { membersQuery, meQuery } from "@/api/queries";
import type { Member } from "@/api/types";
import { ErrorLine, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { ReadOnly, useAdmin } from "./SettingsPage";

const ROLES = ["viewer", "requester", "reviewer", "admin"] as const;
type Role = (typeof ROLES)[number];

/** What the API refused, beside the field that it names. */
const sayOf = (error: unknown): string => {
  const { title, hint } = problemText(error);
  return [title, hint].filter(Boolean).join(" ");
};

function RoleChoice({ value, label, onChange }: { value: Role; label: string; onChange: (role: Role) => void }) {
  return (
    <select className="in" aria-label={label} value={value} onChange={(event) => onChange(event.target.value as Role)}>
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {t(`members.roles.${role}`)}
        </option>
      ))}
    </select>
  );
}

function MemberForm({ member, onDone, onLeave }: { member: Member | null; onDone: (member: Member) => void; onLeave: () => void }) {
  const client = useQueryClient();
  const id = useId();
  const [name, setName] = useState(member?.name ?? "");
  const [role, setRole] = useState<Role>((member?.role as Role | undefined) ?? "reviewer");
  const [key] = useState(newKey);
  const save = useMutation({
    mutationFn: (force: boolean) =>
      member
        ? api<Member>(`/members/${member.id}`, {
            method: "PATCH",
            json: { ...(name.trim() !== member.name ? { name: name.trim() } : {}), ...(role !== member.role ? { role } : {}), ...(force ? { force } : {}) },
          })
        : api<Member>("/members", { method: "POST", json: { name: name.trim(), role }, idempotencyKey: key }),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["members"] });
      void client.invalidateQueries({ queryKey: ["me"] });
      onDone(saved);
    },
  });
  const unreachable = save.error instanceof ApiError && save.error.code === "quorum_unreachable";
  const about = member?.name ?? (name.trim() || "…");
  const same = member !== null && name.trim() === member.name && role === member.role;
  return (
    <form
      className="rowform"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() && !same && !save.isPending) save.mutate(false);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onLeave();
      }}
    >
      <input
        className="in"
        aria-label={member ? t("members.nameOf", { name: member.name }) : t("members.name")}
        placeholder={t("members.name")}
        autoFocus
        maxLength={200}
        value={name}
        aria-invalid={save.error ? true : undefined}
        aria-describedby={save.error ? id : undefined}
        onChange={(event) => {
          setName(event.target.value);
          save.reset();
        }}
      />
      <RoleChoice
        value={role}
        label={member ? t("members.roleOf", { name: member.name }) : t("members.role")}
        onChange={(next) => {
          setRole(next);
          save.reset();
        }}
      />
      <button type="submit" className="b fill" disabled={!name.trim() || same} aria-disabled={save.isPending || undefined}>
        {save.isPending ? t("settings.saving") : member ? t("settings.save") : t("members.addThis", { name: about })}
      </button>
      <button type="button" className="b bare" onClick={onLeave}>
        {t("settings.cancel")}
      </button>
      {save.error && (
        <div className="w-full">
          <ErrorLine id={id}>{sayOf(save.error)}</ErrorLine>
          {unreachable && (
            <button type="button" className="b small mt-2" onClick={() => save.mutate(true)}>
              {t("members.force")}
            </button>
          )}
        </div>
      )}
    </form>
  );
}

export function Members() {
  const members = useQuery(membersQuery);
  const me = useQuery(meQuery).data;
  const admin = useAdmin();
  const [open, setOpen] = useState<string | null>(null);
  const [notice, setNotice] = useState("");
  const [find, setFind] = useState("");
  if (members.error) return <Problem what={t("settings.failed")} error={members.error} retry={() => void members.refetch()} />;
  if (!members.data) return <Loading words={t("settings.loading")} />;
  const shown = members.data.filter((one) => one.name.toLowerCase().includes(find.trim().toLowerCase()));
  return (
    <>
      <p className="text-ink-2">{t("members.words")}</p>
      <ReadOnly />
      <div className="ihead mt-4">
        {admin && open !== "new" && (
          <button type="button" className="b" onClick={() => { setOpen("new"); setNotice(""); }}>
            {t("members.add")}
          </button>
        )}
        {members.data.length > 12 && (
          <input className="in" type="search" aria-label={t("members.search")} placeholder={t("members.search")} value={find} onChange={(event) => setFind(event.target.value)} />
        )}
        <span className="notice" role="status">{notice}</span>
      </div>
      {admin && open === "new" && (
        <MemberForm
          member={null}
          onLeave={() => setOpen(null)}
          onDone={(made) => { setOpen(null); setNotice(t("members.added", { name: made.name })); }}
        />
      )}
      <table className="list mt-2">
        <thead>
          <tr>
            <th scope="col">{t("members.name")}</th>
            <th scope="col">{t("members.role")}</th>
            <th scope="col" className="num">{t("members.since")}</th>
            {admin && <th scope="col"><span className="sr">{t("members.edit")}</span></th>}
          </tr>
        </thead>
        <tbody>
          {shown.map((member) =>
            open === member.id ? (
              <tr key={member.id}>
                <td colSpan={4}>
                  <MemberForm
                    member={member}
                    onLeave={() => setOpen(null)}
                    onDone={(saved) => { setOpen(null); setNotice(t("members.changed", { name: saved.name })); }}
                  />
                </td>
              </tr>
            ) : (
              <tr key={member.id}>
                <td className="t">
                  {member.name} {member.id === me?.id && <span className="meta">{t("members.you")}</span>}
                </td>
                <td>{t(`members.roles.${member.role as Role}`)}</td>
                <td className="num" title={exact(member.created_at)}>{when(member.created_at)}</td>
                {admin && (
                  <td className="num">
                    <button type="button" className="b small" aria-label={t("members.editOf", { name: member.name })} onClick={() => { setOpen(member.id); setNotice(""); }}>
                      {t("members.edit")}
                    </button>
                  </td>
                )}
              </tr>
            ),
          )}
        </tbody>
      </table>
      <section className="sect">
        <h3 className="strong">{t("members.mayTitle")}</h3>
        <dl className="roles">
          {ROLES.map((role) => (
            <div className="contents" key={role}>
              <dt>{t(`members.roles.${role}`)}</dt>
              <dd>{t(`members.may.${role}`)}</dd>
            </div>
          ))}
        </dl>
        <p className="meta mt-3">{t("members.key")}</p>
      </section>
    </>
  );
}
