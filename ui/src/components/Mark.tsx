import type { ReactNode } from "react";

/** Shapes. Each means one thing; the shape alone must do, colour and word only help. */
const shapes = {
  supported: <path d="M2.8 8.6l3.5 3.5L13.4 4.6" fill="none" stroke="currentColor" strokeWidth="1.9" />,
  partial: (
    <>
      <circle cx="8" cy="8" r="5.7" fill="none" stroke="currentColor" strokeWidth="1.7" />
      <path d="M8 2.3a5.7 5.7 0 0 0 0 11.4z" fill="currentColor" />
    </>
  ),
  unsupported: <path d="M2 5.6h12M2 10.4h12M11.2 2L4.8 14" fill="none" stroke="currentColor" strokeWidth="1.9" />,
  uncited: (
    <circle cx="8" cy="8" r="5.7" fill="none" stroke="currentColor" strokeWidth="1.7" strokeDasharray="2.6 1.9" />
  ),
  conflict: <path d="M1.4 2.8v10.4L8 8zM14.6 2.8v10.4L8 8z" fill="currentColor" />,
  own: (
    <path
      d="M2.6 13.4l.9-3.7 7.3-7.3 2.8 2.8-7.3 7.3z"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
    />
  ),
  none: <path d="M3.5 8h9" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  regressed: (
    <>
      <path d="M2.5 3.2v4.6h4.6" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="M3 7.4A5.4 5.4 0 1 1 4.6 12.2" fill="none" stroke="currentColor" strokeWidth="1.8" />
    </>
  ),
  unmet: <rect x="2.6" y="2.6" width="10.8" height="10.8" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  met: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" fill="currentColor" />
      <path d="M4.5 8.3l2.5 2.5 4.6-5.2" fill="none" stroke="var(--paper)" strokeWidth="1.8" />
    </>
  ),
  warn: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M8 4.6v4.2M8 10.4v1.4" stroke="currentColor" strokeWidth="1.7" />
    </>
  ),
  stop: <path d="M8 1.6L14.4 8 8 14.4 1.6 8z" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  run: (
    <>
      <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <circle cx="8" cy="8" r="2.4" fill="currentColor" />
    </>
  ),
  dot: <circle cx="8" cy="8" r="2.2" fill="currentColor" />,
  note: <path d="M3 2.5h10v7.2L9.8 13H3zM9.6 12.8V9.6h3.2" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />,
  brand: (
    <>
      <path d="M2 3h12M2 7h12M2 11h6" fill="none" stroke="currentColor" strokeWidth="1.7" />
      <path d="M9.2 12.2l1.9 1.9 3.6-4.2" fill="none" stroke="currentColor" strokeWidth="1.9" />
    </>
  ),
  light: (
    <>
      <circle cx="8" cy="8" r="3.1" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path
        d="M8 1v1.8M8 13.2V15M1 8h1.8M13.2 8H15M3.1 3.1l1.2 1.2M11.7 11.7l1.2 1.2M3.1 12.9l1.2-1.2M11.7 4.3l1.2-1.2"
        stroke="currentColor"
        strokeWidth="1.5"
      />
    </>
  ),
  dark: <path d="M13 9.9A5.6 5.6 0 0 1 6.1 3a5.6 5.6 0 1 0 6.9 6.9z" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" />,
  system: (
    <>
      <rect x="1.8" y="3" width="12.4" height="8.2" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M5.2 13.4h5.6" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type Shape = keyof typeof shapes;

export function Mark({ shape, label, className }: { shape: Shape; label?: string; className?: string }) {
  return (
    <svg
      className={`m ${className ?? ""}`}
      viewBox="0 0 16 16"
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      {shapes[shape]}
    </svg>
  );
}
