import { useImperativeHandle, type RefObject } from "react";
import { useForm, type FieldValues } from "react-hook-form";
import type { JsonSchema } from "@/api/types";
import { cleaned, defaultsOf, SchemaFields } from "@/components/SchemaForm";

/** Hands on what was filled in, once it is as the form wants it; until then it points to what is not. */
export type Submit = (send: (answers: Record<string, unknown>) => void) => void;

/** The answers to what the agent asked. */
export function Answers({ schema, submit, onEnter }: { schema: JsonSchema; submit: RefObject<Submit | null>; onEnter: () => void }) {
  const form = useForm<FieldValues>({ mode: "onTouched", defaultValues: { answers: defaultsOf(schema) } });
  useImperativeHandle(
    submit,
    (): Submit => (send) => void form.handleSubmit((values) => send(cleaned(schema, values["answers"] as Record<string, unknown>)))(),
    [form, schema],
  );
  return (
    <form
      className="mt-4 font-sans text-[13px] leading-5"
      onSubmit={(event) => {
        event.preventDefault();
        onEnter();
      }}
    >
      <SchemaFields schema={schema} control={form.control} prefix="answers" />
    </form>
  );
}
