import { useController, type Control, type FieldValues, type RegisterOptions } from "react-hook-form";
import type { JsonSchema } from "@/api/types";
import { t, tMaybe } from "@/i18n";
import { ErrorLine } from "./States";

/**
 * Draws the subset of JSON Schema that agents and questions use: strings, enums, integers, numbers, booleans and
 * lists of strings. Own code, because the ready-made renderers compile validators with `eval`.
 */

export function typeOf(schema: JsonSchema): string {
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== "null") : schema.type;
  return type ?? (schema.enum ? "string" : "string");
}

export function defaultsOf(schema: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, field]) => {
      if (field.default !== undefined) return [name, field.default];
      const type = typeOf(field);
      if (type === "object") return [name, defaultsOf(field)];
      return [name, type === "array" ? [] : ""]; // a yes or no without a default is not a no
    }),
  );
}

function label(name: string, schema: JsonSchema): string {
  return schema.title ?? words(name);
}

function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is wrong with a value, in words, or null. The server checks again. */
export function problemWith(schema: JsonSchema, value: unknown, required: boolean): string | null {
  const type = typeOf(schema);
  const empty = value === "" || value === null || value === undefined || (Array.isArray(value) && value.length === 0);
  if (empty) return required ? t("form.required") : null;
  if (type === "integer" || type === "number") {
    const number = typeof value === "number" ? value : Number(String(value).trim());
    if (!Number.isFinite(number)) return t("form.number");
    if (type === "integer" && !Number.isInteger(number)) return t("form.integer");
    if (schema.minimum !== undefined && number < schema.minimum) return t("form.min", { n: schema.minimum });
    if (schema.maximum !== undefined && number > schema.maximum) return t("form.max", { n: schema.maximum });
  }
  if (type === "string") {
    const size = [...String(value)].length;
    if (schema.minLength !== undefined && size < schema.minLength) return t("form.minLength", { count: schema.minLength });
    if (schema.maxLength !== undefined && size > schema.maxLength) return t("form.maxLength", { count: schema.maxLength });
    if (schema.pattern && !matches(schema.pattern, String(value))) return schema.description ?? t("form.pattern");
  }
  if (type === "array") {
    const list = value as unknown[];
    if (schema.minItems !== undefined && list.length < schema.minItems) return t("form.minItems", { count: schema.minItems });
    if (schema.maxItems !== undefined && list.length > schema.maxItems) return t("form.maxItems", { count: schema.maxItems });
    if (schema.uniqueItems && !schema.items?.enum && new Set(given(list)).size < given(list).length) return t("form.unique");
    const lines = schema.items && !schema.items.enum ? given(list) : [];
    const items = schema.items;
    const wrong = items && ["integer", "number"].includes(typeOf(items)) ? lines.map((line) => problemWith(items, line, true)).find(Boolean) : null;
    if (wrong) return t("form.each", { why: wrong });
    const longest = schema.items?.maxLength;
    if (longest !== undefined && list.some((item) => [...String(item)].length > longest))
      return t("form.itemLength", { count: longest });
  }
  return null;
}

/** The lines that are sent: without space around them, empty ones left out. */
function given(list: unknown[]): string[] {
  return list.map((item) => String(item).trim()).filter(Boolean);
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true; // a pattern this browser cannot read is left to the server
  }
}

/** Values as the schema wants them: numbers as numbers, empty optional fields left out. */
export function cleaned(schema: JsonSchema, values: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const value = values[name];
    const type = typeOf(field);
    if (value === "" || value === null || value === undefined) {
      if (type === "string" && field.default === "" && value === "") out[name] = "";
      continue;
    }
    if (type === "integer" || type === "number") out[name] = typeof value === "number" ? value : Number(String(value).trim());
    else if (type === "array") out[name] = ["integer", "number"].includes(typeOf(field.items ?? {})) ? given(value as unknown[]).map(Number) : given(value as unknown[]);
    else if (type === "object") out[name] = cleaned(field, value as Record<string, unknown>);
    else if (field.enum) out[name] = field.enum.find((option) => String(option) === String(value)) ?? value;
    else out[name] = value;
  }
  return out;
}

/** Choices that have room side by side. */
function shortWords(items: JsonSchema): boolean {
  return (items.enum ?? []).every((value, i) => (items.enum_titles?.[i] ?? String(value)).length <= 18);
}

