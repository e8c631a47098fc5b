import type { UseFormReturn } from "react-hook-form";
import type { Agent } from "@/api/types";
import { ErrorLine } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { modelProblem, modelRule, sentence, specOf } from "@/lib/runtime";
import { runtimesFor, type Values } from "./request";

/** Who does the work: what can run here, in quiet words what the others need, and the model where one is named. */
export function RuntimeField({ agent, form }: { agent: Agent; form: UseFormReturn<Values> }) {
  const { register, watch, formState, setValue, clearErrors } = form;
  const name = watch("runtime");
  const runtimes = runtimesFor(agent);
  const chosen = runtimes.find((r) => r.name === name);
  const providers = chosen?.providers ?? [];
  const rule = modelRule(name);
  const errors = formState.errors;
  const usual = specOf(agent.default_runtime);
  // A script is for tests and demonstrations: without a folder of them it is no choice to explain.
  const shown = runtimes.filter((r) => r.available || r.name !== "scripted");
  const example = tMaybe(`runtime.example.${providers[0] ?? ""}`, t("runtime.example.any"));
  return (
    <>
      <div className="field">
        <span className="label" id="runtime-label">
          {t("new.runtime")}
        </span>
        <div>
          <div className="opts" role="radiogroup" aria-labelledby="runtime-label">
            {shown.map((r, i) => (
              <label className="opt two" key={r.name}>
                <input
                  type="radio"
                  id={i === 0 ? "runtime-choice" : undefined}
                  value={r.name}
                  disabled={!r.available}
                  {...register("runtime", {
                    validate: (value) => runtimes.some((one) => one.name === value && one.available) || t("runtime.chooseAble"),
                    onChange: (event: { target: { value: string } }) => {
                      setValue("model", event.target.value === usual.name ? usual.model : "");
                      clearErrors(["model", "runtime"]);
                    },
                  })}
                />
                <span>
                  <b>{sentence(r.label)}</b>
                  <small>{r.available ? tMaybe(`runtime.words.${r.name}`, "") : (r.why_not ?? t("new.runtimeOff"))}</small>
                </span>
              </label>
            ))}
          </div>
          {errors.runtime && <ErrorLine>{errors.runtime.message}</ErrorLine>}
        </div>
      </div>
      {rule !== "none" && (
        <div className="field" key={name}>
          <label htmlFor="model">{name === "scripted" ? t("runtime.script") : t("runtime.model")}</label>
          <div>
            <input
              id="model"
              className="in"
              autoComplete="off"
              spellCheck={false}
              maxLength={250}
              placeholder={name === "claude" ? t("runtime.usual") : name === "pydantic_ai" ? example : ""}
              aria-invalid={errors.model ? true : undefined}
              aria-describedby={errors.model ? "model-error model-help" : "model-help"}
              {...register("model", { validate: (model) => modelProblem({ name, model }, providers) ?? true })}
            />
            {errors.model && <ErrorLine id="model-error">{errors.model.message}</ErrorLine>}
            <div className="help" id="model-help">
              {name === "claude"
                ? t("runtime.claudeHelp")
                : name === "scripted"
                  ? t("runtime.scriptHelp")
                  : providers.length > 0
                    ? t("runtime.setUp", { list: providers.join(", ") })
                    : t("runtime.modelHelp")}
            </div>
          </div>
        </div>
      )}
    </>
  );
}
