import { t, tMaybe } from "@/i18n";

/** Who does the work, as a request names it: `extractive`, `claude[:MODEL]`, `pydantic_ai:PROVIDER:MODEL`, `scripted:FILE`. */
export interface Spec {
  name: string;
  /** What follows the first colon; models may hold colons themselves. */
  model: string;
}

export function specOf(runtime: string): Spec {
  const at = runtime.indexOf(":");
  return at < 0 ? { name: runtime, model: "" } : { name: runtime.slice(0, at), model: runtime.slice(at + 1) };
}

export function specText({ name, model }: Spec): string {
  return model.trim() ? `${name}:${model.trim()}` : name;
}

/** Whether a runtime takes a name after its own, and whether it needs one. */
export function modelRule(name: string): "none" | "optional" | "required" {
  return name === "claude" ? "optional" : name === "pydantic_ai" || name === "scripted" ? "required" : "none";
}

/** What is wrong with the model's name, in words, or null. The server checks again. */
export function modelProblem({ name, model }: Spec, providers: string[]): string | null {
  const given = model.trim();
  if (given === "") return modelRule(name) === "required" ? t(name === "scripted" ? "runtime.scriptNeeded" : "runtime.modelNeeded") : null;
  if (name !== "pydantic_ai") return null;
  const { name: provider, model: rest } = specOf(given);
  if (rest.trim() === "") return t("runtime.modelShape");
  if (providers.length > 0 && !providers.includes(provider)) return t("runtime.providerOff", { provider, list: providers.join(", ") });
  return null;
}

/** "quote finder, no AI used", "Claude", "Claude: MODEL"; null where no agent took part. */
export function runtimeWords(runtime: string): string | null {
  const { name, model } = specOf(runtime);
  if (name === "none" || name === "") return null;
  const label = tMaybe(`runtime.label.${name}`, name);
  return model && name !== "scripted" ? `${label}: ${model}` : label;
}

export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
