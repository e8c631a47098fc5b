import type { Strategy } from "@/api/types";

/** The way of a piece of work with its stops: plan, middle, end. A filled diamond always stops, an open one may not. */
export function Track({ strategy }: { strategy: Strategy }) {
  const stops: Record<Strategy, ("stop" | "pass" | "maybe")[]> = {
    checkpoint_required: ["stop", "stop", "stop"],
    final_only: ["pass", "pass", "stop"],
    auto_approve_low_risk: ["pass", "stop", "maybe"],
  };
  return (
    <svg className="track" viewBox="0 0 132 26" aria-hidden="true">
      <path d="M4 13h124" stroke="currentColor" strokeWidth="1.5" />
      {stops[strategy].map((kind, i) => {
        const x = 24 + i * 42;
        return kind === "pass" ? (
          <circle key={x} cx={x} cy="13" r="3" fill="currentColor" />
        ) : (
          <path
            key={x}
            d={`M${x} 5l8 8-8 8-8-8z`}
            fill={kind === "stop" ? "currentColor" : "var(--raised)"}
            stroke="currentColor"
            strokeWidth="1.5"
          />
        );
      })}
    </svg>
  );
}