function Field({
  name,
  path,
  schema,
  required,
  control,
}: {
  name: string;
  path: string;
  schema: JsonSchema;
  required: boolean;
  control: Control<FieldValues>;
}) {
  const rules: RegisterOptions = { validate: (value: unknown) => problemWith(schema, value, required) ?? true };
  const { field, fieldState } = useController({ name: path, control, rules });
  const id = `field-${path.replaceAll(".", "-")}`;
  const error = fieldState.error?.message;
  const help = schema.description;
  const described = [error ? `${id}-error` : "", help && help !== error ? `${id}-help` : ""].filter(Boolean).join(" ") || undefined;
  const aria = { id, "aria-invalid": error ? true : undefined, "aria-describedby": described } as const;
  const type = typeOf(schema);
  const title = label(name, schema);
  const option = (value: string | number) =>
    schema.enum_titles?.[schema.enum?.indexOf(value) ?? -1] ?? tMaybe(`option.${value}`, words(String(value)));

  let input;
  let group = false;
  if (type === "boolean" && schema.default === undefined) {
    group = true;
    input = (
      <span className="seg" role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={described}>
        {[true, false].map((value) => (
          <label key={String(value)}>
            <input
              type="radio"
              name={path}
              id={value ? id : undefined}
              ref={value ? field.ref : undefined}
              checked={field.value === value}
              onChange={() => field.onChange(value)}
            />
            {value ? t("form.yes") : t("form.no")}
          </label>
        ))}
      </span>
    );
  } else if (type === "boolean") {
    input = (
      <label className="tick">
        <input type="checkbox" checked={Boolean(field.value)} onChange={(e) => field.onChange(e.target.checked)} {...aria} />
        <span>{title}</span>
      </label>
    );
  } else if (schema.enum && schema.enum.length <= 6) {
    group = true;
    input = (
      <span className="seg" role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={described}>
        {schema.enum.map((value, i) => (
          <label key={String(value)}>
            <input
              type="radio"
              name={path}
              id={i === 0 ? id : undefined}
              ref={i === 0 ? field.ref : undefined}
              checked={String(field.value) === String(value)}
              onChange={() => field.onChange(value)}
            />
            {option(value)}
          </label>
        ))}
      </span>
    );
  } else if (schema.enum) {
    input = (
      <select className="in" value={String(field.value)} onChange={field.onChange} onBlur={field.onBlur} {...aria}>
        {!required && <option value="">{t("form.none")}</option>}
        {schema.enum.map((value) => (
          <option key={String(value)} value={String(value)}>
            {option(value)}
          </option>
        ))}
      </select>
    );
  } else if (type === "array" && schema.items?.enum) {
    group = true;
    const chosen = Array.isArray(field.value) ? (field.value as (string | number)[]) : [];
    input = (
      <div className={shortWords(schema.items) ? "opts ticks" : "opts"} role="group" aria-labelledby={`${id}-label`}>
        {schema.items.enum.map((value, i) => (
          <label className="opt row" key={String(value)}>
            <input
              type="checkbox"
              id={i === 0 ? id : undefined}
              checked={chosen.includes(value)}
              onChange={(e) =>
                field.onChange(
                  (schema.items?.enum ?? []).filter((v) => (v === value ? e.target.checked : chosen.includes(v))),
                )
              }
            />
            <b className="break-words">{schema.items?.enum_titles?.[i] ?? tMaybe(`option.${value}`, words(String(value)))}</b>
          </label>
        ))}
      </div>
    );
  } else if (type === "array") {
    const lines = Array.isArray(field.value) ? (field.value as string[]).join("\n") : "";
    input = (
      <textarea
        className="in"
        rows={2}
        value={lines}
        placeholder={t("form.perLine")}
        onChange={(e) => field.onChange(e.target.value === "" ? [] : e.target.value.split("\n"))}
        onBlur={field.onBlur}
        {...aria}
      />
    );
  } else if (type === "integer" || type === "number") {
    input = (
      <input
        className="in short"
        inputMode={type === "integer" ? "numeric" : "decimal"}
        value={String(field.value ?? "")}
        onChange={field.onChange}
        onBlur={field.onBlur}
        {...aria}
      />
    );
  } else if ((schema.maxLength ?? 0) > 500) {
    input = (
      <textarea className="in" rows={2} value={String(field.value ?? "")} onChange={field.onChange} onBlur={field.onBlur} {...aria} />
    );
  } else {
    input = (
      <input className="in" value={String(field.value ?? "")} onChange={field.onChange} onBlur={field.onBlur} {...aria} />
    );
  }

  return (
    <div className="field">
      {group || type === "boolean" ? (
        <span className="label" id={`${id}-label`}>
          {group ? title : ""}
        </span>
      ) : (
        <label htmlFor={id}>{title}</label>
      )}
      <div>
        {input}
        {error && <ErrorLine id={`${id}-error`}>{error}</ErrorLine>}
        {help && help !== error && (
          <div className="help" id={`${id}-help`}>
            {help}
          </div>
        )}
      </div>
    </div>
  );
}

/** Settings that belong together, under the name that they have in common. */
function Group({ name, path, schema, control }: { name: string; path: string; schema: JsonSchema; control: Control<FieldValues> }) {
  const title = label(name, schema);
  return (
    <fieldset className="settings" id={`field-${path.replaceAll(".", "-")}`} tabIndex={-1}>
      <legend>{title}</legend>
      {schema.description && <p className="help">{schema.description}</p>}
      <SchemaFields schema={schema} control={control} prefix={path} />
    </fieldset>
  );
}

export function SchemaFields({
  schema,
  control,
  prefix,
  skip = [],
}: {
  schema: JsonSchema;
  control: Control<FieldValues>;
  prefix: string;
  skip?: string[];
}) {
  return (
    <>
      {Object.entries(schema.properties ?? {})
        .filter(([name]) => !skip.includes(name))
        .map(([name, field]) => typeOf(field) === "object" ? (
          <Group key={name} name={name} path={`${prefix}.${name}`} schema={field} control={control} />
        ) : (
          <Field
            key={name}
            name={name}
            path={`${prefix}.${name}`}
            schema={field}
            required={schema.required?.includes(name) ?? false}
            control={control}
          />
        ))}
    </>
  );
}
