import { useRef } from "react";
import type { UseFormReturn } from "react-hook-form";
import type { Strategy } from "@/api/types";
import { ErrorLine } from "@/components/States";
import { Track } from "@/components/Track";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { amount } from "@/lib/usage";
import { folderProblem, positive, type Values } from "./request";

const STRATEGIES: Strategy[] = ["checkpoint_required", "final_only", "auto_approve_low_risk"];

/** The text of an outside draft, pasted or from a file. */
export function DraftFields({ form, readFile }: { form: UseFormReturn<Values>; readFile: (file: File) => Promise<void> }) {
  const { register, formState } = form;
  const file = useRef<HTMLInputElement>(null);
  const { draft, title } = formState.errors;
  return (
    <>
      <div className="field">
        <label htmlFor="draft">{t("new.draft")}</label>
        <div>
          <textarea
            id="draft"
            className="in"
            rows={10}
            placeholder={t("new.draftPlaceholder")}
            aria-invalid={draft ? true : undefined}
            aria-describedby="draft-help"
            {...register("draft", { validate: (v) => v.trim() !== "" || t("new.draftNeeded") })}
          />
          {draft && <ErrorLine>{draft.message}</ErrorLine>}
          <div className="help" id="draft-help">
            {t("new.draftHelp")}{" "}
            <button type="button" className="link" onClick={() => file.current?.click()}>
              {t("new.draftFile")}
            </button>
            <input
              ref={file}
              type="file"
              accept=".md,.markdown,.txt,text/plain,text/markdown"
              className="sr"
              tabIndex={-1}
              aria-label={t("new.draftFile")}
              onChange={(event) => {
                const chosen = event.target.files?.[0];
                if (chosen) void readFile(chosen);
                event.target.value = "";
              }}
            />
          </div>
        </div>
      </div>
      <div className="field">
        <label htmlFor="title">{t("new.titleField")}</label>
        <div>
          <input id="title" className="in" maxLength={300} aria-invalid={title ? true : undefined} {...register("title")} />
          {title && <ErrorLine>{title.message}</ErrorLine>}
        </div>
      </div>
    </>
  );
}

/** When the work stops for a person. */
export function StrategyField({ form, note }: { form: UseFormReturn<Values>; /** What policy makes of "only where it matters" here. */ note?: string | null }) {
  return (
    <div className="field">
      <span className="label">{t("new.stops")}</span>
      <div className="opts" role="radiogroup" aria-label={t("new.stops")}>
        {STRATEGIES.map((strategy) => (
          <label className="opt" key={strategy}>
            <input type="radio" value={strategy} {...form.register("strategy")} />
            <span>
              <b>{t(`strategy.${strategy}.title`)}</b>
              <small>
                {t(`strategy.${strategy}.words`)}
                {strategy === "auto_approve_low_risk" && note ? ` ${note}` : ""}
              </small>
            </span>
            <Track strategy={strategy} />
          </label>
        ))}
      </div>
    </div>
  );
}

/** Money and tokens only where a model costs some; time always. What is left empty is as the agent has it. */
export function BudgetField({ form, usesModel, budget }: { form: UseFormReturn<Values>; usesModel: boolean; /** The agent's own. */ budget: Record<string, number> }) {
  const { register, formState } = form;
  const { usd, minutes, tokens } = formState.errors;
  const { usd: own_usd, seconds: own_seconds, tokens: own_tokens } = budget;
  const limits = [
    usesModel && own_usd ? amount("usd", own_usd) : "",
    usesModel && own_tokens ? amount("tokens", own_tokens) : "",
    own_seconds ? amount("seconds", own_seconds) : "",
  ].filter(Boolean);
  return (
    <div className="field">
      <label htmlFor={usesModel ? "usd" : "minutes"}>{t("new.budget")}</label>
      <div>
        <div className="line">
          {usesModel && (
            <>
              <span>$</span>
              <input
                id="usd"
                className="in short"
                inputMode="decimal"
                placeholder={own_usd ? own_usd.toFixed(2) : t("new.noLimit")}
                aria-invalid={usd ? true : undefined}
                {...register("usd", { validate: (v) => positive(v, false) })}
              />
              <input
                id="tokens"
                className="in short"
                inputMode="numeric"
                placeholder={own_tokens ? count(own_tokens) : t("new.noLimit")}
                aria-label={t("workArea.form.tokens")}
                aria-invalid={tokens ? true : undefined}
                {...register("tokens", { validate: (v) => positive(v, true) })}
              />
              <span className="quiet">{t("workArea.form.tokensWord")}</span>
            </>
          )}
          <span className="quiet">{usesModel ? t("new.andAtMost") : t("new.atMost")}</span>
          <input
            id="minutes"
            className="in short"
            inputMode="numeric"
            placeholder={own_seconds ? String(Math.round(own_seconds / 60)) : t("new.noLimit")}
            aria-label={t("new.minutes")}
            aria-invalid={minutes ? true : undefined}
            {...register("minutes", { validate: (v) => positive(v, true) })}
          />
          <span className="quiet">{t("new.minutesWord")}</span>
        </div>
        {(usd || minutes || tokens) && <ErrorLine>{usd?.message ?? tokens?.message ?? minutes?.message}</ErrorLine>}
        <div className="help">{[t("new.budgetHelp"), limits.length > 0 ? t("workArea.form.of", { limits: limits.join(", ") }) : ""].filter(Boolean).join(" ")}</div>
      </div>
    </div>
  );
}

/** Where the signed result is written as well; only where the server delivers to folders. */
export function DeliverField({ form }: { form: UseFormReturn<Values> }) {
  const { register, formState } = form;
  const { folder } = formState.errors;
  return (
    <div className="field">
      <label htmlFor="folder">{t("workArea.form.deliver")}</label>
      <div>
        <input
          id="folder"
          className="in"
          maxLength={1000}
          autoComplete="off"
          spellCheck={false}
          placeholder={t("workArea.form.deliverPlaceholder")}
          aria-invalid={folder ? true : undefined}
          aria-describedby="folder-help"
          {...register("folder", { validate: folderProblem })}
        />
        {folder && <ErrorLine>{folder.message}</ErrorLine>}
        <div className="help" id="folder-help">
          {t("workArea.form.deliverHelp")}
        </div>
      </div>
    </div>
  );
}
